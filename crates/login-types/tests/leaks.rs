use mti_element::Value;
use mti_login_types::{BROWSER_COOKIE, Grant, Identity, SESSION_COOKIE, WeChat, fails};
use serde_json::json;

use crate::support::{LOGIN, Person, World, assert_fails};

const ANNA: Person = Person::new("open-anna-canary").with_union_id("union-anna-canary");

#[tokio::test]
async fn only_hashes_are_stored_of_what_is_handed_out() {
    let world = World::new().await;
    world.bound("anna", ANNA).await;
    let browser = world.browser();
    let state = browser.state_for("login").await;
    let code = world.wechat.code(ANNA);
    let spent = browser.login_code(ANNA).await.unwrap();
    browser.login_by_code(&spent["loginCode"], "acme").await.unwrap();
    let pending = browser.login_code(ANNA).await.unwrap();
    let miss = assert_fails(browser.login_code(Person::new("stranger")).await, fails::USER_AUTH_MISS);
    let handed_out = [
        state,
        code,
        text(&spent["loginCode"]),
        text(&pending["loginCode"]),
        text(&miss.data().unwrap()["bindTicket"]),
        browser.cookie(BROWSER_COOKIE).unwrap(),
        browser.cookie(SESSION_COOKIE).unwrap(),
    ];
    for model in world.app.get_all_elements_define().into_values().filter(|element| element.is_a("models.NormalType")) {
        let rows = format!("{:?}", world.rows(model.name.as_str()).await);
        for value in &handed_out {
            assert!(!rows.contains(value), "{}", model.name);
        }
    }
}

#[tokio::test]
async fn nothing_that_opens_or_names_anybody_has_a_debug_form() {
    let world = World::new().await;
    world.bound("anna", ANNA).await;
    let login: WeChat<'_> = world.app.get(LOGIN).unwrap();
    let code = world.wechat.code(ANNA);
    let authorize = login.get_authorize_url(None, None).await.unwrap();
    let grant: Grant = login.exchange_code(code.clone()).await.unwrap();
    let login_code = login.get_login_code(world.wechat.code(ANNA), None).await.unwrap();
    let printed = format!("{authorize:?} {grant:?} {login_code:?} {:?}", login.auth_config().await.unwrap());
    for canary in [
        "canary",
        "token-of",
        "refresh-of",
        "secret-0123456789abcdef",
        authorize.state.reveal(),
        login_code.login_code.reveal(),
        &code,
    ] {
        assert!(!printed.contains(canary), "{canary} in {printed}");
    }
}

#[tokio::test]
async fn a_grant_crosses_a_border_without_its_tokens() {
    let world = World::new().await;
    let code = world.wechat.code(ANNA);
    let wire = world.call("exchangeCode", json!({ "code": code })).await.unwrap();
    assert_eq!(
        wire,
        json!({
            "appId": "wx0123456789abcdef",
            "openId": "open-anna-canary",
            "unionId": "union-anna-canary",
            "isSnapshotUser": false,
            "scope": "snsapi_login",
        })
    );
    assert_eq!(world.call("fetchProfile", json!({ "grant": wire })).await.unwrap(), Value::Null);
}

#[tokio::test]
async fn failures_carry_no_code_secret_or_address() {
    let world = World::new().await;
    for code in [world.wechat.refused_code(40029), world.wechat.failing_code(502), world.wechat.failing_code(302)] {
        let failure = world.call("getLoginCode", json!({ "code": code })).await.unwrap_err();
        let shown = format!("{failure} {failure:?} {}", failure.operator_message());
        for canary in [code.as_str(), "secret-0123456789abcdef", "127.0.0.1", "access_token?"] {
            assert!(!shown.contains(canary), "{canary} in {shown}");
        }
    }
}

#[test]
fn an_identity_reads_an_empty_union_id_as_none() {
    let read = |value: Value| serde_json::from_value::<Identity>(value).unwrap().union_id;
    assert_eq!(read(json!({ "appId": "a", "openId": "o", "unionId": "" })), None);
    assert_eq!(read(json!({ "appId": "a", "openId": "o" })), None);
    assert_eq!(read(json!({ "appId": "a", "openId": "o", "unionId": "u" })).as_deref(), Some("u"));
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
