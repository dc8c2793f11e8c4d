//! Answers that never come, come slowly, or are none.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use crate::knobs::{Effect, Endpoint};
use crate::world::World;

/// How many zeros the bomb unpacks to.
const BOMB_LENGTH: usize = 10 * 1024 * 1024;

/// The most bytes that an answer is followed by.
const MAX_OVERSIZE: usize = 64 * 1024 * 1024;

impl World {
    /// The fault that hits this call, used up by it.
    pub(crate) fn next_fault(&self, endpoint: Endpoint) -> Option<Effect> {
        let mut contents = self.contents();
        let fault =
            contents.knobs.faults.iter_mut().find(|fault| fault.endpoint == endpoint && fault.times != Some(0))?;
        if let Some(times) = &mut fault.times {
            *times -= 1;
        }
        Some(fault.effect.clone())
    }
}

/// The answer in place of processing the request.
pub(crate) async fn before(world: &World, effect: &Effect) -> Option<Response> {
    match effect {
        Effect::Redirect(address) => Some((StatusCode::FOUND, [(LOCATION, address.clone())]).into_response()),
        Effect::Status(status) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let page = format!("<html><body><h1>{status}</h1></body></html>");
            Some((status, [(CONTENT_TYPE, "text/html")], page).into_response())
        }
        Effect::HalfOpen => {
            world.closed().await;
            Some(StatusCode::SERVICE_UNAVAILABLE.into_response())
        }
        _ => None,
    }
}

/// The answer as it goes over the wire.
pub(crate) fn after(world: Arc<World>, effect: Option<&Effect>, content_type: &str, mut body: Vec<u8>) -> Response {
    let content_type = [(CONTENT_TYPE, content_type.to_owned())];
    match effect {
        Some(Effect::Drop) => {
            let broken = stream::once(async { Err::<Vec<u8>, _>(io::Error::other("dropped")) });
            let length = [(CONTENT_LENGTH, body.len().to_string())];
            return (content_type, length, Body::from_stream(broken)).into_response();
        }
        Some(Effect::Drip(pause)) => {
            let body = drip(world, body, Duration::from_millis(*pause));
            return (content_type, body).into_response();
        }
        Some(Effect::GzipBomb) => {
            return (content_type, [(CONTENT_ENCODING, "gzip")], zeros_in_gzip(BOMB_LENGTH)).into_response();
        }
        Some(Effect::Oversize(spaces)) => body.resize(body.len().saturating_add((*spaces).min(MAX_OVERSIZE)), b' '),
        Some(Effect::Empty) => body.clear(),
        Some(Effect::Truncated) => body.truncate(body.len() / 2),
        Some(Effect::ByteOrderMark) => {
            body.splice(0..0, "\u{feff}".bytes());
        }
        _ => {}
    }
    (content_type, body).into_response()
}

fn drip(world: Arc<World>, body: Vec<u8>, pause: Duration) -> Body {
    let bytes = stream::unfold(body.into_iter(), move |mut rest| {
        let world = Arc::clone(&world);
        async move {
            let byte = rest.next()?;
            if !world.is_closing() {
                tokio::time::sleep(pause).await;
            }
            Some((Ok::<_, Infallible>(vec![byte]), rest))
        }
    });
    Body::from_stream(bytes)
}

/// Writes zeros as one deflate block: a literal, then copies of 258 bytes from one byte back. The checksum
/// is left out, as nobody should get that far.
fn zeros_in_gzip(length: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.push(0b1, 1); // The last block,
    bits.push(0b01, 2); // with fixed codes.
    bits.push_code(0b0011_0000, 8); // The literal 0.
    for _ in 0..length / 258 {
        bits.push_code(0b1100_0101, 8); // Length 258,
        bits.push_code(0, 5); // distance 1.
    }
    bits.push_code(0, 7); // The end.
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    file.extend(bits.finish());
    file.extend([0; 8]);
    file
}

/// Bits that fill bytes from the lowest one up.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    current: u8,
    used: u32,
}

impl Bits {
    fn push(&mut self, value: u32, count: u32) {
        for position in 0..count {
            if value >> position & 1 == 1 {
                self.current |= 1 << self.used;
            }
            self.used += 1;
            if self.used == 8 {
                self.bytes.push(self.current);
                (self.current, self.used) = (0, 0);
            }
        }
    }

    /// Codes are written from the highest bit down.
    fn push_code(&mut self, value: u32, count: u32) {
        for position in (0..count).rev() {
            self.push(value >> position & 1, 1);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.used > 0 {
            self.bytes.push(self.current);
        }
        self.bytes
    }
}
