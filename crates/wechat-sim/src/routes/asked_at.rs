use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::Authority;

use crate::world::World;

/// The beginning of addresses under which the client who asks reaches the simulator: clients that know WeChat
/// by its names get addresses with its names.
#[derive(Debug)]
pub(crate) struct AskedAt(pub(crate) String);

impl FromRequestParts<Arc<World>> for AskedAt {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, world: &Arc<World>) -> Result<Self, Infallible> {
        let written = parts.uri.authority().map(Authority::as_str);
        // The guard has made sure that it is one of ours.
        let host = written.or_else(|| parts.headers.get(HOST)?.to_str().ok()).unwrap_or_default();
        Ok(Self(world.url_at(host)))
    }
}
