use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{AppView, Secret};

/// What a call knows besides its arguments: the app as it was when the call began, and who calls.
#[derive(Clone)]
pub struct CallContext {
    app: Arc<dyn AppView>,
    visitor: Option<Arc<Visitor>>,
}

impl CallContext {
    /// A call that begins in process: from Rust, from Python, from the command line. It is trusted.
    pub fn in_process(app: Arc<dyn AppView>) -> Self {
        Self { app, visitor: None }
    }

    /// A call that comes from outside, by HTTP.
    pub fn remote(app: Arc<dyn AppView>, visitor: Arc<Visitor>) -> Self {
        Self { app, visitor: Some(visitor) }
    }

    /// The app, as it was when the call began.
    pub fn app(&self) -> &Arc<dyn AppView> {
        &self.app
    }

    /// Who calls from outside; nobody for a trusted call.
    pub fn visitor(&self) -> Option<&Visitor> {
        self.visitor.as_deref()
    }
}

impl fmt::Debug for CallContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CallContext").field("visitor", &self.visitor).finish_non_exhaustive()
    }
}

/// A caller from outside the process, and his browser.
#[derive(Debug)]
pub struct Visitor {
    /// The address that the call comes from.
    pub address: IpAddr,
    /// Who is signed in, if anybody is.
    pub principal: Option<Principal>,
    cookies: Vec<(String, Secret)>,
    answered: Mutex<Vec<Cookie>>,
}

impl Visitor {
    /// A visitor with the cookies that his browser sent.
    pub fn new(address: IpAddr, principal: Option<Principal>, cookies: Vec<(String, Secret)>) -> Self {
        Self { address, principal, cookies, answered: Mutex::default() }
    }

    /// The value of a cookie that the app has set and the browser sent, by the name that it was set with.
    pub fn cookie(&self, name: &str) -> Option<&Secret> {
        self.cookies.iter().find(|(candidate, _)| candidate == name).map(|(_, value)| value)
    }

    /// Has the answer set a cookie. A later one of the same name replaces an earlier one.
    pub fn set_cookie(&self, cookie: Cookie) {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.retain(|earlier| earlier.name != cookie.name);
        answered.push(cookie);
    }

    /// The cookies that the answer sets.
    pub fn take_cookies(&self) -> Vec<Cookie> {
        std::mem::take(&mut *self.answered.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A cookie of an answer: always `HttpOnly`, `SameSite=Lax` and, over https, `Secure`.
#[derive(Debug, Clone)]
pub struct Cookie {
    /// Its name. The server adds what tells apps on one host apart, and takes it off again.
    pub name: &'static str,
    /// Its value.
    pub value: Secret,
    /// Its life in seconds; 0 removes it.
    pub max_age_seconds: u64,
}

/// A signed-in user.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The user.
    pub user_id: String,
    /// The organisation that he signed in to; empty when he belongs to none.
    pub corp_id: String,
    /// Whether he may act for other users.
    pub is_admin: bool,
    /// The token of his session.
    pub token: Secret,
    /// How many seconds the session still lives.
    pub expires_in_seconds: u64,
}
