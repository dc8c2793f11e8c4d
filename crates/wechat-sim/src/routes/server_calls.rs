//! The four interfaces that servers call.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::faults::{after, before};
use crate::knobs::{Effect, Endpoint};
use crate::parameters::Parameters;
use crate::sns::SnsError;
use crate::wire::write;
use crate::world::World;

pub(crate) async fn access_token(
    State(world): State<Arc<World>>,
    method: Method,
    RawQuery(query): RawQuery,
    form: Bytes,
) -> Response {
    answer(world, Endpoint::AccessToken, &method, query.as_deref(), &form).await
}

pub(crate) async fn refresh_token(
    State(world): State<Arc<World>>,
    method: Method,
    RawQuery(query): RawQuery,
    form: Bytes,
) -> Response {
    answer(world, Endpoint::RefreshToken, &method, query.as_deref(), &form).await
}

pub(crate) async fn auth(
    State(world): State<Arc<World>>,
    method: Method,
    RawQuery(query): RawQuery,
    form: Bytes,
) -> Response {
    answer(world, Endpoint::Auth, &method, query.as_deref(), &form).await
}

pub(crate) async fn userinfo(
    State(world): State<Arc<World>>,
    method: Method,
    RawQuery(query): RawQuery,
    form: Bytes,
) -> Response {
    answer(world, Endpoint::Userinfo, &method, query.as_deref(), &form).await
}

async fn answer(world: Arc<World>, endpoint: Endpoint, method: &Method, query: Option<&str>, form: &[u8]) -> Response {
    let knobs = world.contents().knobs.clone();
    let is_accepted = *method == Method::GET || (*method == Method::POST && knobs.accept_post);
    if !is_accepted {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    if knobs.latency_ms > 0 {
        tokio::time::sleep(Duration::from_millis(knobs.latency_ms)).await;
    }
    let effect = world.next_fault(endpoint);
    if let Some(effect) = &effect
        && let Some(response) = before(&world, effect).await
    {
        return response;
    }
    let outcome = match effect {
        Some(Effect::Errcode(errcode)) => Err(SnsError(errcode)),
        _ => world.serve_sns(endpoint, &Parameters::parse(query, form)),
    };
    let errcode = outcome.as_ref().err().map(|error| error.0);
    tracing::debug!(?endpoint, errcode, ?effect, "simulated WeChat was called");
    let body = write(outcome, &knobs, effect.as_ref());
    after(world, effect.as_ref(), &knobs.content_type, body)
}
