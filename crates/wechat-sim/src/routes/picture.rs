//! Pictures: the QR code and the avatars.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use qrcode::QrCode;
use qrcode::render::svg;

use crate::html::{Fill, render};
use crate::world::World;

const AVATAR: &str = include_str!("../pages/avatar.svg");

/// The picture that the phone scans: the address of the page that it opens.
pub(crate) async fn qr_code(State(world): State<Arc<World>>, Path(uuid): Path<String>) -> Response {
    if world.pending_ticket(&uuid).is_err() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let payload = world.address_of(&format!("/connect/confirm?uuid={uuid}"));
    match QrCode::new(payload) {
        Ok(code) => picture(code.render::<svg::Color<'_>>().min_dimensions(240, 240).build()),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
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
    picture(render(AVATAR, &[("hue", Fill::Text(&hue)), ("initial", Fill::Text(&initial))]))
}

fn picture(svg: String) -> Response {
    ([(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "no-store")], svg).into_response()
}
