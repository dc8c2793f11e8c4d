use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use mti_core::{AppId, DiskFiles};
use mti_data::{DataDirectory, Row};
use mti_element::{Element, Failure, Value};
use mti_login_types::{Clock, PublicUrl, sweep};
use mti_registry::{App, AppBuilder};
use mti_testkit::Tree;
use serde_json::json;
use tempfile::TempDir;

use super::{Browser, FakeWeChat, Person};

pub(crate) const LOGIN: &str = "auths.loginTypes.MyWeChatLogin";
pub(crate) const PASSWORD_LOGIN: &str = "auths.loginTypes.PasswordLogin";
pub(crate) const PASSWORD_ACCOUNTS: &str = "auths.loginTypes.PasswordType.PasswordAuthModel";
pub(crate) const SERVICE: &str = "auths.loginTypes.services.AuthSvc";
pub(crate) const CORP: &str = "acme";
pub(crate) const SECRET: &str = "secret-0123456789abcdef";
const BINDINGS: &str = "auths.loginTypes.WeChatType.WeChatAuthModel";

/// An app with a WeChat login, a few users, and an open platform of its own.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) wechat: FakeWeChat,
    clock: Arc<AtomicI64>,
    tree: Tree,
    _data: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(json!({}), "", |builder| builder).await
    }

    /// An app whose login has further config.
    pub(crate) async fn configured(config: Value) -> Self {
        Self::with(config, "", |builder| builder).await
    }

    /// An app with further config of its login, further files, and further code.
    pub(crate) async fn with(config: Value, files: &str, build: impl FnOnce(AppBuilder) -> AppBuilder) -> Self {
        let wechat = FakeWeChat::start().await;
        let tree = Tree::new(include_str!("world.tree"));
        let mut merged = json!({
            "authConfig": { "appId": "wx0123456789abcdef", "appSecret": SECRET },
            "endpoints": { "api": wechat.url() },
        });
        for (key, value) in config.as_object().unwrap() {
            merged[key] = value.clone();
        }
        tree.write("auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json", merged.to_string());
        tree.write_all(&files.replace("{wechat}", &wechat.url()).replace("{secret}", SECRET));
        let data = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(1_800_000_000));
        let reading = Arc::clone(&clock);
        let mut builder = App::builder(tree.path())
            .embedded(Arc::new(DiskFiles::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps/base"))))
            .default_parent(AppId::parse("mti.base").unwrap())
            .resource(DataDirectory(data.path().to_owned()))
            .resource(Clock::new(move || reading.load(Ordering::SeqCst)))
            .resource(PublicUrl("https://login.example.com".parse().unwrap()));
        for (element, code) in mti_login_types::levels().into_iter().chain(mti_data::levels()) {
            builder = builder.code("mti.base", element, code);
        }
        let app = build(builder).open().unwrap();
        Self { app, wechat, clock, tree, _data: data }
    }

    /// Writes files anew and reloads.
    pub(crate) fn edit(&self, files: &str) {
        self.tree.write_all(files);
        self.app.reload(None).unwrap();
    }

    pub(crate) fn element(&self, name: &str) -> Element {
        self.app.get_element(name).unwrap()
    }

    /// Calls the login in process.
    pub(crate) async fn call(&self, method: &str, arguments: Value) -> Result<Value, Failure> {
        self.app.get_element(LOGIN)?.call(method, arguments).await
    }

    /// Binds in process.
    pub(crate) async fn bound(&self, user_id: &str, person: Person) {
        let code = self.wechat.code(person);
        self.call("bind", json!({ "userId": user_id, "code": code })).await.unwrap();
    }

    /// Calls the password login in process.
    pub(crate) async fn password_call(&self, method: &str, arguments: Value) -> Result<Value, Failure> {
        self.app.get_element(PASSWORD_LOGIN)?.call(method, arguments).await
    }

    /// Gives a user a name and a password, in process.
    pub(crate) async fn named(&self, user_id: &str, username: &str, password: &str) {
        let arguments = json!({ "userId": user_id, "username": username, "password": password });
        self.password_call("bind", arguments).await.unwrap();
    }

    /// A browser that was never here.
    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser::new(self)
    }

    /// Every row of a model.
    pub(crate) async fn rows(&self, model: &str) -> Vec<Row> {
        let answer = self.element(model).call("query", json!({ "size": 1000 })).await.unwrap();
        answer["rowDatas"].as_array().unwrap().iter().map(|row| row.as_object().unwrap().clone()).collect()
    }

    /// The users, openIds and unionIds that belong together.
    pub(crate) async fn bindings(&self) -> Vec<(String, String, Option<String>)> {
        let text = |row: &Row, field: &str| row[field].as_str().map(str::to_owned);
        let mut bindings: Vec<_> = self
            .rows(BINDINGS)
            .await
            .iter()
            .map(|row| (text(row, "userId").unwrap(), text(row, "openId").unwrap(), text(row, "unionId")))
            .collect();
        bindings.sort();
        bindings
    }

    /// Adds a row.
    pub(crate) async fn add(&self, model: &str, row: Value) {
        self.element(model).call("create", json!({ "rowData": row })).await.unwrap();
    }

    /// Changes the rows that match.
    pub(crate) async fn change(&self, model: &str, filter: &str, changes: Value) {
        let arguments = json!({ "filter": filter, "updateData": changes });
        self.element(model).call("updateByFilter", arguments).await.unwrap();
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn sweep(&self) -> u64 {
        sweep(self.app.view()).await.unwrap().rows
    }
}
