use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use mti_element::{Authenticator, Fail, SharedCalls};
use mti_registry::App;
use url::Url;

use crate::health::{AlwaysReady, Readiness};
use crate::trusted_proxies::TrustedProxies;

/// How an app is served.
#[derive(Clone)]
pub struct ServerOptions {
    /// Where to listen; port 0 takes any free one.
    pub address: SocketAddr,
    /// The URL that browsers reach the server at. Calls with the session cookie must come from its origin, and https makes cookies `Secure`.
    /// Absent, it is `http://` and the address that is listened on.
    pub public_url: Option<Url>,
    /// Who a session token belongs to.
    pub authenticator: Arc<dyn Authenticator>,
    /// Whether requests can be answered, and why not.
    pub readiness: Arc<dyn Readiness>,
    /// How much, and for how long, one client may ask.
    pub limits: Limits,
    /// Calls a minute that one address (for IPv6, one /64 network) may make without being signed in; absent, any number.
    pub anonymous_calls_per_minute: Option<NonZeroU32>,
    /// Where the processes that serve the app tell each other of those calls; absent, each counts for itself.
    pub shared_calls: Option<Arc<dyn SharedCalls>>,
    /// The proxies that say whose requests they pass on.
    pub trusted_proxies: TrustedProxies,
    /// Whether only requests to this machine's own names (`localhost`, a loopback address) or the public URL's are answered:
    /// for a server that is for this machine only.
    pub local_hosts_only: bool,
    /// The origins of pages that the portal may show in a frame, such as the page with a QR code that a login Type sends browsers to.
    /// Asked once for every snapshot of the app.
    pub frame_origins: FrameOrigins,
    /// The path of a page that tells developers how the app is doing, below the server's root. The portal links to it.
    pub development_page: Option<String>,
    /// How calls can fail besides the ways that all calls can, for the description of the interface.
    pub failures: Vec<FamilyFailures>,
    /// Further routes. They are asked for what this server does not answer itself.
    pub extra: Option<Router>,
}

/// What an app, as it is now, wants to show in frames.
pub type FrameOrigins = Arc<dyn Fn(&App) -> Vec<String> + Send + Sync>;

impl ServerOptions {
    /// The defaults for an address and a login family.
    pub fn new(address: SocketAddr, authenticator: Arc<dyn Authenticator>) -> Self {
        Self {
            address,
            public_url: None,
            authenticator,
            readiness: Arc::new(AlwaysReady),
            limits: Limits::default(),
            anonymous_calls_per_minute: NonZeroU32::new(600),
            shared_calls: None,
            trusted_proxies: TrustedProxies::default(),
            local_hosts_only: false,
            frame_origins: Arc::new(|_| Vec::new()),
            development_page: None,
            failures: Vec::new(),
            extra: None,
        }
    }
}

impl fmt::Debug for ServerOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ServerOptions")
            .field("address", &self.address)
            .field("public_url", &self.public_url.as_ref().map(Url::as_str))
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// The kinds of failures that belong to a family of elements.
#[derive(Debug, Clone, Copy)]
pub struct FamilyFailures {
    /// Elements of that name, below it, or of a Type that is, can fail so.
    pub namespace: &'static str,
    /// The kinds.
    pub kinds: &'static [Fail],
}

/// How much, and for how long, one client may ask.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The most bytes of a request's body.
    pub body_bytes: usize,
    /// The most bytes of a request's line and headers. A longer URL or head is refused.
    pub head_bytes: usize,
    /// The most bytes of a request's path and query.
    pub url_bytes: usize,
    /// The longest that the head of a request may take to arrive, and that a connection may be idle.
    pub head_timeout: Duration,
    /// The longest that the body of a request may take to arrive.
    pub body_timeout: Duration,
    /// The longest that a request may take to be answered.
    pub request_timeout: Duration,
    /// The longest that a client may leave an answer unread.
    pub write_timeout: Duration,
    /// The most connections at a time; further ones wait to be accepted. Where the operating system lets the process open fewer files,
    /// it is that number, less 64 that are kept for databases, files and calls to others.
    pub connections: usize,
    /// The most connections at a time from one address (for IPv6, one /64 network); further ones are closed at once. Trusted proxies may
    /// have any number. Where it is not below [`connections`](Self::connections), it is half of those.
    pub connections_per_address: usize,
    /// The longest that requests in progress may go on after the server was told to stop.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 64 * 1024,
            head_bytes: 16 * 1024,
            url_bytes: 8 * 1024,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            connections: 4096,
            connections_per_address: 512,
            drain_timeout: Duration::from_secs(10),
        }
    }
}
