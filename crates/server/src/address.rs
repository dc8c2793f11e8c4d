use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

/// The address that a request comes from: the peer's, or, when the peer is a trusted proxy, the last one in
/// `X-Forwarded-For` that is no trusted proxy itself.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted_proxies: &[IpAddr]) -> IpAddr {
    let peer = peer.to_canonical();
    if !trusted_proxies.contains(&peer) {
        return peer;
    }
    let forwarded = headers.get_all("x-forwarded-for").iter().rev().filter_map(|header| header.to_str().ok());
    for text in forwarded.flat_map(|header| header.rsplit(',')) {
        match parse(text.trim()) {
            Some(address) if trusted_proxies.contains(&address) => {}
            Some(address) => return address,
            // What stands to the left of nonsense was not written by a proxy that is trusted.
            None => return peer,
        }
    }
    peer
}

/// What counts as one address. Whoever has one IPv6 address has a whole /64 of them.
pub(crate) fn network(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(address) => u64::from(u32::from(address)),
        IpAddr::V6(address) => (u128::from(address) >> 64) as u64,
    }
}

fn parse(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address| address.to_canonical())
}
