use std::path::Path;

use mti::element::Value;
use mti::login_types::{AuthConfig, Identity, LoginConfig, PublicAuthConfig, UserId, WECHAT_TYPE};
use mti::prelude::*;
use mti::{App, AppBuilder};
use mti_testkit::{LoginContract, SimulatedWeChat, Tree, WeChatCredentials};
use serde_json::json;
use tempfile::TempDir;

const LOGIN: &str = "auths.loginTypes.MyWeChatLogin";

/// An app that overrides the Type of WeChat logins with a level.
const OVERRIDING: &str = r#"
//- app.json
{ "appId": "acme.override", "version": "1.0.0", "extends": [{ "appId": "acme.demo", "version": "^0.1" }] }
//- auths/loginTypes/WeChatType/e.json
{ "backend": "rust" }
"#;

/// An app with its data and its WeChat.
struct World {
    app: App,
    wechat: SimulatedWeChat,
    _data: TempDir,
}

impl World {
    async fn new(directory: &Path, config: Value, build: impl FnOnce(AppBuilder) -> AppBuilder) -> Self {
        let wechat = SimulatedWeChat::start().await;
        let data = TempDir::new().unwrap();
        let builder = App::builder(directory).app_path(vec![apps()]).environment([].into());
        let builder = builder.data(data.path()).type_defaults(WECHAT_TYPE, wechat.endpoints_and(config));
        let app = build(builder).open().unwrap();
        let users = app.get_element("auths.models.UserModel").unwrap();
        users.call("create", json!({ "rowData": { "userId": "user789", "nick": "Ben" } })).await.unwrap();
        Self { app, wechat, _data: data }
    }

    async fn overridden<L: Level>() -> Self {
        let tree = Tree::new(OVERRIDING);
        Self::new(tree.path(), json!({}), |builder| builder.level::<L>("acme.override", WECHAT_TYPE)).await
    }

    async fn run(&self, check: impl AsyncFnOnce(LoginContract<'_>)) {
        let credentials = WeChatCredentials::new(&self.app, LOGIN, &self.wechat).await.unwrap();
        let contract = LoginContract {
            app: &self.app,
            login: LOGIN,
            credentials: &credentials,
            users: ["user456", "user789"],
            people: ["li-si", "mona"],
        };
        check(contract).await;
    }

    /// What the contract says of an app that does not keep to it.
    async fn complaint(self) -> String {
        let run = tokio::spawn(async move { self.run(async |contract| contract.run().await).await });
        let panicked = run.await.expect_err("the contract finds the difference").into_panic();
        panicked.downcast_ref::<String>().cloned().expect("a message")
    }
}

fn apps() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps")
}

#[tokio::test]
async fn the_demo_app_keeps_to_the_contract() {
    let world = World::new(&apps().join("demo"), json!({}), |builder| builder).await;
    world.run(async |contract| contract.run().await).await;
}

#[tokio::test]
async fn the_demo_app_keeps_to_it_when_its_login_is_switched_off() {
    let world = World::new(&apps().join("demo"), json!({ "isActive": false }), |builder| builder).await;
    world.run(async |contract| contract.run_switched_off().await).await;
}

/// Takes everybody for one user.
struct EverybodyIsSomebody;

impl Level for EverybodyIsSomebody {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl WeChatSteps for EverybodyIsSomebody {
    async fn match_user(&self, _: WeChat<'_>, _: Identity) -> Result<Option<UserId>> {
        Ok(Some(UserId::from("user456")))
    }
}

#[tokio::test]
async fn a_way_in_for_strangers_is_found() {
    let complaint = World::overridden::<EverybodyIsSomebody>().await.complaint().await;
    assert!(complaint.contains("nobody here is refused"), "{complaint}");
}

/// Tells front ends the secret.
struct Talkative;

impl Level for Talkative {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl WeChatSteps for Talkative {
    async fn get_login_config(&self, this: WeChat<'_>) -> Result<LoginConfig> {
        let AuthConfig { app_secret, .. } = this.auth_config().await?;
        let auth_config = PublicAuthConfig { app_id: app_secret.reveal().to_owned() };
        Ok(LoginConfig { auth_config, ..this.sup().get_login_config().await? })
    }
}

#[tokio::test]
async fn a_secret_in_an_answer_is_found() {
    let complaint = World::overridden::<Talkative>().await.complaint().await;
    assert!(complaint.contains("holds a secret"), "{complaint}");
}

/// Says that it unbinds.
struct Clinging;

impl Level for Clinging {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl WeChatSteps for Clinging {
    async fn unbind(&self, _: WeChat<'_>, _: UserId) -> Result<mti::login_types::Done> {
        Ok(mti::login_types::Done::new())
    }
}

#[tokio::test]
async fn a_bond_that_does_not_end_is_found() {
    let complaint = World::overridden::<Clinging>().await.complaint().await;
    assert!(complaint.contains("unbound by another user"), "{complaint}");
}
