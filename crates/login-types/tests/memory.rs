//! What sign-ins cost in memory. A program of its own, so that nothing else runs in the process that is measured.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails is a test that fails")]

#[expect(dead_code, unused_imports, reason = "the other tests need more of it")]
mod support;

use std::fs;
use std::thread;

use futures_util::future::join_all;
use mti_login_types::fails;
use support::{World, assert_fails};

/// What one hash takes when nothing is configured.
const HASH_KIB: u64 = 19 * 1024;

/// What the tries may take besides: rows, caches, stacks of threads.
const SLACK_KIB: u64 = 32 * 1024;

/// The most memory that this process has ever had, in KiB.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

async fn miss(world: &World, index: u32) {
    let [_, a, b, c] = index.to_be_bytes();
    let browser = world.browser().at(&format!("10.{a}.{b}.{c}"));
    assert_fails(browser.password_login(&format!("name-{index}"), "wrong password").await, fails::PASSWORD_ERROR);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wrong_passwords_take_no_more_memory_than_the_hashes_that_run_at_once() {
    let world = World::new().await;
    world.browser().call("getLoginConfig", serde_json::json!({})).await.unwrap();
    let start = peak_kib();
    let at_once = thread::available_parallelism().map_or(1, usize::from).min(8) as u64;
    let bound = start + (at_once + 1) * HASH_KIB + SLACK_KIB;
    for index in 0..40 {
        miss(&world, index).await;
    }
    let in_turn = peak_kib();
    for batch in 1..=8 {
        join_all((0..20).map(|index| miss(&world, batch * 100 + index))).await;
    }
    let in_parallel = peak_kib();
    assert!(
        in_turn <= bound && in_parallel <= bound,
        "{start} KiB at first, {in_turn} KiB after 40 in turn, {in_parallel} KiB after 160 more in parallel; {bound} KiB allowed"
    );
}
