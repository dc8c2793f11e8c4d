use mti_element::{Fail, Value};
use mti_login_types::fails;
use serde_json::json;

use crate::support::{Browser, Person, World, assert_fails};

const ANNA: Person = Person::new("open-anna");
const NEW: Person = Person::new("open-new").with_union_id("union-new");
const PASSING: Person = Person::new("open-passing");

async fn open_world() -> World {
    let open = r#"
//- auths/loginTypes/MyWeChatLogin/e.json
{ "title": "WeChat", "type": "auths.loginTypes.WeChatType", "allowRegister": 1 }
"#;
    World::with(json!({}), open, |builder| builder).await
}

async fn ticket(browser: &Browser<'_>, person: Person) -> Value {
    let failure = assert_fails(browser.login_code(person).await, fails::USER_AUTH_MISS);
    failure.data().unwrap()["bindTicket"].clone()
}

#[tokio::test]
async fn a_ticket_binds_the_caller() {
    let world = World::new().await;
    world.bound("anna", ANNA).await;
    let browser = world.browser();
    browser.sign_in(ANNA).await;
    let ticket = ticket(&browser, NEW).await;
    let bound = browser.call("bindByTicket", json!({ "bindTicket": ticket })).await.unwrap();
    assert_eq!(bound, json!({ "success": true, "message": "操作成功" }));
    let expected = ("anna".to_owned(), "open-new".to_owned(), Some("union-new".to_owned()));
    assert_eq!(world.bindings().await, [expected]);
    let again = browser.call("bindByTicket", json!({ "bindTicket": ticket })).await;
    assert_fails(again, fails::LOGIN_CODE_INVALID);
}

#[tokio::test]
async fn a_ticket_is_bound_to_its_browser_and_expires() {
    let world = open_world().await;
    world.bound("anna", ANNA).await;
    let finder = world.browser();
    finder.sign_in(ANNA).await;
    let owner = world.browser();
    let stolen = ticket(&owner, NEW).await;
    for (browser, method) in [(&finder, "bindByTicket"), (&finder, "register")] {
        assert_fails(browser.call(method, json!({ "bindTicket": stolen })).await, fails::LOGIN_CODE_INVALID);
    }
    world.advance(300);
    assert_fails(owner.call("register", json!({ "bindTicket": stolen })).await, fails::LOGIN_CODE_INVALID);
    for invented in [json!("A".repeat(43)), json!(""), json!("x")] {
        let outcome = owner.call("register", json!({ "bindTicket": invented })).await;
        assert_fails(outcome, fails::LOGIN_CODE_INVALID);
    }
}

#[tokio::test]
async fn a_ticket_cannot_take_over_an_account_that_was_bound_meanwhile() {
    let world = World::new().await;
    world.bound("anna", ANNA).await;
    let browser = world.browser();
    browser.sign_in(ANNA).await;
    let ticket = ticket(&browser, PASSING).await;
    world.bound("ben", PASSING).await;
    assert_fails(browser.call("bindByTicket", json!({ "bindTicket": ticket })).await, fails::AUTH_CONFLICT);
}

#[tokio::test]
async fn in_process_there_is_no_caller_to_bind() {
    let world = World::new().await;
    assert_fails(world.call("bindByTicket", json!({ "bindTicket": "t" })).await, Fail::LOGIN_REQUIRED);
}

#[tokio::test]
async fn nobody_registers_where_it_is_not_allowed() {
    let world = World::new().await;
    let browser = world.browser();
    let ticket = ticket(&browser, NEW).await;
    assert_fails(browser.call("register", json!({ "bindTicket": ticket })).await, Fail::PERMISSION_DENIED);
    assert_eq!(world.rows("auths.models.UserModel").await.len(), 4);
}

#[tokio::test]
async fn a_stranger_registers_and_signs_in() {
    let world = open_world().await;
    let browser = world.browser();
    let ticket = ticket(&browser, NEW).await;
    let answer = browser.call("register", json!({ "bindTicket": ticket, "nick": " Newcomer\u{7} " })).await.unwrap();
    assert_eq!(answer["corpList"], json!([]));
    browser.login_by_code(&answer["loginCode"], "").await.unwrap();
    let user_id = browser.user().await.unwrap();
    let users = world.rows("auths.models.UserModel").await;
    let user = users.iter().find(|user| user["userId"] == *user_id).unwrap();
    assert_eq!((&user["nick"], &user["isActive"], &user["isAdmin"]), (&json!("Newcomer"), &json!(true), &json!(false)));
    assert_eq!(world.bindings().await, [(user_id, "open-new".to_owned(), Some("union-new".to_owned()))]);

    let later = world.browser();
    later.sign_in(NEW).await;
    assert_eq!(later.user().await, browser.user().await);
}

#[tokio::test]
async fn a_name_of_which_nothing_is_to_be_seen_is_none() {
    let world = open_world().await;
    let registered = async |number: usize, nick: &str| {
        let open_id: &'static str = Box::leak(format!("open-{number}").into_boxed_str());
        let code = world.wechat.code(Person::new(open_id));
        world.wechat.profile(&code, &json!({ "openid": open_id, "nickname": nick }));
        let failure = world.call("getLoginCode", json!({ "code": code })).await.unwrap_err();
        let ticket = &failure.data().unwrap()["bindTicket"];
        world.call("register", json!({ "bindTicket": ticket, "nick": nick })).await.unwrap();
        world.rows("auths.models.UserModel").await.last().unwrap()["nick"].clone()
    };
    let invisible = [
        " ",
        "\u{3164}",
        "\u{200b}",
        "\u{2800}",
        "\u{feff}",
        "\u{ad}",
        "\u{115f}\u{1160}",
        "\u{ffa0}",
        "\u{202e}",
        "\u{2066}\u{2069}",
        "\u{fe0f}",
        "\u{200d}\u{200c}",
        "\u{e0041}",
        "\u{3000}\u{2800} \u{200b}",
    ];
    for (number, nick) in invisible.into_iter().enumerate() {
        assert_eq!(registered(number, nick).await, "微信用户", "{nick:?}");
    }
    let kept = [
        ("\u{202e}nimda", "nimda"),
        ("a\u{2067}b\u{200b}c\u{feff}", "abc"),
        ("\u{3164}x", "\u{3164}x"),
        ("می\u{200c}خواهم", "می\u{200c}خواهم"),
        ("👨\u{200d}👩\u{200d}👧", "👨\u{200d}👩\u{200d}👧"),
        ("❤\u{fe0f}", "❤\u{fe0f}"),
        ("🏴\u{e0067}\u{e0062}\u{e007f}", "🏴\u{e0067}\u{e0062}\u{e007f}"),
        ("\u{e000}", "\u{e000}"),
    ];
    for (number, (nick, expected)) in kept.into_iter().enumerate() {
        assert_eq!(registered(100 + number, nick).await, expected, "{nick:?}");
    }
}

#[tokio::test]
async fn a_registration_in_process_needs_no_browser() {
    let world = open_world().await;
    let failure = world.call("getLoginCode", json!({ "code": world.wechat.code(NEW) })).await.unwrap_err();
    let ticket = &failure.data().unwrap()["bindTicket"];
    let answer = world.call("register", json!({ "bindTicket": ticket })).await.unwrap();
    assert!(answer["loginCode"].is_string());
    assert_eq!(world.bindings().await.len(), 1);
}

#[tokio::test]
async fn a_name_that_nobody_could_show_is_refused_and_the_ticket_stays_good() {
    let world = open_world().await;
    let browser = world.browser();
    let ticket = ticket(&browser, NEW).await;
    let outcome = browser.call("register", json!({ "bindTicket": ticket, "nick": "x".repeat(65) })).await;
    assert_fails(outcome, Fail::API_PARAMS_ERROR);
    browser.call("register", json!({ "bindTicket": ticket, "nick": "💤".repeat(64) })).await.unwrap();
}
