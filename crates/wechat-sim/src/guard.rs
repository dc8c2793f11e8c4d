//! Who is answered: a page of some other site must not reach the simulator through a name that resolves to
//! this machine, nor send forms to it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::{Host, Url};

use crate::world::World;

/// Refuses requests whose `Host` or, when they change something, whose `Origin` is foreign.
pub(crate) async fn refuse_foreigners(State(world): State<Arc<World>>, request: Request, next: Next) -> Response {
    match objection(&world, &request) {
        Some(message) => (StatusCode::FORBIDDEN, message).into_response(),
        None => next.run(request).await,
    }
}

fn objection(world: &World, request: &Request) -> Option<&'static str> {
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let authority = request.uri().authority().map(Authority::as_str);
    let host = authority.or_else(|| header(HOST)).unwrap_or_default();
    if !is_ours(world, &format!("http://{host}")) {
        return Some("the simulator answers to loopback host names only");
    }
    let is_harmless = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_harmless && header(ORIGIN).is_some_and(|origin| !is_ours(world, origin)) {
        return Some("the simulator takes no requests from pages of other sites");
    }
    None
}

fn is_ours(world: &World, address: &str) -> bool {
    let Ok(address) = Url::parse(address) else {
        return false;
    };
    match address.host() {
        Some(Host::Ipv4(host)) => host.is_loopback(),
        Some(Host::Ipv6(host)) => host.is_loopback(),
        Some(Host::Domain(host)) => host == "localhost" || world.answers_to(host),
        None => false,
    }
}
