//! `dev` and `serve --watch` while directories are replaced, links switched, and where the system watches little.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use crate::support::{Browser, LOGIN, Server, Tree, eventually};

/// An app with one WeChat login in a directory of a tree.
fn write_app(tree: &Tree, directory: &str, app_id: &str) {
    tree.write(&format!("{directory}/app.json"), r#"{"appId": "acme.demo", "version": "0.1.0"}"#);
    let login = format!("{directory}/auths/loginTypes/MyWeChatLogin");
    tree.write(&format!("{login}/e.json"), r#"{"type": "auths.loginTypes.WeChatType", "title": "Login"}"#);
    write_config(tree, directory, app_id);
}

fn write_config(tree: &Tree, directory: &str, app_id: &str) {
    let config = json!({"authConfig": {"appId": app_id, "appSecret": "0123456789abcdef0123456789abcdef"}});
    let file = format!("{directory}/auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json");
    tree.write(&file, &config.to_string());
}

fn serve(tree: &Tree, app: &str) -> Server {
    let (app, data) = (tree.join(app), tree.join("data"));
    Server::start(&app, &arguments(&["serve", "--watch"], app.to_str(), data.to_str()))
}

fn arguments<'a>(command: &[&'a str], app: Option<&'a str>, data: Option<&'a str>) -> Vec<&'a str> {
    let places = ["--app", app.expect("UTF-8"), "--data", data.expect("UTF-8"), "--bind", "127.0.0.1:0"];
    command.iter().copied().chain(places).collect()
}

async fn app_id(browser: &mut Browser) -> Value {
    browser.call(LOGIN, "getLoginConfig", json!({})).await.data()["authConfig"]["appId"].clone()
}

async fn becomes(browser: &mut Browser, wanted: &str) {
    eventually(wanted, async || app_id(browser).await == wanted).await;
}

async fn details(browser: &mut Browser) -> Value {
    let (_, text) = browser.open("/readyz").await;
    serde_json::from_str::<Value>(&text).expect("JSON")["details"].take()
}

fn rename(tree: &Tree, from: &str, to: &str) {
    fs::rename(tree.join(from), tree.join(to)).expect("it is renamed");
}

#[tokio::test]
async fn a_deployment_by_renaming_and_the_edits_after_it_show() {
    let tree = Tree::new("");
    write_app(&tree, "dep/app", "wx0000000000000001");
    write_app(&tree, "dep/new", "wx0000000000000002");
    let server = serve(&tree, "dep/app");
    let mut browser = Browser::at(&server);
    becomes(&mut browser, "wx0000000000000001").await;
    rename(&tree, "dep/app", "dep/old");
    rename(&tree, "dep/new", "dep/app");
    becomes(&mut browser, "wx0000000000000002").await;
    write_config(&tree, "dep/app", "wx0000000000000003");
    becomes(&mut browser, "wx0000000000000003").await;
    // Gone for a while: it is said, and the last good version is served.
    rename(&tree, "dep/app", "dep/gone");
    eventually("the failure shows", async || details(&mut browser).await["reloadFailed"] == true).await;
    assert_eq!(app_id(&mut browser).await, "wx0000000000000003");
    write_config(&tree, "dep/gone", "wx0000000000000004");
    rename(&tree, "dep/gone", "dep/app");
    becomes(&mut browser, "wx0000000000000004").await;
    assert_eq!(details(&mut browser).await["reloadFailed"], false);
    let log = server.terminate().stderr;
    assert!(log.contains("still serving the last good version") && log.contains("can be read again"), "{log}");
}

#[tokio::test]
async fn a_deployment_by_a_link_and_the_edits_after_it_show() {
    let tree = Tree::new("");
    write_app(&tree, "releases/1", "wx0000000000000001");
    write_app(&tree, "releases/2", "wx0000000000000002");
    symlink("releases/1", tree.join("current")).expect("a link");
    let server = serve(&tree, "current");
    let mut browser = Browser::at(&server);
    becomes(&mut browser, "wx0000000000000001").await;
    symlink("releases/2", tree.join("next")).expect("a link");
    rename(&tree, "next", "current");
    becomes(&mut browser, "wx0000000000000002").await;
    write_config(&tree, "releases/2", "wx0000000000000003");
    becomes(&mut browser, "wx0000000000000003").await;
}

#[tokio::test]
async fn a_parent_that_is_named_while_the_app_runs_is_watched() {
    let tree = Tree::new("");
    write_app(&tree, "par/demo", "wx0000000000000001");
    write_app(&tree, "par/lib", "wx0000000000000002");
    tree.write("par/lib/app.json", r#"{"appId": "acme.lib", "version": "1.0.0"}"#);
    rename(&tree, "par/lib/auths/loginTypes/MyWeChatLogin", "par/lib/auths/loginTypes/Second");
    let file = "par/lib/auths/loginTypes/Second/Second.json";
    rename(&tree, "par/lib/auths/loginTypes/Second/MyWeChatLogin.json", file);
    let server = Server::start(
        &tree.join("par/demo"),
        &["dev", "--bind", "127.0.0.1:0", "--data", tree.join("data").to_str().expect("UTF-8")],
    );
    let mut browser = Browser::at(&server);
    let second = async |browser: &mut Browser| {
        let answer = browser.call("auths.loginTypes.Second", "getLoginConfig", json!({})).await;
        if answer.status == 200 { answer.data()["authConfig"]["appId"].clone() } else { Value::Null }
    };
    assert_eq!(second(&mut browser).await, Value::Null);
    let extends = r#"[{"appId": "acme.lib", "version": "^1"}]"#;
    tree.write("par/demo/app.json", &format!(r#"{{"appId": "acme.demo", "version": "0.1.0", "extends": {extends}}}"#));
    eventually("the parent's login", async || second(&mut browser).await == "wx0000000000000002").await;
    let text = fs::read_to_string(tree.join(file)).expect("the config");
    tree.write(file, &text.replace("wx0000000000000002", "wx0000000000000003"));
    eventually("the edit in the parent", async || second(&mut browser).await == "wx0000000000000003").await;
}

/// How many directories a process watches.
fn watches_of(process: u32) -> usize {
    let descriptors = fs::read_dir(format!("/proc/{process}/fdinfo")).expect("the process is there").flatten();
    let texts = descriptors.filter_map(|descriptor| fs::read_to_string(descriptor.path()).ok());
    texts.map(|text| text.lines().filter(|line| line.starts_with("inotify ")).count()).sum()
}

#[tokio::test]
async fn dependencies_and_build_products_cost_no_watches() {
    let tree = Tree::new("");
    write_app(&tree, "app", "wx0000000000000001");
    for number in 0..400 {
        tree.write(&format!("app/node_modules/package{number}/lib/index.js"), "");
        tree.write(&format!("app/target/debug/build{number}/out"), "");
    }
    let server = serve(&tree, "app");
    let watches = watches_of(server.process());
    // The app, its namespaces and its login, and the directories above.
    assert!((5..30).contains(&watches), "{watches} watches");
    assert_eq!(details(&mut Browser::at(&server)).await["unwatched"], false);
}

async fn is_reread_at_a_limit(command: &[&str], limit: (&str, u32), cure: &str) {
    let tree = Tree::new("");
    write_app(&tree, "app", "wx0000000000000001");
    let (app, data) = (tree.join("app"), tree.join("data"));
    let server = Server::start_with_limit(&app, limit, &arguments(command, app.to_str(), data.to_str()));
    let mut browser = Browser::at(&server);
    becomes(&mut browser, "wx0000000000000001").await;
    assert_eq!(details(&mut browser).await["unwatched"], true);
    write_config(&tree, "app", "wx0000000000000002");
    becomes(&mut browser, "wx0000000000000002").await;
    write_config(&tree, "app", "wx0000000000000003");
    becomes(&mut browser, "wx0000000000000003").await;
    if command.contains(&"dev") {
        let page = browser.open("/dev").await.1;
        assert!(page.contains("Changes show late") && page.contains(cure), "{page}");
    }
    let log = server.terminate().stderr;
    assert_eq!(log.matches("MTI0114").count(), 1, "{log}");
    let line = log.lines().find(|line| line.contains("MTI0114")).unwrap_or_default();
    assert!(line.contains(cure) && line.contains("the whole app is read every 2 s instead"), "{line}");
}

#[tokio::test]
async fn where_the_system_lets_nothing_be_watched_the_app_is_read_again_and_again() {
    for command in [&["serve", "--watch"][..], &["dev"]] {
        is_reread_at_a_limit(command, ("max_inotify_instances", 0), "fs.inotify.max_user_instances").await;
    }
}

#[tokio::test]
async fn where_the_system_lets_little_be_watched_the_app_is_read_again_and_again() {
    for command in [&["serve", "--watch"][..], &["dev"]] {
        is_reread_at_a_limit(command, ("max_inotify_watches", 3), "fs.inotify.max_user_watches").await;
    }
}
