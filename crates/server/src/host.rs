//! Whose names a server for one machine answers to. A page of some other site whose name resolves to this machine is, to
//! the browser, a page of this server: only the name tells.

use axum::http::Request;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use url::{Host, Url};

use crate::site::Site;

/// Whether a request may be answered, by the host that it asks. One that names none comes from no browser.
pub(crate) fn is_answered<B>(site: &Site, request: &Request<B>) -> bool {
    if !site.options.local_hosts_only {
        return true;
    }
    let named = request.headers().get_all(HOST).iter().map(|host| host.to_str().unwrap_or_default());
    named.chain(request.uri().authority().map(Authority::as_str)).all(|host| is_own(site, host))
}

fn is_own(site: &Site, authority: &str) -> bool {
    let Ok(address) = Url::parse(&format!("http://{authority}")) else { return false };
    let public = site.options.public_url.as_ref().and_then(Url::host);
    match address.host() {
        Some(Host::Ipv4(host)) if host.is_loopback() => true,
        Some(Host::Ipv6(host)) if host.is_loopback() => true,
        Some(Host::Domain(host)) if host == "localhost" || host.ends_with(".localhost") => true,
        host => host.is_some() && host == public,
    }
}
