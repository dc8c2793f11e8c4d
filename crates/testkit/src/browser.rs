use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};

use mti_element::{Authenticator, Fail, Principal, Result, Secret, Value, Visitor};
use mti_login_types::{AUTH_SERVICE, SESSION_COOKIE, SessionAuthenticator};
use mti_registry::App;
use serde_json::json;

/// A visitor's browser: it keeps cookies, and reaches what elements declare and nothing else, as over HTTP.
#[derive(Debug)]
pub struct Browser {
    app: App,
    cookies: Mutex<BTreeMap<&'static str, Secret>>,
}

impl Browser {
    /// A browser that was never here.
    pub fn new(app: &App) -> Self {
        Self { app: app.clone(), cookies: Mutex::default() }
    }

    /// Calls a declared function with the arguments that are declared for it.
    pub async fn call(&self, element: &str, function: &str, arguments: Value) -> Result<Value> {
        let element = self.app.get_element(element)?;
        let definition = element.definition()?;
        let declared = definition.function(function).ok_or(Fail::FUNCTION_NOT_FOUND)?;
        let principal = self.principal().await?;
        if declared.login_required && principal.is_none() {
            return Err(Fail::LOGIN_REQUIRED.into());
        }
        let given = arguments.as_object().into_iter().flat_map(|arguments| arguments.keys());
        if let Some(unknown) = given.into_iter().find(|name| !declared.args.iter().any(|known| known.name == **name)) {
            return Err(Fail::API_PARAMS_ERROR.because(format!("`{unknown}` is not declared for `{function}`")));
        }
        let visitor = Arc::new(Visitor::new(IpAddr::V4(Ipv4Addr::LOCALHOST), principal, self.sent()));
        let outcome = element.call_for(Arc::clone(&visitor), function, arguments).await;
        self.keep(&visitor);
        outcome
    }

    /// Trades what a login Type answered for a session, in the first organisation of those that are offered.
    pub async fn begin_session(&self, login: &Value) -> Result<Value> {
        let corp = login["corpList"][0]["corpId"].as_str().unwrap_or_default();
        let arguments = json!({ "loginCode": login["loginCode"], "corp": corp, "platform": "web" });
        self.call(AUTH_SERVICE, "loginByCode", arguments).await
    }

    /// Who is signed in.
    pub async fn user(&self) -> Result<Option<String>> {
        Ok(self.principal().await?.map(|principal| principal.user_id))
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<Secret> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    async fn principal(&self) -> Result<Option<Principal>> {
        match self.cookie(SESSION_COOKIE) {
            Some(token) => SessionAuthenticator.authenticate(self.app.view(), token).await,
            None => Ok(None),
        }
    }

    fn sent(&self) -> Vec<(String, Secret)> {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        cookies.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn keep(&self, visitor: &Visitor) {
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        for cookie in visitor.take_cookies() {
            match cookie.max_age_seconds {
                0 => cookies.remove(cookie.name),
                _ => cookies.insert(cookie.name, cookie.value),
            };
        }
    }
}
