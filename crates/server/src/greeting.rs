use std::net::IpAddr;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, HeaderMap, HeaderValue, SET_COOKIE};
use axum::http::{Response, StatusCode};
use mti_element::Visitor;

use crate::route::Route;
use crate::site::Site;

/// Whether a browser that comes there may begin something: pages that people sign in on.
pub(crate) fn is_due(route: &Route) -> bool {
    match route {
        Route::Portal => true,
        Route::ElementFile(path) => path.last().is_some_and(|file| file.to_ascii_lowercase().ends_with(".html")),
        _ => false,
    }
}

/// Gives a browser that opens a page what it is to have before its first call, as
/// [`Authenticator::greet`](mti_element::Authenticator::greet) says.
pub(crate) fn greet(site: &Site, address: IpAddr, asked: &HeaderMap, response: &mut Response<Body>) {
    // One that a browser has already is opened too.
    if !matches!(response.status(), StatusCode::OK | StatusCode::NOT_MODIFIED) {
        return;
    }
    let visitor = Visitor::new(address, None, site.cookies.sent(asked));
    site.options.authenticator.greet(&visitor);
    let headers = response.headers_mut();
    site.cookies.answer(&visitor, headers);
    if headers.contains_key(SET_COOKIE) {
        // Kept for others, it would make one browser of all of them.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
