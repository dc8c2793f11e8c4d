//! Calls of visitors that another web framework received: everything that HTTP does for a call, without HTTP.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::http::header::{HeaderMap, HeaderValue};
use mti_element::{Cookie, Fail, Map, Result, Secret, Value};
use mti_registry::App;
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::call::Call;
use crate::caller::AskingPage;
use crate::cookies;
use crate::error::ServerError;
use crate::exchange::Exchange;
use crate::options::ServerOptions;
use crate::route::CallPath;
use crate::sharing::Sharing;
use crate::site::Site;

/// A visitor's request, as another web framework received it.
#[derive(Clone)]
pub struct VisitorRequest {
    /// The address that the request comes from. Behind a proxy it is for the web framework to find out.
    pub address: IpAddr,
    /// The cookies that the browser sent. Those of other programs may be among them.
    pub cookies: Vec<(String, String)>,
    /// The headers: `Authorization`, `Content-Type`, `Host`, `Origin` and `Sec-Fetch-*` are read. `Cookie` is not.
    pub headers: HeaderMap,
}

/// The visits of an app: what limits them, and what they share. A program has one for each app.
#[derive(Debug)]
pub struct Visits {
    site: Arc<Site>,
    /// Begins with the first call, which is the first to run on a runtime.
    sharing: OnceLock<Sharing>,
}

/// A visitor during one request: calls through it have the rights of that visitor, and no more.
///
/// It is the visitor's browser for as long as it lives: a session that one call begins is there for the next one.
pub struct Visit {
    visits: Arc<Visits>,
    address: IpAddr,
    headers: HeaderMap,
    jar: Mutex<Jar>,
}

/// The cookies of a visitor.
#[derive(Clone, Default)]
struct Jar {
    /// By the names that they were set with.
    own: Vec<(String, Secret)>,
    /// What calls have set since.
    set: Vec<Cookie>,
}

impl VisitorRequest {
    /// A request with the cookies that its header `Cookie` names.
    pub fn new(address: IpAddr, headers: HeaderMap) -> Self {
        let cookies = cookies::pairs(&headers).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { address, cookies, headers }
    }
}

impl Visits {
    /// Prepares visits to an app. Of the options, `public_url`, `authenticator`, `anonymous_calls_per_minute`,
    /// `shared_calls` and the request timeout matter.
    pub fn new(app: App, options: ServerOptions) -> Result<Self, ServerError> {
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let site = Arc::new(Site::new(app, options, nowhere)?);
        Ok(Self { site, sharing: OnceLock::new() })
    }

    /// Begins the visit that a request is.
    pub fn begin(self: &Arc<Self>, request: VisitorRequest) -> Visit {
        let VisitorRequest { address, cookies, headers } = request;
        let jar = Mutex::new(Jar { own: self.site.cookies.own(cookies), set: Vec::new() });
        Visit { visits: Arc::clone(self), address, headers, jar }
    }
}

impl Visit {
    /// Calls a function of an element as the visitor, with a JSON object of named arguments.
    ///
    /// What is true of a call over HTTP is true of it: only functions of the `functionList` can be called, states and
    /// sessions are checked, anonymous calls and tries are counted for the address, and a call with the session cookie must
    /// come from a page of this site. Its failures are safe to show; what only the operator may know is in the log.
    ///
    /// Must be called inside a tokio runtime.
    pub async fn call(&self, element: &str, function: &str, arguments: Value) -> Result<Value> {
        let arguments = match arguments {
            Value::Object(arguments) => arguments,
            Value::Null => Map::new(),
            _ => return Err(Fail::API_PARAMS_ERROR.because("the arguments must be a JSON object by name")),
        };
        let site = &self.visits.site;
        self.visits.sharing.get_or_init(|| Sharing::begin(site));
        let exchange = Exchange::begin(self.address);
        let span = tracing::info_span!(
            "visit",
            request_id = %exchange.id,
            element = Empty,
            function = Empty,
            outcome = Empty,
            duration_ms = Empty,
        );
        let own_origin = site.options.public_url.is_some().then_some(site.origin.as_str());
        let page = AskingPage::of_visit(&self.headers, own_origin);
        let cookies = self.jar().own.clone();
        let path = CallPath { element: element.to_owned(), function: function.to_owned() };
        let call = Call::new(site, &exchange, path).visit(&page, &self.headers, cookies, arguments);
        let (outcome, visitor) = call.instrument(span.clone()).await;
        for cookie in visitor.iter().flat_map(|visitor| visitor.take_cookies()) {
            self.jar().keep(cookie);
        }
        span.record("duration_ms", exchange.milliseconds());
        span.in_scope(|| tracing::info!("answered"));
        outcome.map_err(crate::envelope::Refusal::into_public)
    }

    /// The cookies that the answer to the request has to set, as values of `Set-Cookie` headers.
    pub fn set_cookies(&self) -> Vec<HeaderValue> {
        let cookies = &self.visits.site.cookies;
        self.jar().set.iter().filter_map(|cookie| cookies.set_cookie_header(cookie)).collect()
    }

    fn jar(&self) -> MutexGuard<'_, Jar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Jar {
    /// Keeps a cookie as a browser does.
    fn keep(&mut self, cookie: Cookie) {
        self.own.retain(|(name, _)| name != cookie.name);
        if cookie.max_age_seconds > 0 {
            self.own.push((cookie.name.to_owned(), cookie.value.clone()));
        }
        self.set.retain(|earlier| earlier.name != cookie.name);
        self.set.push(cookie);
    }
}

/// Headers and cookies hold sessions, so only the address is shown.
impl fmt::Debug for VisitorRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("VisitorRequest").field("address", &self.address).finish_non_exhaustive()
    }
}

impl fmt::Debug for Visit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Visit").field("address", &self.address).finish_non_exhaustive()
    }
}
