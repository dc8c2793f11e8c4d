//! Which logins somebody can sign in with.

use mti_element::{Fail, Value};
use serde_json::json;

use crate::support::{Browser, LOGIN, PASSWORD_LOGIN, Person, SERVICE, World, assert_fails};

const ANNA: Person = Person::new("open-anna");
const BEN: Person = Person::new("open-ben");

async fn bindings(browser: &Browser<'_>) -> Value {
    browser.call_on(SERVICE, "listBindings", json!({})).await.unwrap()
}

fn list(wechat: bool, password: bool) -> Value {
    json!({ "bindings": [
        { "loginType": LOGIN, "isBound": wechat },
        { "loginType": PASSWORD_LOGIN, "isBound": password },
    ] })
}

#[tokio::test]
async fn somebody_is_told_which_logins_are_his() {
    let world = World::new().await;
    world.bound("anna", ANNA).await;
    world.bound("ben", BEN).await;
    world.named("ben", "ben", "correct horse 9").await;
    let browser = world.browser();
    browser.sign_in(ANNA).await;
    assert_eq!(bindings(&browser).await, list(true, false));
    let other = world.browser();
    other.sign_in(BEN).await;
    assert_eq!(bindings(&other).await, list(true, true));
    other.call_on(PASSWORD_LOGIN, "unbind", json!({ "userId": "ben" })).await.unwrap();
    assert_eq!(bindings(&other).await, list(true, false));
    assert_fails(world.browser().call_on(SERVICE, "listBindings", json!({})).await, Fail::LOGIN_REQUIRED);
}

#[tokio::test]
async fn a_login_that_is_switched_off_or_cannot_tell_keeps_silent() {
    let silent = r#"
//- auths/loginTypes/PasswordLogin/PasswordLogin.json
{ "isActive": false }
//- auths/loginTypes/BareType/e.json
{ "title": "Bare", "type": "auths.loginTypes.Meta" }
//- auths/loginTypes/BareLogin/e.json
{ "title": "Bare", "type": "auths.loginTypes.BareType" }
"#;
    let world = World::with(json!({}), silent, |builder| builder).await;
    world.bound("anna", ANNA).await;
    let browser = world.browser();
    browser.sign_in(ANNA).await;
    let answer = bindings(&browser).await;
    let told: Vec<(&str, &Value)> = answer["bindings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|binding| (binding["loginType"].as_str().unwrap(), &binding["isBound"]))
        .collect();
    let bare = "auths.loginTypes.BareLogin";
    assert_eq!(told, [(bare, &Value::Null), (LOGIN, &json!(true)), (PASSWORD_LOGIN, &Value::Null)]);
}
