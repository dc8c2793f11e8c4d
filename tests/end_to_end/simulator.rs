//! `wechat-sim` by itself.

use serde_json::json;

use crate::support::{APP_ID, Browser, LOGIN, Server, demo, mti, mti_in};

#[tokio::test]
async fn an_app_signs_in_at_a_simulator_of_its_own() {
    let app = demo();
    let arguments = ["wechat-sim", "--bind", "127.0.0.1:0", "--app", app.path().to_str().expect("a UTF-8 path")];
    let simulator = Server::start(app.path(), &arguments);
    let url = simulator.origin();
    let code = Browser::at_simulator(&simulator).minted_code("zhang-san").await;
    app.write(
        "auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json",
        &json!({
            "authConfig": {"appId": APP_ID, "appSecret": "0123456789abcdef0123456789abcdef"},
            "endpoints": {"open": url, "api": url},
        })
        .to_string(),
    );
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
    let url = simulator.origin();
    let code = Browser::at_simulator(&simulator).minted_code("zhang-san").await;
    app.write(
        "auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json",
        &json!({
            "authConfig": {"appId": APP_ID, "appSecret": "0123456789abcdef0123456789abcdef"},
            "endpoints": {"open": url, "api": url},
        })
        .to_string(),
    );
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
