//! Pictures: the QR code and the avatars.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use jpeg_encoder::{ColorType, Encoder};
use qrcode::{Color, QrCode};

use crate::html::{Fill, render};
use crate::routes::asked_at::AskedAt;
use crate::world::World;

const AVATAR: &str = include_str!("../pages/avatar.svg");

/// The side of the picture in pixels, when its modules fit evenly; never less.
const PICTURE_SIDE: usize = 430;

/// The white border that scanners need, in modules.
const QUIET_ZONE: usize = 4;

/// The picture that the phone scans: the address of the page that it opens. A JPEG, as WeChat's is.
pub(crate) async fn qr_code(
    State(world): State<Arc<World>>,
    AskedAt(origin): AskedAt,
    Path(uuid): Path<String>,
) -> Response {
    if world.pending_ticket(&uuid).is_err() {
        return StatusCode::NOT_FOUND.into_response();
    }
    match qr_picture(&format!("{origin}/connect/confirm?uuid={uuid}")) {
        Some(picture) => ([(CONTENT_TYPE, "image/jpeg"), (CACHE_CONTROL, "no-store")], picture).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A coloured square with the person's first character.
pub(crate) async fn avatar(State(world): State<Arc<World>>, Path((person, _size)): Path<(String, String)>) -> Response {
    let Ok(person) = world.person(&person) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let initial: String = person.nickname.chars().find(|character| character.is_alphanumeric()).into_iter().collect();
    let sum = person.id.bytes().fold(0_u32, |sum, byte| sum * 31 % 360 + u32::from(byte));
    let hue = (sum % 360).to_string();
    let svg = render(AVATAR, &[("hue", Fill::Text(&hue)), ("initial", Fill::Text(&initial))]);
    ([(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "no-store")], svg).into_response()
}

/// `None` for what does not fit into a picture.
fn qr_picture(payload: &str) -> Option<Vec<u8>> {
    let code = QrCode::new(payload).ok()?;
    let modules = code.width() + 2 * QUIET_ZONE;
    let scale = PICTURE_SIDE.div_ceil(modules);
    let side = modules * scale;
    let is_dark = |row: usize, column: usize| {
        let inside = QUIET_ZONE..QUIET_ZONE + code.width();
        let (row, column) = (row / scale, column / scale);
        let is_inside = inside.contains(&row) && inside.contains(&column);
        is_inside && code[(column - QUIET_ZONE, row - QUIET_ZONE)] == Color::Dark
    };
    let pixels = (0..side * side).map(|index| if is_dark(index / side, index % side) { 0 } else { u8::MAX });
    let pixels: Vec<u8> = pixels.collect();
    let mut picture = Vec::new();
    let side = u16::try_from(side).ok()?;
    Encoder::new(&mut picture, 90).encode(&pixels, side, side, ColorType::Luma).ok()?;
    Some(picture)
}
