use std::fmt;

use mti_element::{BoxFuture, Fail, Result, Value};
use mti_login_types::{AuthConfig, Purpose, WeChat, fails};
use mti_registry::App;
use serde_json::json;

use crate::{Browser, SimulatedWeChat};

/// How a test gets at what people sign in with, for one login.
pub trait Credentials: fmt::Debug + Send + Sync {
    /// The named arguments by which a person is signed in or bound by a call in process, good for one call.
    fn of(&self, person: &str) -> Value;

    /// The same for a call from a browser, which may have to begin something before.
    fn in_browser<'a>(
        &'a self,
        browser: &'a Browser,
        person: &'a str,
        purpose: Purpose,
    ) -> BoxFuture<'a, Result<Value>>;

    /// Arguments of the right form that are nobody's.
    fn forged(&self) -> Value;

    /// How forged ones are refused.
    fn forged_is(&self) -> Fail;

    /// Arguments that a bind must refuse whoever brings them, and how it does.
    fn unfit(&self) -> (Value, Fail) {
        (self.forged(), self.forged_is())
    }

    /// How a person is refused who is nobody here.
    fn unknown_is(&self) -> Fail;

    /// What may stand in no answer.
    fn secrets(&self) -> Vec<String>;
}

/// The codes that a [`SimulatedWeChat`] gives out for a WeChat login.
#[derive(Debug)]
pub struct WeChatCredentials<'a> {
    wechat: &'a SimulatedWeChat,
    login: String,
    application: AuthConfig,
}

impl<'a> WeChatCredentials<'a> {
    /// The codes for the application that a login is configured with.
    pub async fn new(app: &App, login: &str, wechat: &'a SimulatedWeChat) -> Result<Self> {
        let application = app.get::<WeChat<'_>>(login)?.auth_config().await?;
        Ok(Self { wechat, login: login.to_owned(), application })
    }
}

impl Credentials for WeChatCredentials<'_> {
    fn of(&self, person: &str) -> Value {
        json!({ "code": self.wechat.code(&self.application.app_id, person) })
    }

    fn in_browser<'a>(
        &'a self,
        browser: &'a Browser,
        person: &'a str,
        purpose: Purpose,
    ) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move {
            let begun = browser.call(&self.login, "getAuthorizeUrl", json!({ "purpose": purpose })).await?;
            let mut arguments = self.of(person);
            arguments["state"] = begun["state"].clone();
            Ok(arguments)
        })
    }

    fn forged(&self) -> Value {
        json!({ "code": "061aBcDe2fGhIjKlMnOpQrStUvWxYz01" })
    }

    fn forged_is(&self) -> Fail {
        fails::WECHAT_CODE_INVALID
    }

    fn unknown_is(&self) -> Fail {
        fails::USER_AUTH_MISS
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.application.app_secret.reveal().to_owned()]
    }
}

/// The user names and passwords of a password login: each person has one of each.
#[derive(Debug, Clone, Copy)]
pub struct PasswordCredentials;

impl PasswordCredentials {
    /// The password of a person.
    pub fn password(person: &str) -> String {
        format!("correct-horse-9-of-{}", person.chars().rev().collect::<String>())
    }
}

impl Credentials for PasswordCredentials {
    fn of(&self, person: &str) -> Value {
        json!({ "username": person, "password": Self::password(person) })
    }

    fn in_browser<'a>(&'a self, _: &'a Browser, person: &'a str, _: Purpose) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move { Ok(self.of(person)) })
    }

    fn forged(&self) -> Value {
        json!({ "username": "nobody-of-that-name", "password": Self::password("nobody") })
    }

    fn forged_is(&self) -> Fail {
        fails::PASSWORD_ERROR
    }

    fn unfit(&self) -> (Value, Fail) {
        (json!({ "username": "somebody", "password": "1" }), Fail::API_PARAMS_ERROR)
    }

    fn unknown_is(&self) -> Fail {
        fails::PASSWORD_ERROR
    }

    fn secrets(&self) -> Vec<String> {
        vec!["correct-horse".to_owned(), "$argon2".to_owned()]
    }
}
