use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use mti_element::Fail;
use mti_login_types::fails;
use serde_json::json;
use tokio::runtime::Builder;

use crate::support::{CORP, Person, World, assert_fails};

const ANNA: Person = Person::new("open-anna");
const BEN: Person = Person::new("open-ben");
const NEW: Person = Person::new("open-new-phone");
const ROOT: Person = Person::new("open-root");

/// Anna and the administrator are bound; Ben is not.
async fn world() -> World {
    let world = World::new().await;
    world.bound("anna", ANNA).await;
    world.bound("root", ROOT).await;
    world
}

fn pair(user_id: &str, person: Person) -> (String, String, Option<String>) {
    (user_id.to_owned(), person.open_id.to_owned(), person.union_id.map(str::to_owned))
}

#[tokio::test]
async fn bind_and_unbind_answer_as_documented() {
    let world = World::new().await;
    let done = json!({ "success": true, "message": "操作成功" });
    let bind = world.call("bind", json!({ "userId": "anna", "code": world.wechat.code(ANNA) })).await.unwrap();
    assert_eq!(bind, done);
    assert_eq!(world.bindings().await, [pair("anna", ANNA)]);
    for _ in 0..2 {
        assert_eq!(world.call("unbind", json!({ "userId": "anna" })).await.unwrap(), done);
    }
    assert_eq!(world.call("unbind", json!({ "userId": "nobody" })).await.unwrap(), done);
    assert!(world.bindings().await.is_empty());
    world.bound("anna", ANNA).await;
    assert_eq!(world.bindings().await, [pair("anna", ANNA)], "bound again");
}

#[tokio::test]
async fn the_same_pair_binds_again() {
    let world = world().await;
    world.bound("anna", ANNA).await;
    world.bound("anna", ANNA.with_union_id("union-anna")).await;
    assert_eq!(world.bindings().await, [pair("anna", ANNA.with_union_id("union-anna")), pair("root", ROOT)]);
    world.bound("anna", ANNA.with_union_id("another")).await;
    assert_eq!(world.bindings().await[0], pair("anna", ANNA.with_union_id("union-anna")));
}

#[tokio::test]
async fn an_account_of_somebody_else_is_refused_and_nothing_told_of_him() {
    let world = world().await;
    let code = world.wechat.code(ANNA);
    let failure =
        assert_fails(world.call("bind", json!({ "userId": "ben", "code": code })).await, fails::AUTH_CONFLICT);
    assert!(failure.data().is_none());
    for secret in ["anna", "Anna", "open-anna"] {
        assert!(!failure.to_string().contains(secret), "{failure}");
    }
    assert_eq!(world.bindings().await.len(), 2);
}

#[tokio::test]
async fn one_person_is_one_user_in_all_applications() {
    let world = World::new().await;
    let row = json!({ "appId": "wx-other", "userId": "anna", "openId": "elsewhere", "unionId": "union-1" });
    world.add("auths.loginTypes.WeChatType.WeChatAuthModel", row).await;
    let code = world.wechat.code(BEN.with_union_id("union-1"));
    assert_fails(world.call("bind", json!({ "userId": "ben", "code": code })).await, fails::AUTH_CONFLICT);
    world.bound("anna", NEW.with_union_id("union-1")).await;
    assert_eq!(world.bindings().await.len(), 2);
}

#[tokio::test]
async fn a_users_older_account_is_replaced() {
    let world = world().await;
    let lost_phone = world.browser();
    lost_phone.sign_in(ANNA).await;
    let pending = lost_phone.login_code(ANNA).await.unwrap();
    let browser = world.browser();
    browser.sign_in(ANNA).await;
    browser.bind("anna", NEW).await.unwrap();
    assert_fails(lost_phone.login_by_code(&pending["loginCode"], CORP).await, fails::LOGIN_CODE_INVALID);
    assert_eq!(world.bindings().await, [pair("anna", NEW), pair("root", ROOT)]);
    assert_eq!(browser.user().await.as_deref(), Some("anna"), "the session that replaced it goes on");
    assert_eq!(lost_phone.user().await, None, "sessions of the older account end");
    assert_fails(world.browser().login_code(ANNA).await, fails::USER_AUTH_MISS);
}

#[test]
fn a_client_that_hangs_up_leaves_no_session_of_the_account_that_it_replaced() {
    // With one thread for the database, what is asked afterwards is answered after what was begun before.
    let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap();
    runtime.block_on(hang_up_after_every_poll());
}

async fn hang_up_after_every_poll() {
    let world = world().await;
    for patience in 1.. {
        world.bound("anna", ANNA).await;
        let lost_phone = world.browser();
        lost_phone.sign_in(ANNA).await;
        let browser = world.browser();
        browser.sign_in(ANNA).await;
        let mut polls = 0;
        let has_ended = {
            let mut call = pin!(browser.bind("anna", NEW));
            poll_fn(|context| {
                polls += 1;
                match call.as_mut().poll(context) {
                    Poll::Ready(outcome) => Poll::Ready(outcome.is_ok()),
                    Poll::Pending if polls >= patience => Poll::Ready(false),
                    Poll::Pending => Poll::Pending,
                }
            })
            .await
        };
        if world.bindings().await.contains(&pair("anna", NEW)) {
            assert_eq!(lost_phone.user().await, None, "hung up after {polls} polls");
        }
        if has_ended {
            break;
        }
    }
    assert_eq!(world.bindings().await, [pair("anna", NEW), pair("root", ROOT)]);
}

#[tokio::test]
async fn an_account_that_is_bound_again_keeps_its_sessions() {
    let world = world().await;
    let browser = world.browser();
    browser.sign_in(ANNA).await;
    world.bound("anna", ANNA.with_union_id("union-anna")).await;
    assert_eq!(browser.user().await.as_deref(), Some("anna"), "nothing was replaced");
}

#[tokio::test]
async fn an_unknown_user_is_refused_before_wechat_is_asked() {
    let world = world().await;
    let before = world.wechat.exchanges();
    let code = world.wechat.code(NEW);
    assert_fails(world.call("bind", json!({ "userId": "ghost", "code": code })).await, fails::USER_NOT_FOUND);
    assert_eq!(world.wechat.exchanges(), before);
}

#[tokio::test]
async fn a_visitor_binds_and_unbinds_himself_only() {
    let world = world().await;
    let stranger = world.browser();
    for (method, arguments) in [
        ("bind", json!({ "userId": "anna", "code": "c", "state": "s" })),
        ("unbind", json!({ "userId": "anna" })),
        ("bindByTicket", json!({ "bindTicket": "t" })),
        ("getUserAuthInfo", json!({ "authObj": null })),
    ] {
        assert_fails(stranger.call(method, arguments).await, Fail::LOGIN_REQUIRED);
    }
    let anna = world.browser();
    anna.sign_in(ANNA).await;
    assert_fails(anna.bind("ben", BEN).await, Fail::PERMISSION_DENIED);
    assert_fails(anna.bind("ghost", BEN).await, Fail::PERMISSION_DENIED);
    assert_fails(anna.call("unbind", json!({ "userId": "root" })).await, Fail::PERMISSION_DENIED);
    assert_eq!(world.bindings().await.len(), 2);
}

#[tokio::test]
async fn an_administrator_binds_and_unbinds_others() {
    let world = world().await;
    let root = world.browser();
    root.sign_in(ROOT).await;
    root.bind("ben", BEN).await.unwrap();
    assert_fails(root.bind("ghost", NEW).await, fails::USER_NOT_FOUND);
    root.call("unbind", json!({ "userId": "anna" })).await.unwrap();
    assert_eq!(world.bindings().await, [pair("ben", BEN), pair("root", ROOT)]);
}

#[tokio::test]
async fn a_visitor_needs_a_state_that_his_own_session_asked_for() {
    let world = world().await;
    world.bound("ben", BEN).await;
    let anna = world.browser();
    anna.sign_in(ANNA).await;
    let arguments = |state: Option<&str>| json!({ "userId": "anna", "code": world.wechat.code(NEW), "state": state });
    assert_fails(anna.call("bind", arguments(None)).await, fails::STATE_MISMATCH);

    // Prepared by an attacker in a browser of his own.
    let attacker = world.browser();
    attacker.sign_in(BEN).await;
    let prepared = attacker.state_for("bind").await;
    assert_fails(anna.call("bind", arguments(Some(&prepared))).await, fails::STATE_MISMATCH);

    // Begun in this browser, but by the user who was signed in before.
    let earlier = anna.state_for("bind").await;
    anna.sign_in(ROOT).await;
    let mut as_root = arguments(Some(&earlier));
    as_root["userId"] = json!("root");
    assert_fails(anna.call("bind", as_root).await, fails::STATE_MISMATCH);
    assert_eq!(world.bindings().await, [pair("anna", ANNA), pair("ben", BEN), pair("root", ROOT)]);
}

#[tokio::test]
async fn unbind_ends_the_sessions_and_codes_that_came_through_it() {
    let world = world().await;
    let first = world.browser();
    first.sign_in(ANNA).await;
    let second = world.browser();
    second.sign_in(ANNA).await;
    let pending = world.browser();
    let answer = pending.login_code(ANNA).await.unwrap();
    let root = world.browser();
    root.sign_in(ROOT).await;

    first.call("unbind", json!({ "userId": "anna" })).await.unwrap();

    assert_eq!((first.user().await, second.user().await), (None, None));
    assert_fails(pending.login_by_code(&answer["loginCode"], "acme").await, fails::LOGIN_CODE_INVALID);
    assert_eq!(root.user().await.as_deref(), Some("root"), "others go on");
}

#[tokio::test]
async fn unbind_ends_what_came_by_its_union_id_through_another_application() {
    let second = r#"
//- auths/loginTypes/Second/e.json
{ "title": "Second", "type": "auths.loginTypes.WeChatType" }
//- auths/loginTypes/Second/Second.json
{ "authConfig": { "appId": "wx-second", "appSecret": "{secret}" }, "endpoints": { "api": "{wechat}" } }
"#;
    let world = World::with(json!({}), second, |builder| builder).await;
    world.bound("anna", ANNA.with_union_id("union-1")).await;
    let browser = world.browser();
    let answer = browser.call_on("auths.loginTypes.Second", "getAuthorizeUrl", json!({})).await.unwrap();
    let code = world.wechat.code(Person::new("open-in-second").with_union_id("union-1"));
    let arguments = json!({ "code": code, "state": answer["state"] });
    let answer = browser.call_on("auths.loginTypes.Second", "getLoginCode", arguments).await.unwrap();
    browser.login_by_code(&answer["loginCode"], "acme").await.unwrap();
    assert_eq!(browser.user().await.as_deref(), Some("anna"));
    world.call("unbind", json!({ "userId": "anna" })).await.unwrap();
    assert_eq!(browser.user().await, None);
}
