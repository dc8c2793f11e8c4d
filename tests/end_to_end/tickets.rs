//! First-time visitors over HTTP: the ticket that somebody gets who is nobody here yet.

use serde_json::{Value, json};

use crate::support::{Answer, Browser, LOGIN, Server, Tree, demo};

const PASSWORD_LOGIN: &str = "auths.loginTypes.PasswordLogin";
const AUTH_SERVICE: &str = "auths.loginTypes.services.AuthSvc";

/// An app with a password login too.
fn app() -> Tree {
    let app = demo();
    app.write(
        "auths/loginTypes/PasswordLogin/e.json",
        r#"{"type": "auths.loginTypes.PasswordType", "title": "Password"}"#,
    );
    app.write(
        "initData.json",
        r#"{"auths.models.UserModel": [{"userId": "anna", "nick": "Anna"}],
            "auths.loginTypes.PasswordType.PasswordAuthModel": [{"userId": "anna", "username": "anna", "passwordHash":
            "$argon2id$v=19$m=19456,t=2,p=1$NyrTJ4PxgVtpzAt/rKIB9w$6y3NWr94yK63XtTZrI0g7w6QrxhCH3zCp2mfwEGRjiA"}]}"#,
    );
    app
}

/// What somebody is told who is nobody here yet.
async fn missed(browser: &mut Browser, person: &str) -> Value {
    let answer = browser.login_code(person).await;
    assert_eq!((answer.status, answer.error()), (403, "USER_AUTH_MISS"));
    let data = &answer.envelope["data"];
    let ticket = data["bindTicket"].clone();
    assert_eq!(data, &json!({"bindTicket": ticket, "expiresIn": 300}));
    ticket
}

async fn with_ticket(browser: &mut Browser, function: &str, ticket: &Value) -> Answer {
    browser.call(LOGIN, function, json!({"bindTicket": ticket})).await
}

async fn sign_in_by_password(browser: &mut Browser) {
    let arguments = json!({"username": "Anna", "password": "demo-zhangsan"});
    let login = browser.call(PASSWORD_LOGIN, "getLoginCode", arguments).await.data();
    assert_eq!(browser.sign_in(&login, "").await["userId"], "anna");
}

#[tokio::test]
async fn who_scans_first_and_signs_in_by_password_binds_without_scanning_again() {
    let app = app();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    let ticket = missed(&mut browser, "li-si").await;
    let early = with_ticket(&mut browser, "bindByTicket", &ticket).await;
    assert_eq!((early.status, early.error()), (401, "LOGIN_REQUIRED"));
    sign_in_by_password(&mut browser).await;
    let bound = with_ticket(&mut browser, "bindByTicket", &ticket).await.data();
    assert_eq!(bound, json!({"success": true, "message": "操作成功"}));
    let again = with_ticket(&mut browser, "bindByTicket", &ticket).await;
    assert_eq!((again.status, again.error()), (401, "LOGIN_CODE_INVALID"));

    browser.call(AUTH_SERVICE, "logout", json!({})).await.data();
    let login = browser.login_code("li-si").await.data();
    assert_eq!(browser.sign_in(&login, "").await["userId"], "anna");
}

#[tokio::test]
async fn a_ticket_is_of_no_use_in_another_browser() {
    let app = app();
    let server = Server::dev(app.path());
    let (mut owner, mut thief) = (Browser::at(&server), Browser::at(&server));
    let ticket = missed(&mut owner, "li-si").await;
    assert_eq!(with_ticket(&mut thief, "register", &ticket).await.error(), "LOGIN_CODE_INVALID");
    sign_in_by_password(&mut thief).await;
    assert_eq!(with_ticket(&mut thief, "bindByTicket", &ticket).await.error(), "LOGIN_CODE_INVALID");
    with_ticket(&mut owner, "register", &ticket).await.data();
}

#[tokio::test]
async fn two_tabs_have_two_tickets_and_one_person_becomes_one_user() {
    let app = app();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    let first = missed(&mut browser, "li-si").await;
    let second = missed(&mut browser, "li-si").await;
    assert_ne!(first, second);
    let login = with_ticket(&mut browser, "register", &first).await.data();
    let user = browser.sign_in(&login, "").await["userId"].clone();
    let login = with_ticket(&mut browser, "register", &second).await.data();
    assert_eq!(browser.sign_in(&login, "").await["userId"], user);
    for ticket in [&first, &second] {
        assert_eq!(with_ticket(&mut browser, "register", ticket).await.error(), "LOGIN_CODE_INVALID");
    }
}

#[tokio::test]
async fn sessions_are_listed_and_ended_over_http() {
    let app = app();
    let server = Server::dev(app.path());
    let (mut here, mut there) = (Browser::at(&server), Browser::at(&server));
    for browser in [&mut here, &mut there] {
        sign_in_by_password(browser).await;
    }
    let sessions = here.call(AUTH_SERVICE, "listSessions", json!({})).await.data();
    let sessions = sessions["sessions"].as_array().expect("sessions");
    let current: Vec<bool> = sessions.iter().map(|session| session["isCurrent"] == true).collect();
    assert_eq!(current, [false, true]);
    let other = json!({"sessionId": sessions[0]["sessionId"]});
    here.call(AUTH_SERVICE, "endSession", other).await.data();
    assert_eq!(there.current_user().await.error(), "LOGIN_REQUIRED");
    here.call(AUTH_SERVICE, "logoutEverywhere", json!({})).await.data();
    assert_eq!(here.current_user().await.error(), "LOGIN_REQUIRED");
}

#[tokio::test]
async fn wrong_passwords_over_http_are_refused_and_then_counted_out() {
    let app = app();
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    for username in ["anna", "nobody"] {
        for _ in 0..10 {
            let arguments = json!({"username": username, "password": "wrong-canary"});
            let refused = browser.call(PASSWORD_LOGIN, "getLoginCode", arguments).await;
            assert_eq!((refused.status, refused.error()), (401, "PASSWORD_ERROR"));
            assert_eq!((&refused.envelope["errcode"], &refused.envelope["data"]), (&json!(30007), &json!({})));
        }
        let arguments = json!({"username": username, "password": "demo-zhangsan"});
        let refused = browser.call(PASSWORD_LOGIN, "getLoginCode", arguments).await;
        assert_eq!((refused.status, refused.error()), (429, "RATE_LIMITED"));
    }
    let log = server.terminate().stderr;
    assert!(!log.contains("canary") && !log.contains("demo-zhangsan"), "{log}");
}
