//! A running simulator and a browser without a head.

use std::sync::Once;

use mti_secret::Secret;
use mti_wechat_sim::{
    AppKind, AppRegistration, CallbackRule, Clock, Knobs, ManualClock, Simulator, SimulatorHandle, SimulatorOptions,
};
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const APP_ID: &str = "wx0123456789abcdef";
pub(crate) const APP_SECRET: &str = "00112233445566778899aabbccddeeff";
pub(crate) const SERVICE_ACCOUNT: &str = "wxfedcba9876543210";
pub(crate) const CALLBACK: &str = "http://127.0.0.1:8080/demo/auth/callback";

pub(crate) struct Sim {
    pub(crate) handle: SimulatorHandle,
    pub(crate) url: String,
    pub(crate) clock: ManualClock,
    pub(crate) http: reqwest::Client,
    shutdown: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Sim {
    pub(crate) async fn start() -> Self {
        Self::start_with(Knobs::default()).await
    }

    pub(crate) async fn start_with(knobs: Knobs) -> Self {
        let (clock, hand) = Clock::manual();
        let website = AppRegistration::website(APP_ID, Secret::new(APP_SECRET));
        let service_account =
            AppRegistration { app_id: SERVICE_ACCOUNT.to_owned(), kind: AppKind::ServiceAccount, ..website.clone() };
        let options =
            SimulatorOptions { apps: vec![website, service_account], knobs, clock, ..SimulatorOptions::default() };
        let simulator = Simulator::bind(options).await.unwrap();
        let (handle, url) = (simulator.handle(), simulator.url());
        let (shutdown, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            simulator.serve(async move { drop(stopped.await) }).await.unwrap();
        });
        let http = browser();
        Self { handle, url, clock: hand, http, shutdown: Some(shutdown), task }
    }

    /// Ends the simulator and waits until it has ended.
    pub(crate) async fn stop(mut self) {
        self.shutdown.take().unwrap().send(()).unwrap();
        (&mut self.task).await.unwrap();
    }

    pub(crate) fn turn(&self, change: impl FnOnce(&mut Knobs)) {
        let mut knobs = self.handle.knobs();
        change(&mut knobs);
        self.handle.set_knobs(knobs);
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    pub(crate) async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.text().await.unwrap()
    }

    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let response = self.http.post(format!("{}{path}", self.url)).json(body).send().await.unwrap();
        (response.status(), response.json().await.unwrap_or_default())
    }

    pub(crate) async fn post_form(&self, path: &str, form: &[(&str, &str)]) -> Response {
        self.http.post(format!("{}{path}", self.url)).form(form).send().await.unwrap()
    }

    /// Opens the authorize page as the login of the application does, and returns the login's uuid.
    pub(crate) async fn open_login(&self) -> String {
        uuid_of(&self.page(&qr_connect(&[])).await)
    }

    pub(crate) async fn poll(&self, uuid: &str, last: &str) -> String {
        self.page(&format!("/connect/l/qrconnect?uuid={uuid}{last}&_=1700000000000")).await
    }

    /// Calls a server interface and returns its JSON, whatever its content type says.
    pub(crate) async fn call(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let response = self.http.get(format!("{}{path}", self.url)).query(parameters).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        serde_json::from_str(&response.text().await.unwrap()).unwrap()
    }

    pub(crate) async fn exchange(&self, code: &str) -> Value {
        let parameters =
            [("appid", APP_ID), ("secret", APP_SECRET), ("code", code), ("grant_type", "authorization_code")];
        self.call("/sns/oauth2/access_token", &parameters).await
    }

    /// Signs a person in and returns the tokens.
    pub(crate) async fn tokens_of(&self, person: &str) -> Value {
        let code = self.handle.mint_code(APP_ID, person).unwrap();
        self.exchange(&code).await
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn browser() -> reqwest::Client {
    trusting_nobody().build().unwrap()
}

/// A client to be: it follows nothing, and knows no proxy.
pub(crate) fn trusting_nobody() -> reqwest::ClientBuilder {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        rustls::crypto::ring::default_provider().install_default().unwrap();
    });
    reqwest::Client::builder().no_proxy().redirect(Policy::none())
}

/// The path of the authorize page, with some parameters replaced, or removed by an empty name.
pub(crate) fn qr_connect(changes: &[(&str, Option<&str>)]) -> String {
    let parameters = [
        ("appid", APP_ID),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "snsapi_login"),
        ("state", "abc123"),
    ];
    path_with("/connect/qrconnect", &parameters, changes)
}

pub(crate) fn path_with(path: &str, parameters: &[(&str, &str)], changes: &[(&str, Option<&str>)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        match changes.iter().find(|(changed, _)| changed == name) {
            Some((_, Some(replaced))) => query.append_pair(name, replaced),
            Some((_, None)) => &mut query,
            None => query.append_pair(name, value),
        };
    }
    for (name, value) in changes {
        if let Some(value) = value
            && parameters.iter().all(|(known, _)| known != name)
        {
            query.append_pair(name, value);
        }
    }
    format!("{path}?{}", query.finish())
}

pub(crate) fn uuid_of(page: &str) -> String {
    let (_, rest) = page.split_once("src=\"/connect/qrcode/").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

pub(crate) fn registered(callback: CallbackRule) -> AppRegistration {
    AppRegistration { callback, ..AppRegistration::website(APP_ID, Secret::new(APP_SECRET)) }
}
