use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{ALLOW, CONNECTION, HeaderMap, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Method, Request, Response, StatusCode};
use futures_util::FutureExt as _;
use hyper::body::{Body as _, Incoming};
use mti_element::Fail;
use tower::ServiceExt as _;
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::address::client_address;
use crate::arguments;
use crate::call::{self, Call};
use crate::element_file;
use crate::envelope::{self, Refusal};
use crate::error_page::{self, Reader};
use crate::exchange::Exchange;
use crate::exposition;
use crate::framing::{self, Misframed};
use crate::greeting;
use crate::health;
use crate::host;
use crate::language::Language;
use crate::metrics::Gauge;
use crate::page;
use crate::route::{Route, RouteKind};
use crate::site::Site;

/// Answers one request. Always: what goes wrong inside becomes an answer too.
pub(crate) async fn answer(site: &Site, peer: IpAddr, request: Request<Incoming>) -> Response<Body> {
    let in_flight = Gauge::raise(&site.metrics.in_flight);
    let exchange = Exchange::begin(client_address(peer, request.headers(), &site.options.trusted_proxies));
    let route = Route::of(request.uri().path(), &site.app_id);
    let kind = route.kind();
    let span = tracing::info_span!(
        "request",
        request_id = %exchange.id,
        method = method_name(request.method()),
        route = kind.as_str(),
        element = Empty,
        function = Empty,
        outcome = Empty,
        status = Empty,
        duration_ms = Empty,
    );
    // Calls are answered with an envelope, whose sentences are not for a certain reader.
    let language = if kind == RouteKind::Call { Language::English } else { Language::of(request.headers()) };
    let mut response = if let Err(unread) = check(site, &request) {
        unread.answer(&exchange, kind)
    } else {
        // Pinned here, it is not moved again: it holds all that a call needs.
        let responding = pin!(respond(site, &exchange, route, request));
        responding.instrument(span.clone()).await
    };
    error_page::write(&mut response, &Reader { language, request_id: exchange.id, home: &site.home });
    site.common_headers.add_to(response.headers_mut(), exchange.id);
    site.metrics.count_request(kind, response.status());
    span.record("status", response.status().as_u16()).record("duration_ms", exchange.milliseconds());
    span.in_scope(|| tracing::info!("answered"));
    drop(in_flight);
    response
}

async fn respond(site: &Site, exchange: &Exchange, route: Route, request: Request<Incoming>) -> Response<Body> {
    if let (Route::Unknown, Some(router)) = (&route, &site.options.extra) {
        return guarded(site, further(router.clone(), request)).await;
    }
    let (head, body) = request.into_parts();
    // The body comes first, whatever the answer: one that overtakes it would end the connection, and with it the
    // request that the client sends next.
    let body = arguments::read_body(body, &site.options.limits).await;
    match (route, body) {
        (Route::Call(path), body) => Call::new(site, exchange, path).answer(&head, body).await,
        (Route::Api(_), body) if head.method == Method::POST => call::unknown(exchange, &head.method, body),
        (Route::UnknownCall, body) => call::unknown(exchange, &head.method, body),
        (_, Err(refusal)) => page::failure(refusal.status(), &[(CONNECTION, HeaderValue::from_static("close"))]),
        (route, Ok(_)) => {
            let is_greeting = greeting::is_due(&route);
            let mut response = respond_with_page(site, route, &head).await;
            if is_greeting {
                greeting::greet(site, exchange.address, &head.headers, &mut response);
            }
            response
        }
    }
}

async fn respond_with_page(site: &Site, route: Route, head: &Parts) -> Response<Body> {
    if route == Route::Unknown {
        return page::not_found();
    }
    if !matches!(head.method, Method::GET | Method::HEAD) {
        return page::failure(StatusCode::METHOD_NOT_ALLOWED, &[(ALLOW, HeaderValue::from_static("GET, HEAD"))]);
    }
    match route {
        Route::Api(form) => site.open_api.answer(&site.app, form, &head.headers).await,
        Route::Portal => site.portal.page(&site.app, head, has_session(site, &head.headers)),
        Route::PortalWithoutSlash => site.portal.redirect(),
        Route::Callback => site.portal.callback(&site.app, head),
        Route::Asset(file) => site.portal.asset(&site.app, &file, head),
        Route::ElementFile(segments) => {
            let mut response = element_file::answer(site, segments, &head.headers).await;
            site.portal.guard(&site.app, response.headers_mut());
            response
        }
        Route::Health => health::alive(),
        Route::Ready => guarded(site, health::ready(site)).await,
        Route::Metrics => exposition::answer(&site.metrics, site.places.total(), site.app.retirements()),
        Route::Call(_) | Route::UnknownCall | Route::Unknown => page::not_found(),
    }
}

/// What this server does not know is for the further routes. Where they fail without a word, the page is this server's.
async fn further(router: Router, request: Request<Incoming>) -> Response<Body> {
    match router.oneshot(request.map(Body::new)).await {
        Ok(response) if is_silent_failure(&response) => {
            let (head, _) = response.into_parts();
            let allowed = head.headers.get(ALLOW).cloned().map(|methods| (ALLOW, methods));
            page::failure(head.status, allowed.as_slice())
        }
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn is_silent_failure(response: &Response<Body>) -> bool {
    let is_failure = response.status().is_client_error() || response.status().is_server_error();
    is_failure && response.body().size_hint().exact() == Some(0)
}

/// Whether a browser brings the cookie of a session. Whether that session is still one, only a call tells.
fn has_session(site: &Site, headers: &HeaderMap) -> bool {
    let name = site.options.authenticator.cookie_name();
    site.cookies.sent(headers).iter().any(|(sent, _)| sent == name)
}

/// The answer of code that may panic, or never end.
async fn guarded(site: &Site, answer: impl Future<Output = Response<Body>>) -> Response<Body> {
    let limit: Duration = site.options.limits.request_timeout;
    match tokio::time::timeout(limit, AssertUnwindSafe(answer).catch_unwind()).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            tracing::error!("answering the request panicked");
            page::failure(StatusCode::INTERNAL_SERVER_ERROR, &[])
        }
        Err(_) => {
            tracing::error!("answering the request took longer than {} seconds and was given up", limit.as_secs());
            page::failure(StatusCode::SERVICE_UNAVAILABLE, &[])
        }
    }
}

/// Why a request is refused before anything of it but its head is read.
struct Unread {
    status: StatusCode,
    failure: Fail,
    message: &'static str,
}

fn check(site: &Site, request: &Request<Incoming>) -> Result<(), Unread> {
    let failure = Fail::API_PARAMS_ERROR;
    framing::check(request).map_err(|Misframed { status, message }| Unread { status, failure, message })?;
    if request.uri().path_and_query().is_some_and(|url| url.as_str().len() > site.options.limits.url_bytes) {
        return Err(Unread { status: StatusCode::URI_TOO_LONG, failure, message: "the URL is too long" });
    }
    if !host::is_answered(site, request) {
        let (status, failure) = (StatusCode::MISDIRECTED_REQUEST, Fail::PERMISSION_DENIED);
        return Err(Unread { status, failure, message: "this server answers to the names of its own machine only" });
    }
    Ok(())
}

impl Unread {
    /// The answer, after which the connection ends: where the next request would begin is not known.
    fn answer(self, exchange: &Exchange, kind: RouteKind) -> Response<Body> {
        if kind == RouteKind::Call {
            let refusal = Refusal::new(self.failure.because(self.message));
            return envelope::failure(exchange, &refusal.with_status(self.status).closing());
        }
        page::failure(self.status, &[(CONNECTION, HeaderValue::from_static("close"))])
    }
}

/// A method as logs name it: one that nobody defined is not repeated.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::TRACE => "TRACE",
        Method::CONNECT => "CONNECT",
        _ => "other",
    }
}
