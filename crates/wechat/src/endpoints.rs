use thiserror::Error;
use url::{Host, Url};

/// Where browsers are sent.
pub const DEFAULT_OPEN: &str = "https://open.weixin.qq.com";

/// Where codes are exchanged.
pub const DEFAULT_API: &str = "https://api.weixin.qq.com";

/// Where WeChat's page asks what a phone does with its QR code.
pub const DEFAULT_POLL: &str = "https://lp.open.weixin.qq.com";

/// The addresses of WeChat, or of something that stands in for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    open: Url,
    api: Url,
    poll: Url,
}

impl Endpoints {
    /// Takes base addresses; `None` means WeChat's own.
    ///
    /// An address is `https`, or `http` on a loopback host (127.0.0.0/8, `::1`, `localhost`), and may have a
    /// path, with or without a slash at its end. What stands in for the authorize page is polled there too.
    pub fn new(open: Option<&str>, api: Option<&str>) -> Result<Self, EndpointError> {
        let real = base_address(DEFAULT_OPEN)?;
        let open = open.map_or_else(|| Ok(real.clone()), base_address)?;
        let poll = if open == real { base_address(DEFAULT_POLL)? } else { open.clone() };
        Ok(Self { open, api: base_address(api.unwrap_or(DEFAULT_API))?, poll })
    }

    /// The same with another base address to poll.
    pub fn polled_at(self, poll: &str) -> Result<Self, EndpointError> {
        Ok(Self { poll: base_address(poll)?, ..self })
    }

    /// The base address of the authorize page.
    pub fn open(&self) -> &Url {
        &self.open
    }

    /// The base address of the server calls.
    pub fn api(&self) -> &Url {
        &self.api
    }

    /// The base address of the poll.
    pub fn poll(&self) -> &Url {
        &self.poll
    }
}

/// Why an address cannot be an endpoint.
///
/// The address itself is not repeated: whoever configured it knows which key he wrote, and it may contain a
/// password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// No absolute address.
    #[error("the address is not an absolute URL, write one like `{DEFAULT_API}`")]
    NotAnAddress,
    /// A scheme other than `https` and `http`.
    #[error("the address must begin with `https://`")]
    NotHttp,
    /// `http` to a host that is not the machine itself.
    #[error("`http://` is for loopback hosts only, write `https://`")]
    NotEncrypted,
    /// `user:password@`.
    #[error("the address must not contain a user name or password")]
    HasUserInfo,
    /// `?…`.
    #[error("the address must not contain a query, remove `?` and what follows")]
    HasQuery,
    /// `#…`.
    #[error("the address must not contain a fragment, remove `#` and what follows")]
    HasFragment,
}

/// Joins path segments to a base address, whether or not that ends in a slash.
pub(crate) fn join(base: &Url, segments: &[&str]) -> Url {
    let mut address = base.clone();
    if let Ok(mut path) = address.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    address
}

fn base_address(text: &str) -> Result<Url, EndpointError> {
    let address = Url::parse(text.trim()).map_err(|_| EndpointError::NotAnAddress)?;
    match address.scheme() {
        "https" => {}
        "http" if is_loopback(&address) => {}
        "http" => return Err(EndpointError::NotEncrypted),
        _ => return Err(EndpointError::NotHttp),
    }
    if !address.username().is_empty() || address.password().is_some() {
        return Err(EndpointError::HasUserInfo);
    }
    if address.query().is_some() {
        return Err(EndpointError::HasQuery);
    }
    if address.fragment().is_some() {
        return Err(EndpointError::HasFragment);
    }
    Ok(address)
}

fn is_loopback(address: &Url) -> bool {
    match address.host() {
        Some(Host::Ipv4(host)) => host.is_loopback(),
        Some(Host::Ipv6(host)) => host.is_loopback(),
        Some(Host::Domain(host)) => host == "localhost",
        None => false,
    }
}
