//! What is served where.

mod authorize;
mod control;
mod pages;
mod phone;
mod picture;
mod poll;
mod server_calls;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post};

use crate::guard::refuse_foreigners;
use crate::world::World;

/// The largest request body, in bytes.
const MAX_BODY_LENGTH: usize = 64 * 1024;

pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/connect/qrconnect", get(authorize::website))
        .route("/connect/oauth2/authorize", get(authorize::inside_wechat))
        .route("/connect/qrcode/{uuid}", get(picture::qr_code))
        .route("/connect/l/qrconnect", get(poll::poll))
        .route("/connect/confirm", get(phone::show).post(phone::answer))
        .route("/sns/oauth2/access_token", any(server_calls::access_token))
        .route("/sns/oauth2/refresh_token", any(server_calls::refresh_token))
        .route("/sns/auth", any(server_calls::auth))
        .route("/sns/userinfo", any(server_calls::userinfo))
        .route("/sim/", get(control::page))
        .route("/sim/knobs", get(control::knobs).put(control::set_knobs).post(control::submit_knobs))
        .route("/sim/people", get(control::people))
        .route("/sim/pending", get(control::pending))
        .route("/sim/approve", post(control::approve))
        .route("/sim/deny", post(control::deny))
        .route("/sim/code", post(control::code))
        .route("/sim/secret", post(control::secret))
        .route("/sim/reset", post(control::reset))
        .route("/sim/avatar/{person}/{size}", get(picture::avatar))
        .route("/sim/assets/{name}", get(pages::asset))
        .layer(DefaultBodyLimit::max(MAX_BODY_LENGTH))
        .layer(from_fn_with_state(Arc::clone(&world), refuse_foreigners))
        .with_state(world)
}
