//! What RFC 9112 has a server refuse, and hyper leaves to it: a request that another server on its way may have understood
//! otherwise.

use axum::http::header::{HOST, HeaderMap, TRANSFER_ENCODING};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Request, StatusCode, Version};

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Misframed {
    pub(crate) status: StatusCode,
    pub(crate) message: &'static str,
}

/// Refuses a request that does not name one host, or whose body is coded otherwise than in chunks.
pub(crate) fn check<B>(request: &Request<B>) -> Result<(), Misframed> {
    check_host(request.headers(), request.version())?;
    check_coding(request.headers(), request.version())
}

/// RFC 9112, 3.2. An empty name is one: that of a target without an authority.
fn check_host(headers: &HeaderMap, version: Version) -> Result<(), Misframed> {
    let bad = |message| Err(Misframed { status: StatusCode::BAD_REQUEST, message });
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => bad("a request has one `Host` header"),
        (Some(host), None) if !is_host(host) => bad("the `Host` header names no host"),
        (None, _) if version == Version::HTTP_11 => bad("the `Host` header is missing"),
        _ => Ok(()),
    }
}

fn is_host(host: &HeaderValue) -> bool {
    let Ok(host) = host.to_str() else { return false };
    host.is_empty() || (!host.contains('@') && host.parse::<Authority>().is_ok())
}

/// RFC 9112, 6.1 and 7. HTTP/1.0 knows no codings of a transfer.
fn check_coding(headers: &HeaderMap, version: Version) -> Result<(), Misframed> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else { return Ok(()) };
    if version != Version::HTTP_11 {
        let message = "a request of HTTP/1.0 has no `Transfer-Encoding`";
        return Err(Misframed { status: StatusCode::BAD_REQUEST, message });
    }
    if codings.next().is_some() || !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") {
        let message = "the only `Transfer-Encoding` that this server knows is `chunked`";
        return Err(Misframed { status: StatusCode::NOT_IMPLEMENTED, message });
    }
    Ok(())
}
