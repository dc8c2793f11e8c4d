//! The four interfaces that servers call.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts as _, Request};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::faults::{after, before};
use crate::knobs::{Effect, Endpoint};
use crate::listener::Peer;
use crate::parameters::Parameters;
use crate::routes::asked_at::AskedAt;
use crate::sns::{Caller, SnsError};
use crate::wire::write;
use crate::world::World;

/// A request to one of them.
#[derive(Debug)]
pub(crate) struct ServerCall {
    world: Arc<World>,
    caller: Caller,
    method: Method,
    parameters: Parameters,
}

impl FromRequest<Arc<World>> for ServerCall {
    type Rejection = Response;

    async fn from_request(request: Request, world: &Arc<World>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Ok(AskedAt(origin)) = AskedAt::from_request_parts(&mut parts, world).await;
        let peer = ConnectInfo::<Peer>::from_request_parts(&mut parts, world).await;
        let ConnectInfo(Peer(address)) = peer.map_err(IntoResponse::into_response)?;
        let query = parts.uri.query().map(str::to_owned);
        let method = parts.method.clone();
        let form = Bytes::from_request(Request::from_parts(parts, body), world).await;
        let form = form.map_err(BytesRejection::into_response)?;
        let parameters = Parameters::parse(query.as_deref(), &form);
        Ok(Self { world: Arc::clone(world), caller: Caller { address, origin }, method, parameters })
    }
}

impl ServerCall {
    pub(crate) async fn answer(self, endpoint: Endpoint) -> Response {
        let Self { world, caller, method, parameters } = self;
        let knobs = world.contents().knobs.clone();
        let is_accepted = method == Method::GET || (method == Method::POST && knobs.accept_post);
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
            _ => world.serve_sns(endpoint, &parameters, &caller),
        };
        let errcode = outcome.as_ref().err().map(|error| error.0);
        tracing::debug!(?endpoint, errcode, ?effect, "simulated WeChat was called");
        let body = write(outcome, &knobs, effect.as_ref());
        after(world, effect.as_ref(), &knobs.content_type, body)
    }
}
