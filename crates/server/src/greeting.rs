use std::net::IpAddr;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, SET_COOKIE};
use axum::http::{Response, StatusCode};
use mti_element::Visitor;

use crate::cookies;
use crate::site::Site;

/// Gives a browser that opens a page what it is to have before its first call, as
/// [`Authenticator::greet`](mti_element::Authenticator::greet) says.
pub(crate) fn greet(site: &Site, address: IpAddr, asked: &HeaderMap, response: &mut Response<Body>) {
    if !is_page(response) {
        return;
    }
    let visitor = Visitor::new(address, None, cookies::sent(asked, site.is_secure));
    site.options.authenticator.greet(&visitor);
    let headers = response.headers_mut();
    cookies::answer(&visitor, headers, site.is_secure);
    if headers.contains_key(SET_COOKIE) {
        // Kept for others, it would make one browser of all of them.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

fn is_page(response: &Response<Body>) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    response.status() == StatusCode::OK && content_type.is_some_and(|value| value.starts_with("text/html"))
}
