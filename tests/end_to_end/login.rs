//! Whole logins over HTTP against `dev`: a browser, the app and the simulated WeChat.

use serde_json::json;

use crate::support::{Browser, LOGIN, Server, demo, mti_in};

#[tokio::test]
async fn a_stranger_registers_signs_in_and_out() {
    let app = demo();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    assert_eq!(browser.current_user().await.error(), "LOGIN_REQUIRED");

    let session = browser.register("zhang-san").await;
    assert_eq!(session["success"], true);
    let user = browser.current_user().await.data();
    assert_eq!(user["userId"], session["userId"]);

    browser.call("auths.loginTypes.services.AuthSvc", "logout", json!({})).await.data();
    assert_eq!(browser.current_user().await.error(), "LOGIN_REQUIRED");

    let login = browser.login_code("zhang-san").await.data();
    assert_eq!(login["corpList"], json!([]));
    let again = browser.sign_in(&login, "").await;
    assert_eq!(again["userId"], session["userId"]);
}

#[tokio::test]
async fn states_and_codes_are_used_up_and_bound_to_their_browser() {
    let app = demo();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    let mut other = Browser::at(&server);
    browser.register("zhang-san").await;

    let (code, state) = browser.scan("zhang-san", "login").await;
    let stolen = other.call(LOGIN, "getLoginCode", json!({"code": code, "state": state})).await;
    assert_eq!(stolen.error(), "STATE_MISMATCH");

    let (code, state) = browser.scan("zhang-san", "login").await;
    let login = browser.call(LOGIN, "getLoginCode", json!({"code": code, "state": state})).await.data();
    let replayed = browser.call(LOGIN, "getLoginCode", json!({"code": code, "state": state})).await;
    assert_eq!(replayed.error(), "STATE_MISMATCH");

    let arguments = json!({"loginCode": login["loginCode"], "corp": "", "platform": "web"});
    let service = "auths.loginTypes.services.AuthSvc";
    let foreign = other.call(service, "loginByCode", arguments.clone()).await;
    assert_eq!(foreign.error(), "LOGIN_CODE_INVALID");
    browser.sign_in(&login, "").await;
    let replayed = browser.call(service, "loginByCode", arguments).await;
    assert_eq!(replayed.error(), "LOGIN_CODE_INVALID");
}

#[tokio::test]
async fn a_state_is_required_of_visitors_and_not_in_process() {
    let app = demo();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    browser.register("zhang-san").await;
    let (code, state) = browser.scan("zhang-san", "login").await;
    for (function, arguments) in
        [("getLoginCode", json!({"code": code})), ("bind", json!({"code": code, "userId": "user123"}))]
    {
        let without = browser.call(LOGIN, function, arguments).await;
        assert_eq!((without.status, without.error()), (400, "API_PARAMS_ERROR"), "{function}");
        assert!(without.envelope["errmsg"].as_str().is_some_and(|message| message.contains("`state`")));
    }
    // Nothing was used up.
    browser.call(LOGIN, "getLoginCode", json!({"code": code, "state": state})).await.data();
    drop(server);
    let in_process = mti_in(app.path(), &["call", LOGIN, "getLoginCode", r#"{"code": "made-up"}"#], "").ended_with(1);
    assert!(!in_process.stderr.contains("API_PARAMS_ERROR"), "{}", in_process.stderr);
}

#[tokio::test]
async fn what_a_browser_begins_at_once_is_all_its_own() {
    let app = demo();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    let (status, _) = browser.open("/acme/demo/").await;
    assert_eq!(status, 200);
    let given = browser.cookies().clone();
    assert!(given.contains_key("mti_browser_9a11cf03"), "the page gives the cookie that states are bound to");
    browser.scan("zhang-san", "login").await;
    browser.open("/acme/demo/").await;
    assert_eq!(browser.cookies(), &given, "and later answers leave it as it is");
}

#[tokio::test]
async fn a_signed_in_user_unbinds_and_binds_again() {
    let app = demo();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    let session = browser.register("li-si").await;
    let user_id = &session["userId"];

    let (code, state) = browser.scan("mona", "bind").await;
    let arguments = json!({"userId": user_id, "code": code, "state": state});
    let bound = browser.call(LOGIN, "bind", arguments).await.data();
    assert_eq!(bound, json!({"success": true, "message": "操作成功"}));

    // The binding that the session came through was replaced; the new one leads to the same user.
    let mut fresh = Browser::at(&server);
    assert_eq!(fresh.login_code("li-si").await.error(), "USER_AUTH_MISS");
    let login = fresh.login_code("mona").await.data();
    assert_eq!(&fresh.sign_in(&login, "").await["userId"], user_id);

    fresh.call(LOGIN, "unbind", json!({"userId": user_id})).await.data();
    assert_eq!(fresh.current_user().await.error(), "LOGIN_REQUIRED");
    assert_eq!(fresh.login_code("mona").await.error(), "USER_AUTH_MISS");
}

#[tokio::test]
async fn what_needs_a_session_is_refused_without_one() {
    let app = demo();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    for (function, arguments) in [
        ("bind", json!({"userId": "user123", "code": "x", "state": "y"})),
        ("unbind", json!({"userId": "user123"})),
        ("getUserAuthInfo", json!({"authObj": null})),
    ] {
        let refused = browser.call(LOGIN, function, arguments).await;
        assert_eq!((refused.status, refused.error()), (401, "LOGIN_REQUIRED"), "{function}");
    }
    browser.register("zhang-san").await;
    let other = browser.call(LOGIN, "unbind", json!({"userId": "user123"})).await;
    assert_eq!(other.error(), "PERMISSION_DENIED");
    let model = browser.call("auths.models.UserModel", "query", json!({})).await;
    assert_eq!((model.status, model.error()), (404, "FUNCTION_NOT_FOUND"));
}
