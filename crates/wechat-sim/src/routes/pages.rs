//! Templates, and the headers under which pages are served.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};

use crate::html::{Fill, render};

pub(crate) const QR_CONNECT: &str = include_str!("../pages/qrconnect.html");
pub(crate) const CONFIRM: &str = include_str!("../pages/confirm.html");
pub(crate) const PERSON: &str = include_str!("../pages/person.html");
pub(crate) const NOTICE: &str = include_str!("../pages/notice.html");
pub(crate) const RETURN: &str = include_str!("../pages/return.html");
pub(crate) const WAIT: &str = include_str!("../pages/wait.html");
pub(crate) const ERROR: &str = include_str!("../pages/error.html");
pub(crate) const CONTROL: &str = include_str!("../pages/control.html");

/// A page of the simulator.
pub(crate) fn page(template: &str, fills: &[(&str, Fill<'_>)]) -> Response {
    page_with_styles(template, fills, "")
}

/// The same with style sheets from one source more, and the pictures and fonts that they bring.
///
/// Scripts come from files only, so that no nickname can be one. The pages may be framed by anybody, as
/// WeChat's may.
pub(crate) fn page_with_styles(template: &str, fills: &[(&str, Fill<'_>)], source: &str) -> Response {
    let decorations = if source.is_empty() { "" } else { "http: https: data:" };
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' {source}; img-src 'self' {decorations}; \
         font-src {fonts}; connect-src http: https:; base-uri 'none'",
        fonts = if source.is_empty() { "'none'" } else { decorations },
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, &policy),
        (REFERRER_POLICY, "same-origin"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
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
        "control.js" => ("text/javascript", include_str!("../pages/control.js")),
        "qrconnect.js" => ("text/javascript", include_str!("../pages/qrconnect.js")),
        "return.js" => ("text/javascript", include_str!("../pages/return.js")),
        "style.css" => ("text/css", include_str!("../pages/style.css")),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    ([(CONTENT_TYPE, format!("{content_type}; charset=utf-8"))], content).into_response()
}

/// The script that other sites embed.
pub(crate) async fn wx_login() -> Response {
    ([(CONTENT_TYPE, "application/javascript")], include_str!("../pages/wxLogin.js")).into_response()
}
