//! What is served where.

mod asked_at;
mod authorize;
mod control;
mod look;
mod pages;
mod phone;
mod picture;
mod poll;
mod server_calls;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::response::Redirect;
use axum::routing::{any, get, post};

use self::server_calls::ServerCall;
use crate::guard::refuse_foreigners;
use crate::knobs::Endpoint;
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
        .route("/connect/zh_CN/htmledition/js/wxLogin.js", get(pages::wx_login))
        .route("/sns/oauth2/access_token", any(|call: ServerCall| call.answer(Endpoint::AccessToken)))
        .route("/sns/oauth2/refresh_token", any(|call: ServerCall| call.answer(Endpoint::RefreshToken)))
        .route("/sns/auth", any(|call: ServerCall| call.answer(Endpoint::Auth)))
        .route("/sns/userinfo", any(|call: ServerCall| call.answer(Endpoint::Userinfo)))
        .route("/", get(|| async { Redirect::to("/sim/") }))
        .route("/sim/", get(control::control_page))
        .route("/sim/knobs", get(control::knobs).put(control::set_knobs).post(control::set_all))
        .route("/sim/knobs/fields", post(control::set_fields))
        .route("/sim/knobs/faults", post(control::add_fault))
        .route("/sim/knobs/clear", post(control::clear))
        .route("/sim/people", get(control::people).put(control::put_person).post(control::add_person))
        .route("/sim/apps", get(control::apps).put(control::put_app))
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
