use mti_element::Fail;
use mti_login_types::{BROWSER_COOKIE, PendingLimit, fails};
use serde_json::json;

use crate::support::{Browser, Person, World, assert_fails};

#[tokio::test]
async fn the_address_has_the_documented_form() {
    let world = World::new().await;
    let browser = world.browser();
    let answer = browser.call("getAuthorizeUrl", json!({})).await.unwrap();
    let state = answer["state"].as_str().unwrap();
    assert_eq!(
        answer["url"],
        format!(
            "https://open.weixin.qq.com/connect/qrconnect?appid=wx0123456789abcdef\
             &redirect_uri=https%3A%2F%2Flogin.example.com%2Facme%2Fshop%2Fauth%2Fcallback\
             &response_type=code&scope=snsapi_login&state={state}#wechat_redirect"
        )
    );
    assert_eq!(answer["expiresIn"], 600);
    assert!((32..=43).contains(&state.len()) && state.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{state}");
    assert!(browser.cookie(BROWSER_COOKIE).is_some());
}

#[tokio::test]
async fn every_state_is_new_and_the_browser_stays_the_same() {
    let world = World::new().await;
    let browser = world.browser();
    let first = browser.state_for("login").await;
    let cookie = browser.cookie(BROWSER_COOKIE);
    assert_ne!(first, browser.state_for("login").await);
    assert_eq!(browser.cookie(BROWSER_COOKIE), cookie);
    assert_ne!(world.browser().state_for("login").await, first);
}

#[tokio::test]
async fn a_cookie_that_is_none_of_ours_is_replaced() {
    let world = World::new().await;
    let browser = world.browser();
    browser.set_cookie(BROWSER_COOKIE, "guessable");
    browser.state_for("login").await;
    assert_ne!(browser.cookie(BROWSER_COOKIE).unwrap(), "guessable");
}

#[tokio::test]
async fn browsers_come_back_to_allowed_addresses_only() {
    let world = World::configured(json!({
        "redirectUri": "https://shop.example.org/callback",
        "redirectUris": ["https://second.example.org/callback"],
    }))
    .await;
    let redirect = async |address: Option<&str>| {
        let answer = world.browser().call("getAuthorizeUrl", json!({ "redirectUri": address })).await?;
        let url = answer["url"].as_str().unwrap().to_owned();
        Ok::<_, mti_element::Failure>(url)
    };
    assert!(redirect(None).await.unwrap().contains("redirect_uri=https%3A%2F%2Fshop.example.org%2Fcallback&"));
    for allowed in [
        "https://shop.example.org/callback",
        "https://second.example.org/callback",
        "https://login.example.com/anything?next=1",
    ] {
        redirect(Some(allowed)).await.unwrap();
    }
    for refused in [
        "",
        "/callback",
        "//evil.example/callback",
        "https:evil.example",
        "https:/evil.example/",
        "https:///evil.example/",
        "https:\\\\evil.example",
        "\\evil.example",
        "/%09/evil.example",
        "https://login.example.com@evil.example/",
        "https://login.example.com:8443/",
        "http://login.example.com/",
        "https://login.example.com.evil.example/",
        "https://login.example.com\\.evil.example/",
        "https://login。example。com.evil.example/",
        "https://shop.example.org/callback/more",
        "https://shop.example.org/callback?x=1",
        "https://login.example.com/#/route",
        "https://login.example.com/\u{0}",
        "https://login.example.com/ x",
        "javascript:alert(1)",
        "data:text/html,x",
    ] {
        let failure = assert_fails(redirect(Some(refused)).await, Fail::API_PARAMS_ERROR);
        assert!(failure.message().contains("redirectUri"), "{refused}: {failure}");
    }
}

#[tokio::test]
async fn a_bind_is_begun_by_who_is_signed_in() {
    let world = World::new().await;
    let browser = world.browser();
    assert_fails(browser.call("getAuthorizeUrl", json!({ "purpose": "bind" })).await, Fail::LOGIN_REQUIRED);
    assert_fails(browser.call("getAuthorizeUrl", json!({ "purpose": "rule" })).await, Fail::API_PARAMS_ERROR);
    world.bound("anna", Person::new("a")).await;
    browser.sign_in(Person::new("a")).await;
    browser.state_for("bind").await;
}

#[tokio::test]
async fn a_browser_has_a_bounded_number_of_sign_ins_under_way() {
    let world = World::new().await;
    let browser = world.browser();
    for _ in 0..32 {
        browser.state_for("login").await;
    }
    world.advance(100);
    let failure = assert_fails(browser.call("getAuthorizeUrl", json!({})).await, Fail::RATE_LIMITED);
    assert_eq!(failure.retry_after_seconds(), Some(500));
    world.browser().state_for("login").await;
    world.advance(501);
    browser.state_for("login").await;
}

#[tokio::test]
async fn a_user_has_a_bounded_number_of_sign_ins_under_way_in_all_his_browsers() {
    let world = World::new().await;
    world.bound("anna", Person::new("a")).await;
    world.bound("ben", Person::new("b")).await;
    let (anna, bert) = (world.browser(), world.browser());
    anna.sign_in(Person::new("a")).await;
    bert.sign_in(Person::new("b")).await;
    let elsewhere = async |browser: &Browser<'_>, number: usize| {
        browser.set_cookie(BROWSER_COOKIE, &format!("{number:043}"));
        browser.call("getAuthorizeUrl", json!({})).await
    };
    for number in 0..32 {
        elsewhere(&anna, number).await.unwrap();
    }
    world.advance(100);
    let failure = assert_fails(elsewhere(&anna, 32).await, Fail::RATE_LIMITED);
    assert_eq!(failure.retry_after_seconds(), Some(500));
    // Neither another user is held up by that, nor the browser that he came with.
    elsewhere(&bert, 0).await.unwrap();
    let nobody = world.browser();
    elsewhere(&nobody, 0).await.unwrap();
}

#[tokio::test]
async fn the_oldest_sign_ins_expire_when_there_is_no_room_left_and_nobody_is_refused() {
    let world = World::with(json!({}), "", |builder| builder.resource(PendingLimit(8))).await;
    world.bound("anna", Person::new("a")).await;
    let first = world.browser();
    let early = first.state_for("login").await;
    for _ in 0..40 {
        world.browser().state_for("login").await;
    }
    let last = world.browser();
    let late = last.state_for("login").await;
    let kept = world.rows("auths.loginTypes.models.LoginStateModel").await.len();
    assert!((4..=11).contains(&kept), "{kept}");
    let code = |state: &str| json!({ "code": world.wechat.code(Person::new("a")), "state": state });
    assert_fails(first.call("getLoginCode", code(&early)).await, fails::STATE_MISMATCH);
    last.call("getLoginCode", code(&late)).await.unwrap();
}

#[tokio::test]
async fn in_process_nothing_is_kept() {
    let world = World::new().await;
    let answer = world.call("getAuthorizeUrl", json!({ "purpose": "bind" })).await.unwrap();
    assert_eq!(answer["state"].as_str().unwrap().len(), 43);
    assert!(world.rows("auths.loginTypes.models.LoginStateModel").await.is_empty());
}
