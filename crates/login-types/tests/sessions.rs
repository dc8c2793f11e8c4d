use std::sync::Arc;

use mti_element::{Authenticator, Fail, Secret};
use mti_login_types::{BROWSER_COOKIE, SESSION_COOKIE, SessionAuthenticator, fails};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{Person, SERVICE, World, assert_fails};

const ANNA: Person = Person::new("open-anna");
const BEN: Person = Person::new("open-ben");

async fn world() -> World {
    let world = World::new().await;
    world.bound("anna", ANNA).await;
    world.bound("ben", BEN).await;
    world
}

#[tokio::test]
async fn a_login_code_becomes_a_session() {
    let world = world().await;
    let browser = world.browser();
    let answer = browser.login_code(ANNA).await.unwrap();
    let signed_in = browser.login_by_code(&answer["loginCode"], "acme").await.unwrap();
    let token = signed_in["token"].as_str().unwrap();
    assert_eq!(
        signed_in,
        json!({ "success": true, "token": token, "userId": "anna", "corpId": "acme", "expiresIn": 604_800 })
    );
    assert_eq!(browser.cookie(SESSION_COOKIE).as_deref(), Some(token));
    world.advance(60);
    let current = browser.call_on(SERVICE, "currentUser", json!({})).await.unwrap();
    assert_eq!(
        current,
        json!({ "userId": "anna", "nick": "Anna", "corpId": "acme", "expiresIn": 604_740, "isAdmin": false })
    );
    let principal = authenticated(&world, token).await.unwrap();
    assert_eq!((principal.user_id.as_str(), principal.is_admin), ("anna", false));
}

#[tokio::test]
async fn an_organisation_is_chosen_by_id_or_name() {
    let world = world().await;
    for (corp, chosen) in [("panda", "panda"), ("Panda Lab", "panda"), ("Acme Ltd", "acme")] {
        let browser = world.browser();
        let answer = browser.login_code(ANNA).await.unwrap();
        let signed_in = browser.login_by_code(&answer["loginCode"], corp).await.unwrap();
        assert_eq!(signed_in["corpId"], chosen);
    }
}

#[tokio::test]
async fn who_belongs_nowhere_signs_in_to_nothing() {
    let world = world().await;
    let browser = world.browser();
    let answer = browser.login_code(BEN).await.unwrap();
    assert_fails(browser.login_by_code(&answer["loginCode"], "acme").await, fails::CORP_NOT_FOUND);
    assert_eq!(browser.login_by_code(&answer["loginCode"], "").await.unwrap()["corpId"], "");
}

#[tokio::test]
async fn a_login_code_is_good_once() {
    let world = world().await;
    let browser = world.browser();
    let answer = browser.login_code(ANNA).await.unwrap();
    browser.login_by_code(&answer["loginCode"], "acme").await.unwrap();
    assert_fails(browser.login_by_code(&answer["loginCode"], "acme").await, fails::LOGIN_CODE_INVALID);
}

#[tokio::test]
async fn a_wrong_organisation_does_not_use_the_code_up_until_the_fifth() {
    let world = world().await;
    let browser = world.browser();
    let first = browser.login_code(ANNA).await.unwrap();
    let second = browser.login_code(ANNA).await.unwrap();
    for wrong in ["", "left", "Left Behind", "nowhere"] {
        assert_fails(browser.login_by_code(&first["loginCode"], wrong).await, fails::CORP_NOT_FOUND);
    }
    browser.login_by_code(&first["loginCode"], "acme").await.unwrap();
    for _ in 0..5 {
        assert_fails(browser.login_by_code(&second["loginCode"], "nowhere").await, fails::CORP_NOT_FOUND);
    }
    assert_fails(browser.login_by_code(&second["loginCode"], "acme").await, fails::LOGIN_CODE_INVALID);
}

#[tokio::test]
async fn a_login_code_expires() {
    let world = world().await;
    let browser = world.browser();
    let in_time = browser.login_code(ANNA).await.unwrap();
    let too_late = browser.login_code(ANNA).await.unwrap();
    world.advance(299);
    browser.login_by_code(&in_time["loginCode"], "acme").await.unwrap();
    world.advance(1);
    assert_fails(browser.login_by_code(&too_late["loginCode"], "acme").await, fails::LOGIN_CODE_INVALID);
}

#[tokio::test]
async fn a_login_code_belongs_to_its_browser() {
    let world = world().await;
    let browser = world.browser();
    let thief = world.browser();
    thief.state_for("login").await;
    let answer = browser.login_code(ANNA).await.unwrap();
    assert_fails(thief.login_by_code(&answer["loginCode"], "acme").await, fails::LOGIN_CODE_INVALID);
    assert_fails(world.browser().login_by_code(&answer["loginCode"], "acme").await, fails::LOGIN_CODE_INVALID);
    browser.login_by_code(&answer["loginCode"], "acme").await.unwrap();
}

#[tokio::test]
async fn what_is_no_login_code_is_refused() {
    let world = world().await;
    let browser = world.browser();
    for code in [String::new(), "x".into(), "A".repeat(43), "A".repeat(100_000), "é".repeat(43)] {
        assert_fails(browser.login_by_code(&json!(code), "acme").await, fails::LOGIN_CODE_INVALID);
    }
    let answer = browser.login_code(ANNA).await.unwrap();
    let arguments = json!({ "loginCode": answer["loginCode"], "corp": "acme", "platform": "p".repeat(65) });
    assert_fails(browser.call_on(SERVICE, "loginByCode", arguments).await, Fail::API_PARAMS_ERROR);
}

#[tokio::test]
async fn in_process_a_code_passes_without_a_browser() {
    let world = world().await;
    let answer = world.call("getLoginCode", json!({ "code": world.wechat.code(ANNA) })).await.unwrap();
    let arguments = json!({ "loginCode": answer["loginCode"], "corp": "acme", "platform": "web" });
    let signed_in = world.element(SERVICE).call("loginByCode", arguments).await.unwrap();
    assert!(authenticated(&world, signed_in["token"].as_str().unwrap()).await.is_some());
    assert_fails(world.element(SERVICE).call("currentUser", json!({})).await, Fail::LOGIN_REQUIRED);
}

#[tokio::test]
async fn in_process_a_token_is_verified_as_current_user_would_answer() {
    let world = world().await;
    let browser = world.browser();
    browser.sign_in(ANNA).await;
    let verify = async |token: &str| world.element(SERVICE).call("verify", json!({ "token": token })).await;
    let token = browser.cookie(SESSION_COOKIE).unwrap();
    let current = browser.call_on(SERVICE, "currentUser", json!({})).await.unwrap();
    assert_eq!(verify(&token).await.unwrap(), current);
    world.change("auths.models.UserModel", "Q(userId='anna')", json!({ "isAdmin": true })).await;
    assert_eq!(verify(&token).await.unwrap()["isAdmin"], true);
    for wrong in ["", "x", &"A".repeat(43), &token[1..]] {
        assert_fails(verify(wrong).await, Fail::LOGIN_REQUIRED);
    }
    assert_fails(browser.call_on(SERVICE, "verify", json!({ "token": token })).await, Fail::FUNCTION_NOT_FOUND);
    browser.call_on(SERVICE, "logout", json!({})).await.unwrap();
    assert_fails(verify(&token).await, Fail::LOGIN_REQUIRED);
}

#[tokio::test]
async fn the_token_of_a_disabled_user_is_not_verified() {
    let world = world().await;
    let browser = world.browser();
    browser.sign_in(ANNA).await;
    let token = json!({ "token": browser.cookie(SESSION_COOKIE) });
    world.change("auths.models.UserModel", "Q(userId='anna')", json!({ "isActive": false })).await;
    assert_fails(world.element(SERVICE).call("verify", token.clone()).await, Fail::LOGIN_REQUIRED);
    world.change("auths.models.UserModel", "Q(userId='anna')", json!({ "isActive": true })).await;
    assert_fails(world.element(SERVICE).call("verify", token).await, Fail::LOGIN_REQUIRED);
}

#[tokio::test]
async fn signing_in_ends_the_session_that_the_browser_had() {
    let world = world().await;
    let browser = world.browser();
    browser.sign_in(BEN).await;
    let planted = browser.cookie(SESSION_COOKIE).unwrap();
    browser.sign_in(ANNA).await;
    assert_ne!(browser.cookie(SESSION_COOKIE).unwrap(), planted);
    assert!(authenticated(&world, &planted).await.is_none());
    assert_eq!(browser.user().await.as_deref(), Some("anna"));
}

#[tokio::test]
async fn logout_ends_the_session_and_only_this_one() {
    let world = world().await;
    let (here, there) = (world.browser(), world.browser());
    here.sign_in(ANNA).await;
    there.sign_in(ANNA).await;
    let token = here.cookie(SESSION_COOKIE).unwrap();
    assert_eq!(here.call_on(SERVICE, "logout", json!({})).await.unwrap(), json!({ "success": true }));
    assert_eq!(here.cookie(SESSION_COOKIE), None);
    assert!(authenticated(&world, &token).await.is_none());
    assert_eq!(there.user().await.as_deref(), Some("anna"));
    assert_eq!(here.call_on(SERVICE, "logout", json!({})).await.unwrap(), json!({ "success": true }));
    assert!(here.cookie(BROWSER_COOKIE).is_some());
}

#[tokio::test]
async fn a_session_expires() {
    let world = World::with(
        json!({}),
        "//- auths/loginTypes/services/AuthSvc/e.json\n{}\n//- auths/loginTypes/services/AuthSvc/AuthSvc.json\n{ \"sessionSeconds\": 100 }",
        |builder| builder,
    )
    .await;
    world.bound("anna", ANNA).await;
    let browser = world.browser();
    browser.sign_in(ANNA).await;
    world.advance(99);
    assert_eq!(browser.user().await.as_deref(), Some("anna"));
    world.advance(1);
    assert_eq!(browser.user().await, None);
    assert_fails(browser.call_on(SERVICE, "currentUser", json!({})).await, Fail::LOGIN_REQUIRED);
}

#[tokio::test]
async fn a_disabled_users_sessions_and_codes_end() {
    let world = world().await;
    let browser = world.browser();
    browser.sign_in(ANNA).await;
    let pending = world.browser();
    let answer = pending.login_code(ANNA).await.unwrap();
    set_active(&world, "anna", false).await;
    assert_fails(pending.login_by_code(&answer["loginCode"], "acme").await, Fail::PERMISSION_DENIED);
    assert_eq!(browser.user().await, None);
    assert_fails(pending.login_by_code(&answer["loginCode"], "acme").await, fails::LOGIN_CODE_INVALID);
}

#[tokio::test]
async fn what_ended_with_a_disabled_user_does_not_come_back_with_him() {
    let world = world().await;
    for seen_by in ["a token", "a login code", "a sign-in", "a sweep"] {
        let (here, there, pending, other) = (world.browser(), world.browser(), world.browser(), world.browser());
        here.sign_in(ANNA).await;
        there.sign_in(ANNA).await;
        other.sign_in(BEN).await;
        let first = pending.login_code(ANNA).await.unwrap();
        let second = pending.login_code(ANNA).await.unwrap();
        set_active(&world, "anna", false).await;
        match seen_by {
            "a token" => assert_eq!(there.user().await, None),
            "a login code" => {
                assert_fails(pending.login_by_code(&first["loginCode"], "acme").await, Fail::PERMISSION_DENIED);
            }
            "a sign-in" => {
                assert_fails(world.browser().login_code(ANNA).await, Fail::PERMISSION_DENIED);
            }
            _ => assert_eq!(world.sweep().await, 4),
        }
        set_active(&world, "anna", true).await;
        assert_eq!((here.user().await, there.user().await), (None, None), "{seen_by}");
        let outcome = pending.login_by_code(&second["loginCode"], "acme").await;
        assert_fails(outcome, fails::LOGIN_CODE_INVALID);
        assert_eq!(other.user().await.as_deref(), Some("ben"), "{seen_by}");
        here.sign_in(ANNA).await;
        assert_eq!(here.user().await.as_deref(), Some("anna"), "{seen_by}");
        here.call_on(SERVICE, "logout", json!({})).await.unwrap();
    }
}

async fn set_active(world: &World, user_id: &str, is_active: bool) {
    world.change("auths.models.UserModel", &format!("Q(userId='{user_id}')"), json!({ "isActive": is_active })).await;
}

#[tokio::test]
async fn a_token_that_is_none_is_nobody() {
    let world = world().await;
    for token in ["", "x", &"A".repeat(43), &"A".repeat(100_000), "' or 1=1 --"] {
        assert!(authenticated(&world, token).await.is_none(), "{token}");
    }
}

async fn authenticated(world: &World, token: &str) -> Option<mti_element::Principal> {
    SessionAuthenticator.authenticate(world.app.view(), Secret::new(token)).await.unwrap()
}

#[tokio::test]
async fn who_calls_is_decided_on_the_snapshot_that_the_call_began_on() {
    let world = world().await;
    let browser = world.browser();
    browser.sign_in(ANNA).await;
    let token = browser.cookie(SESSION_COOKIE).unwrap();
    let before = world.app.view();
    let switched_off = json!({ "authConfig": { "appId": "wx1", "appSecret": "secret" }, "isActive": false });
    world.edit(&format!("//- auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json\n{switched_off}"));
    let on = async |view| {
        let principal = SessionAuthenticator.authenticate(view, Secret::new(token.as_str())).await.unwrap();
        principal.map(|principal| principal.user_id)
    };
    assert_eq!(on(before).await.as_deref(), Some("anna"));
    assert_eq!(on(world.app.view()).await, None, "the login is switched off there");
}

#[tokio::test]
async fn a_user_sees_where_he_is_signed_in_and_ends_one_of_it() {
    let world = world().await;
    let (here, there, other) = (world.browser(), world.browser(), world.browser());
    there.sign_in(ANNA).await;
    other.sign_in(BEN).await;
    world.advance(60);
    here.sign_in(ANNA).await;
    let told = here.call_on(SERVICE, "listSessions", json!({})).await.unwrap();
    let sessions = told["sessions"].as_array().unwrap();
    let expected = |session: &Value, created_at: i64, expires_in: u64, is_current: bool| {
        json!({
            "sessionId": session["sessionId"], "loginType": "auths.loginTypes.MyWeChatLogin", "platform": "web",
            "corpId": "acme", "createdAt": created_at, "expiresIn": expires_in, "isCurrent": is_current,
        })
    };
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0], expected(&sessions[0], 1_800_000_060_000, 604_800, true));
    assert_eq!(sessions[1], expected(&sessions[1], 1_800_000_000_000, 604_740, false));
    for session in sessions {
        let id = session["sessionId"].as_str().unwrap();
        assert!(authenticated(&world, id).await.is_none() && id.len() == 32, "{id}");
    }

    let foreign = other.call_on(SERVICE, "endSession", json!({ "sessionId": sessions[1]["sessionId"] })).await;
    assert_eq!(foreign.unwrap(), json!({ "success": true }));
    assert_eq!(there.user().await.as_deref(), Some("anna"), "nobody ends the session of somebody else");
    for _ in 0..2 {
        here.call_on(SERVICE, "endSession", json!({ "sessionId": sessions[1]["sessionId"] })).await.unwrap();
    }
    assert_eq!((here.user().await.as_deref(), there.user().await), (Some("anna"), None));
    here.call_on(SERVICE, "endSession", json!({ "sessionId": sessions[0]["sessionId"] })).await.unwrap();
    assert_eq!((here.user().await, here.cookie(SESSION_COOKIE)), (None, None));
}

#[tokio::test]
async fn signing_out_everywhere_ends_all_sessions_and_codes_of_a_user() {
    let world = world().await;
    let (here, there, pending, other) = (world.browser(), world.browser(), world.browser(), world.browser());
    for browser in [&here, &there] {
        browser.sign_in(ANNA).await;
    }
    other.sign_in(BEN).await;
    let code = pending.login_code(ANNA).await.unwrap();
    here.call_on(SERVICE, "logoutEverywhere", json!({ "exceptCurrent": true })).await.unwrap();
    assert_eq!((here.user().await.as_deref(), there.user().await), (Some("anna"), None));
    assert_fails(pending.login_by_code(&code["loginCode"], "acme").await, fails::LOGIN_CODE_INVALID);
    there.sign_in(ANNA).await;
    here.call_on(SERVICE, "logoutEverywhere", json!({})).await.unwrap();
    assert_eq!((here.user().await, there.user().await, here.cookie(SESSION_COOKIE)), (None, None, None));
    assert_eq!(other.user().await.as_deref(), Some("ben"));
}

const SESSIONS: &str = "auths.loginTypes.models.SessionModel";

async fn with_sessions_per_user(most: u32) -> World {
    let files = format!(
        "//- auths/loginTypes/services/AuthSvc/e.json\n{{}}\n//- auths/loginTypes/services/AuthSvc/AuthSvc.json\n{{ \"sessionsPerUser\": {most} }}"
    );
    let world = World::with(json!({}), &files, |builder| builder).await;
    world.bound("anna", ANNA).await;
    world
}

/// Begins a session in process, where no browser has one that would end.
async fn begin_session(world: &World) -> String {
    let code = world.call("getLoginCode", json!({ "code": world.wechat.code(ANNA) })).await.unwrap();
    let arguments = json!({ "loginCode": code["loginCode"], "corp": "acme", "platform": "web" });
    let session = world.element(SERVICE).call("loginByCode", arguments).await.unwrap();
    session["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_oldest_sessions_of_a_user_make_room_for_new_ones() {
    let world = with_sessions_per_user(3).await;
    world.bound("ben", BEN).await;
    let ben = world.browser();
    ben.sign_in(BEN).await;
    let mut tokens = Vec::new();
    for _ in 0..5 {
        tokens.push(begin_session(&world).await);
    }
    let mut alive = Vec::new();
    for token in &tokens {
        alive.push(authenticated(&world, token).await.is_some());
    }
    assert_eq!(alive, [false, false, true, true, true]);
    assert_eq!(ben.user().await.as_deref(), Some("ben"));

    // A browser's own earlier session makes room by itself, and one that has expired takes none.
    let browser = world.browser();
    browser.sign_in(ANNA).await;
    browser.sign_in(ANNA).await;
    assert!(authenticated(&world, &tokens[3]).await.is_some());
    assert_eq!(world.rows(SESSIONS).await.len(), 3 + 1);
}

#[tokio::test]
async fn every_session_of_a_user_is_shown_and_can_be_ended() {
    let world = world().await;
    let first = world.browser();
    first.sign_in(ANNA).await;
    for _ in 0..198 {
        begin_session(&world).await;
    }
    let owner = world.browser();
    owner.sign_in(ANNA).await;
    let told = owner.call_on(SERVICE, "listSessions", json!({})).await.unwrap();
    let sessions = told["sessions"].as_array().unwrap();
    assert_eq!((sessions.len(), world.rows(SESSIONS).await.len()), (200, 200));
    let oldest = json!({ "sessionId": sessions[199]["sessionId"] });
    owner.call_on(SERVICE, "endSession", oldest).await.unwrap();
    assert_eq!(first.user().await, None);
    for _ in 0..2 {
        begin_session(&world).await;
    }
    assert_eq!(world.rows(SESSIONS).await.len(), 200, "without config");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sessions_that_begin_at_once_stay_within_the_bound() {
    let world = Arc::new(with_sessions_per_user(3).await);
    let mut calls = JoinSet::new();
    for _ in 0..12 {
        let world = Arc::clone(&world);
        calls.spawn(async move { begin_session(&world).await });
    }
    assert_eq!(calls.join_all().await.len(), 12);
    assert_eq!(world.rows(SESSIONS).await.len(), 3);
}

#[tokio::test]
async fn sessions_are_the_business_of_who_is_signed_in() {
    let world = world().await;
    for (method, arguments) in
        [("listSessions", json!({})), ("endSession", json!({ "sessionId": "x" })), ("logoutEverywhere", json!({}))]
    {
        let outcome = world.browser().call_on(SERVICE, method, arguments.clone()).await;
        assert_fails(outcome, Fail::LOGIN_REQUIRED);
        assert_fails(world.element(SERVICE).call(method, arguments).await, Fail::LOGIN_REQUIRED);
    }
}
