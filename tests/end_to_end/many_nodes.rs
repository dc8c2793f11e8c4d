//! Several processes that serve one app on one PostgreSQL database.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use mti::App;
use mti::prelude::*;
use mti_testkit::database::TestDatabase;
use serde_json::{Value, json};

use crate::support::{Answer, Browser, LOGIN, Server, Tree, demo, eventually, mti_in};

const PASSWORD_LOGIN: &str = "auths.loginTypes.PasswordLogin";
const AUTH_SERVICE: &str = "auths.loginTypes.services.AuthSvc";
const PASSWORD: &str = "demo-zhangsan";

/// An installation: an app, its database, its nodes, and a simulated WeChat.
struct Installation {
    app: Tree,
    database: TestDatabase,
    simulator: Server,
    nodes: Vec<Server>,
}

impl Installation {
    /// Starts nodes at once: whoever comes first makes the tables.
    fn of(nodes: usize) -> Self {
        let app = demo();
        let simulator = Server::start(app.path(), &["wechat-sim", "--bind", "127.0.0.1:0"]);
        let endpoint = simulator.origin();
        let config = json!({
            "authConfig": {"appId": "wx0123456789abcdef", "appSecret": "0123456789abcdef0123456789abcdef"},
            "endpoints": {"open": endpoint, "api": endpoint},
            // The nodes stand behind one address, as behind a balancer.
            "redirectUri": "http://127.0.0.1:8080/acme/demo/auth/callback",
        });
        app.write("auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json", &config.to_string());
        app.write(
            "auths/loginTypes/PasswordLogin/e.json",
            r#"{"type": "auths.loginTypes.PasswordType", "title": "Password"}"#,
        );
        let mut installation = Self { app, database: TestDatabase::new(), simulator, nodes: Vec::new() };
        let started = std::thread::scope(|scope| {
            let starting: Vec<_> = (0..nodes).map(|_| scope.spawn(|| installation.start())).collect();
            starting.into_iter().map(|node| node.join().expect("a node")).collect()
        });
        installation.nodes = started;
        installation
    }

    fn start(&self) -> Server {
        Server::start(self.app.path(), &["serve", "--bind", "127.0.0.1:0", "--database-url", &self.database.url()])
    }

    /// A browser that has been nowhere, at a node.
    fn browser(&self, node: usize) -> Browser {
        Browser::at(&self.nodes[node]).using(&self.simulator)
    }

    /// The same browser, whom the balancer sends to another node.
    fn to(&self, browser: Browser, node: usize) -> Browser {
        browser.moved_to(&self.nodes[node]).using(&self.simulator)
    }

    /// Gives a user of the app a name and a password.
    async fn named(&self, user: &str) {
        let mut browser = self.browser(0);
        browser.register("li-si").await;
        let own = browser.current_user().await.data()["userId"].clone();
        let arguments = json!({"userId": own, "username": user, "password": PASSWORD});
        browser.call(PASSWORD_LOGIN, "bind", arguments).await.data();
    }
}

fn password(user: &str, password: &str) -> Value {
    json!({"username": user, "password": password})
}

/// How many answers there were of each kind.
fn kinds(answers: &[Answer]) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for answer in answers {
        let kind = answer.envelope["error"].as_str().unwrap_or("ok");
        *kinds.entry(kind.to_owned()).or_default() += 1;
    }
    kinds
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_begins_on_one_node_ends_on_another() {
    let installation = Installation::of(3);
    let mut browser = installation.browser(0);
    let (code, state) = browser.scan("zhang-san", "login").await;
    let mut browser = installation.to(browser, 1);
    let unknown = browser.call(LOGIN, "getLoginCode", json!({"code": code, "state": state})).await;
    assert_eq!(unknown.error(), "USER_AUTH_MISS");
    let ticket = unknown.envelope["data"]["bindTicket"].clone();
    let mut browser = installation.to(browser, 2);
    let login = browser.call(LOGIN, "register", json!({"bindTicket": ticket})).await.data();
    let mut browser = installation.to(browser, 0);
    let session = browser.sign_in(&login, "").await;
    for node in [1, 2, 0] {
        browser = installation.to(browser, node);
        assert_eq!(browser.current_user().await.data()["userId"], session["userId"]);
    }
    browser = installation.to(browser, 2);
    browser.call(AUTH_SERVICE, "logout", json!({})).await.data();
    for node in [0, 1, 2] {
        browser = installation.to(browser, node);
        assert_eq!(browser.current_user().await.error(), "LOGIN_REQUIRED");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_nodes_that_race_for_one_state_or_one_login_code_one_wins() {
    let installation = Installation::of(2);
    let mut browser = installation.browser(0);
    browser.register("zhang-san").await;
    for _ in 0..5 {
        let (code, state) = browser.scan("zhang-san", "login").await;
        let brought = json!({"code": code, "state": state});
        let answers = racing(&installation, &browser, LOGIN, "getLoginCode", &brought).await;
        let counts = kinds(&answers);
        assert_eq!((counts["ok"], counts["STATE_MISMATCH"], answers.len()), (1, 15, 16), "{counts:?}");

        let login = answers.into_iter().find(|answer| answer.status == 200).expect("a winner").data();
        let brought = json!({"loginCode": login["loginCode"], "corp": "", "platform": "web"});
        let answers = racing(&installation, &browser, AUTH_SERVICE, "loginByCode", &brought).await;
        let counts = kinds(&answers);
        assert_eq!((counts["ok"], counts["LOGIN_CODE_INVALID"]), (1, 15), "{counts:?}");
    }
}

/// One call, made by one browser sixteen times at once, at both nodes in turn.
async fn racing(
    installation: &Installation,
    browser: &Browser,
    element: &str,
    function: &str,
    brought: &Value,
) -> Vec<Answer> {
    let calls = (0..16).map(|number| {
        let mut browser = installation.to(browser.clone(), number % 2);
        async move { browser.call(element, function, brought.clone()).await }
    });
    join_all(calls).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_killed_takes_nothing_with_it_that_was_acknowledged() {
    let mut installation = Installation::of(2);
    let mut browsers = Vec::new();
    for _ in 0..6 {
        let mut browser = installation.browser(1);
        let state = browser.scan("mona", "login").await;
        browsers.push((browser, state));
    }
    let (mut first, (code, state)) = browsers.remove(0);
    let unknown = first.call(LOGIN, "getLoginCode", json!({"code": code, "state": state})).await;
    let ticket = unknown.envelope["data"]["bindTicket"].clone();
    let login = first.call(LOGIN, "register", json!({"bindTicket": ticket})).await.data();
    let session = first.sign_in(&login, "").await;
    installation.nodes.remove(1).kill();

    let mut first = installation.to(first, 0);
    assert_eq!(first.current_user().await.data()["userId"], session["userId"]);
    for (browser, (code, state)) in browsers {
        let mut browser = installation.to(browser, 0);
        let login = browser.call(LOGIN, "getLoginCode", json!({"code": code, "state": state})).await.data();
        assert_eq!(browser.sign_in(&login, "").await["userId"], session["userId"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passwords_are_counted_on_all_nodes_together_and_exactly() {
    let installation = Installation::of(2);
    installation.named("anna").await;
    let tries = (0..32).map(|number| {
        let mut browser = installation.browser(number % 2);
        async move { browser.call(PASSWORD_LOGIN, "getLoginCode", password("anna", "wrong")).await }
    });
    let counts = kinds(&join_all(tries).await);
    assert_eq!((counts["PASSWORD_ERROR"], counts["RATE_LIMITED"]), (10, 22), "{counts:?}");
    for node in 0..2 {
        let refused = installation.browser(node).call(PASSWORD_LOGIN, "getLoginCode", password("anna", PASSWORD)).await;
        assert_eq!((refused.status, refused.error()), (429, "RATE_LIMITED"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_on_one_node_has_ended_on_the_others_at_once() {
    let installation = Installation::of(2);
    installation.named("anna").await;
    let sign_in = async |node: usize| {
        let mut browser = installation.browser(node);
        let login = browser.call(PASSWORD_LOGIN, "getLoginCode", password("anna", PASSWORD)).await.data();
        browser.sign_in(&login, "").await;
        browser
    };
    let (mut here, mut there) = (sign_in(0).await, sign_in(1).await);
    let user = here.current_user().await.data()["userId"].clone();
    let arguments = json!({"userId": user, "oldPassword": PASSWORD, "newPassword": "another-one-9"});
    here.call(PASSWORD_LOGIN, "updatePassword", arguments).await.data();
    assert_eq!(there.current_user().await.error(), "LOGIN_REQUIRED");
    here.current_user().await.data();
    let old = there.call(PASSWORD_LOGIN, "getLoginCode", password("anna", PASSWORD)).await;
    assert_eq!(old.error(), "PASSWORD_ERROR");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_calls_of_an_address_count_on_every_node() {
    let installation = Installation::of(2);
    let (mut here, mut there) = (installation.browser(0), installation.browser(1));
    let config = async |browser: &mut Browser| browser.call(LOGIN, "getLoginConfig", json!({})).await.status;
    // The default is 600 a minute.
    while config(&mut here).await == 200 {}
    let mut answered = 0;
    eventually("the other node hears of it", async || {
        answered += 1;
        config(&mut there).await == 429
    })
    .await;
    assert!(answered < 300, "{answered}");
}

/// A version of a shop, by the fields that its customers have besides their names.
fn shop(fields: &str) -> Tree {
    let tree = Tree::new(
        r#"
//- app.json
{"appId": "acme.shop", "title": "Shop", "version": "1.0.0"}
//- models/Customer/e.json
{"type": "models.NormalType", "title": "Customers"}
"#,
    );
    let customer = format!(
        r#"{{"fields": [{{"name": "id", "title": "Id", "dataType": "AutoInt", "primaryKey": true}},
                      {{"name": "name", "title": "Name", "dataType": "Stext"}}{fields}]}}"#
    );
    tree.write("models/Customer/Customer.json", &customer);
    tree
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_goes_by_what_another_process_made_of_its_tables() {
    const CUSTOMERS: &str = "models.Customer";
    const AGE: &str = r#", {"name": "age", "title": "Age", "dataType": "Stext"}"#;
    const CITY: &str = r#", {"name": "city", "title": "City", "dataType": "Stext"}"#;
    const AGE_AS_NUMBER: &str = r#", {"name": "age", "title": "Age", "dataType": "Integer"}"#;
    let database = TestDatabase::new();
    let url = database.url();
    let other = |version: &Tree, arguments: &[&str]| {
        mti_in(version.path(), &[arguments, &["--database-url", &url]].concat(), "").ended_with(0)
    };
    let old = shop(AGE);
    let node = App::builder(old.path()).database_url(&url).expect("a URL").open().expect("the app opens");
    let customers: Model<'_> = node.get(CUSTOMERS).expect("the model");
    let names = async || {
        let rows = customers.query(None, None, None, None, None).await.expect("answers").row_datas;
        rows.iter().map(|row| row["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    customers.create(row! { "name": "Ada" }).await.expect("a customer");

    let newer = shop(&format!("{AGE}{CITY}"));
    assert!(other(&newer, &["db", "migrate"]).stdout.contains("add field `city`"));
    other(&newer, &["call", CUSTOMERS, "create", r#"{"rowData": {"name": "Bo", "city": "Bath"}}"#]);
    customers.create(row! { "name": "Cy" }).await.expect("a customer");
    assert_eq!(names().await, ["Ada", "Bo", "Cy"]);
    let city = other(&newer, &["call", CUSTOMERS, "get", r#"{"filter": "Q(name='Bo')"}"#]).json()["city"].clone();
    assert_eq!(city, "Bath", "the older node took nothing back");

    other(&newer, &["db", "backup", "b.jsonl"]);
    customers.create(row! { "name": "Di" }).await.expect("a customer");
    other(&newer, &["db", "restore", "b.jsonl", "--replace"]);
    assert_eq!(names().await, ["Ada", "Bo", "Cy"]);
    let next = customers.create(row! { "name": "Ed" }).await.expect("a customer");
    assert_eq!(next["id"], 5, "a number that was assigned stays used");

    // What the node has made ready no longer fits: it looks at the table again, and says so.
    assert!(other(&shop(AGE_AS_NUMBER), &["db", "migrate"]).stdout.contains("age"));
    eventually("the node sees the change", async || {
        let answer = customers.query(None, None, None, None, None).await;
        answer.is_err_and(|failure| format!("{failure:?}").contains("`age` is kept as `bigint`"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_expired_is_not_honoured_though_nobody_has_swept_it() {
    let installation = Installation::of(2);
    let mut browser = installation.browser(0);
    let (code, state) = browser.scan("zhang-san", "login").await;
    // As long as it takes: every row that lives for a limited time has this field.
    let url = installation.database.url();
    let states = "auths.loginTypes.models.LoginStateModel";
    let past = r#"{"filter": "Q(expiresAt__gt=0)", "updateData": {"expiresAt": 1}}"#;
    let app = installation.app.path();
    mti_in(app, &["call", states, "updateByFilter", past, "--database-url", &url], "").ended_with(0);
    let mut browser = installation.to(browser, 1);
    let late = browser.call(LOGIN, "getLoginCode", json!({"code": code, "state": state})).await;
    assert_eq!(late.error(), "STATE_MISMATCH");
    let session = browser.register("zhang-san").await;
    let sessions = "auths.loginTypes.models.SessionModel";
    mti_in(app, &["call", sessions, "updateByFilter", past, "--database-url", &url], "").ended_with(0);
    assert_eq!(browser.current_user().await.error(), "LOGIN_REQUIRED", "{session}");
}
