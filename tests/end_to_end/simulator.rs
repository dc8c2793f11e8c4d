//! `wechat-sim` by itself.

use std::path::Path;

use reqwest::Certificate;
use serde_json::{Value, json};

use crate::support::{APP_ID, Browser, LOGIN, Server, Tree, client_builder, command, demo, mti, mti_in};

#[tokio::test]
async fn an_app_signs_in_at_a_simulator_of_its_own() {
    let app = demo();
    let arguments = ["wechat-sim", "--bind", "127.0.0.1:0", "--app", app.path().to_str().expect("a UTF-8 path")];
    let simulator = Server::start(app.path(), &arguments);
    let code = Browser::at_simulator(&simulator).minted_code("zhang-san").await;
    sign_in_at(&app, &simulator);
    let bind = json!({"userId": "user123", "code": code}).to_string();
    let bound = mti_in(app.path(), &["call", LOGIN, "bind", "-"], &bind).ended_with(0).json();
    assert_eq!(bound, json!({"success": true, "message": "操作成功"}));
    let code = Browser::at_simulator(&simulator).minted_code("zhang-san").await;
    let login = mti_in(app.path(), &["call", LOGIN, "getLoginCode", "-"], &json!({"code": code}).to_string());
    let login = login.ended_with(0).json();
    assert_eq!(login["corpList"], json!([{"corpId": "acme", "corpName": "艾克美科技"}]));
    assert_eq!(simulator.terminate().code, Some(0));
}

#[tokio::test]
async fn a_wrong_secret_is_refused_as_wechat_does() {
    let app = demo();
    let pair = ["wechat-sim", "--bind", "127.0.0.1:0", "--app-id", APP_ID, "--secret", "another secret"];
    let simulator = Server::start(app.path(), &pair);
    let code = Browser::at_simulator(&simulator).minted_code("zhang-san").await;
    sign_in_at(&app, &simulator);
    let arguments = ["call", LOGIN, "getLoginCode", "-"];
    let refused = mti_in(app.path(), &arguments, &json!({"code": code}).to_string()).ended_with(1);
    assert!(refused.stderr.contains("WECHAT_CONFIG"), "{}", refused.stderr);
}

#[test]
fn it_listens_on_loopback_addresses_only() {
    let refused = mti(&["wechat-sim", "--bind", "0.0.0.0:0"]).ended_with(2);
    assert!(refused.stderr.contains("loopback"), "{}", refused.stderr);
    mti(&["wechat-sim", "--bind", "127.0.0.1:0", "--app-id", APP_ID]).ended_with(2);
}

/// The login of an app uses a simulator.
fn sign_in_at(app: &Tree, simulator: &Server) {
    let url = simulator.origin();
    app.write(
        "auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json",
        &json!({
            "authConfig": {"appId": APP_ID, "appSecret": "0123456789abcdef0123456789abcdef"},
            "endpoints": {"open": url, "api": url},
        })
        .to_string(),
    );
}

/// A code of a simulator with TLS, for who trusts its CA.
async fn code_over_tls(simulator: &Server, ca: &Path) -> String {
    let certificate = Certificate::from_pem(&std::fs::read(ca).expect("the CA is there")).expect("a certificate");
    let client = client_builder().tls_certs_only([certificate]).build().expect("a client");
    let order = json!({"appId": APP_ID, "person": "zhang-san"});
    let answer = client.post(format!("{}/sim/code", simulator.origin())).json(&order).send().await;
    let answer: Value = answer.expect("an answer").json().await.expect("JSON");
    answer["code"].as_str().expect("a code").to_owned()
}

#[tokio::test]
async fn an_app_that_trusts_the_test_ca_signs_in_over_tls() {
    let app = demo();
    let simulator = Server::start(app.path(), &["wechat-sim", "--tls", "--bind", "127.0.0.1:0"]);
    assert!(simulator.origin().starts_with("https://127.0.0.1:"));
    let hosts = simulator.announcement["hosts"].as_array().expect("lines for a hosts file");
    for line in ["127.0.0.1 open.weixin.qq.com", "127.0.0.1 api.weixin.qq.com"] {
        assert!(hosts.contains(&json!(line)), "{hosts:?}");
    }
    let ca = Path::new(simulator.announcement["ca"].as_str().expect("a path")).to_owned();
    sign_in_at(&app, &simulator);
    let code = code_over_tls(&simulator, &ca).await;
    let bind = json!({"userId": "user123", "code": code}).to_string();
    let arguments = ["call", LOGIN, "bind", bind.as_str()];
    let refused = mti_in(app.path(), &arguments, "").ended_with(1);
    assert!(refused.stderr.contains("WECHAT_UNAVAILABLE"), "{}", refused.stderr);
    let bound = command(app.path(), &arguments).env("SSL_CERT_FILE", &ca).output().expect("it runs");
    let answer: Value = serde_json::from_slice(&bound.stdout).expect("JSON");
    assert_eq!(answer["success"], true, "{}", String::from_utf8_lossy(&bound.stderr));

    assert_eq!(simulator.terminate().code, Some(0));
    assert!(!ca.exists(), "a CA for one run goes with it");
}

#[tokio::test]
async fn a_test_ca_can_be_kept() {
    let app = demo();
    let directory = app.join("ca");
    let path = directory.to_str().expect("a UTF-8 path");
    let arguments = ["wechat-sim", "--tls", "--ca-dir", path, "--bind", "127.0.0.1:0"];
    let (ca, key) = (directory.join("ca.pem"), directory.join("ca-key.pem"));
    Server::start(app.path(), &arguments).terminate();
    let kept = std::fs::read(&ca).expect("the CA is kept");
    let simulator = Server::start(app.path(), &arguments);
    assert_eq!(std::fs::read(&ca).expect("the CA is kept"), kept);
    assert_eq!(simulator.announcement["ca"], json!(ca));
    code_over_tls(&simulator, &ca).await;
    simulator.terminate();
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&key).expect("a key").permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    std::fs::remove_file(&key).expect("the key");
    let refused = mti_in(app.path(), &arguments, "").ended_with(2);
    assert!(refused.stderr.contains("ca-key.pem"), "{}", refused.stderr);
    mti(&["wechat-sim", "--ca-dir", path]).ended_with(2);
}
