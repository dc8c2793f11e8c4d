use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::Gate;

/// An open platform that answers as it is told.
pub(crate) struct FakeWeChat {
    address: SocketAddr,
    script: Arc<Script>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Script {
    answers: Mutex<HashMap<String, Answer>>,
    profiles: Mutex<HashMap<String, (StatusCode, Vec<u8>)>>,
    refreshed: Mutex<HashMap<String, Value>>,
    next_code: AtomicUsize,
    exchanges: AtomicUsize,
    profile_calls: AtomicUsize,
    exchange_gate: Gate,
}

#[derive(Clone)]
enum Answer {
    Once(Value),
    Always(Value),
    Status(u16),
}

/// Somebody with a WeChat account.
#[derive(Clone, Copy)]
pub(crate) struct Person {
    pub(crate) open_id: &'static str,
    pub(crate) union_id: Option<&'static str>,
}

impl Person {
    pub(crate) const fn new(open_id: &'static str) -> Self {
        Self { open_id, union_id: None }
    }

    pub(crate) const fn with_union_id(self, union_id: &'static str) -> Self {
        Self { union_id: Some(union_id), ..self }
    }
}

impl FakeWeChat {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Arc::new(Script::default());
        let router = Router::new()
            .route("/sns/oauth2/access_token", get(access_token))
            .route("/sns/oauth2/refresh_token", get(refresh_token))
            .route("/sns/userinfo", get(userinfo))
            .with_state(Arc::clone(&script));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, script, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A code that the person authorized; good once.
    pub(crate) fn code(&self, person: Person) -> String {
        let code = self.new_code();
        self.answer(&code, Answer::Once(grant(&code, person)));
        self.refreshed(&code, grant(&format!("{code}-again"), person));
        code
    }

    /// A code that stays good: what a program does with it decides.
    pub(crate) fn lasting_code(&self, person: Person) -> String {
        let code = self.new_code();
        self.answer(&code, Answer::Always(grant(&code, person)));
        code
    }

    /// A code of somebody for whom WeChat shows a preview only.
    pub(crate) fn snapshot_code(&self, person: Person) -> String {
        let code = self.new_code();
        let mut answer = grant(&code, person);
        answer["is_snapshotuser"] = json!(1);
        self.answer(&code, Answer::Once(answer));
        code
    }

    /// A code that WeChat answers with an errcode.
    pub(crate) fn refused_code(&self, errcode: i64) -> String {
        self.code_answered(json!({ "errcode": errcode, "errmsg": "no, rid: 63b7a7f7-5d8e24a1-0bc4f6c2" }))
    }

    /// A code with an answer of one's own.
    pub(crate) fn code_answered(&self, answer: Value) -> String {
        let code = self.new_code();
        self.answer(&code, Answer::Always(answer));
        code
    }

    /// A code at which the platform fails.
    pub(crate) fn failing_code(&self, status: u16) -> String {
        let code = self.new_code();
        self.answer(&code, Answer::Status(status));
        code
    }

    /// The answer to the question for the profile that belongs to a code.
    pub(crate) fn profile(&self, code: &str, answer: &Value) {
        self.raw_profile(code, 200, answer.to_string());
    }

    /// The same, with a status and a body of one's own.
    pub(crate) fn raw_profile(&self, code: &str, status: u16, body: impl Into<Vec<u8>>) {
        let answer = (StatusCode::from_u16(status).unwrap(), body.into());
        self.script.profiles.lock().unwrap().insert(format!("token-of-{code}"), answer);
    }

    /// What the refresh token of a code is answered with.
    pub(crate) fn refreshed(&self, code: &str, answer: Value) {
        self.script.refreshed.lock().unwrap().insert(code.to_owned(), answer);
    }

    /// How many codes were brought here.
    pub(crate) fn exchanges(&self) -> usize {
        self.script.exchanges.load(Ordering::SeqCst)
    }

    /// Where codes wait before they are exchanged.
    pub(crate) fn exchange_gate(&self) -> &Gate {
        &self.script.exchange_gate
    }

    /// How many profiles were asked for.
    pub(crate) fn profile_calls(&self) -> usize {
        self.script.profile_calls.load(Ordering::SeqCst)
    }

    fn new_code(&self) -> String {
        format!("0a1b2c3d4e5f6a7b8c9d0e{:010}", self.script.next_code.fetch_add(1, Ordering::SeqCst))
    }

    fn answer(&self, code: &str, answer: Answer) {
        self.script.answers.lock().unwrap().insert(code.to_owned(), answer);
    }
}

impl Drop for FakeWeChat {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn grant(code: &str, person: Person) -> Value {
    let mut answer = json!({
        "access_token": format!("token-of-{code}"),
        "expires_in": 7200,
        "refresh_token": format!("refresh-of-{code}"),
        "openid": person.open_id,
        "scope": "snsapi_login",
    });
    if let Some(union_id) = person.union_id {
        answer["unionid"] = json!(union_id);
    }
    answer
}

type Parameters = Query<HashMap<String, String>>;

async fn access_token(State(script): State<Arc<Script>>, Query(parameters): Parameters) -> Response {
    script.exchanges.fetch_add(1, Ordering::SeqCst);
    script.exchange_gate.pass().await;
    if parameters.get("secret").is_none_or(|secret| secret != crate::support::world::SECRET) {
        return plain(&json!({ "errcode": 40125, "errmsg": "invalid appsecret" }));
    }
    let code = parameters.get("code").map(String::as_str).unwrap_or_default();
    let mut answers = script.answers.lock().unwrap();
    match answers.get(code).cloned() {
        Some(Answer::Once(answer)) => {
            let used = json!({ "errcode": 40163, "errmsg": "code been used" });
            answers.insert(code.to_owned(), Answer::Always(used));
            plain(&answer)
        }
        Some(Answer::Always(answer)) => plain(&answer),
        Some(Answer::Status(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        None => plain(&json!({ "errcode": 40029, "errmsg": "invalid code" })),
    }
}

async fn refresh_token(State(script): State<Arc<Script>>, Query(parameters): Parameters) -> Response {
    let code = parameters["refresh_token"].trim_start_matches("refresh-of-");
    plain(&script.refreshed.lock().unwrap()[code])
}

async fn userinfo(State(script): State<Arc<Script>>, Query(parameters): Parameters) -> Response {
    script.profile_calls.fetch_add(1, Ordering::SeqCst);
    let profiles = script.profiles.lock().unwrap();
    match profiles.get(&parameters["access_token"]) {
        Some(answer) => answer.clone().into_response(),
        None => plain(&json!({ "errcode": 48001, "errmsg": "api unauthorized" })),
    }
}

/// As WeChat sends it: JSON that calls itself text.
fn plain(answer: &Value) -> Response {
    answer.to_string().into_response()
}
