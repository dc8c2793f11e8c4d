//! `dev` and `serve --watch` while the app's files change.

use serde_json::{Value, json};

use crate::support::{APP_ID, Browser, LOGIN, Server, Tree, client_builder, demo, eventually};

const CONFIG: &str = "auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The config of the demo's login.
fn config(app_id: &str, secret: &str) -> String {
    json!({"authConfig": {"appId": app_id, "appSecret": secret}}).to_string()
}

async fn app_id(browser: &mut Browser) -> Value {
    browser.call(LOGIN, "getLoginConfig", json!({})).await.data()["authConfig"]["appId"].clone()
}

async fn readiness(browser: &mut Browser) -> Value {
    let (status, text) = browser.open("/readyz").await;
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test]
async fn an_edit_shows_while_dev_runs() {
    let app = demo();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    assert_eq!(app_id(&mut browser).await, APP_ID);
    let before = readiness(&mut browser).await;
    assert_eq!(before["details"]["outdated"], json!([]));
    app.write(CONFIG, &config("wx00000000000000aa", SECRET));
    eventually("the new appId", async || app_id(&mut browser).await == "wx00000000000000aa").await;
    assert!(readiness(&mut browser).await["generation"].as_u64() > before["generation"].as_u64());
    let ended = server.terminate();
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains("reloaded"), "{}", ended.stderr);
}

#[tokio::test]
async fn the_first_login_that_is_added_while_dev_runs_can_show_its_code() {
    let app = Tree::new("//- app.json\n{\"appId\": \"acme.fresh\", \"version\": \"0.1.0\"}\n");
    let server = Server::dev(app.path());
    let client = client_builder().build().expect("a client");
    let policy = async || {
        let page = client.get(format!("{}/acme/fresh/", server.origin())).send().await.expect("an answer");
        page.headers()["content-security-policy"].to_str().expect("text").to_owned()
    };
    assert!(policy().await.contains("frame-src 'none';"));
    app.write("auths/loginTypes/First/e.json", r#"{"type": "auths.loginTypes.WeChatType", "title": "First"}"#);
    app.write("auths/loginTypes/First/First.json", &config(APP_ID, SECRET));
    let framed = format!("frame-src 'self' {};", server.simulator());
    eventually("the simulator's page may be shown", async || policy().await.contains(&framed)).await;
}

#[tokio::test]
async fn a_broken_edit_leaves_the_last_good_version_and_says_so_until_it_is_mended() {
    let app = demo();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    assert_eq!(app_id(&mut browser).await, APP_ID);
    app.write(CONFIG, "{\"authConfig\": {\"appId\": ");
    eventually("the login is outdated", async || {
        readiness(&mut browser).await["details"]["outdated"] == json!([LOGIN])
    })
    .await;
    assert_eq!(readiness(&mut browser).await["status"], "ready");
    assert_eq!(app_id(&mut browser).await, APP_ID);
    let (status, page) = browser.open("/dev").await;
    assert_eq!(status, 200);
    assert!(page.contains("Still serving the last good version") && page.contains(LOGIN), "{page}");
    assert!(page.contains("MyWeChatLogin.json:1:"), "{page}");

    app.write(CONFIG, &config("wx00000000000000bb", SECRET));
    eventually("the mended login", async || app_id(&mut browser).await == "wx00000000000000bb").await;
    assert_eq!(readiness(&mut browser).await["details"]["outdated"], json!([]));
    assert!(!browser.open("/dev").await.1.contains("last good version"));
    let log = server.terminate().stderr;
    let said = |words: &str| log.lines().any(|line| line.contains(LOGIN) && line.contains(words));
    assert!(said("last good version") && said("no longer outdated"), "{log}");
}

#[tokio::test]
async fn elements_come_and_go() {
    let app = demo();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    let second = "auths.loginTypes.Second";
    assert_eq!(browser.call(second, "getLoginConfig", json!({})).await.error(), "ELEMENT_NOT_FOUND");
    app.write("auths/loginTypes/Second/Second.json", &config("wx00000000000000cc", SECRET));
    app.write("auths/loginTypes/Second/e.json", r#"{"title": "Second", "type": "auths.loginTypes.WeChatType"}"#);
    eventually("the new login", async || browser.call(second, "getLoginConfig", json!({})).await.status == 200).await;
    app.remove("auths/loginTypes/Second");
    eventually("no second login", async || browser.call(second, "getLoginConfig", json!({})).await.status == 404).await;
    assert_eq!(app_id(&mut browser).await, APP_ID);
}

#[tokio::test]
async fn what_breaks_and_was_never_sound_is_logged_and_on_the_page() {
    let app = demo();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    let page = browser.open("/dev").await.1;
    assert!(page.contains("No finding") && page.contains("acme.demo@0.1.0"), "{page}");
    app.write("broken/e.json", r#"{"title": "<Broken>", "type": "no.such.Type"}"#);
    eventually("the quarantined element", async || browser.open("/dev").await.1.contains("1 quarantined")).await;
    let page = browser.open("/dev").await.1;
    assert!(page.contains("MTI0401") && page.contains("&lt;Broken&gt;"), "{page}");
    assert!(!page.contains("<Broken>"), "{page}");
    let log = server.terminate().stderr;
    assert!(log.lines().any(|line| line.contains("MTI0401") && line.contains("broken")), "{log}");
}

#[tokio::test]
async fn the_page_is_whole_and_only_in_dev() {
    let app = demo();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    assert_eq!(server.announcement["dev"], json!(format!("{}/dev", server.origin())));
    let (status, page) = browser.open("/dev").await;
    assert_eq!(status, 200);
    assert!(page.contains(&format!("{}/sim/", server.simulator())), "{page}");
    for part in ["dev/page.css", "dev/page.js"] {
        assert!(page.contains(part));
        assert_eq!(browser.open(&format!("/{part}")).await.0, 200);
    }
    let state: Value = serde_json::from_str(&browser.open("/dev/state.json").await.1).expect("JSON");
    assert!(page.contains(&format!("data-generation=\"{}\"", state["generation"])), "{page}");
    drop(server);
    let server = Server::start(app.path(), &["serve", "--bind", "127.0.0.1:0"]);
    assert_eq!(Browser::at(&server).open("/dev").await.0, 404);
}

#[tokio::test]
async fn a_rotated_secret_of_dev_is_one_that_its_simulator_knows() {
    let app = demo();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    browser.register("zhang-san").await;
    app.write(CONFIG, &config(APP_ID, "another secret of the same application"));
    let outdated = readiness(&mut browser).await["generation"].clone();
    eventually("a reload", async || readiness(&mut browser).await["generation"] != outdated).await;
    eventually("the simulator knows the new secret", async || browser.login_code("zhang-san").await.status == 200)
        .await;
}

/// A login whose secret is in the environment, at a simulator that knows one secret.
fn take_secret_from_environment(app: &Tree, simulator: &Server) {
    let url = simulator.origin();
    app.write(
        CONFIG,
        &json!({
            "authConfig": {"appId": APP_ID, "appSecret": "${E2E_ROTATED_SECRET}"},
            "endpoints": {"open": url, "api": url},
        })
        .to_string(),
    );
}

fn simulator_that_knows(secret: &str) -> Server {
    let app = demo();
    Server::start(app.path(), &["wechat-sim", "--bind", "127.0.0.1:0", "--app-id", APP_ID, "--secret", secret])
}

/// Signs in as somebody whom the app does not know, and gives back the error.
async fn login_error(browser: &mut Browser) -> String {
    browser.login_code("zhang-san").await.error().to_owned()
}

#[tokio::test]
async fn a_secret_is_rotated_in_the_env_file_of_the_app() {
    let simulator = simulator_that_knows(SECRET);
    let app = demo();
    take_secret_from_environment(&app, &simulator);
    app.write(".env", "E2E_ROTATED_SECRET=wrong\n");
    let server = Server::start(app.path(), &["serve", "--watch", "--bind", "127.0.0.1:0"]);
    let mut browser = Browser::at(&server).using(&simulator);
    assert_eq!(login_error(&mut browser).await, "WECHAT_CONFIG");
    app.write(".env", &format!("E2E_ROTATED_SECRET={SECRET}\n"));
    eventually("the right secret", async || login_error(&mut browser).await == "USER_AUTH_MISS").await;
    let ended = server.terminate();
    assert!(!ended.stderr.contains(SECRET), "{}", ended.stderr);
}

#[tokio::test]
async fn a_secret_is_rotated_in_an_env_file_anywhere() {
    let simulator = simulator_that_knows(SECRET);
    let (app, elsewhere) = (demo(), Tree::new(""));
    take_secret_from_environment(&app, &simulator);
    elsewhere.write("production.env", "E2E_ROTATED_SECRET=wrong\n");
    let file = elsewhere.join("production.env");
    let arguments = ["serve", "--watch", "--bind", "127.0.0.1:0", "--env-file", file.to_str().expect("a UTF-8 path")];
    let server = Server::start(app.path(), &arguments);
    let mut browser = Browser::at(&server).using(&simulator);
    assert_eq!(login_error(&mut browser).await, "WECHAT_CONFIG");
    // As editors and deployments do: a new file takes the place of the old one.
    elsewhere.write("production.env.new", &format!("E2E_ROTATED_SECRET={SECRET}\n"));
    std::fs::rename(elsewhere.join("production.env.new"), &file).expect("the file is replaced");
    eventually("the right secret", async || login_error(&mut browser).await == "USER_AUTH_MISS").await;
    // A file that is gone takes nothing away.
    std::fs::remove_file(&file).expect("the file is removed");
    app.write("auths/loginTypes/MyWeChatLogin/e.json", r#"{"title": "New", "type": "auths.loginTypes.WeChatType"}"#);
    let title = async |browser: &mut Browser| browser.open("/acme/demo/").await.1.contains("New");
    eventually("the new title", async || title(&mut browser).await).await;
    assert_eq!(login_error(&mut browser).await, "USER_AUTH_MISS");
    assert_eq!(server.terminate().code, Some(0));
}

#[tokio::test]
async fn serve_takes_in_nothing_unless_it_is_asked_to() {
    let app = demo();
    let server = Server::start(app.path(), &["serve", "--bind", "127.0.0.1:0"]);
    let watching = Server::start(
        app.path(),
        &["serve", "--watch", "--bind", "127.0.0.1:0", "--data", app.join("appData/other").to_str().expect("UTF-8")],
    );
    app.write(CONFIG, &config("wx00000000000000dd", SECRET));
    let mut browser = Browser::at(&watching);
    eventually("the new appId", async || app_id(&mut browser).await == "wx00000000000000dd").await;
    assert_eq!(app_id(&mut Browser::at(&server)).await, APP_ID);
}

#[tokio::test]
async fn a_broken_app_json_changes_nothing_until_it_is_mended() {
    let app = demo();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    let before = readiness(&mut browser).await["generation"].clone();
    app.write("app.json", r#"{"appId": "acme.demo", "version": "0.1""#);
    eventually("it is said", async || server.log().contains("still serving the last good version")).await;
    assert!(server.log().contains("MTI0101"), "{}", server.log());
    assert_eq!(readiness(&mut browser).await["generation"], before);
    app.write(CONFIG, &config("wx00000000000000ee", SECRET));
    app.write("app.json", r#"{"appId": "acme.demo", "title": "Mended", "version": "0.1.0"}"#);
    eventually("the mended app", async || browser.open("/acme/demo/").await.1.contains("Mended")).await;
    assert_eq!(app_id(&mut browser).await, "wx00000000000000ee");
}
