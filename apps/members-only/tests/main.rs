//! The app through the doors that its callers use, against a simulated WeChat.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use mti::login_types::{Purpose, WECHAT_TYPE, fails};
use mti::prelude::*;
use mti::{App, AppBuilder};
use mti_example_members_only::program;
use mti_testkit::{Browser, Credentials as _, LoginContract, SimulatedWeChat, Tree, WeChatCredentials};
use serde_json::json;

const LOGIN: &str = "auths.loginTypes.StaffLogin";

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
        let app = builder().type_defaults(WECHAT_TYPE, wechat.endpoints_and(config)).data(data.path()).open().unwrap();
        Self { app, wechat, _data: data }
    }

    async fn contract(&self, check: impl AsyncFnOnce(LoginContract<'_>)) {
        let credentials = self.credentials().await;
        let (users, people) = (["ann", "ben"], ["li-si", "mona"]);
        check(LoginContract { app: &self.app, login: LOGIN, credentials: &credentials, users, people }).await;
    }

    async fn credentials(&self) -> WeChatCredentials<'_> {
        WeChatCredentials::new(&self.app, LOGIN, &self.wechat).await.unwrap()
    }

    /// Calls the login in process.
    async fn call(&self, method: &str, arguments: Value) -> Result<Value> {
        self.app.get_element(LOGIN)?.call(method, arguments).await
    }

    /// Signs a person in, in process.
    async fn login_code(&self, person: &str) -> Result<Value> {
        self.call("getLoginCode", self.credentials().await.of(person)).await
    }

    /// Binds a person to a user.
    async fn bind(&self, user: &str, person: &str) {
        let mut arguments = self.credentials().await.of(person);
        arguments["userId"] = json!(user);
        self.call("bind", arguments).await.unwrap();
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
async fn a_member_signs_in_to_the_one_organisation() {
    let world = World::new().await;
    world.bind("ann", "li-si").await;
    let login = world.login_code("li-si").await.unwrap();
    assert_eq!(login["corpList"], json!([{ "corpId": "panda", "corpName": "熊猫实验室" }]), "and not to her other one");
}

#[tokio::test]
async fn a_user_who_is_no_member_is_refused() {
    let world = World::new().await;
    world.bind("guest", "mona").await;
    let failure = world.login_code("mona").await.unwrap_err();
    assert!(failure.is(Fail::PERMISSION_DENIED) && failure.message().contains("members"), "{failure}");
}

#[tokio::test]
async fn a_newcomer_goes_by_the_wechat_nickname_and_signs_in_once_a_member() {
    let world = World::new().await;
    let browser = Browser::new(&world.app);
    let credentials = world.credentials().await;
    let scanned = credentials.in_browser(&browser, "li-si", Purpose::Login).await.unwrap();
    let miss = browser.call(LOGIN, "getLoginCode", scanned).await.unwrap_err();
    assert!(miss.is(fails::USER_AUTH_MISS), "{miss}");

    let arguments = json!({ "bindTicket": miss.data().unwrap()["bindTicket"], "nick": "the boss" });
    let not_yet = browser.call(LOGIN, "register", arguments).await.unwrap_err();
    assert!(not_yet.is(Fail::PERMISSION_DENIED), "{not_yet}");

    let users: Model<'_> = world.app.get("auths.models.UserModel").unwrap();
    let newcomer = users.get(Filter::equal("nick", "李四"), None).await.unwrap().expect("he is a user");
    let members = world.app.get_element("corps.models.CorpMember").unwrap();
    let membership = json!({ "rowData": { "corpId": "panda", "userId": newcomer["userId"] } });
    members.call("create", membership).await.unwrap();

    let scanned = credentials.in_browser(&browser, "li-si", Purpose::Login).await.unwrap();
    let login = browser.call(LOGIN, "getLoginCode", scanned).await.unwrap();
    let session = browser.begin_session(&login).await.unwrap();
    assert_eq!((&session["userId"], &session["corpId"]), (&newcomer["userId"], &json!("panda")));
}

#[tokio::test]
async fn an_instance_without_an_organisation_does_not_load() {
    let tree = Tree::new(include_str!("without_corp.tree"));
    let app = program().app(tree.path()).app_path(vec![env!("CARGO_MANIFEST_DIR").into()]).open().unwrap();
    let findings = app.check();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].message.contains("`corpId`"), "{findings:?}");
    assert!(app.get_element("auths.loginTypes.Careless").is_err());
}
