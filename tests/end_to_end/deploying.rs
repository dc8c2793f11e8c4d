//! Deployments that replace the app's directory under a running server, with the data below it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::support::{Browser, Server, demo, eventually, mti_in};

const USERS: &str = "auths.models.UserModel";

/// A model that is written and read without signing in.
const OPEN_MODEL: &str = r#"{"type": "models.NormalType", "functionList": [
    {"name": "create", "loginRequired": 0, "args": [{"name": "rowData", "dataType": "JDict", "required": true}]},
    {"name": "query", "loginRequired": 0, "args": [{"name": "filter", "dataType": "Stext"}]}
]}"#;

/// Lays a copy of the demo app somewhere.
fn release(directory: &Path) {
    let app = demo();
    app.write("auths/models/UserModel/e.json", OPEN_MODEL);
    let copied = Command::new("cp").arg("-r").arg(app.path()).arg(directory).status();
    assert!(copied.expect("`cp` runs").success());
}

/// Writes until the server refuses, deploys once rows are acknowledged. Gives the acknowledged users.
async fn write_until_refused(browser: &mut Browser, deploy: impl FnOnce()) -> Vec<String> {
    let (mut deploy, mut acknowledged) = (Some(deploy), Vec::new());
    for number in 0.. {
        let user = format!("writer-{number}");
        let row = json!({"rowData": {"userId": user, "isActive": true}});
        let answer = browser.call(USERS, "create", row).await;
        if answer.status != 200 {
            assert!(deploy.is_none(), "{:#}", answer.envelope);
            break;
        }
        assert!(deploy.is_some(), "{user} was acknowledged after the deployment");
        acknowledged.push(user);
        if number == 5 {
            deploy.take().expect("once")();
        }
    }
    assert_eq!(browser.open("/readyz").await.0, 503);
    acknowledged
}

fn check_all_there(app: &Path, acknowledged: &[String]) {
    let query = r#"{"filter": "Q(userId__startswith='writer-')"}"#;
    let found = mti_in(app, &["call", USERS, "query", query], "").ended_with(0).json();
    assert_eq!(found["totalCount"], acknowledged.len(), "{found:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_replaced_by_moving_takes_no_writes_until_it_is_back() {
    let place = tempfile::tempdir().expect("a directory");
    let (app, moved) = (place.path().join("app"), place.path().join("old"));
    release(&app);
    let server = Server::start(&app, &["serve", "--watch", "--bind", "127.0.0.1:0"]);
    let mut browser = Browser::at(&server);
    let acknowledged = write_until_refused(&mut browser, || {
        fs::rename(&app, &moved).expect("is moved");
        release(&app);
    })
    .await;
    let log = server.log();
    assert_eq!(log.matches("writes stop until then").count(), 1, "{log}");
    assert!(!app.join("appData").exists(), "no empty database takes its place");

    fs::remove_dir_all(&app).expect("is removed");
    fs::rename(&moved, &app).expect("is moved back");
    eventually("it is ready", async || browser.open("/readyz").await.0 == 200).await;
    drop(server);
    check_all_there(&app, &acknowledged);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_whose_link_is_switched_takes_no_writes() {
    let place = tempfile::tempdir().expect("a directory");
    let switch_to = |name: &str| {
        symlink(name, place.path().join("next")).expect("a link");
        fs::rename(place.path().join("next"), place.path().join("current")).expect("is switched");
    };
    release(&place.path().join("v1"));
    release(&place.path().join("v2"));
    switch_to("v1");
    let app = place.path().join("current");
    let app = app.to_str().expect("UTF-8");
    let server = Server::start(place.path(), &["serve", "--app", app, "--watch", "--bind", "127.0.0.1:0"]);
    assert!(server.log().contains("keep it elsewhere with `--data`"), "{}", server.log());
    let mut browser = Browser::at(&server);
    let acknowledged = write_until_refused(&mut browser, || switch_to("v2")).await;
    assert!(server.log().contains("no longer leads to the open database"), "{}", server.log());
    drop(server);
    check_all_there(&place.path().join("v1"), &acknowledged);
    assert!(!place.path().join("v2/appData").exists());
}
