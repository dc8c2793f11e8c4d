//! The long poll.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::world::World;

#[derive(Debug, Deserialize)]
pub(crate) struct Poll {
    #[serde(default)]
    uuid: String,
    #[serde(default)]
    last: Option<String>,
}

/// Answers with a script of two assignments, as WeChat does.
pub(crate) async fn poll(State(world): State<Arc<World>>, Query(poll): Query<Poll>) -> Response {
    let last = poll.last.and_then(|last| last.parse().ok());
    let answer = world.poll(&poll.uuid, last).await;
    let script = format!("window.wx_errcode={};window.wx_code='{}';", answer.errcode, answer.code);
    ([(CONTENT_TYPE, "text/javascript"), (CACHE_CONTROL, "no-store")], script).into_response()
}
