//! Nothing secret reaches an output, an answer or a log.

use serde_json::{Value, json};

use crate::support::{APP_ID, Browser, LOGIN, Server, demo, mti_in};

const APP_SECRET: &str = "canary0secret0canary0secret0cana";

#[tokio::test]
async fn no_secret_is_logged_during_whole_logins() {
    let app = demo();
    app.write(
        "auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json",
        &json!({"authConfig": {"appId": APP_ID, "appSecret": APP_SECRET}}).to_string(),
    );
    let server = Server::start(app.path(), &["--log", "trace", "dev", "--bind", "127.0.0.1:0"]);
    let mut browser = Browser::at(&server);
    let mut secrets = vec![APP_SECRET.to_owned(), browser.open_id("zhang-san").await];

    let unknown = browser.login_code("zhang-san").await;
    secrets.push(text(&unknown.envelope["data"]["bindTicket"]));
    let ticket = unknown.envelope["data"]["bindTicket"].clone();
    let login = browser.call(LOGIN, "register", json!({"bindTicket": ticket})).await.data();
    secrets.push(text(&login["loginCode"]));
    let session = browser.sign_in(&login, "").await;
    secrets.push(text(&session["token"]));

    let (code, state) = browser.scan("zhang-san", "login").await;
    browser.call(LOGIN, "getLoginCode", json!({"code": code, "state": state})).await.data();
    let spent = browser.call(LOGIN, "getLoginCode", json!({"code": code, "state": state})).await;
    assert_eq!(spent.error(), "STATE_MISMATCH");
    browser.call(LOGIN, "getLoginCode", json!({"code": "wrong-canary-code", "state": state})).await;
    browser.open(&format!("/acme/demo/auth/callback?code={code}&state={state}")).await;
    secrets.extend([code, state, "wrong-canary-code".to_owned()]);
    secrets.extend(browser.cookies().values().cloned());

    let ended = server.terminate();
    assert!(ended.stderr.contains("getLoginCode"), "the log says what was called: {}", ended.stderr);
    for secret in &secrets {
        assert!(secret.len() > 15, "{secret} is too short to be looked for");
        for printed in [&ended.stdout, &ended.stderr] {
            let line = printed.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{secret} in {line:?}");
        }
    }
}

#[test]
fn no_command_prints_the_secret() {
    let app = demo();
    app.write(
        "auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json",
        &json!({"authConfig": {"appId": APP_ID, "appSecret": APP_SECRET}}).to_string(),
    );
    let arguments: [&[&str]; 7] = [
        &["check"],
        &["tree"],
        &["get", LOGIN],
        &["explain", LOGIN],
        &["call", LOGIN, "getLoginConfig"],
        &["call", LOGIN, "authConfig"],
        &["call", LOGIN, "getAuthorizeUrl"],
    ];
    for arguments in arguments {
        for format in ["human", "json"] {
            let all = [&["--format", format, "-vv"], arguments].concat();
            let finished = mti_in(app.path(), &all, "");
            assert!(!finished.stdout.contains(APP_SECRET), "{all:?}: {}", finished.stdout);
            assert!(!finished.stderr.contains(APP_SECRET), "{all:?}: {}", finished.stderr);
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
