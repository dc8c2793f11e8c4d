//! `--database-url`: what is kept on a PostgreSQL server, from outside.

use mti_testkit::database::{PostgresServer, PostgresSettings, TestDatabase};
use serde_json::{Value, json};

use crate::support::{Browser, LOGIN, Server, demo, mti_in};

const USERS: &str = "auths.models.UserModel";

#[tokio::test]
async fn people_sign_in_with_their_data_on_a_server() {
    let app = demo();
    let database = TestDatabase::new();
    let url = database.url();
    let simulator = Server::start(app.path(), &["wechat-sim", "--bind", "127.0.0.1:0"]);
    let endpoints = json!({
        "authConfig": {"appId": "wx0123456789abcdef", "appSecret": "0123456789abcdef0123456789abcdef"},
        "endpoints": {"open": simulator.origin(), "api": simulator.origin()},
    });
    app.write("auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json", &endpoints.to_string());
    let server = Server::start(app.path(), &["serve", "--bind", "127.0.0.1:0", "--database-url", &url]);
    let mut browser = Browser::at(&server).using(&simulator);
    let session = browser.register("zhang-san").await;
    assert_eq!(browser.current_user().await.data()["userId"], session["userId"]);

    // Another process works on the same data at the same time.
    let users = mti_in(app.path(), &["call", USERS, "query", "--database-url", &url], "").ended_with(0).json();
    assert_eq!(users["totalCount"], 3);
    let seen: Vec<&Value> = users["rowDatas"].as_array().expect("rows").iter().map(|row| &row["userId"]).collect();
    assert!(seen.contains(&&session["userId"]), "{users}");
    assert!(!app.join("appData").exists(), "nothing is kept here");

    assert_eq!(browser.open("/readyz").await.0, 200);
    let ended = server.terminate();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);

    // A second server knows the binding.
    let server = Server::start(app.path(), &["serve", "--bind", "127.0.0.1:0", "--database-url", &url]);
    let mut fresh = Browser::at(&server).using(&simulator);
    let login = fresh.login_code("zhang-san").await.data();
    assert_eq!(fresh.sign_in(&login, "").await["userId"], session["userId"]);
}

#[test]
fn the_first_rows_are_inserted_once() {
    let app = demo();
    let database = TestDatabase::new();
    let url = database.url();
    let delete = r#"{"filter": "Q(userId='user123')"}"#;
    mti_in(app.path(), &["call", USERS, "deleteByFilter", delete, "--database-url", &url], "").ended_with(0);
    let users = mti_in(app.path(), &["call", USERS, "query", "--database-url", &url], "").ended_with(0).json();
    assert_eq!(users["totalCount"], 1);
}

#[test]
fn an_app_names_its_server_in_its_config() {
    let app = demo();
    let database = TestDatabase::new();
    app.write("databases/Default/e.json", r#"{"type": "databases.PgSqlType", "override": "replace", "title": "Ours"}"#);
    app.write("databases/Default/Default.json", r#"{"url": "${OUR_DATABASE}"}"#);
    app.write(".env", &format!("OUR_DATABASE='{}'\n", database.url()));
    let users = mti_in(app.path(), &["call", USERS, "query"], "").ended_with(0).json();
    assert_eq!(users["totalCount"], 2);
    for arguments in [vec!["explain", "databases.Default"], vec!["get", "databases.Default"], vec!["check"]] {
        let shown = mti_in(app.path(), &arguments, "").ended_with(0);
        assert!(!shown.stdout.contains("p%40ss") && !shown.stderr.contains("p%40ss"), "{}", shown.stdout);
    }
}

#[test]
fn a_wrong_config_is_found_by_check() {
    let app = demo();
    app.write("databases/Second/e.json", r#"{"type": "databases.PgSqlType", "title": "Second"}"#);
    for (config, key) in [
        (json!({"host": "localhost", "user": "u"}), "dbname"),
        (json!({"url": "http://u:canary@localhost/d"}), "url"),
        (json!({"url": "postgres://u@h/d", "password": "canary"}), "password"),
        (json!({"host": "h", "dbname": "d", "user": "u", "port": 0}), "port"),
        (json!({"host": "h1,", "dbname": "d", "user": "u"}), "host"),
        (json!({"host": "h1,h2", "port": "1,2,3", "dbname": "d", "user": "u"}), "port"),
        (json!({"host": "h", "dbname": "d", "user": "u", "sslMode": "allow"}), "sslMode"),
        (json!({"host": "h", "dbname": "d", "user": "u", "targetSessionAttrs": "standby"}), "targetSessionAttrs"),
        (json!({"host": "h", "dbname": "d", "user": "u", "channelBinding": "always"}), "channelBinding"),
        (json!({"host": "h", "dbname": "d", "user": "u", "poolSize": 0}), "poolSize"),
        (json!({"host": "h", "dbname": "d", "user": "u", "password": ["canary"]}), "password"),
    ] {
        app.write("databases/Second/Second.json", &config.to_string());
        let checked = mti_in(app.path(), &["check", "--format", "json"], "").ended_with(1);
        let findings = checked.json()["diagnostics"].clone();
        let found = findings.as_array().expect("a list").iter().any(|finding| {
            finding["file"].as_str().is_some_and(|file| file.starts_with("databases/Second/"))
                && finding["message"]
                    .as_str()
                    .is_some_and(|message| message.contains(&format!("`{key}`")) || key == "url")
        });
        assert!(found, "{key}: {findings:#}");
        let plain = mti_in(app.path(), &["check"], "").ended_with(1);
        assert!(!plain.stdout.contains("canary"), "{}", plain.stdout);
    }
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_to_the_operator_only() {
    let app = demo();
    let mut database = PostgresServer::start(&PostgresSettings::default());
    let url = database.url();
    let server = Server::start(app.path(), &["serve", "--bind", "127.0.0.1:0", "--database-url", &url]);
    let mut browser = Browser::at(&server);
    assert_eq!(browser.open("/readyz").await.0, 200);

    database.crash();
    assert_eq!(browser.open("/readyz").await.0, 503);
    let (_, failed) = browser.open("/readyz").await;
    let call = browser.call(LOGIN, "getAuthorizeUrl", json!({})).await;
    assert_eq!((call.status, call.error()), (500, "ELEMENT_EXCEPTION"));
    for text in [failed, call.envelope.to_string()] {
        for secret in ["localhost", database.password(), "p%40ss", "postgres", "refused"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    let refused = mti_in(app.path(), &["serve", "--bind", "127.0.0.1:0", "--database-url", &url], "").ended_with(2);
    assert!(refused.stderr.contains("cannot connect to `localhost:"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("p%40ss") && !refused.stderr.contains(database.password()));

    database.resume();
    browser.call(LOGIN, "getAuthorizeUrl", json!({})).await.data();
    assert_eq!(browser.open("/readyz").await.0, 200);
    assert!(!server.log().contains("p%40ss") && !server.log().contains(database.password()));
}
