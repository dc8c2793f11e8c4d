use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::{Response, StatusCode};

/// Marks an answer whose page is still to be written, once it is known for whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unwritten;

/// The answer to an address where nothing is.
pub(crate) fn not_found() -> Response<Body> {
    failure(StatusCode::NOT_FOUND, &[])
}

/// An answer that says no more than its status does. [`error_page`](crate::error_page) says it in words.
pub(crate) fn failure(status: StatusCode, headers: &[(HeaderName, HeaderValue)]) -> Response<Body> {
    let mut response = empty(status, headers);
    response.extensions_mut().insert(Unwritten);
    response
}

/// An answer of headers alone.
pub(crate) fn empty(status: StatusCode, headers: &[(HeaderName, HeaderValue)]) -> Response<Body> {
    let mut response = html(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().extend(headers.iter().cloned());
    response
}

/// A page that is asked for anew every time.
pub(crate) fn html(text: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(text.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Text as it stands in HTML, between tags or in a quoted attribute.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
