//! What was acknowledged outlives the process, however that ends.

use serde_json::json;

use crate::support::{Browser, LOGIN, Server, demo, mti_in};

#[tokio::test]
async fn bindings_and_sessions_outlive_a_restart() {
    let app = demo();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    let session = browser.register("zhang-san").await;
    assert_eq!(server.terminate().code, Some(0));

    let server = Server::dev(app.path());
    let mut browser = browser.moved_to(&server);
    assert_eq!(browser.current_user().await.data()["userId"], session["userId"]);
    let mut fresh = Browser::at(&server);
    let login = fresh.login_code("zhang-san").await.data();
    assert_eq!(fresh.sign_in(&login, "").await["userId"], session["userId"]);
}

#[tokio::test]
async fn an_acknowledged_binding_outlives_a_kill() {
    let app = demo();
    let mut users = Vec::new();
    for person in ["zhang-san", "li-si", "mona"] {
        let server = Server::dev(app.path());
        let mut browser = Browser::at(&server);
        users.push((person, browser.register(person).await["userId"].clone()));
        server.kill();
    }
    let server = Server::dev(app.path());
    for (person, user) in users {
        let mut browser = Browser::at(&server);
        let login = browser.login_code(person).await.data();
        assert_eq!(browser.sign_in(&login, "").await["userId"], user, "{person}");
    }
}

#[tokio::test]
async fn users_are_seeded_once() {
    let app = demo();
    let delete = r#"{"filter": "Q(userId='user123')"}"#;
    mti_in(app.path(), &["call", "auths.models.UserModel", "deleteByFilter", delete], "").ended_with(0);
    let users = mti_in(app.path(), &["call", "auths.models.UserModel", "query"], "").ended_with(0).json();
    assert_eq!(users["totalCount"], 1);
}

#[tokio::test]
async fn what_a_call_bound_signs_in_over_http() {
    let app = demo();
    let server = Server::dev(app.path());
    let people = Browser::at(&server).open_id("zhang-san").await;
    server.terminate();
    let row = json!({"rowData": {"appId": "wx0123456789abcdef", "userId": "user123", "openId": people}}).to_string();
    let model = "auths.loginTypes.WeChatType.WeChatAuthModel";
    mti_in(app.path(), &["call", model, "create", &row], "").ended_with(0);

    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    let login = browser.login_code("zhang-san").await.data();
    assert_eq!(login["corpList"], json!([{"corpId": "acme", "corpName": "艾克美科技"}]));
    let wrong = json!({"loginCode": login["loginCode"], "corp": "panda", "platform": "web"});
    let wrong = browser.call("auths.loginTypes.services.AuthSvc", "loginByCode", wrong).await;
    assert_eq!(wrong.error(), "CORP_NOT_FOUND");
    let session = browser.sign_in(&login, "艾克美科技").await;
    assert_eq!((&session["userId"], &session["corpId"]), (&json!("user123"), &json!("acme")));
    let row = browser.call(LOGIN, "getUserAuthInfo", json!({"authObj": null})).await.data();
    assert_eq!(row, json!({"isActive": false}));
}
