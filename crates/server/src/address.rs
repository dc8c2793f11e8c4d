use std::net::IpAddr;

use axum::http::HeaderMap;

use crate::forwarded;
use crate::trusted_proxies::{ForwardingHeader, TrustedProxies};

/// The address that a request comes from: the peer's, or, when the peer is a trusted proxy, the nearest one before it that
/// is none. Where a header becomes unreadable, nothing to the left of that was written by anybody who is trusted.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> IpAddr {
    let mut nearest = peer.to_canonical();
    if !trusted.contains(nearest) {
        return nearest;
    }
    for line in headers.get_all(trusted.header.name()).iter().rev() {
        let Ok(line) = line.to_str() else { return nearest };
        let hops = match trusted.header {
            ForwardingHeader::XForwardedFor => line.split(',').map(|hop| forwarded::node(hop.trim())).collect(),
            ForwardingHeader::Forwarded => forwarded::hops(line),
        };
        for hop in hops.into_iter().rev() {
            let Some(address) = hop else { return nearest };
            nearest = address;
            if !trusted.contains(nearest) {
                return nearest;
            }
        }
    }
    nearest
}

/// What counts as one address. Whoever has one IPv6 address has a whole /64 of them.
pub(crate) fn network(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(address) => u64::from(u32::from(address)),
        IpAddr::V6(address) => (u128::from(address) >> 64) as u64,
    }
}
