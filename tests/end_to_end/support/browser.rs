use std::collections::BTreeMap;
use std::sync::Once;

use reqwest::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, RequestBuilder};
use serde_json::{Value, json};

use super::{APP_ID, LOGIN, Server};

/// A browser of a visitor: it keeps cookies and follows nothing by itself.
#[derive(Clone)]
pub(crate) struct Browser {
    client: Client,
    origin: String,
    simulator: String,
    cookies: BTreeMap<String, String>,
}

/// What a call answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) envelope: Value,
}

impl Answer {
    /// The data of a call that succeeded.
    #[track_caller]
    pub(crate) fn data(self) -> Value {
        assert_eq!((self.status, &self.envelope["errcode"]), (200, &json!(0)), "{:#}", self.envelope);
        self.envelope["data"].clone()
    }

    /// The symbolic name of the error.
    #[track_caller]
    pub(crate) fn error(&self) -> &str {
        self.envelope["error"].as_str().unwrap_or_else(|| panic!("no error: {:#}", self.envelope))
    }
}

impl Browser {
    /// A browser that has been nowhere yet.
    pub(crate) fn at(server: &Server) -> Self {
        let simulator = if server.announcement["simulator"].is_null() { String::new() } else { server.simulator() };
        Self { client: client(), origin: server.origin(), simulator, cookies: BTreeMap::new() }
    }

    /// A browser for a simulator that runs by itself.
    pub(crate) fn at_simulator(server: &Server) -> Self {
        Self { client: client(), origin: String::new(), simulator: server.origin(), cookies: BTreeMap::new() }
    }

    /// The same browser, which signs in at a simulator that runs by itself.
    pub(crate) fn using(mut self, simulator: &Server) -> Self {
        self.simulator = simulator.origin();
        self
    }

    /// The same browser after the server was started again, perhaps on another port: cookies know no ports.
    pub(crate) fn moved_to(self, server: &Server) -> Self {
        let Self { origin, simulator, .. } = Self::at(server);
        Self { origin, simulator, ..self }
    }

    /// A page, with its status.
    pub(crate) async fn open(&mut self, path: &str) -> (u16, String) {
        let request = self.client.get(format!("{}{path}", self.origin));
        let (status, text) = self.send(request).await;
        (status, text)
    }

    /// Calls a function of an element, as a page of the site does.
    pub(crate) async fn call(&mut self, element: &str, function: &str, arguments: Value) -> Answer {
        let address = format!("{}/api/acme/demo/{}/{function}", self.origin, element.replace('.', "/"));
        let request = self.client.post(address).header("Origin", &self.origin).json(&arguments);
        let (status, text) = self.send(request).await;
        let envelope = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
        Answer { status, envelope }
    }

    /// Has `person` scan the code that this browser shows, and comes back from WeChat with a code and the state.
    pub(crate) async fn scan(&mut self, person: &str, purpose: &str) -> (String, String) {
        let authorize = self.call(LOGIN, "getAuthorizeUrl", json!({"purpose": purpose})).await.data();
        let page = authorize["url"].as_str().expect("a URL").to_owned();
        assert!(page.starts_with(&self.simulator), "{page}");
        let page = self.client.get(page).send().await.expect("the simulator answers");
        assert_eq!(page.status(), 200);
        let pending = self.simulated("pending", None).await;
        let uuid = pending[0]["uuid"].as_str().expect("a login waits").to_owned();
        let approved = self.simulated("approve", Some(json!({"uuid": uuid, "person": person}))).await;
        let callback = reqwest::Url::parse(approved["callbackUrl"].as_str().expect("a URL")).expect("a URL");
        let returned: BTreeMap<_, _> = callback.query_pairs().into_owned().collect();
        assert_eq!(callback.path(), "/acme/demo/auth/callback");
        (returned["code"].clone(), returned["state"].clone())
    }

    /// Scans and brings the code back.
    pub(crate) async fn login_code(&mut self, person: &str) -> Answer {
        let (code, state) = self.scan(person, "login").await;
        self.call(LOGIN, "getLoginCode", json!({"code": code, "state": state})).await
    }

    /// Registers `person` as a new user and signs him in.
    pub(crate) async fn register(&mut self, person: &str) -> Value {
        let unknown = self.login_code(person).await;
        assert_eq!(unknown.error(), "USER_AUTH_MISS");
        let ticket = unknown.envelope["data"]["bindTicket"].clone();
        let login = self.call(LOGIN, "register", json!({"bindTicket": ticket})).await.data();
        self.sign_in(&login, "").await
    }

    /// Trades a login code for a session.
    pub(crate) async fn sign_in(&mut self, login: &Value, corp: &str) -> Value {
        let arguments = json!({"loginCode": login["loginCode"], "corp": corp, "platform": "web"});
        self.call(AUTH_SERVICE, "loginByCode", arguments).await.data()
    }

    pub(crate) async fn current_user(&mut self) -> Answer {
        self.call(AUTH_SERVICE, "currentUser", json!({})).await
    }

    pub(crate) fn cookies(&self) -> &BTreeMap<String, String> {
        &self.cookies
    }

    /// A code of the simulator, without a browser.
    pub(crate) async fn minted_code(&self, person: &str) -> String {
        let minted = self.simulated("code", Some(json!({"appId": APP_ID, "person": person}))).await;
        minted["code"].as_str().expect("a code").to_owned()
    }

    /// The newest QR code of the simulator is scanned.
    pub(crate) async fn scan_newest(&self) -> String {
        let pending = self.simulated("pending", None).await;
        let uuid = pending[0]["uuid"].as_str().expect("a login waits").to_owned();
        let page = format!("{}/connect/confirm?uuid={uuid}", self.simulator);
        assert_eq!(self.client.get(page).send().await.expect("the simulator answers").status(), 200);
        uuid
    }

    /// The openId of a person.
    pub(crate) async fn open_id(&self, person: &str) -> String {
        let people = self.simulated("people", None).await;
        let people = people.as_array().expect("people");
        let found = people.iter().find(|one| one["id"] == person).expect("the person is there");
        found["openIds"][APP_ID].as_str().expect("an openId").to_owned()
    }

    /// Has the simulated WeChat behave otherwise.
    pub(crate) async fn set_knobs(&self, knobs: Value) {
        let request = self.client.put(format!("{}/sim/knobs", self.simulator)).json(&knobs);
        assert_eq!(request.send().await.expect("the simulator answers").status(), 200, "{knobs}");
    }

    /// What the simulated WeChat says to its control interface.
    pub(crate) async fn simulated(&self, what: &str, body: Option<Value>) -> Value {
        let address = format!("{}/sim/{what}", self.simulator);
        let request = match body {
            Some(body) => self.client.post(address).json(&body),
            None => self.client.get(address),
        };
        let answer = request.send().await.expect("the simulator answers");
        assert_eq!(answer.status(), 200, "/sim/{what}");
        answer.json().await.expect("the simulator answers JSON")
    }

    async fn send(&mut self, request: RequestBuilder) -> (u16, String) {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if cookies.is_empty() { request } else { request.header(COOKIE, cookies.join("; ")) };
        let response = request.send().await.expect("the server answers");
        for cookie in response.headers().get_all(SET_COOKIE) {
            self.keep(cookie.to_str().expect("cookies are ASCII"));
        }
        assert!(response.headers().contains_key(CONTENT_TYPE));
        let status = response.status().as_u16();
        (status, response.text().await.expect("a whole answer"))
    }

    /// Keeps a cookie as browsers do: one without time left goes.
    fn keep(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').expect("attributes");
        let (name, value) = pair.split_once('=').expect("a name and a value");
        assert!(attributes.contains("HttpOnly") && attributes.contains("SameSite=Lax"), "{name}");
        let is_removed = attributes.split(';').any(|attribute| attribute.trim() == "Max-Age=0");
        if is_removed {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

fn client() -> Client {
    client_builder().build().expect("a client")
}

/// A client to be, without the settings of whoever runs the tests.
pub(crate) fn client_builder() -> ClientBuilder {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        rustls::crypto::ring::default_provider().install_default().expect("nobody else installs one");
    });
    Client::builder().no_proxy().redirect(Policy::none())
}

const AUTH_SERVICE: &str = "auths.loginTypes.services.AuthSvc";
