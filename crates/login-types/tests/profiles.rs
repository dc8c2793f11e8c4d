use mti_element::Fail;
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
    world.wechat.profile(&code, &json!({ "openid": "open-new", "nickname": "张三💤", "headimgurl": "" }));
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
    world.wechat.profile(&code, &json!({ "errcode": 42001, "errmsg": "access_token expired" }));
    world.wechat.profile(&format!("{code}-again"), &json!({ "openid": "open-new", "nickname": "Fresh" }));
    assert_eq!(registered_nick(&world, &code).await, "Fresh");
    assert_eq!(world.wechat.profile_calls(), 2);
}

#[tokio::test]
async fn a_profile_of_somebody_else_is_refused() {
    let world = open_world().await;
    let code = world.wechat.code(NEW);
    world.wechat.profile(&code, &json!({ "openid": "open-other", "nickname": "Mallory" }));
    assert_fails(world.call("getLoginCode", json!({ "code": code })).await, fails::WECHAT_CODE_INVALID);
}

#[tokio::test]
async fn a_profile_that_fails_fails_the_sign_in() {
    let world = open_world().await;
    let refused =
        |errcode: i64| json!({ "errcode": errcode, "errmsg": "no, rid: 63b7a7f7-5d8e24a1-0bc4f6c2" }).to_string();
    let answers: [(u16, String, Fail); 11] = [
        (200, refused(45009), fails::WECHAT_RATE_LIMITED),
        (200, refused(45011), fails::WECHAT_RATE_LIMITED),
        (200, refused(-1), fails::WECHAT_UNAVAILABLE),
        (200, refused(99_999), fails::WECHAT_UNAVAILABLE),
        (200, refused(40003), fails::WECHAT_CODE_INVALID),
        (200, refused(50001), fails::WECHAT_CODE_INVALID),
        (200, refused(50002), fails::WECHAT_USER_REFUSED),
        (200, refused(48004), fails::WECHAT_CONFIG),
        (200, "<html>".to_owned(), fails::WECHAT_UNAVAILABLE),
        (200, r#"{"nickname":"Nobody"}"#.to_owned(), fails::WECHAT_UNAVAILABLE),
        (502, refused(48001), fails::WECHAT_UNAVAILABLE),
    ];
    for (status, body, expected) in answers {
        let code = world.wechat.code(NEW);
        world.wechat.raw_profile(&code, status, body);
        assert_fails(world.call("getLoginCode", json!({ "code": code })).await, expected);
    }
    assert_eq!(world.rows("auths.loginTypes.models.BindTicketModel").await.len(), 0);
}

#[tokio::test]
async fn a_scope_without_profiles_is_no_obstacle() {
    let world = open_world().await;
    let code = world.wechat.code(NEW);
    world.wechat.profile(&code, &json!({ "errcode": 48001, "errmsg": "api unauthorized" }));
    assert_eq!(registered_nick(&world, &code).await, "微信用户");
}

#[tokio::test]
async fn an_unreadable_name_is_no_obstacle() {
    let world = open_world().await;
    for (open_id, nickname, expected) in [
        ("open-1", &b"broken \xff\xfe"[..], "broken \u{fffd}\u{fffd}"),
        ("open-2", b"raw\x01\x02control\n", "raw  control"),
        ("open-3", b"escaped\\u0000 control\\u0007", "escaped control"),
        ("open-4", b"\x01\x02", "微信用户"),
    ] {
        let code = world.wechat.code(Person::new(open_id));
        let body = [format!(r#"{{"openid":"{open_id}","nickname":""#).as_bytes(), nickname, br#""}"#].concat();
        world.wechat.raw_profile(&code, 200, body);
        assert_eq!(registered_nick(&world, &code).await, expected);
    }
}

#[tokio::test]
async fn a_refresh_token_of_somebody_else_is_refused() {
    let world = open_world().await;
    let code = world.wechat.code(NEW);
    world.wechat.profile(&code, &json!({ "errcode": 42001, "errmsg": "access_token expired" }));
    let foreign = json!({ "access_token": format!("token-of-{code}-again"), "openid": "open-other" });
    world.wechat.refreshed(&code, foreign);
    world.wechat.profile(&format!("{code}-again"), &json!({ "openid": "open-new", "nickname": "Mallory" }));
    assert_fails(world.call("getLoginCode", json!({ "code": code })).await, fails::WECHAT_CODE_INVALID);
    assert_eq!(world.wechat.profile_calls(), 1);
}

#[tokio::test]
async fn a_refresh_that_fails_fails_the_sign_in() {
    let world = open_world().await;
    for (errcode, expected) in [
        (42002, fails::WECHAT_CODE_INVALID),
        (40030, fails::WECHAT_CODE_INVALID),
        (45011, fails::WECHAT_RATE_LIMITED),
        (-1, fails::WECHAT_UNAVAILABLE),
    ] {
        let code = world.wechat.code(NEW);
        world.wechat.profile(&code, &json!({ "errcode": 42001, "errmsg": "access_token expired" }));
        world.wechat.refreshed(&code, json!({ "errcode": errcode, "errmsg": "no" }));
        assert_fails(world.call("getLoginCode", json!({ "code": code })).await, expected);
    }
}

#[tokio::test]
async fn nobody_is_recognised_by_his_name() {
    let world = open_world().await;
    let code = world.wechat.code(NEW);
    world.wechat.profile(&code, &json!({ "openid": "open-new", "nickname": "Anna" }));
    assert_fails(world.call("getLoginCode", json!({ "code": code })).await, fails::USER_AUTH_MISS);
}

#[tokio::test]
async fn without_registration_no_profile_is_asked_for() {
    let world = World::new().await;
    assert_fails(world.call("getLoginCode", json!({ "code": world.wechat.code(NEW) })).await, fails::USER_AUTH_MISS);
    assert_eq!(world.wechat.profile_calls(), 0);
}
