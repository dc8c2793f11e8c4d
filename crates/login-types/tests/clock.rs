//! Clocks that were wrong and are set back: nothing waits, and nothing stays good, until they have caught up.

use mti_element::Fail;
use mti_login_types::fails;
use serde_json::json;

use crate::support::{Person, SERVICE, World, assert_fails};

const ANNA: Person = Person::new("open-anna");
const PASSWORD: &str = "correct horse 9";
const YEAR: i64 = 365 * 24 * 60 * 60;

async fn world() -> World {
    let world = World::new().await;
    world.bound("anna", ANNA).await;
    world.named("anna", "anna", PASSWORD).await;
    world
}

#[tokio::test]
async fn wrong_passwords_of_a_clock_that_was_ahead_count_for_their_quarter_of_an_hour() {
    let world = world().await;
    let browser = world.browser();
    world.advance(YEAR);
    for _ in 0..10 {
        assert_fails(browser.password_login("anna", "wrong").await, fails::PASSWORD_ERROR);
    }
    world.advance(-YEAR);
    let failure = assert_fails(browser.password_login("anna", PASSWORD).await, Fail::RATE_LIMITED);
    assert_eq!(failure.retry_after_seconds(), Some(900));
    world.sweep().await;
    world.advance(899);
    assert_fails(browser.password_login("anna", PASSWORD).await, Fail::RATE_LIMITED);
    world.advance(1);
    browser.password_login("anna", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_session_of_a_clock_that_was_ahead_lives_as_long_as_one_that_begins_now() {
    let world = world().await;
    let browser = world.browser();
    world.advance(YEAR);
    browser.sign_in(ANNA).await;
    world.advance(-YEAR);
    let told = browser.call_on(SERVICE, "currentUser", json!({})).await.unwrap();
    assert_eq!(told["expiresIn"], 604_800);
    let listed = browser.call_on(SERVICE, "listSessions", json!({})).await.unwrap();
    assert_eq!(listed["sessions"][0]["expiresIn"], 604_800);
    world.advance(604_799);
    assert_eq!(browser.user().await.as_deref(), Some("anna"));
    world.advance(1);
    assert_eq!(browser.user().await, None);
}

#[tokio::test]
async fn what_was_handed_out_by_a_clock_that_was_ahead_expires_in_time() {
    let world = world().await;
    let browser = world.browser();
    world.advance(YEAR);
    let state = browser.state_for("login").await;
    let code = browser.login_code(ANNA).await.unwrap();
    world.advance(-YEAR);
    world.sweep().await;
    world.advance(300);
    assert_fails(browser.login_by_code(&code["loginCode"], "acme").await, fails::LOGIN_CODE_INVALID);
    world.advance(300);
    let arguments = json!({ "code": world.wechat.code(ANNA), "state": state });
    assert_fails(browser.call("getLoginCode", arguments).await, fails::STATE_MISMATCH);
}

#[tokio::test]
async fn clocks_that_differ_by_seconds_change_nothing() {
    let world = world().await;
    let browser = world.browser();
    browser.sign_in(ANNA).await;
    world.advance(-30);
    world.sweep().await;
    let told = browser.call_on(SERVICE, "currentUser", json!({})).await.unwrap();
    assert_eq!(told["expiresIn"], 604_800);
    world.advance(30 + 604_799);
    assert_eq!(browser.user().await.as_deref(), Some("anna"));
}
