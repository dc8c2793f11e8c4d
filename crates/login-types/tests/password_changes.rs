//! Who may give, change and take away a password, and what ends with it.

use mti_element::{Fail, Failure, Value};
use mti_login_types::fails;
use serde_json::json;

use crate::support::{Browser, PASSWORD_ACCOUNTS, PASSWORD_LOGIN, Person, World, assert_fails};

const ANNA: Person = Person::new("open-anna");
const ROOT: Person = Person::new("open-root");
const PASSWORD: &str = "correct horse 9";
const OTHER: &str = "battery staple 7";

async fn world() -> World {
    let world = World::new().await;
    world.bound("anna", ANNA).await;
    world.bound("root", ROOT).await;
    world.named("anna", "anna", PASSWORD).await;
    world
}

async fn update(browser: &Browser<'_>, user: &str, old: &str, new: &str) -> Result<Value, Failure> {
    let arguments = json!({ "userId": user, "oldPassword": old, "newPassword": new });
    browser.call_on(PASSWORD_LOGIN, "updatePassword", arguments).await
}

async fn bind(browser: &Browser<'_>, user: &str, name: &str, password: &str) -> Result<Value, Failure> {
    let arguments = json!({ "userId": user, "username": name, "password": password });
    browser.call_on(PASSWORD_LOGIN, "bind", arguments).await
}

#[tokio::test]
async fn a_new_password_ends_all_other_sessions_and_codes_of_its_user() {
    let world = world().await;
    let (here, by_password, by_wechat, pending) = (world.browser(), world.browser(), world.browser(), world.browser());
    here.password_sign_in("anna", PASSWORD).await;
    by_password.password_sign_in("anna", PASSWORD).await;
    by_wechat.sign_in(ANNA).await;
    let other = world.browser();
    other.sign_in(ROOT).await;
    let code = pending.password_login("anna", PASSWORD).await.unwrap();
    let done = update(&here, "anna", PASSWORD, OTHER).await.unwrap();
    assert_eq!(done, json!({ "success": true, "message": "操作成功" }));
    assert_eq!(here.user().await.as_deref(), Some("anna"));
    assert_eq!((by_password.user().await, by_wechat.user().await), (None, None));
    assert_eq!(other.user().await.as_deref(), Some("root"));
    assert_fails(pending.login_by_code(&code["loginCode"], "acme").await, fails::LOGIN_CODE_INVALID);
    assert_fails(world.browser().password_login("anna", PASSWORD).await, fails::PASSWORD_ERROR);
    world.browser().password_login("anna", OTHER).await.unwrap();
}

#[tokio::test]
async fn the_old_password_has_to_be_known_and_cannot_be_tried_for_ever() {
    let world = world().await;
    let browser = world.browser();
    browser.sign_in(ANNA).await;
    for old in ["", "wrong"] {
        assert_fails(update(&browser, "anna", old, OTHER).await, fails::PASSWORD_ERROR);
    }
    for number in 0..9 {
        assert_fails(bind(&browser, "anna", "anna", &format!("wrong-{number}")).await, fails::AUTH_CONFLICT);
    }
    assert_fails(update(&browser, "anna", PASSWORD, OTHER).await, Fail::RATE_LIMITED);
    assert_fails(bind(&browser, "anna", "anna", PASSWORD).await, Fail::RATE_LIMITED);
    // To sign in is another matter: whoever sits at a session that is not his shuts nobody out.
    world.browser().password_login("anna", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_new_password_has_to_follow_the_rules() {
    let world = world().await;
    let browser = world.browser();
    browser.password_sign_in("anna", PASSWORD).await;
    for weak in ["", "short", &"x".repeat(2000)] {
        assert_fails(update(&browser, "anna", PASSWORD, weak).await, Fail::API_PARAMS_ERROR);
    }
    assert_eq!(browser.user().await.as_deref(), Some("anna"));
}

#[tokio::test]
async fn others_passwords_are_the_business_of_administrators() {
    let world = world().await;
    world.named("ben", "ben", PASSWORD).await;
    let (ben, root) = (world.browser(), world.browser());
    let code = ben.password_login("ben", PASSWORD).await.unwrap();
    ben.login_by_code(&code["loginCode"], "").await.unwrap();
    assert_fails(update(&ben, "anna", PASSWORD, OTHER).await, Fail::PERMISSION_DENIED);
    assert_fails(update(&world.browser(), "anna", PASSWORD, OTHER).await, Fail::LOGIN_REQUIRED);
    root.sign_in(ROOT).await;
    assert_fails(update(&root, "anna", "wrong", OTHER).await, fails::PASSWORD_ERROR);
    update(&root, "anna", "", OTHER).await.unwrap();
    assert_fails(update(&root, "nobody", "", OTHER).await, fails::USER_NOT_FOUND);
    world.browser().password_login("anna", OTHER).await.unwrap();
    bind(&root, "anna", "anna.new", PASSWORD).await.unwrap();
    world.browser().password_login("anna.new", PASSWORD).await.unwrap();
    assert_fails(world.browser().password_login("anna", OTHER).await, fails::PASSWORD_ERROR);
}

#[tokio::test]
async fn in_process_a_first_password_is_set_without_an_old_one() {
    let world = World::new().await;
    let first = json!({ "userId": "ben", "newPassword": PASSWORD });
    world.password_call("updatePassword", first).await.unwrap();
    world.browser().password_login("ben", PASSWORD).await.unwrap();
    let second = json!({ "userId": "ben", "oldPassword": "", "newPassword": OTHER });
    world.password_call("updatePassword", second).await.unwrap();
    world.browser().password_login("ben", OTHER).await.unwrap();
    let wrong = json!({ "userId": "ben", "oldPassword": "wrong", "newPassword": PASSWORD });
    assert_fails(world.password_call("updatePassword", wrong).await, fails::PASSWORD_ERROR);
    let nobody = json!({ "userId": "nobody", "newPassword": PASSWORD });
    assert_fails(world.password_call("updatePassword", nobody).await, fails::USER_NOT_FOUND);
}

#[tokio::test]
async fn who_came_in_by_wechat_gives_himself_a_password_once() {
    let world = World::new().await;
    world.bound("anna", ANNA).await;
    let browser = world.browser();
    browser.sign_in(ANNA).await;
    let failure = assert_fails(update(&browser, "anna", "anything", OTHER).await, fails::PASSWORD_ERROR);
    assert!(failure.message().contains("bind"), "{failure}");
    bind(&browser, "anna", "anna", PASSWORD).await.unwrap();
    bind(&browser, "anna", "Anna", PASSWORD).await.unwrap();
    assert_fails(bind(&browser, "anna", "anna", OTHER).await, fails::AUTH_CONFLICT);
    assert_fails(bind(&browser, "anna", "anna2", PASSWORD).await, fails::AUTH_CONFLICT);
    assert_eq!(browser.user().await.as_deref(), Some("anna"));
    let elsewhere = world.browser();
    elsewhere.password_sign_in("anna", PASSWORD).await;
    assert_eq!(elsewhere.user().await.as_deref(), Some("anna"));
}

#[tokio::test]
async fn who_finds_an_open_session_cannot_make_a_way_in_of_his_own() {
    let world = world().await;
    let (left_open, root) = (world.browser(), world.browser());
    left_open.sign_in(ANNA).await;
    root.sign_in(ROOT).await;
    world.advance(15 * 60);
    left_open.call_on(PASSWORD_LOGIN, "unbind", json!({ "userId": "anna" })).await.unwrap();
    let failure = assert_fails(bind(&left_open, "anna", "mallory", OTHER).await, Fail::LOGIN_REQUIRED);
    assert!(failure.message().contains("sign in again"), "{failure}");
    let another_wechat = left_open.call("getAuthorizeUrl", json!({ "purpose": "bind" })).await;
    assert_fails(another_wechat, Fail::LOGIN_REQUIRED);
    assert_fails(update(&root, "ben", "", OTHER).await, Fail::LOGIN_REQUIRED);
    assert_fails(bind(&root, "ben", "mallory", OTHER).await, Fail::LOGIN_REQUIRED);
    assert_eq!(left_open.user().await.as_deref(), Some("anna"), "the session itself goes on");

    left_open.sign_in(ANNA).await;
    bind(&left_open, "anna", "anna", OTHER).await.unwrap();
    world.advance(15 * 60);
    update(&left_open, "anna", OTHER, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn how_recent_a_sign_in_must_be_is_configured() {
    for (config, is_refused) in [(r#"{ "recentSeconds": 60 }"#, true), (r#"{ "recentSeconds": 0 }"#, false)] {
        let files = format!(
            "//- auths/loginTypes/services/AuthSvc/e.json\n{{}}\n//- auths/loginTypes/services/AuthSvc/AuthSvc.json\n{config}\n"
        );
        let world = World::with(json!({}), &files, |builder| builder).await;
        world.bound("anna", ANNA).await;
        let browser = world.browser();
        browser.sign_in(ANNA).await;
        world.advance(60);
        let outcome = bind(&browser, "anna", "anna", PASSWORD).await;
        assert_eq!(
            outcome.err().map(|failure| failure.is(Fail::LOGIN_REQUIRED)),
            is_refused.then_some(true),
            "{config}"
        );
    }
}

#[tokio::test]
async fn unbinding_ends_what_came_by_the_password_and_nothing_else() {
    let world = world().await;
    let (by_password, by_wechat) = (world.browser(), world.browser());
    by_password.password_sign_in("anna", PASSWORD).await;
    by_wechat.sign_in(ANNA).await;
    for _ in 0..2 {
        by_wechat.call_on(PASSWORD_LOGIN, "unbind", json!({ "userId": "anna" })).await.unwrap();
    }
    assert_eq!((by_password.user().await, by_wechat.user().await.as_deref()), (None, Some("anna")));
    assert_fails(world.browser().password_login("anna", PASSWORD).await, fails::PASSWORD_ERROR);
    assert_eq!(world.rows(PASSWORD_ACCOUNTS).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_want_one_name_one_gets_it() {
    let world = World::new().await;
    let users: Vec<String> = (0..12).map(|number| format!("user-{number}")).collect();
    for user in &users {
        world.add("auths.models.UserModel", json!({ "userId": user })).await;
    }
    let wanted = users
        .iter()
        .map(|user| world.password_call("bind", json!({ "userId": user, "username": "wanted", "password": PASSWORD })));
    let outcomes = futures_util::future::join_all(wanted).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for failure in outcomes.into_iter().filter_map(Result::err) {
        assert!(failure.is(fails::AUTH_CONFLICT) && !failure.message().contains("user-"), "{failure}");
    }
    assert_eq!(world.rows(PASSWORD_ACCOUNTS).await.len(), 1);
}
