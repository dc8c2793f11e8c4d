//! What visitors can make a server hold in memory.

use std::fs;
use std::path::PathBuf;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Browser, Server, Tree, client_builder, demo};

/// What one hash takes when nothing is configured.
const HASH_KIB: u64 = 19 * 1024;

/// What the calls may take besides: connections, caches, stacks of threads.
const SLACK_KIB: u64 = 48 * 1024;

/// A group of processes that the kernel ends when together they take more than 256 MiB. It is removed with the value.
struct MemoryLimit {
    directory: PathBuf,
}

impl MemoryLimit {
    /// A group without processes, where the machine lets a test make one: as root, with control groups.
    fn new() -> Option<Self> {
        let roots = [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")];
        roots.into_iter().find_map(|(root, setting)| {
            let directory = PathBuf::from(root).join(format!("mti-test-{}", process::id()));
            fs::create_dir(&directory).ok()?;
            let limit = Self { directory };
            fs::write(limit.directory.join(setting), (256_u64 << 20).to_string()).ok()?;
            Some(limit)
        })
    }

    fn holds(&self, process: u32) {
        fs::write(self.directory.join("cgroup.procs"), process.to_string()).expect("the group takes a process");
    }
}

impl Drop for MemoryLimit {
    fn drop(&mut self) {
        // A group can be removed once the kernel has taken its last process out.
        let deadline = Instant::now() + Duration::from_secs(10);
        while fs::remove_dir(&self.directory).is_err() && Instant::now() < deadline {
            thread::yield_now();
        }
    }
}

/// The most memory that a process has ever had, in KiB.
fn peak_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the process is there");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    peak.trim().trim_end_matches(" kB").parse().expect("a number")
}

fn with_passwords() -> Tree {
    let app = demo();
    app.write(
        "auths/loginTypes/PasswordLogin/e.json",
        r#"{"type": "auths.loginTypes.PasswordType", "title": "Password"}"#,
    );
    app
}

#[tokio::test]
async fn wrong_passwords_from_many_addresses_leave_a_server_within_256_mib() {
    let app = with_passwords();
    let serve = ["serve", "--bind", "127.0.0.1:0", "--trusted-proxy", "127.0.0.0/8"];
    // Before the server, so that the group outlives its process.
    let limit = MemoryLimit::new();
    let server = Server::start(app.path(), &serve);
    if let Some(limit) = &limit {
        limit.holds(server.process());
    }
    let mut browser = Browser::at(&server);
    assert_eq!(browser.open("/readyz").await.0, 200);
    let start = peak_kib(server.process());
    let client = client_builder().build().expect("a client");
    let url = format!("{}/api/acme/demo/auths/loginTypes/PasswordLogin/getLoginCode", server.origin());
    for batch in 0..20 {
        let tries = (0..8).map(|index| {
            let wrong = json!({"username": format!("name-{batch}-{index}"), "password": "wrong password"});
            client.post(&url).header("X-Forwarded-For", format!("203.0.{batch}.{index}")).json(&wrong).send()
        });
        for answer in join_all(tries).await {
            assert_eq!(answer.expect("the server is there and answers").status(), 401);
        }
    }
    let peak = peak_kib(server.process());
    let at_once = thread::available_parallelism().map_or(1, usize::from).min(8) as u64;
    let bound = start + (at_once + 1) * HASH_KIB + SLACK_KIB;
    assert!(peak <= bound, "{start} KiB at first, {peak} KiB after 160 wrong passwords; {bound} KiB allowed");
    assert_eq!(browser.open("/readyz").await.0, 200);
    assert_eq!(server.terminate().code, Some(0));
}
