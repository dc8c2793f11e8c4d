use mti_login_types::fails;
use serde_json::{Value, json};

use crate::support::{Person, World, assert_fails};

const NEW: Person = Person::new("open-new");

async fn open_world() -> World {
    World::configured(json!({ "allowRegister": true })).await
}

/// What a newcomer is called who does not say it himself.
async fn registered_nick(world: &World, code: &str) -> Value {
    let failure = world.call("getLoginCode", json!({ "code": code })).await.unwrap_err();
    let ticket = &failure.data().unwrap()["bindTicket"];
    world.call("register", json!({ "bindTicket": ticket })).await.unwrap();
    world.rows("auths.models.UserModel").await.last().unwrap()["nick"].clone()
}

#[tokio::test]
async fn a_newcomer_is_called_as_in_wechat() {
    let world = open_world().await;
    let code = world.wechat.code(NEW);
    world.wechat.profile(&code, json!({ "openid": "open-new", "nickname": "张三💤", "headimgurl": "" }));
    assert_eq!(registered_nick(&world, &code).await, "张三💤");
}

#[tokio::test]
async fn a_newcomer_without_a_profile_is_a_wechat_user() {
    let world = open_world().await;
    assert_eq!(registered_nick(&world, &world.wechat.code(NEW)).await, "微信用户");
}

#[tokio::test]
async fn a_stale_access_token_is_refreshed_once() {
    let world = open_world().await;
    let code = world.wechat.code(NEW);
    world.wechat.profile(&code, json!({ "errcode": 42001, "errmsg": "access_token expired" }));
    world.wechat.profile(&format!("{code}-again"), json!({ "openid": "open-new", "nickname": "Fresh" }));
    assert_eq!(registered_nick(&world, &code).await, "Fresh");
    assert_eq!(world.wechat.profile_calls(), 2);
}

#[tokio::test]
async fn a_profile_of_somebody_else_is_refused() {
    let world = open_world().await;
    let code = world.wechat.code(NEW);
    world.wechat.profile(&code, json!({ "openid": "open-other", "nickname": "Mallory" }));
    assert_fails(world.call("getLoginCode", json!({ "code": code })).await, fails::WECHAT_CODE_INVALID);
}

#[tokio::test]
async fn nobody_is_recognised_by_his_name() {
    let world = open_world().await;
    let code = world.wechat.code(NEW);
    world.wechat.profile(&code, json!({ "openid": "open-new", "nickname": "Anna" }));
    assert_fails(world.call("getLoginCode", json!({ "code": code })).await, fails::USER_AUTH_MISS);
}

#[tokio::test]
async fn without_registration_no_profile_is_asked_for() {
    let world = World::new().await;
    assert_fails(world.call("getLoginCode", json!({ "code": world.wechat.code(NEW) })).await, fails::USER_AUTH_MISS);
    assert_eq!(world.wechat.profile_calls(), 0);
}
