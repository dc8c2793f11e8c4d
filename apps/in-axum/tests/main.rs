//! The application as a browser sees it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::MockConnectInfo;
use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
use axum::http::{Request, Response};
use http_body_util::BodyExt as _;
use mti::App;
use mti_example_in_axum::router;
use tempfile::TempDir;
use tower::ServiceExt as _;

const SITE: &str = "http://127.0.0.1:8000";
const ZHANGSAN: &str = "username=zhangsan&password=demo-zhangsan";
const BOSS: &str = "username=boss&password=demo-boss";

/// The application, with data of its own.
struct Shop {
    router: Router,
    _data: TempDir,
}

impl Shop {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let app = App::builder(env!("CARGO_MANIFEST_DIR")).data(data.path()).public_url(SITE.parse().unwrap());
        Self { router: router(app.open().unwrap()), _data: data }
    }

    fn browser(&self, address: &str) -> Browser {
        let address: SocketAddr = format!("{address}:4711").parse().unwrap();
        Browser { router: self.router.clone().layer(MockConnectInfo(address)), cookies: BTreeMap::new() }
    }
}

/// A browser that keeps cookies and follows nothing by itself.
struct Browser {
    router: Router,
    cookies: BTreeMap<String, String>,
}

struct Page {
    status: u16,
    location: Option<String>,
    retry_after: Option<String>,
    text: String,
}

impl Browser {
    async fn get(&mut self, path: &str) -> Page {
        self.send(Request::get(path), String::new()).await
    }

    async fn post(&mut self, path: &str, form: &str) -> Page {
        self.post_from(SITE, path, form).await
    }

    async fn post_from(&mut self, origin: &str, path: &str, form: &str) -> Page {
        let request = Request::post(path).header("origin", origin);
        self.send(request.header("content-type", "application/x-www-form-urlencoded"), form.to_owned()).await
    }

    async fn send(&mut self, request: axum::http::request::Builder, body: String) -> Page {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(COOKIE, cookies.join("; ")).body(Body::from(body)).unwrap();
        let response: Response<Body> = self.router.clone().oneshot(request).await.unwrap();
        for cookie in response.headers().get_all(SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, location, retry_after) =
            (response.status().as_u16(), header(LOCATION.as_str()), header("retry-after"));
        let text = String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Page { status, location, retry_after, text }
    }
}

#[test]
fn the_app_is_sound() {
    let app = App::open(env!("CARGO_MANIFEST_DIR")).unwrap();
    assert_eq!(app.check(), []);
}

#[tokio::test]
async fn a_guarded_page_sends_to_the_sign_in_and_back() {
    let shop = Shop::new();
    let mut visitor = shop.browser("192.0.2.1");
    let sign_in = visitor.get("/orders?page=2&sort=date").await.location.unwrap();
    assert_eq!(sign_in, "/sign-in?returnTo=%2Forders%3Fpage%3D2%26sort%3Ddate");
    assert!(visitor.get(&sign_in).await.text.contains(r#"value="/orders?page=2&amp;sort=date""#));
    let back = visitor.post("/sign-in", &format!("{ZHANGSAN}&returnTo=%2Forders%3Fpage%3D2%26sort%3Ddate")).await;
    assert_eq!((back.status, back.location.as_deref()), (303, Some("/orders?page=2&sort=date")));
    let orders = visitor.get("/orders?page=2&sort=date").await;
    assert!(orders.status == 200 && orders.text.contains("张三"), "{}", orders.text);
    assert_eq!(visitor.get(&sign_in).await.location.as_deref(), Some("/orders?page=2&sort=date"));
}

#[tokio::test]
async fn who_calls_and_the_end_of_the_session() {
    let shop = Shop::new();
    let mut visitor = shop.browser("192.0.2.1");
    assert_eq!(visitor.get("/api/me").await.status, 401);
    visitor.post("/sign-in", ZHANGSAN).await;
    assert!(visitor.get("/api/me").await.text.contains(r#""userId":"zhangsan""#));
    let session = visitor.cookies.clone();
    assert_eq!(visitor.post("/sign-out", "").await.location.as_deref(), Some("/"));
    visitor.cookies = session;
    assert_eq!(visitor.get("/api/me").await.status, 401, "the session itself has ended");
}

#[tokio::test]
async fn the_page_of_administrators_is_theirs_alone() {
    let shop = Shop::new();
    let mut visitor = shop.browser("192.0.2.1");
    assert_eq!(visitor.get("/admin").await.location.as_deref(), Some("/sign-in?returnTo=%2Fadmin"));
    visitor.post("/sign-in", ZHANGSAN).await;
    assert_eq!(visitor.get("/admin").await.status, 403);
    let mut boss = shop.browser("192.0.2.1");
    boss.post("/sign-in", BOSS).await;
    assert_eq!(boss.get("/admin").await.status, 200);
}

#[tokio::test]
async fn wrong_passwords_are_limited_by_address() {
    let shop = Shop::new();
    let mut guesser = shop.browser("192.0.2.1");
    for _ in 0..10 {
        assert_eq!(guesser.post("/sign-in", "username=zhangsan&password=wrong").await.status, 401);
    }
    let refused = guesser.post("/sign-in", ZHANGSAN).await;
    assert_eq!(refused.status, 429);
    assert!(refused.retry_after.is_some());
    assert_eq!(shop.browser("192.0.2.2").post("/sign-in", ZHANGSAN).await.status, 303);
}

#[tokio::test]
async fn a_form_of_another_site_does_nothing_here() {
    let shop = Shop::new();
    let mut visitor = shop.browser("192.0.2.1");
    assert_eq!(visitor.post_from("https://evil.example", "/sign-in", ZHANGSAN).await.status, 403);
    assert!(visitor.cookies.is_empty());
    visitor.post("/sign-in", ZHANGSAN).await;
    assert_eq!(visitor.post_from("https://evil.example", "/sign-out", "").await.status, 403);
    assert_eq!(visitor.get("/orders").await.status, 200);
}

#[tokio::test]
async fn nobody_is_sent_to_another_site() {
    let shop = Shop::new();
    for target in
        ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example", "%2F%09%2Fevil.example", ""]
    {
        let mut visitor = shop.browser("192.0.2.1");
        let back = visitor.post("/sign-in", &format!("{ZHANGSAN}&returnTo={target}")).await;
        assert_eq!(back.location.as_deref(), Some("/"), "{target}");
    }
}

#[test]
fn the_readme_shows_what_runs() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(here.join("README.md")).unwrap();
    let source = std::fs::read_to_string(here.join("src/visitor.rs")).unwrap();
    let code = readme.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(source.contains(code.trim()), "{code}");
}
