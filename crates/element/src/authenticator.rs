use std::fmt;
use std::sync::Arc;

use crate::{AppView, BoxFuture, Principal, Result, Secret, Visitor};

/// How the HTTP server learns who is signed in. The login family implements it; the server knows nothing of
/// how people sign in.
pub trait Authenticator: Send + Sync + fmt::Debug {
    /// The name of the cookie that carries the session token, as elements set it.
    fn cookie_name(&self) -> &'static str;

    /// Who a session token belongs to; nobody when it is unknown or has expired.
    fn authenticate(&self, app: Arc<dyn AppView>, token: Secret) -> BoxFuture<'_, Result<Option<Principal>>>;

    /// Gives a browser that opens a page the cookies that it is to have before its first call. What it begins by several calls
    /// at once, in one tab or in two, has to be the doing of one browser. By itself, none.
    fn greet(&self, _: &Visitor) {}
}
