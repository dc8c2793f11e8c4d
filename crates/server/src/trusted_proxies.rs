use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

/// The proxies that are believed about whose requests they pass on. None by default: then everybody is who connects.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies {
    /// Where they are.
    pub networks: Vec<ProxyNetwork>,
    /// Where they say it. The other header is never looked at: a proxy passes on what a visitor wrote there.
    pub header: ForwardingHeader,
}

/// The header in which proxies say whose request they pass on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ForwardingHeader {
    /// `X-Forwarded-For: 203.0.113.7, 10.0.0.2`, which most proxies write.
    #[default]
    XForwardedFor,
    /// `Forwarded: for=203.0.113.7, for="[2001:db8::1]:4711"`, of RFC 7239.
    Forwarded,
}

/// An address, or all addresses of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyNetwork(IpNet);

/// A text is neither an address nor a network.
#[derive(Debug, thiserror::Error)]
#[error("write an IP address or a network, such as `127.0.0.1`, `10.0.0.0/8` or `fd00::/8`")]
pub struct ProxyNetworkError(());

impl TrustedProxies {
    /// Whether `address`, in its canonical form, is one of theirs.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.0.contains(&address))
    }
}

impl ForwardingHeader {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }
}

impl From<IpAddr> for ProxyNetwork {
    fn from(address: IpAddr) -> Self {
        Self(IpNet::from(address.to_canonical()))
    }
}

impl FromStr for ProxyNetwork {
    type Err = ProxyNetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(address.into());
        }
        let network: IpNet = text.parse().map_err(|_| ProxyNetworkError(()))?;
        Ok(Self(canonical(network)))
    }
}

/// `::ffff:10.0.0.0/104` is `10.0.0.0/8`: addresses are compared in their canonical form.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(wide) = network else { return network };
    let address = wide.addr().to_ipv4_mapped();
    let narrow = address.zip(wide.prefix_len().checked_sub(96));
    narrow.and_then(|(address, bits)| Ipv4Net::new(address, bits).ok()).map_or(network, IpNet::V4)
}
