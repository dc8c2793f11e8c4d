//! A server whose disk is full, and then is not any more.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{Answer, Browser, Server, Tree, demo, eventually};

/// How often the disk is filled and freed.
const ROUNDS: usize = 4;

const USERS: &str = "auths.models.UserModel";

/// Puts a model on the network, to be written and read without signing in.
const OPEN_MODEL: &str = r#"{"type": "models.NormalType", "functionList": [
    {"name": "create", "loginRequired": 0, "args": [{"name": "rowData", "dataType": "JDict", "required": true}]},
    {"name": "query", "loginRequired": 0, "args": [{"name": "filter", "dataType": "Stext"}]}
]}"#;

/// Names the mount point in the process that the scenario runs in.
const MOUNT_POINT: &str = "MTI_TEST_SMALL_DISK";

/// Runs [`full_disk`] in a process of its own, with a small file system that only it sees.
#[test]
fn a_server_whose_disk_was_full_takes_writes_again() {
    let works = |namespace: &[&str]| {
        let tried = Command::new("unshare").args(namespace).args(["mount", "-t", "tmpfs", "small", "/mnt"]).output();
        tried.is_ok_and(|tried| tried.status.success())
    };
    let namespaces: [&[&str]; 2] = [&["--mount"], &["--mount", "--map-root-user"]];
    let namespace = namespaces.into_iter().find(|namespace| works(namespace)).expect(
        "this test mounts a file system: run it as root with CAP_SYS_ADMIN, or allow user namespaces (`unshare -rm`)",
    );
    let mount_point = tempfile::tempdir().expect("a directory");
    let mount = format!(r#"mount -t tmpfs -o size=12m small "${MOUNT_POINT}" && exec "$0" "$@""#);
    let output = Command::new("unshare")
        .args(namespace)
        .args(["sh", "-c", &mount])
        .arg(std::env::current_exe().expect("this binary"))
        .args(["--exact", "disk_full::full_disk", "--nocapture"])
        .env(MOUNT_POINT, mount_point.path())
        .output()
        .expect("starts");
    let readable = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (readable(&output.stdout), readable(&output.stderr));
    assert!(output.status.success() && stdout.contains("1 passed"), "{stdout}{stderr}");
    println!("{stdout}");
}

/// Does nothing in an ordinary run: the test above starts this binary again for it.
#[tokio::test(flavor = "multi_thread")]
async fn full_disk() {
    let Some(disk) = std::env::var_os(MOUNT_POINT).map(PathBuf::from) else { return };
    let (data, filler) = (disk.join("data"), disk.join("filler"));
    let app = demo();
    app.write("auths/models/UserModel/e.json", OPEN_MODEL);
    let mut server = serve(&app, &data);
    let mut browser = Browser::at(&server);
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        acknowledged.push(written(write(&mut browser).await));
        fill(&filler);
        let refused = write(&mut browser).await;
        assert_eq!((refused.status, refused.error()), (500, "ELEMENT_EXCEPTION"), "{:#}", refused.envelope);
        assert_eq!(refused.envelope["errmsg"], "something went wrong; please try again later");
        assert_eq!(readiness(&mut browser).await, (503, "unready".to_owned()));
        let (alive, _) = browser.open("/healthz").await;
        assert_eq!(alive, 200);
        check_all_there(&mut browser, &acknowledged).await;

        fs::remove_file(&filler).expect("is removed");
        let freed = Instant::now();
        eventually("writes go on", async || {
            let answer = write(&mut browser).await;
            let is_taken = answer.status == 200;
            acknowledged.extend(is_taken.then(|| written(answer)));
            is_taken
        })
        .await;
        println!("round {round}: the first write succeeded {:?} after there was space", freed.elapsed());
        assert_eq!(readiness(&mut browser).await, (200, "ready".to_owned()));
        check_all_there(&mut browser, &acknowledged).await;
        if round % 2 == 1 {
            let log = server.kill().stderr;
            assert_eq!(log.matches("writes stop").count(), 2, "once in each outage: {log}");
            assert_eq!(log.matches("writes go on").count(), 2, "{log}");
            assert!(!log.contains("Os {"), "{log}");
            server = serve(&app, &data);
            browser = browser.moved_to(&server);
            check_all_there(&mut browser, &acknowledged).await;
        }
    }
}

/// Writes a file until there is no space left.
fn fill(filler: &Path) {
    let mut file = File::create(filler).expect("a file");
    while file.write_all(&[0; 4096]).is_ok() {}
}

fn serve(app: &Tree, data: &Path) -> Server {
    let data = data.to_str().expect("UTF-8");
    Server::start(app.path(), &["serve", "--bind", "127.0.0.1:0", "--data", data])
}

/// Writes a row of its own.
async fn write(browser: &mut Browser) -> Answer {
    static WRITES: AtomicUsize = AtomicUsize::new(0);
    let user = format!("writer-{}", WRITES.fetch_add(1, Ordering::Relaxed));
    browser.call(USERS, "create", json!({"rowData": {"userId": user, "isActive": true}})).await
}

/// The user whose row was acknowledged.
fn written(answer: Answer) -> String {
    answer.data()["userId"].as_str().expect("a text").to_owned()
}

async fn readiness(browser: &mut Browser) -> (u16, String) {
    let (status, text) = browser.open("/readyz").await;
    let body: Value = serde_json::from_str(&text).expect("JSON");
    (status, body["status"].as_str().expect("a text").to_owned())
}

async fn check_all_there(browser: &mut Browser, acknowledged: &[String]) {
    let found = browser.call(USERS, "query", json!({"filter": "Q(userId__startswith='writer-')"})).await.data();
    let rows = found["rowDatas"].as_array().expect("rows");
    for user in acknowledged {
        assert_eq!(rows.iter().filter(|row| row["userId"] == **user).count(), 1, "{user}: {found:#}");
    }
}
