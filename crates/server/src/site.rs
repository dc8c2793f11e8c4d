use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use mti_core::AppId;
use mti_registry::App;
use url::{Origin, Url};

use crate::cookies::Cookies;
use crate::error::ServerError;
use crate::health::Asking;
use crate::known_tokens::KnownTokens;
use crate::metrics::Metrics;
use crate::openapi::{self, OpenApi};
use crate::options::ServerOptions;
use crate::percent::encode_segment;
use crate::places::Places;
use crate::portal::Portal;
use crate::rate_limit::RateLimiter;
use crate::security_headers::{Ancestors, CommonHeaders, content_security_policy};

/// How many invalid tokens an address may bring for each anonymous call that it may make. Those behind one address share
/// it until the server has seen their sessions, so it is wide.
const FAILED_TOKENS_PER_CALL: NonZeroU32 = NonZeroU32::new(4).unwrap();

/// What every connection of a server shares.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) app: App,
    pub(crate) app_id: AppId,
    pub(crate) options: ServerOptions,
    /// The origin that pages of this site have, as browsers write it.
    pub(crate) origin: String,
    pub(crate) cookies: Cookies,
    pub(crate) common_headers: CommonHeaders,
    pub(crate) anonymous_calls: Option<RateLimiter>,
    /// Calls with invalid session tokens: each costs a look-up.
    pub(crate) failed_tokens: Option<RateLimiter>,
    /// The tokens that are looked up nevertheless.
    pub(crate) known_tokens: KnownTokens,
    pub(crate) metrics: Metrics,
    pub(crate) places: Arc<Places>,
    pub(crate) portal: Portal,
    pub(crate) open_api: Arc<OpenApi>,
    /// The path of the portal, as browsers see it.
    pub(crate) home: String,
    /// The question whether requests can be answered.
    pub(crate) asking_readiness: Asking,
    /// Whether the server was told to stop.
    pub(crate) is_draining: AtomicBool,
    /// Whether it was said that somebody who calls too often may be a proxy.
    pub(crate) has_told_of_proxy: AtomicBool,
}

impl Site {
    pub(crate) fn new(app: App, options: ServerOptions, address: SocketAddr) -> Result<Self, ServerError> {
        let (origin, is_secure) = match &options.public_url {
            Some(url) => (public_origin(url)?, url.scheme() == "https"),
            None => (own_origin(address), false),
        };
        for origin in (options.frame_origins)(&app) {
            frame_origin(&origin)?;
        }
        let app_id = app.key().id;
        let app_path = format!("{}/{}", encode_segment(app_id.org()), encode_segment(app_id.name()));
        // A proxy may show the site below a path of its own.
        let mount = options.public_url.as_ref().map_or("", |url| url.path().trim_end_matches('/'));
        let cookies = Cookies::new(&app_id, is_secure);
        let open_api = OpenApi::new(openapi::Context {
            server: format!("{origin}{mount}"),
            base: format!("/api/{app_path}"),
            portal: format!("../../../{app_path}/"),
            cookie: cookies.name_in_browser(options.authenticator.cookie_name()),
            failures: options.failures.clone(),
        });
        Ok(Self {
            common_headers: CommonHeaders::new(content_security_policy(&[], Ancestors::None), is_secure),
            anonymous_calls: options
                .anonymous_calls_per_minute
                .map(|calls| RateLimiter::new(calls, options.shared_calls.is_some())),
            failed_tokens: options
                .anonymous_calls_per_minute
                .map(|calls| RateLimiter::new(calls.saturating_mul(FAILED_TOKENS_PER_CALL), false)),
            known_tokens: KnownTokens::new(),
            metrics: Metrics::new(),
            places: Arc::new(Places::new(&options)),
            portal: Portal::new(&app_id, &origin, &options),
            open_api: Arc::new(open_api),
            home: format!("{mount}/{app_path}/"),
            asking_readiness: Asking::default(),
            is_draining: AtomicBool::new(false),
            has_told_of_proxy: AtomicBool::new(false),
            cookies,
            app,
            app_id,
            options,
            origin,
        })
    }
}

/// The origin of pages at an address, as browsers write it: without the port that goes without saying.
fn own_origin(address: SocketAddr) -> String {
    let text = format!("http://{address}");
    Url::parse(&text).map_or(text, |url| url.origin().ascii_serialization())
}

fn public_origin(url: &Url) -> Result<String, ServerError> {
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    match url.origin() {
        origin @ Origin::Tuple(..) if is_plain => Ok(origin.ascii_serialization()),
        _ => Err(ServerError::PublicUrl { url: without_password(url.clone()) }),
    }
}

/// An address as it may be shown.
fn without_password(mut url: Url) -> Url {
    if url.password().is_some() {
        // What has a password can have another one.
        url.set_password(Some("REDACTED")).ok();
    }
    url
}

/// An origin, and nothing else that a policy could take for more.
pub(crate) fn frame_origin(text: &str) -> Result<String, ServerError> {
    let parsed = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    parsed
        .map(|url| url.origin().ascii_serialization())
        .filter(|origin| origin == text.trim_end_matches('/'))
        .ok_or_else(|| ServerError::FrameOrigin { origin: text.to_owned() })
}
