//! Over HTTP: QR codes that a page shows by itself, and what it may follow.

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::{APP_ID, Answer, Browser, LOGIN, Server, Tree, demo, eventually};

/// An app whose login says that its page shows the code.
fn app() -> Tree {
    let app = demo();
    let application = json!({"appId": APP_ID, "appSecret": "0123456789abcdef0123456789abcdef"});
    let config = json!({"authConfig": application, "codeDisplay": "own"});
    app.write("auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json", &config.to_string());
    app
}

/// Begins a login in this browser and has its code shown; gives back the state.
async fn shown(browser: &mut Browser, purpose: &str) -> Value {
    let begun = browser.call(LOGIN, "getAuthorizeUrl", json!({"purpose": purpose})).await.data();
    assert_eq!(begun["codeDisplay"], "own");
    let code = browser.call(LOGIN, "showCode", json!({"state": begun["state"]})).await.data();
    let picture = code["picture"].as_str().expect("a picture");
    assert!(picture.starts_with("data:image/jpeg;base64,/9j/"), "{picture:.40}");
    let expires_in = code["expiresIn"].as_i64().expect("a number");
    assert!((590..=600).contains(&expires_in), "{expires_in}");
    assert_eq!(code.as_object().map(serde_json::Map::len), Some(2), "WeChat's name of the code stays here");
    begun["state"].clone()
}

/// Waits for what the phone does, in another tab of this browser.
fn following(browser: &Browser, state: &Value, seen: &str) -> JoinHandle<Answer> {
    let mut tab = browser.clone();
    let arguments = json!({"state": state, "seen": seen});
    tokio::spawn(async move { tab.call(LOGIN, "followCode", arguments).await })
}

async fn news(following: JoinHandle<Answer>) -> Value {
    following.await.expect("an answer").data()
}

/// Waits until so many pages wait for a phone.
async fn held(browser: &Browser, pages: usize) {
    // The request that asks is answered too.
    let gauge = format!("mti_requests_in_flight {}\n", pages + 1);
    eventually("the polls are held", async || browser.clone().open("/metrics").await.1.contains(&gauge)).await;
}

async fn approve(browser: &Browser, uuid: &str, person: &str) {
    browser.simulated("approve", Some(json!({"uuid": uuid, "person": person}))).await;
}

#[tokio::test]
async fn the_page_is_told_what_the_phone_does_and_at_last_what_a_login_answers() {
    let app = app();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    let user = browser.register("zhang-san").await["userId"].clone();

    let mut fresh = Browser::at(&server);
    let state = shown(&mut fresh, "login").await;
    let waiting = following(&fresh, &state, "waiting");
    let uuid = fresh.scan_newest().await;
    assert_eq!(news(waiting).await, json!({"status": "scanned"}));
    let waiting = following(&fresh, &state, "scanned");
    fresh.simulated("deny", Some(json!({"uuid": uuid}))).await;
    assert_eq!(news(waiting).await, json!({"status": "cancelled"}));
    let waiting = following(&fresh, &state, "cancelled");
    fresh.scan_newest().await;
    assert_eq!(news(waiting).await, json!({"status": "scanned"}));
    approve(&fresh, &uuid, "zhang-san").await;
    let confirmed = fresh.call(LOGIN, "followCode", json!({"state": state, "seen": "scanned"})).await.data();
    assert_eq!((&confirmed["status"], &confirmed["result"]["corpList"]), (&json!("confirmed"), &json!([])));
    assert_eq!(fresh.sign_in(&confirmed["result"], "").await["userId"], user);

    let replayed = fresh.call(LOGIN, "followCode", json!({"state": state})).await;
    assert_eq!((replayed.status, replayed.error()), (403, "STATE_MISMATCH"));
    let log = server.terminate().stderr;
    assert!(!log.contains(&uuid), "WeChat's name of the code is in the log");
}

#[tokio::test]
async fn who_is_nobody_here_gets_a_ticket_as_after_any_login() {
    let app = app();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    let state = shown(&mut browser, "login").await;
    let uuid = browser.scan_newest().await;
    approve(&browser, &uuid, "li-si").await;
    let unknown = browser.call(LOGIN, "followCode", json!({"state": state})).await;
    assert_eq!((unknown.status, unknown.error()), (403, "USER_AUTH_MISS"));
    let ticket = &unknown.envelope["data"]["bindTicket"];
    browser.call(LOGIN, "register", json!({"bindTicket": ticket})).await.data();
}

#[tokio::test]
async fn a_code_is_followed_by_the_browser_that_began_it_and_for_what_it_was_begun() {
    let app = app();
    let server = Server::dev(app.path());
    let (mut owner, mut thief) = (Browser::at(&server), Browser::at(&server));
    thief.register("mona").await;
    let mismatch = async |browser: &mut Browser, function: &str, state: &Value| {
        let refused = browser.call(LOGIN, function, json!({"state": state})).await;
        assert_eq!((refused.status, refused.error()), (403, "STATE_MISMATCH"), "{function}");
    };

    let state = shown(&mut owner, "login").await;
    let uuid = owner.scan_newest().await;
    for made_up in [json!(uuid), json!(""), json!("a".repeat(43))] {
        mismatch(&mut owner, "followCode", &made_up).await;
    }
    mismatch(&mut thief, "followCode", &state).await;
    mismatch(&mut thief, "showCode", &state).await;
    mismatch(&mut Browser::at(&server), "followCode", &state).await;
    mismatch(&mut owner, "showCode", &state).await;
    let smuggled = owner.call(LOGIN, "followCode", json!({"state": state, "uuid": uuid})).await;
    assert_eq!((smuggled.status, smuggled.error()), (400, "API_PARAMS_ERROR"));
    approve(&owner, &uuid, "zhang-san").await;
    let confirmed = owner.call(LOGIN, "followCode", json!({"state": state, "userId": "user123"})).await;
    assert_eq!(confirmed.error(), "USER_AUTH_MISS", "a login binds nobody, whatever it is told");

    let begun = owner.call(LOGIN, "getAuthorizeUrl", json!({})).await.data();
    mismatch(&mut owner, "followCode", &begun["state"]).await;
}

#[tokio::test]
async fn an_account_is_bound_to_the_caller_in_his_session() {
    let app = app();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    let user = browser.register("zhang-san").await["userId"].clone();

    let state = shown(&mut browser, "bind").await;
    let uuid = browser.scan_newest().await;
    approve(&browser, &uuid, "li-si").await;
    let for_another = json!({"state": state, "userId": "user123"});
    let refused = browser.call(LOGIN, "followCode", for_another).await;
    assert_eq!((refused.status, refused.error()), (403, "PERMISSION_DENIED"));
    let bound = browser.call(LOGIN, "followCode", json!({"state": state, "userId": user})).await.data();
    let done = json!({"success": true, "message": "操作成功"});
    assert_eq!(bound, json!({"status": "confirmed", "result": done}));
    let login = Browser::at(&server).login_code("li-si").await.data();
    assert!(login["loginCode"].is_string());

    let state = shown(&mut browser, "bind").await;
    browser.call("auths.loginTypes.services.AuthSvc", "logout", json!({})).await.data();
    let late = browser.call(LOGIN, "followCode", json!({"state": state})).await;
    assert_eq!(late.error(), "STATE_MISMATCH", "the bind ended with the session");
}

/// Two browsers of one user: one in the wrong hands, and the owner's.
async fn two_sessions(server: &Server) -> (Browser, Browser) {
    let mut attacker = Browser::at(server);
    attacker.register("zhang-san").await;
    let mut owner = Browser::at(server);
    let login = owner.login_code("zhang-san").await.data();
    owner.sign_in(&login, "").await;
    (attacker, owner)
}

#[tokio::test]
async fn a_page_that_waits_binds_nothing_once_its_session_has_ended() {
    let app = app();
    let server = Server::dev(app.path());
    let (mut attacker, mut owner) = two_sessions(&server).await;
    let state = shown(&mut attacker, "bind").await;
    let uuid = attacker.scan_newest().await;
    let waiting = following(&attacker, &state, "scanned");
    held(&attacker, 1).await;
    owner.call("auths.loginTypes.services.AuthSvc", "logoutEverywhere", json!({})).await.data();
    approve(&attacker, &uuid, "li-si").await;
    let refused = waiting.await.expect("an answer");
    assert_eq!((refused.status, refused.error()), (401, "LOGIN_REQUIRED"));
    assert_eq!(Browser::at(&server).login_code("li-si").await.error(), "USER_AUTH_MISS");
}

#[tokio::test]
async fn a_bind_that_wechat_keeps_waiting_binds_nothing_once_its_session_has_ended() {
    let app = app();
    let server = Server::dev(app.path());
    let (mut attacker, mut owner) = two_sessions(&server).await;
    let user = attacker.current_user().await.data()["userId"].clone();
    let (code, state) = attacker.scan("li-si", "bind").await;
    attacker.set_knobs(json!({"latencyMs": 2000})).await;
    let mut tab = attacker.clone();
    let arguments = json!({"userId": user, "code": code, "state": state});
    let waiting = tokio::spawn(async move { tab.call(LOGIN, "bind", arguments).await });
    held(&attacker, 1).await;
    owner.call("auths.loginTypes.services.AuthSvc", "logoutEverywhere", json!({})).await.data();
    let refused = waiting.await.expect("an answer");
    assert_eq!((refused.status, refused.error()), (401, "LOGIN_REQUIRED"));
    attacker.set_knobs(json!({})).await;
    assert_eq!(Browser::at(&server).login_code("li-si").await.error(), "USER_AUTH_MISS");
}

#[tokio::test]
async fn a_login_that_leaves_the_code_to_wechat_shows_none() {
    let app = demo();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    let begun = browser.call(LOGIN, "getAuthorizeUrl", json!({})).await.data();
    let keys: Vec<&str> = begun.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["url", "state", "expiresIn"]);
    let refused = browser.call(LOGIN, "showCode", json!({"state": begun["state"]})).await;
    assert_eq!((refused.status, refused.error()), (400, "API_PARAMS_ERROR"));
}

#[tokio::test]
async fn a_browser_waits_with_a_few_pages_and_a_place_is_free_when_its_page_goes() {
    let app = app();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    let state = shown(&mut browser, "login").await;
    let mut waiting: Vec<_> = (0..3).map(|_| following(&browser, &state, "waiting")).collect();
    held(&browser, 3).await;
    let refused = browser.call(LOGIN, "followCode", json!({"state": state})).await;
    assert_eq!((refused.status, refused.error()), (429, "RATE_LIMITED"));

    let mut other = Browser::at(&server);
    let others = shown(&mut other, "login").await;
    let uuid = other.scan_newest().await;
    approve(&other, &uuid, "mona").await;
    let answer = other.call(LOGIN, "followCode", json!({"state": others})).await;
    assert_eq!(answer.error(), "USER_AUTH_MISS", "other browsers have places of their own");

    // The page goes, and with it its connection.
    waiting.remove(0).abort();
    held(&browser, 2).await;
    let state = shown(&mut browser, "login").await;
    let uuid = browser.scan_newest().await;
    approve(&browser, &uuid, "zhang-san").await;
    let answer = browser.call(LOGIN, "followCode", json!({"state": state})).await;
    assert_eq!(answer.error(), "USER_AUTH_MISS");
}

#[tokio::test]
async fn a_server_that_ends_lets_go_of_the_pages_that_wait() {
    let app = app();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    let state = shown(&mut browser, "login").await;
    let waiting = following(&browser, &state, "waiting");
    held(&browser, 1).await;
    let ended = tokio::task::spawn_blocking(|| server.terminate()).await.expect("it ends");
    assert_eq!(news(waiting).await, json!({"status": "waiting"}), "{}", ended.stderr);
    assert_eq!(ended.code, Some(0));
}
