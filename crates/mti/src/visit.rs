//! Visitors of an app inside another web framework.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::http::HeaderValue;
use mti_element::{Fail, Result, SharedCalls};
use mti_login_types::{CallTable, PublicUrl, SessionAuthenticator};
use mti_server::{ServerOptions, Visits};
use serde_json::Value;

pub use mti_server::VisitorRequest;

use crate::App;

/// A visitor during one request that another web framework received. [`App::visit`] begins it.
///
/// Calls through it have the rights of the visitor, as over HTTP: only functions of the `functionList` can be called, states,
/// sessions and access rules are checked, and limits and tries are counted. It is the visitor's browser for as long as it
/// lives: a session that one call begins is there for the next one. At the end the answer sets its cookies.
///
/// ```no_run
/// # async fn handle(app: &mti::App, address: std::net::IpAddr, headers: axum::http::HeaderMap) -> mti::Result<()> {
/// use mti::VisitorRequest;
/// use serde_json::json;
///
/// let visit = app.visit(VisitorRequest::new(address, headers));
/// let service = visit.get_element("auths.loginTypes.services.AuthSvc");
/// let user = service.call("currentUser", json!({})).await?; // or LOGIN_REQUIRED
/// let to_set = visit.set_cookies(); // the values of `Set-Cookie` headers
/// # Ok(())
/// # }
/// ```
///
/// A call with the session cookie must come from a page of the app's own site, by the headers `Origin` and `Sec-Fetch-Site`.
/// Pages that a browser opens, from wherever, are of the site: so a handler that answers `GET` must change nothing. What the
/// site is says [`AppBuilder::public_url`](crate::AppBuilder::public_url); without it, the header `Host`.
pub struct Visit {
    state: Result<mti_server::Visit, String>,
}

/// An element, as a visitor reaches it.
#[derive(Debug)]
pub struct VisitedElement<'v> {
    visit: &'v Visit,
    name: &'v str,
}

impl Visit {
    pub(crate) fn begin(visits: Result<Arc<Visits>, String>, request: VisitorRequest) -> Self {
        Self { state: visits.map(|visits| visits.begin(request)) }
    }

    /// The element of that full name. Whether there is one, the first call tells.
    pub fn get_element<'v>(&'v self, name: &'v str) -> VisitedElement<'v> {
        VisitedElement { visit: self, name }
    }

    /// Calls a function of an element, with a JSON object of named arguments. Must be called inside a tokio runtime.
    ///
    /// Its failures may be shown to the visitor, as over HTTP; what only the operator may know is in the log.
    pub async fn call(&self, element: &str, function: &str, arguments: Value) -> Result<Value> {
        match &self.state {
            Ok(visit) => visit.call(element, function, arguments).await,
            Err(problem) => Err(Fail::ELEMENT_EXCEPTION.failure().noting(problem)),
        }
    }

    /// The cookies that the answer to the request has to set, as values of `Set-Cookie` headers. An answer that has one must
    /// not be cached.
    pub fn set_cookies(&self) -> Vec<HeaderValue> {
        self.state.as_ref().map(mti_server::Visit::set_cookies).unwrap_or_default()
    }
}

impl VisitedElement<'_> {
    /// Calls a function, as [`Visit::call`] does.
    pub async fn call(&self, function: &str, arguments: Value) -> Result<Value> {
        self.visit.call(self.name, function, arguments).await
    }
}

/// What the visits of an app share, or why there can be none.
pub(crate) fn visits_of(app: &App) -> Result<Arc<Visits>, String> {
    // Nothing listens.
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let options = ServerOptions {
        public_url: app.resources().get::<PublicUrl>().map(|public| public.0.clone()),
        shared_calls: app.shares_database().then(|| Arc::new(CallTable::new()) as Arc<dyn SharedCalls>),
        ..ServerOptions::new(nowhere, Arc::new(SessionAuthenticator))
    };
    Visits::new((**app).clone(), options).map(Arc::new).map_err(|error| error.to_string())
}

impl fmt::Debug for Visit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.fmt(formatter)
    }
}
