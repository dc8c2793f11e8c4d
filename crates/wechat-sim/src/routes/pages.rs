//! Templates, and the headers under which pages are served.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::response::{IntoResponse, Response};

use crate::html::{Fill, render};

pub(crate) const QR_CONNECT: &str = include_str!("../pages/qrconnect.html");
pub(crate) const CONFIRM: &str = include_str!("../pages/confirm.html");
pub(crate) const PERSON: &str = include_str!("../pages/person.html");
pub(crate) const NOTICE: &str = include_str!("../pages/notice.html");
pub(crate) const RETURN: &str = include_str!("../pages/return.html");
pub(crate) const ERROR: &str = include_str!("../pages/error.html");
pub(crate) const CONTROL: &str = include_str!("../pages/control.html");

/// Scripts come from files only, so that no nickname can be one. The pages may be framed by anybody, as
/// WeChat's may.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src http: https:; base-uri 'none'";

/// A page of the simulator.
pub(crate) fn page(template: &str, fills: &[(&str, Fill<'_>)]) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "same-origin"),
    ];
    (headers, render(template, fills)).into_response()
}

/// A page that says one thing, in two languages.
pub(crate) fn notice(chinese: &str, english: &str) -> Response {
    page(NOTICE, &[("chinese", Fill::Text(chinese)), ("english", Fill::Text(english))])
}

/// Scripts and the style sheet.
pub(crate) async fn asset(Path(name): Path<String>) -> Response {
    let (content_type, content) = match name.as_str() {
        "qrconnect.js" => ("text/javascript", include_str!("../pages/qrconnect.js")),
        "return.js" => ("text/javascript", include_str!("../pages/return.js")),
        "style.css" => ("text/css", include_str!("../pages/style.css")),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    ([(CONTENT_TYPE, format!("{content_type}; charset=utf-8"))], content).into_response()
}
