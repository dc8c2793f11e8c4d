//! Visitors of an app inside another web framework, through the facade.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use axum::http::{HeaderMap, HeaderValue};
use mti::login_types::{AUTH_SERVICE, fails};
use mti::{App, Fail, Failure, Visit, VisitorRequest};
use serde_json::{Value, json};
use tempfile::TempDir;

const PASSWORD_LOGIN: &str = "auths.loginTypes.PasswordLogin";
const PASSWORD: &str = "correct horse 9";

/// The demo app with data of its own, and a user who has a password.
struct Site {
    app: App,
    _data: TempDir,
}

impl Site {
    async fn new(public_url: Option<&str>) -> Self {
        let data = TempDir::new().expect("a temporary directory");
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps/demo");
        assert!(fs::exists(demo.join("app.json")).expect("a directory"));
        let mut builder = App::builder(demo).data(data.path());
        if let Some(url) = public_url {
            builder = builder.public_url(url.parse().expect("a URL"));
        }
        let app = builder.open().expect("the demo app");
        let login = app.get_element(PASSWORD_LOGIN).expect("the login");
        let account = json!({ "userId": "user123", "newPassword": PASSWORD });
        login.call("updatePassword", account).await.expect("a new password");
        Self { app, _data: data }
    }

    fn visit(&self, cookies: &[HeaderValue]) -> Visit {
        self.visit_from(1, cookies)
    }

    /// A request of a browser that has these cookies, from one of several addresses.
    fn visit_from(&self, address: u8, cookies: &[HeaderValue]) -> Visit {
        let pair = |cookie: &HeaderValue| {
            let text = cookie.to_str().expect("cookies are ASCII");
            text.split(';').next().expect("a pair").to_owned()
        };
        let cookies = cookies.iter().map(pair).collect::<Vec<_>>().join("; ");
        let mut headers = HeaderMap::new();
        headers.insert("cookie", HeaderValue::try_from(cookies).expect("a header"));
        self.app.visit(VisitorRequest::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, address)), headers))
    }
}

async fn login_code(visit: &Visit, password: &str) -> Result<Value, Failure> {
    let arguments = json!({ "username": "zhangsan", "password": password });
    visit.get_element(PASSWORD_LOGIN).call("getLoginCode", arguments).await
}

async fn sign_in(visit: &Visit) -> Value {
    let login = login_code(visit, PASSWORD).await.expect("a login code");
    let arguments = json!({ "loginCode": login["loginCode"], "corp": "acme", "platform": "web" });
    visit.call(AUTH_SERVICE, "loginByCode", arguments).await.expect("a session")
}

async fn current_user(visit: &Visit) -> Result<Value, Failure> {
    visit.call(AUTH_SERVICE, "currentUser", json!({})).await
}

#[track_caller]
fn assert_fails(outcome: Result<Value, Failure>, kind: Fail) -> Failure {
    let failure = outcome.expect_err("it fails");
    assert!(failure.is(kind), "{failure:?}");
    failure
}

#[tokio::test]
async fn a_visitor_signs_in_comes_back_and_signs_out() {
    let site = Site::new(None).await;
    let first = site.visit(&[]);
    assert_fails(current_user(&first).await, Fail::LOGIN_REQUIRED);
    sign_in(&first).await;
    assert_eq!(current_user(&first).await.expect("a session")["userId"], "user123");
    let cookies = first.set_cookies();
    assert!(cookies.iter().any(|cookie| cookie.to_str().expect("ASCII").starts_with("mti_session_9a11cf03=")));

    let second = site.visit(&cookies);
    assert_eq!(current_user(&second).await.expect("a session")["nick"], "张三");
    second.call(AUTH_SERVICE, "logout", json!({})).await.expect("the end of the session");
    assert_fails(current_user(&second).await, Fail::LOGIN_REQUIRED);
    assert!(second.set_cookies().iter().any(|cookie| cookie.to_str().expect("ASCII").contains("Max-Age=0")));
    assert_fails(current_user(&site.visit(&cookies)).await, Fail::LOGIN_REQUIRED);
}

#[tokio::test]
async fn a_login_code_is_good_in_the_browser_that_it_was_handed_to() {
    let site = Site::new(None).await;
    let login = login_code(&site.visit(&[]), PASSWORD).await.expect("a login code");
    let thief = site.visit(&[]);
    let arguments = json!({ "loginCode": login["loginCode"], "corp": "acme", "platform": "web" });
    assert_fails(thief.call(AUTH_SERVICE, "loginByCode", arguments).await, fails::LOGIN_CODE_INVALID);
    let wechat = thief.get_element("auths.loginTypes.MyWeChatLogin");
    let without_state = wechat.call("getLoginCode", json!({ "code": "a-code-of-nobody" })).await;
    assert_fails(without_state, Fail::API_PARAMS_ERROR);
}

#[tokio::test]
async fn wrong_passwords_are_counted_by_address_as_over_http() {
    let site = Site::new(None).await;
    for _ in 0..10 {
        assert_fails(login_code(&site.visit(&[]), "wrong").await, fails::PASSWORD_ERROR);
    }
    assert_fails(login_code(&site.visit(&[]), PASSWORD).await, Fail::RATE_LIMITED);
    login_code(&site.visit_from(2, &[]), PASSWORD).await.expect("another address is not refused");
}

#[tokio::test]
async fn cookies_of_an_https_site_are_secure() {
    let site = Site::new(Some("https://shop.example.com/")).await;
    let visit = site.visit(&[]);
    sign_in(&visit).await;
    let cookies = visit.set_cookies();
    let is_secure = |cookie: &HeaderValue| {
        let text = cookie.to_str().expect("cookies are ASCII");
        text.starts_with("__Host-mti_") && text.ends_with("; HttpOnly; SameSite=Lax; Secure")
    };
    assert!(!cookies.is_empty() && cookies.iter().all(is_secure), "{}", cookies.len());
    assert_eq!(current_user(&site.visit(&cookies)).await.expect("a session")["userId"], "user123");
}

#[tokio::test]
async fn a_public_url_that_cannot_be_one_fails_the_calls_and_says_so() {
    let site = Site::new(Some("ftp://shop.example.com/")).await;
    let failure = assert_fails(current_user(&site.visit(&[])).await, Fail::ELEMENT_EXCEPTION);
    assert!(failure.operator_message().contains("cannot be the public URL"), "{failure:?}");
}

#[tokio::test]
async fn an_app_that_was_visited_is_let_go_of() {
    let site = Site::new(None).await;
    current_user(&site.visit(&[])).await.expect_err("nobody is signed in");
    let view = std::sync::Arc::downgrade(&site.app.view());
    drop(site);
    assert!(view.upgrade().is_none(), "visits keep the app");
}
