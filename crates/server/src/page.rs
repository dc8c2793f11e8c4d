use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::{Response, StatusCode};

/// The answer to an address where nothing is.
pub(crate) fn not_found() -> Response<Body> {
    plain(StatusCode::NOT_FOUND, &[])
}

/// A page that says no more than its status does.
pub(crate) fn plain(status: StatusCode, headers: &[(HeaderName, HeaderValue)]) -> Response<Body> {
    let reason = status.canonical_reason().unwrap_or("Error");
    let text = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{reason}</title><h1>{reason}</h1></html>\n"
    );
    let mut response = html(text);
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
