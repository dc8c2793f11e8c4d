use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use mti_element::{Authenticator, Fail, Failure, Principal, Secret, Value, Visitor};
use mti_login_types::{SESSION_COOKIE, SessionAuthenticator};
use serde_json::json;

use super::{CORP, LOGIN, PASSWORD_LOGIN, Person, SERVICE, World};

/// A browser: it keeps cookies, and calls what elements declare, as the HTTP server would let it.
pub(crate) struct Browser<'w> {
    world: &'w World,
    address: IpAddr,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl<'w> Browser<'w> {
    pub(crate) fn new(world: &'w World) -> Self {
        Self { world, address: IpAddr::V4(Ipv4Addr::LOCALHOST), cookies: Mutex::default() }
    }

    /// The same browser at another address.
    pub(crate) fn at(self, address: &str) -> Self {
        Self { address: address.parse().unwrap(), ..self }
    }

    /// Calls the login.
    pub(crate) async fn call(&self, method: &str, arguments: Value) -> Result<Value, Failure> {
        self.call_on(LOGIN, method, arguments).await
    }

    pub(crate) async fn call_on(&self, element: &str, method: &str, arguments: Value) -> Result<Value, Failure> {
        let element = self.world.element(element);
        let principal = self.principal().await;
        let definition = element.definition()?;
        let function = definition.function(method).ok_or(Fail::FUNCTION_NOT_FOUND)?;
        if function.login_required && principal.is_none() {
            return Err(Fail::LOGIN_REQUIRED.into());
        }
        let sent = self.cookies.lock().unwrap().clone();
        let sent = sent.into_iter().map(|(name, value)| (name, Secret::new(value))).collect();
        let visitor = Arc::new(Visitor::new(self.address, principal, sent));
        let outcome = element.call_for(Arc::clone(&visitor), method, arguments).await;
        let mut cookies = self.cookies.lock().unwrap();
        for cookie in visitor.take_cookies() {
            match cookie.max_age_seconds {
                0 => cookies.remove(cookie.name),
                _ => cookies.insert(cookie.name.to_owned(), cookie.value.reveal().to_owned()),
            };
        }
        outcome
    }

    /// Who is signed in.
    pub(crate) async fn principal(&self) -> Option<Principal> {
        let token = self.cookie(SESSION_COOKIE)?;
        SessionAuthenticator.authenticate(self.world.app.view(), Secret::new(token)).await.unwrap()
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    /// Begins an authorization; gives the state.
    pub(crate) async fn state_for(&self, purpose: &str) -> String {
        let answer = self.call("getAuthorizeUrl", json!({ "purpose": purpose })).await.unwrap();
        answer["state"].as_str().unwrap().to_owned()
    }

    /// Goes to WeChat and comes back.
    pub(crate) async fn login_code(&self, person: Person) -> Result<Value, Failure> {
        let state = self.state_for("login").await;
        self.call("getLoginCode", json!({ "code": self.world.wechat.code(person), "state": state })).await
    }

    /// Binds as the user who is signed in.
    pub(crate) async fn bind(&self, user_id: &str, person: Person) -> Result<Value, Failure> {
        let state = self.state_for("bind").await;
        let code = self.world.wechat.code(person);
        self.call("bind", json!({ "userId": user_id, "code": code, "state": state })).await
    }

    /// Turns a login code into a session.
    pub(crate) async fn login_by_code(&self, login_code: &Value, corp: &str) -> Result<Value, Failure> {
        let arguments = json!({ "loginCode": login_code, "corp": corp, "platform": "web" });
        self.call_on(SERVICE, "loginByCode", arguments).await
    }

    /// Signs in, to the first organisation of those that are offered.
    pub(crate) async fn sign_in(&self, person: Person) {
        let answer = self.login_code(person).await.unwrap();
        let corp = if answer["corpList"].as_array().unwrap().is_empty() { "" } else { CORP };
        self.login_by_code(&answer["loginCode"], corp).await.unwrap();
    }

    /// Signs in by user name and password, up to the login code.
    pub(crate) async fn password_login(&self, username: &str, password: &str) -> Result<Value, Failure> {
        let arguments = json!({ "username": username, "password": password });
        self.call_on(PASSWORD_LOGIN, "getLoginCode", arguments).await
    }

    /// The same, up to the session.
    pub(crate) async fn password_sign_in(&self, username: &str, password: &str) {
        let answer = self.password_login(username, password).await.unwrap();
        self.login_by_code(&answer["loginCode"], CORP).await.unwrap();
    }

    pub(crate) async fn user(&self) -> Option<String> {
        self.principal().await.map(|principal| principal.user_id)
    }
}
