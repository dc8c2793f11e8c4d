//! The app through the doors that its callers use, against a simulated WeChat.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use mti::login_types::{Clock, Purpose, WECHAT_TYPE, fails};
use mti::prelude::*;
use mti::{App, AppBuilder};
use mti_example_override_wechat::program;
use mti_testkit::{Browser, Credentials as _, LoginContract, SimulatedWeChat, Tree, WeChatCredentials};
use serde_json::json;

/// Declared by `acme.demo`, which knows nothing of this app.
const LOGIN: &str = "auths.loginTypes.MyWeChatLogin";

const NOW: i64 = 1_800_000_000;

/// The app with its code.
fn builder() -> AppBuilder {
    program().app(env!("CARGO_MANIFEST_DIR"))
}

struct World {
    app: App,
    wechat: SimulatedWeChat,
    _data: Tree,
}

impl World {
    async fn new() -> Self {
        Self::configured(json!({})).await
    }

    /// An app whose logins have further config.
    async fn configured(config: Value) -> Self {
        let wechat = SimulatedWeChat::start().await;
        let data = Tree::empty();
        let app = builder()
            .type_defaults(WECHAT_TYPE, wechat.endpoints_and(config))
            .resource(Clock::new(|| NOW))
            .data(data.path())
            .open()
            .unwrap();
        Self { app, wechat, _data: data }
    }

    /// Checks the login of the parent app with two users of it.
    async fn contract(&self, check: impl AsyncFnOnce(LoginContract<'_>)) {
        let users = self.app.get_element("auths.models.UserModel").unwrap();
        users.call("create", json!({ "rowData": { "userId": "user789", "nick": "Ben" } })).await.unwrap();
        let credentials = self.credentials().await;
        let (users, people) = (["user456", "user789"], ["li-si", "mona"]);
        check(LoginContract { app: &self.app, login: LOGIN, credentials: &credentials, users, people }).await;
    }

    async fn credentials(&self) -> WeChatCredentials<'_> {
        WeChatCredentials::new(&self.app, LOGIN, &self.wechat).await.unwrap()
    }

    async fn audit(&self) -> Vec<Row> {
        let sign_ins: Model<'_> = self.app.get("audits.models.SignIn").unwrap();
        sign_ins.query(None, None, None, None, None).await.unwrap().row_datas
    }
}

#[test]
fn the_app_is_without_findings() {
    assert_eq!(builder().open().unwrap().check(), []);
}

#[tokio::test]
async fn it_is_a_login_like_any_other() {
    World::new().await.contract(async |contract| contract.run().await).await;
}

#[tokio::test]
async fn it_can_be_switched_off_like_any_other() {
    let world = World::configured(json!({ "isActive": false })).await;
    world.contract(async |contract| contract.run_switched_off().await).await;
}

#[tokio::test]
async fn a_sign_in_at_an_instance_of_the_parent_app_is_written_down() {
    let world = World::new().await;
    let browser = Browser::new(&world.app);
    let scanned = world.credentials().await.in_browser(&browser, "zhang-san", Purpose::Login).await.unwrap();
    let login = browser.call(LOGIN, "getLoginCode", scanned).await.unwrap();
    browser.begin_session(&login).await.unwrap();
    assert_eq!(browser.user().await.unwrap().as_deref(), Some("user123"));

    let row = json!({ "id": 1, "loginType": LOGIN, "userId": "user123", "address": "127.0.0.1", "signedInAt": NOW });
    assert_eq!(json!(world.audit().await), json!([row]));
}

#[tokio::test]
async fn who_is_refused_is_not_written_down() {
    let world = World::new().await;
    let code = world.credentials().await.of("mona");
    let outcome = world.app.get_element(LOGIN).unwrap().call("getLoginCode", code).await;
    assert!(outcome.unwrap_err().is(fails::USER_AUTH_MISS));
    assert_eq!(world.audit().await, Vec::<Row>::new());
}

#[tokio::test]
async fn without_its_code_the_override_lets_nobody_in() {
    let app = App::open(env!("CARGO_MANIFEST_DIR")).unwrap();
    let failure = app.get_element(LOGIN).unwrap_err();
    assert!(!failure.diagnostics().is_empty(), "{failure:?}");
}
