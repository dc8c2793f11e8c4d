//! What people read when an address has nothing for them, or something failed: what happened, what they can do, and
//! the number under which the operator finds the request in the log.

use axum::body::Body;
use axum::http::header::{HeaderValue, VARY};
use axum::http::{Response, StatusCode};

use crate::language::Language;
use crate::page::{Unwritten, escape};
use crate::request_id::RequestId;

/// Who reads an error page, and where he may go on from it.
pub(crate) struct Reader<'a> {
    pub(crate) language: Language,
    pub(crate) request_id: RequestId,
    /// The path of the portal.
    pub(crate) home: &'a str,
}

/// Writes the page into an answer that has a status and nothing else; other answers stay as they are.
pub(crate) fn write(response: &mut Response<Body>, reader: &Reader<'_>) {
    if response.extensions_mut().remove::<Unwritten>().is_some() {
        *response.body_mut() = Body::from(text(response.status(), reader));
        response.headers_mut().insert(VARY, HeaderValue::from_static("accept-language, cookie"));
    }
}

fn text(status: StatusCode, reader: &Reader<'_>) -> String {
    let Reader { language, request_id, home } = reader;
    let Words { what, then } = words(status, *language);
    let (reference, start) = language.choose(("Request", "To the start page"), ("请求编号", "前往首页"));
    let home = escape(home);
    let tag = language.tag();
    let number = status.as_u16();
    format!(
        r#"<!doctype html>
<html lang="{tag}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{what}</title>
<link rel="stylesheet" href="{home}portal/pages.css">
</head>
<body class="small">
<main>
<p class="quiet">{number}</p>
<h1>{what}</h1>
<p>{then}</p>
<p><a class="button" href="{home}">{start}</a></p>
<p class="quiet">{reference} <code>{request_id}</code></p>
</main>
</body>
</html>
"#
    )
}

struct Words {
    what: &'static str,
    then: &'static str,
}

fn words(status: StatusCode, language: Language) -> Words {
    let (english, chinese) = match status {
        StatusCode::NOT_FOUND => (
            ("There is no page at this address.", "Check the address, or begin at the start page."),
            ("此地址没有页面。", "请检查地址，或从首页开始。"),
        ),
        StatusCode::METHOD_NOT_ALLOWED => (
            ("This page can only be read.", "Open its address in a browser, without sending anything to it."),
            ("此页面只能读取。", "请直接在浏览器中打开该地址，不要向它提交内容。"),
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (
            ("What was sent is too large.", "Send less, or begin anew at the start page."),
            ("提交的内容过大。", "请减少内容，或从首页重新开始。"),
        ),
        StatusCode::URI_TOO_LONG => (
            ("The address is too long.", "Check the address, or begin at the start page."),
            ("地址过长。", "请检查地址，或从首页开始。"),
        ),
        StatusCode::REQUEST_TIMEOUT => (
            ("The request took too long to arrive.", "Check your connection and try again."),
            ("请求未能及时送达。", "请检查网络后重试。"),
        ),
        StatusCode::SERVICE_UNAVAILABLE => (
            ("The server is busy.", "Please wait a moment and load this page again."),
            ("服务器繁忙。", "请稍候再刷新本页。"),
        ),
        _ if status.is_client_error() => (
            ("The server did not understand this request.", "Please try again from the start page."),
            ("服务器无法理解此请求。", "请从首页重试。"),
        ),
        _ => (
            (
                "Something went wrong.",
                "Please try again later. If it happens again, tell the operator of this site the number below.",
            ),
            ("出错了。", "请稍后再试。如果再次发生，请将下面的编号告知网站管理员。"),
        ),
    };
    let (what, then) = language.choose(english, chinese);
    Words { what, then }
}
