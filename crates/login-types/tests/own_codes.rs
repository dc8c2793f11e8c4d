//! QR codes that a page shows by itself: what levels make of them, and what WeChat may answer.

use std::sync::atomic::{AtomicUsize, Ordering};

use mti_element::{Fail, Level, OpenContext, Result, level};
use mti_login_types::{CodeNews, CodeStatus, LoginCode, OpenedCode, WeChat, WeChatSteps, fails};
use mti_registry::AppBuilder;
use serde_json::{Value, json};

use crate::support::{Browser, Person, World, assert_fails};

const PICTURE: &str = "data:image/png;base64,iVBORw0KGgo=";

/// Has codes of its own, and answers of its own about them: what the name of a code says.
struct OwnWeChat {
    pages: AtomicUsize,
    polls: AtomicUsize,
    code: String,
}

impl Level for OwnWeChat {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        let code = context.definition().config.value()["testCode"].as_str().unwrap_or_default().to_owned();
        Ok(Self { pages: AtomicUsize::new(0), polls: AtomicUsize::new(0), code })
    }
}

#[level]
impl WeChatSteps for OwnWeChat {
    async fn open_code(&self, _: WeChat<'_>, authorize_url: String) -> Result<OpenedCode> {
        assert!(authorize_url.starts_with("https://open.weixin.qq.com/connect/qrconnect?"), "{authorize_url}");
        let page = self.pages.fetch_add(1, Ordering::SeqCst);
        if self.code == "closed" || page > 0 {
            return Err(fails::WECHAT_UNAVAILABLE.into());
        }
        Ok(OpenedCode { uuid: self.code.clone(), picture: PICTURE.to_owned() })
    }

    async fn poll_code(&self, _: WeChat<'_>, uuid: String, seen: CodeStatus) -> Result<CodeNews> {
        let poll = self.polls.fetch_add(1, Ordering::SeqCst);
        match uuid.as_str() {
            "broken" => Err(fails::WECHAT_UNAVAILABLE.into()),
            "shaky" if poll == 0 => Err(fails::WECHAT_UNAVAILABLE.into()),
            "shaky" => Ok(CodeStatus::Scanned.into()),
            "empty" => Ok(CodeStatus::Confirmed.into()),
            "echo" => Ok(seen.into()),
            code => Ok(CodeNews { status: CodeStatus::Confirmed, code: Some(code.to_owned()) }),
        }
    }

    async fn get_login_code(&self, this: WeChat<'_>, code: String, state: Option<String>) -> Result<LoginCode> {
        if code == "refused-by-policy" {
            return Err(Fail::PERMISSION_DENIED.into());
        }
        this.sup().get_login_code(code, state).await
    }
}

async fn world(code: &str) -> World {
    let files = "//- auths/loginTypes/WeChatType/e.json\n{ \"backend\": \"rust\" }\n";
    let build = |builder: AppBuilder| builder.level::<OwnWeChat>("acme.shop", "auths.loginTypes.WeChatType");
    World::with(json!({ "codeDisplay": "own", "testCode": code }), files, build).await
}

async fn shown(browser: &Browser<'_>) -> String {
    let state = browser.state_for("login").await;
    let answer = browser.call("showCode", json!({ "state": state })).await.unwrap();
    assert_eq!(answer, json!({ "picture": PICTURE, "expiresIn": 600 }));
    state
}

async fn followed(code: &str) -> Result<Value> {
    let world = world(code).await;
    let browser = world.browser();
    let state = shown(&browser).await;
    browser.call("followCode", json!({ "state": state })).await
}

#[tokio::test]
async fn a_confirmation_without_a_code_and_polls_that_fail_are_no_sign_in() {
    assert_eq!(followed("empty").await.unwrap(), json!({ "status": "expired" }));
    assert_eq!(followed("broken").await.unwrap(), json!({ "status": "expired" }));
    assert_eq!(followed("shaky").await.unwrap(), json!({ "status": "scanned" }), "one that fails is tried again");
}

#[tokio::test]
async fn a_confirmed_code_goes_through_get_login_code_and_its_overrides() {
    assert_fails(followed("refused-by-policy").await, Fail::PERMISSION_DENIED);
    // One that WeChat does not know is refused as any other, and the state is used up.
    let world = world("0a1b2c3d").await;
    let browser = world.browser();
    let state = shown(&browser).await;
    let follow = async || browser.call("followCode", json!({ "state": state })).await;
    assert_fails(follow().await, fails::WECHAT_CODE_INVALID);
    assert_fails(follow().await, fails::STATE_MISMATCH);
}

#[tokio::test]
async fn wechat_is_asked_for_one_code_of_a_state() {
    for code in ["echo", "closed"] {
        let world = world(code).await;
        let browser = world.browser();
        let state = browser.state_for("login").await;
        let show = async || browser.call("showCode", json!({ "state": state })).await;
        assert_eq!(show().await.is_ok(), code == "echo");
        assert_fails(show().await, fails::STATE_MISMATCH);
    }
    let closed = world("closed").await;
    let browser = closed.browser();
    let state = browser.state_for("login").await;
    assert_fails(browser.call("showCode", json!({ "state": state })).await, fails::WECHAT_UNAVAILABLE);
    assert_fails(browser.call("followCode", json!({ "state": state })).await, fails::STATE_MISMATCH);
}

#[tokio::test]
async fn what_was_seen_is_one_of_the_states() {
    let world = world("echo").await;
    let browser = world.browser();
    let state = shown(&browser).await;
    for seen in ["waiting", "scanned", "cancelled"] {
        let answer = browser.call("followCode", json!({ "state": state, "seen": seen })).await.unwrap();
        assert_eq!(answer, json!({ "status": seen }));
    }
    for seen in ["expired", "confirmed", "&last=405"] {
        let answer = browser.call("followCode", json!({ "state": state, "seen": seen })).await;
        assert_fails(answer, Fail::API_PARAMS_ERROR);
    }
}

#[tokio::test]
async fn a_code_lives_no_longer_than_its_state_and_a_login_that_is_switched_off_has_none() {
    let world = world("echo").await;
    let browser = world.browser();
    let state = shown(&browser).await;
    world.advance(601);
    assert_fails(browser.call("followCode", json!({ "state": state })).await, fails::STATE_MISMATCH);

    let off = World::configured(json!({ "codeDisplay": "own", "isActive": false })).await;
    let browser = off.browser();
    let state = browser.state_for("login").await;
    for function in ["showCode", "followCode"] {
        assert_fails(browser.call(function, json!({ "state": state })).await, fails::LOGIN_TYPE_INACTIVE);
    }
}

#[tokio::test]
async fn a_code_is_for_browsers_and_for_addresses_that_are_allowed() {
    let world = world("echo").await;
    let state = world.call("getAuthorizeUrl", json!({})).await.unwrap()["state"].clone();
    for function in ["showCode", "followCode"] {
        let failure = assert_fails(world.call(function, json!({ "state": state })).await, Fail::API_PARAMS_ERROR);
        assert!(failure.message().contains("getAuthorizeUrl"), "{failure}");
    }
    let browser = world.browser();
    let state = browser.state_for("login").await;
    let elsewhere = json!({ "state": state, "redirectUri": "https://evil.example/" });
    assert_fails(browser.call("showCode", elsewhere).await, Fail::API_PARAMS_ERROR);
}

#[tokio::test]
async fn a_person_who_is_somebody_signs_in() {
    const ANNA: Person = Person::new("open-anna");
    let code = "0a1b2c3d4e5f6a7b8c9d0e0000000001";
    let world = world(code).await;
    world.bound("anna", ANNA).await;
    assert_eq!(world.wechat.code(ANNA), code, "the second code that the open platform gives out");
    let browser = world.browser();
    let state = shown(&browser).await;
    let answer = browser.call("followCode", json!({ "state": state, "seen": "scanned" })).await.unwrap();
    assert_eq!(answer["status"], "confirmed");
    assert_eq!(answer["result"]["corpList"].as_array().map(Vec::len), Some(2));
    assert!(answer["result"]["loginCode"].is_string());
}
