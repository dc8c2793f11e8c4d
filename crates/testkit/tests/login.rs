use std::path::Path;

use mti::element::Value;
use mti::login_types::{
    AuthConfig, Identity, LoginConfig, PASSWORD_TYPE, Password, PasswordLogin, PasswordSteps, PublicAuthConfig, UserId,
    WECHAT_TYPE,
};
use mti::prelude::*;
use mti::{App, AppBuilder};
use mti_testkit::{Credentials, LoginContract, PasswordCredentials, SimulatedWeChat, Tree, WeChatCredentials};
use serde_json::json;
use tempfile::TempDir;

const LOGIN: &str = "auths.loginTypes.MyWeChatLogin";
const PASSWORD_LOGIN: &str = "auths.loginTypes.PasswordLogin";

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
        check(self.contract(LOGIN, &credentials)).await;
    }

    fn contract<'a>(&'a self, login: &'a str, credentials: &'a dyn Credentials) -> LoginContract<'a> {
        let (users, people) = (["user456", "user789"], ["li-si", "mona"]);
        LoginContract { app: &self.app, login, credentials, users, people }
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

#[tokio::test]
async fn the_password_login_keeps_to_the_same_contract() {
    let world = World::new(&apps().join("demo"), json!({}), |builder| builder).await;
    world.contract(PASSWORD_LOGIN, &PasswordCredentials).run().await;
}

#[tokio::test]
async fn the_password_login_keeps_to_it_when_it_is_switched_off() {
    let switched_off = |builder: AppBuilder| builder.type_defaults(PASSWORD_TYPE, json!({ "isActive": false }));
    let world = World::new(&apps().join("demo"), json!({}), switched_off).await;
    world.contract(PASSWORD_LOGIN, &PasswordCredentials).run_switched_off().await;
}

/// Takes every password for the right one, and unknown people for one user.
struct Credulous;

impl Level for Credulous {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl PasswordSteps for Credulous {
    async fn match_user(&self, this: PasswordLogin<'_>, username: String) -> Result<Option<UserId>> {
        Ok(this.sup().match_user(username).await?.or(Some(UserId::from("user456"))))
    }

    async fn verify_password(&self, _: PasswordLogin<'_>, user_id: Option<UserId>, _: Password) -> Result<bool> {
        Ok(user_id.is_some())
    }
}

#[tokio::test]
async fn a_password_login_that_believes_everybody_is_found() {
    let tree = Tree::new(&OVERRIDING.replace("WeChatType", "PasswordType"));
    let credulous = |builder: AppBuilder| builder.level::<Credulous>("acme.override", PASSWORD_TYPE);
    let world = World::new(tree.path(), json!({}), credulous).await;
    let run = tokio::spawn(async move { world.contract(PASSWORD_LOGIN, &PasswordCredentials).run().await });
    let panicked = run.await.expect_err("the contract finds the difference").into_panic();
    let complaint = panicked.downcast_ref::<String>().expect("a message");
    assert!(complaint.contains("made-up credentials are refused"), "{complaint}");
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
