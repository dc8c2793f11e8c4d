//! What the checks ask with, and how they say what is wrong.

use mti_element::{Fail, Failure, Result, Value};
use mti_login_types::Purpose;
use serde_json::json;

use super::LoginContract;
use crate::Browser;

impl LoginContract<'_> {
    /// A browser that was never here.
    pub(super) fn browser(&self) -> Browser {
        Browser::new(self.app)
    }

    /// Calls the login in process.
    pub(super) async fn call(&self, method: &str, arguments: Value) -> Result<Value> {
        self.app.get_element(self.login)?.call(method, arguments).await
    }

    /// Signs a person in, in process.
    pub(super) async fn login_code(&self, person: &str) -> Result<Value> {
        self.call("getLoginCode", self.credentials.of(person)).await
    }

    /// Binds a person to a user, in process.
    pub(super) async fn bind(&self, user: &str, person: &str) -> Result<Value> {
        self.call("bind", for_user(user, self.credentials.of(person))).await
    }

    /// Signs a person in from a browser, up to the login code.
    pub(super) async fn login_code_in(&self, browser: &Browser, person: &str) -> Result<Value> {
        let arguments = self.credentials.in_browser(browser, person, Purpose::Login).await?;
        browser.call(self.login, "getLoginCode", arguments).await
    }

    /// A browser in which a person is signed in.
    pub(super) async fn signed_in(&self, person: &str) -> Browser {
        let browser = self.browser();
        let login = good(self.login_code_in(&browser, person).await, "a bound person gets a login code");
        good(browser.begin_session(&login).await, "a login code opens a session");
        browser
    }
}

/// Credentials together with the user that they are to be bound to.
pub(super) fn for_user(user: &str, mut credentials: Value) -> Value {
    credentials["userId"] = json!(user);
    credentials
}

/// What a call answered that has to succeed.
#[track_caller]
pub(super) fn good<T>(outcome: Result<T>, rule: &str) -> T {
    outcome.unwrap_or_else(|failure| panic!("{rule}, but: {failure:?}"))
}

/// The failure of a call that has to fail in one way.
#[track_caller]
pub(super) fn refused(outcome: Result<Value>, kind: Fail, rule: &str) -> Failure {
    match outcome {
        Err(failure) if failure.is(kind) => failure,
        Err(failure) => panic!("{rule}: with {}, and not with {failure:?}", kind.name),
        // The answer may hold a login code: it is not shown.
        Ok(_) => panic!("{rule}: with {}, but the call succeeds", kind.name),
    }
}
