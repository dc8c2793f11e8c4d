use mti_element::Fail;
use mti_login_types::{BROWSER_COOKIE, fails};
use serde_json::{Value, json};

use crate::support::{Browser, Person, World, assert_fails};

const ANNA: Person = Person::new("open-anna");
const BEN: Person = Person::new("open-ben");

async fn with_anna() -> World {
    let world = World::new().await;
    world.bound("anna", ANNA).await;
    world
}

async fn bring(browser: &Browser<'_>, code: &str, state: Option<&str>) -> Result<Value, mti_element::Failure> {
    browser.call("getLoginCode", json!({ "code": code, "state": state })).await
}

#[tokio::test]
async fn a_bound_person_gets_a_login_code_and_his_organisations() {
    let world = with_anna().await;
    let answer = world.browser().login_code(ANNA).await.unwrap();
    let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["loginCode", "corpList"]);
    assert_eq!(answer["loginCode"].as_str().unwrap().len(), 43);
    assert_eq!(
        answer["corpList"],
        json!([{ "corpId": "acme", "corpName": "Acme Ltd" }, { "corpId": "panda", "corpName": "Panda Lab" }])
    );
    assert_eq!(world.wechat.profile_calls(), 0);
}

#[tokio::test]
async fn in_process_the_code_alone_is_enough() {
    let world = with_anna().await;
    let answer = world.call("getLoginCode", json!({ "code": world.wechat.code(ANNA) })).await.unwrap();
    assert_eq!(answer["corpList"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_user_without_organisations_gets_an_empty_list() {
    let world = World::new().await;
    world.bound("ben", BEN).await;
    assert_eq!(world.browser().login_code(BEN).await.unwrap()["corpList"], json!([]));
}

// The state.

#[tokio::test]
async fn without_a_good_state_wechat_is_not_asked() {
    let world = with_anna().await;
    let browser = world.browser();
    let state = browser.state_for("login").await;
    let before = world.wechat.exchanges();
    let code = world.wechat.code(ANNA);
    let forged = "A".repeat(43);
    let too_long = "a".repeat(5000);
    for state in
        [None, Some(""), Some(forged.as_str()), Some("x\0y"), Some("状态"), Some(&state[..42]), Some(&too_long)]
    {
        assert_fails(bring(&browser, &code, state).await, fails::STATE_MISMATCH);
    }
    assert_eq!(world.wechat.exchanges(), before);
    bring(&browser, &code, Some(&state)).await.unwrap();
}

#[tokio::test]
async fn a_state_belongs_to_the_browser_that_asked_for_it() {
    let world = with_anna().await;
    let victim = world.browser();
    let attacker = world.browser();
    let state = attacker.state_for("login").await;
    let code = world.wechat.code(ANNA);
    assert_fails(bring(&victim, &code, Some(&state)).await, fails::STATE_MISMATCH);
    victim.state_for("login").await;
    assert_fails(bring(&victim, &code, Some(&state)).await, fails::STATE_MISMATCH);
    // It was not used up by whoever had no right to it.
    bring(&attacker, &code, Some(&state)).await.unwrap();
}

#[tokio::test]
async fn a_state_is_good_once_whatever_came_of_it() {
    let world = with_anna().await;
    let browser = world.browser();
    for (code, outcome) in [
        (world.wechat.code(ANNA), None),
        (world.wechat.code(BEN), Some(fails::USER_AUTH_MISS)),
        (world.wechat.refused_code(40029), Some(fails::WECHAT_CODE_INVALID)),
        (world.wechat.failing_code(500), Some(fails::WECHAT_UNAVAILABLE)),
        ("authdeny".to_owned(), Some(fails::WECHAT_USER_REFUSED)),
        (String::new(), Some(fails::WECHAT_CODE_INVALID)),
    ] {
        let state = browser.state_for("login").await;
        let first = bring(&browser, &code, Some(&state)).await;
        match outcome {
            None => drop(first.unwrap()),
            Some(kind) => drop(assert_fails(first, kind)),
        }
        let again = bring(&browser, &world.wechat.code(ANNA), Some(&state)).await;
        assert_fails(again, fails::STATE_MISMATCH);
    }
}

#[tokio::test]
async fn a_state_expires() {
    let world = with_anna().await;
    let browser = world.browser();
    let state = browser.state_for("login").await;
    let in_time = browser.state_for("login").await;
    world.advance(599);
    bring(&browser, &world.wechat.code(ANNA), Some(&in_time)).await.unwrap();
    world.advance(1);
    assert_fails(bring(&browser, &world.wechat.code(ANNA), Some(&state)).await, fails::STATE_MISMATCH);
}

#[tokio::test]
async fn a_state_belongs_to_one_instance_and_one_purpose() {
    let second = r#"
//- auths/loginTypes/Second/e.json
{ "title": "Second", "type": "auths.loginTypes.WeChatType" }
//- auths/loginTypes/Second/Second.json
{ "authConfig": { "appId": "wx0123456789abcdef", "appSecret": "{secret}" }, "endpoints": { "api": "{wechat}" } }
"#;
    let world = World::with(json!({}), second, |builder| builder).await;
    world.bound("anna", ANNA).await;
    let browser = world.browser();
    browser.sign_in(ANNA).await;
    let arguments = |state: &str| json!({ "code": world.wechat.code(ANNA), "state": state });

    let state = browser.state_for("login").await;
    let elsewhere = browser.call_on("auths.loginTypes.Second", "getLoginCode", arguments(&state)).await;
    assert_fails(elsewhere, fails::STATE_MISMATCH);

    let for_bind = browser.state_for("bind").await;
    assert_fails(browser.call("getLoginCode", arguments(&for_bind)).await, fails::STATE_MISMATCH);

    let for_login = browser.state_for("login").await;
    let mut bind = arguments(&for_login);
    bind["userId"] = json!("anna");
    assert_fails(browser.call("bind", bind).await, fails::STATE_MISMATCH);
}

#[tokio::test]
async fn twenty_tabs_may_sign_in_at_once() {
    let world = with_anna().await;
    let browser = world.browser();
    let mut states = Vec::new();
    for _ in 0..20 {
        states.push(browser.state_for("login").await);
    }
    for state in states {
        bring(&browser, &world.wechat.code(ANNA), Some(&state)).await.unwrap();
    }
}

// The code.

#[tokio::test]
async fn a_code_that_cannot_be_one_is_not_sent_on() {
    let world = with_anna().await;
    let before = world.wechat.exchanges();
    let too_long = "c".repeat(513);
    for code in ["", " ", "a b", "a\tb", "a\0b", "验证码", &too_long] {
        let browser = world.browser();
        let state = browser.state_for("login").await;
        assert_fails(bring(&browser, code, Some(&state)).await, fails::WECHAT_CODE_INVALID);
        assert_fails(world.call("getLoginCode", json!({ "code": code })).await, fails::WECHAT_CODE_INVALID);
        assert_fails(world.call("bind", json!({ "userId": "anna", "code": code })).await, fails::WECHAT_CODE_INVALID);
    }
    assert_fails(world.call("getLoginCode", json!({ "code": "authdeny" })).await, fails::WECHAT_USER_REFUSED);
    assert_eq!(world.wechat.exchanges(), before);
}

#[tokio::test]
async fn a_code_that_was_seen_is_refused_under_any_state() {
    let world = with_anna().await;
    let code = world.wechat.lasting_code(ANNA);
    let victim = world.browser();
    let state = victim.state_for("login").await;
    bring(&victim, &code, Some(&state)).await.unwrap();
    let before = world.wechat.exchanges();
    for browser in [world.browser(), victim] {
        let state = browser.state_for("login").await;
        assert_fails(bring(&browser, &code, Some(&state)).await, fails::WECHAT_CODE_INVALID);
        assert_fails(bring(&browser, &world.wechat.code(ANNA), Some(&state)).await, fails::STATE_MISMATCH);
    }
    assert_eq!(world.wechat.exchanges(), before, "WeChat was not asked again");
}

#[tokio::test]
async fn what_wechat_says_reaches_the_visitor_in_plain_words() {
    let world = with_anna().await;
    for (errcode, kind) in [
        (-1, fails::WECHAT_UNAVAILABLE),
        (40001, fails::WECHAT_CONFIG),
        (40013, fails::WECHAT_CONFIG),
        (40029, fails::WECHAT_CODE_INVALID),
        (40125, fails::WECHAT_CONFIG),
        (40163, fails::WECHAT_CODE_INVALID),
        (40164, fails::WECHAT_CONFIG),
        (42003, fails::WECHAT_CODE_INVALID),
        (45009, fails::WECHAT_RATE_LIMITED),
        (45011, fails::WECHAT_RATE_LIMITED),
        (50002, fails::WECHAT_USER_REFUSED),
        (99999, fails::WECHAT_UNAVAILABLE),
    ] {
        let browser = world.browser();
        let state = browser.state_for("login").await;
        let code = world.wechat.refused_code(errcode);
        let failure = assert_fails(bring(&browser, &code, Some(&state)).await, kind);
        assert_eq!(failure.message(), kind.message, "the visitor sees nothing of WeChat's own text");
        assert!(failure.operator_message().contains(&format!("errcode {errcode}")), "{failure:?}");
        assert!(failure.operator_message().contains("63b7a7f7-5d8e24a1-0bc4f6c2"), "{failure:?}");
        assert_eq!(failure.retry_after_seconds(), (errcode == 45011).then_some(60), "{errcode}");
    }
}

#[tokio::test]
async fn wechat_is_left_alone_for_a_minute_when_its_quota_is_used_up() {
    let world = with_anna().await;
    let ask = async |code: String| world.call("getLoginCode", json!({ "code": code })).await;
    for _ in 0..2 {
        assert_fails(ask(world.wechat.refused_code(45011)).await, fails::WECHAT_RATE_LIMITED);
    }
    ask(world.wechat.code(ANNA)).await.unwrap();
    for _ in 0..3 {
        assert_fails(ask(world.wechat.refused_code(45011)).await, fails::WECHAT_RATE_LIMITED);
    }
    let before = world.wechat.exchanges();
    let code = world.wechat.code(ANNA);
    let failure = assert_fails(ask(code.clone()).await, fails::WECHAT_RATE_LIMITED);
    assert_eq!(world.wechat.exchanges(), before);
    let seconds = failure.retry_after_seconds().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    world.advance(seconds.try_into().unwrap());
    ask(code).await.unwrap();
}

#[tokio::test]
async fn a_wrong_secret_tells_the_visitor_whom_to_tell() {
    let world =
        World::configured(json!({ "authConfig": { "appId": "wx0123456789abcdef", "appSecret": "mistyped" } })).await;
    let failure = assert_fails(
        world.call("getLoginCode", json!({ "code": world.wechat.code(ANNA) })).await,
        fails::WECHAT_CONFIG,
    );
    assert!(failure.message().contains("tell the operator"), "{failure}");
    assert!(failure.operator_message().contains("appSecret"), "{failure:?}");
    assert!(!format!("{failure:?}").contains("mistyped"));
}

#[tokio::test]
async fn an_answer_without_identity_is_no_answer() {
    let world = with_anna().await;
    for answer in [
        json!({}),
        json!({ "access_token": "t" }),
        json!({ "openid": "open-anna" }),
        json!({ "access_token": "t", "openid": "" }),
        json!({ "access_token": "t", "openid": 7 }),
        json!([]),
    ] {
        let code = world.wechat.code_answered(answer);
        assert_fails(world.call("getLoginCode", json!({ "code": code })).await, fails::WECHAT_UNAVAILABLE);
    }
}

#[tokio::test]
async fn nobody_proves_who_he_is_by_saying_so() {
    let world = with_anna().await;
    for argument in ["openid", "openId", "access_token", "unionId", "userId"] {
        let mut arguments = json!({ "code": world.wechat.code(BEN) });
        arguments[argument] = json!("open-anna");
        assert_fails(world.call("getLoginCode", arguments).await, Fail::API_PARAMS_ERROR);
    }
}

// The identity.

#[tokio::test]
async fn an_unknown_person_gets_a_ticket() {
    let world = with_anna().await;
    let failure = assert_fails(world.browser().login_code(BEN).await, fails::USER_AUTH_MISS);
    let data = failure.data().unwrap().as_object().unwrap();
    assert_eq!(data.keys().collect::<Vec<_>>(), ["bindTicket", "expiresIn"]);
    assert_eq!(data["bindTicket"].as_str().unwrap().len(), 43);
    assert_eq!(data["expiresIn"], 300);
    let in_process = world.call("getLoginCode", json!({ "code": world.wechat.code(BEN) })).await;
    assert!(assert_fails(in_process, fails::USER_AUTH_MISS).data().unwrap()["bindTicket"].is_string());
}

#[tokio::test]
async fn no_union_id_matches_no_union_id() {
    let world = with_anna().await;
    for absent in [json!(null), json!("")] {
        let answer = json!({ "access_token": "t", "openid": "open-stranger", "unionid": absent });
        let code = world.wechat.code_answered(answer);
        assert_fails(world.call("getLoginCode", json!({ "code": code })).await, fails::USER_AUTH_MISS);
    }
}

#[tokio::test]
async fn a_union_id_links_a_person_across_applications() {
    let world = World::new().await;
    let row = json!({ "appId": "wx-other", "userId": "anna", "openId": "elsewhere", "unionId": "union-anna" });
    world.add("auths.loginTypes.WeChatType.WeChatAuthModel", row).await;
    let browser = world.browser();
    browser.sign_in(ANNA.with_union_id("union-anna")).await;
    assert_eq!(browser.user().await.as_deref(), Some("anna"));
    assert_fails(world.browser().login_code(BEN.with_union_id("union-ben")).await, fails::USER_AUTH_MISS);
}

#[tokio::test]
async fn a_row_learns_a_union_id_and_keeps_it() {
    let world = with_anna().await;
    let bound = |union_id: Option<&str>| vec![("anna".to_owned(), "open-anna".to_owned(), union_id.map(str::to_owned))];
    assert_eq!(world.bindings().await, bound(None));
    world.browser().login_code(ANNA.with_union_id("union-1")).await.unwrap();
    assert_eq!(world.bindings().await, bound(Some("union-1")));
    let moved = world.browser().login_code(ANNA.with_union_id("union-2")).await.unwrap();
    assert!(moved["loginCode"].is_string(), "the openId decides");
    assert_eq!(world.bindings().await, bound(Some("union-1")));
}

#[tokio::test]
async fn a_union_id_that_stands_for_several_users_decides_nothing() {
    let world = World::new().await;
    for (app_id, user_id) in [("wx-1", "anna"), ("wx-2", "ben")] {
        let row = json!({ "appId": app_id, "userId": user_id, "openId": "o", "unionId": "union-1" });
        world.add("auths.loginTypes.WeChatType.WeChatAuthModel", row).await;
    }
    assert_fails(world.browser().login_code(ANNA.with_union_id("union-1")).await, fails::USER_AUTH_MISS);
}

#[tokio::test]
async fn a_snapshot_user_is_refused() {
    let world = with_anna().await;
    let code = world.wechat.snapshot_code(ANNA);
    assert_fails(world.call("getLoginCode", json!({ "code": code })).await, fails::WECHAT_USER_REFUSED);
    let code = world.wechat.snapshot_code(BEN);
    assert_fails(world.call("bind", json!({ "userId": "ben", "code": code })).await, fails::WECHAT_USER_REFUSED);
    assert_eq!(world.bindings().await.len(), 1);
}

#[tokio::test]
async fn a_disabled_user_cannot_sign_in() {
    let world = World::new().await;
    world.bound("idle", ANNA).await;
    assert_fails(world.browser().login_code(ANNA).await, Fail::PERMISSION_DENIED);
}

#[tokio::test]
async fn an_inactive_login_refuses() {
    let world = World::configured(json!({ "isActive": false })).await;
    assert_eq!(world.call("getLoginConfig", json!({})).await.unwrap()["isActive"], false);
    let code = world.wechat.code(ANNA);
    assert_fails(world.call("getLoginCode", json!({ "code": code })).await, fails::LOGIN_TYPE_INACTIVE);
    assert_fails(world.call("bind", json!({ "userId": "anna", "code": code })).await, fails::LOGIN_TYPE_INACTIVE);
    assert_fails(world.browser().login_code(ANNA).await, fails::LOGIN_TYPE_INACTIVE);
    world.call("unbind", json!({ "userId": "anna" })).await.unwrap();
    assert_eq!(world.wechat.exchanges(), 0);
}

#[tokio::test]
async fn a_browser_without_its_cookie_is_another_browser() {
    let world = with_anna().await;
    let browser = world.browser();
    let state = browser.state_for("login").await;
    browser.set_cookie(BROWSER_COOKIE, &"B".repeat(43));
    assert_fails(bring(&browser, &world.wechat.code(ANNA), Some(&state)).await, fails::STATE_MISMATCH);
}
