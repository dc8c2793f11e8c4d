//! A process that is killed in the middle of writing: what it was told to be written is there afterwards.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use mti_data::{Filter, Operation};
use serde_json::json;
use tokio::task::JoinSet;

use crate::contract::{find, prepare};
use crate::fixtures::{person, row};
use crate::sled_store::open;

/// Names the directory in the process that will be killed.
const DIRECTORY: &str = "MTI_DATA_TEST_CRASH_DIRECTORY";

/// The round, which keeps the users of each process apart.
const ROUND: &str = "MTI_DATA_TEST_CRASH_ROUND";

/// Does nothing in an ordinary run: the other test starts this binary again for it, and kills it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writer_to_be_killed() {
    let (Ok(directory), Ok(round)) = (std::env::var(DIRECTORY), std::env::var(ROUND)) else {
        return;
    };
    let database = open(Path::new(&directory));
    let schema = person();
    prepare(&database, &schema).await;
    let mut writers = JoinSet::new();
    for writer in 0..4 {
        let (database, schema, round) = (Arc::clone(&database), Arc::clone(&schema), round.clone());
        writers.spawn(async move {
            for number in 0.. {
                let user = format!("r{round}-{writer}-{number}");
                let pair = ["a", "b"].map(|half| {
                    Operation::insert(&schema, row(json!({"userId": format!("{user}{half}"), "name": user})))
                });
                database.execute(pair.into()).await.expect("writes");
                println!("\nwritten {user}");
            }
        });
    }
    writers.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_9() {
    let directory = tempfile::tempdir().expect("a directory");
    let schema = person();
    let mut acknowledged = Vec::new();
    for round in 0..4 {
        acknowledged.extend(killed_writer(directory.path(), round, 20 + 30 * round));

        let database = open(directory.path());
        prepare(&database, &schema).await;
        for user in &acknowledged {
            let found = find(&database, &schema, &Filter::equal("name", user.as_str()).to_string()).await;
            assert_eq!(found.len(), 2, "{user} in round {round}");
        }
        let all = find(&database, &schema, "").await;
        assert!(all.len() >= 2 * acknowledged.len() && all.len().is_multiple_of(2), "no batch is there by half");
        for row in &all {
            let by_index = find(&database, &schema, &Filter::equal("userId", row["userId"].as_str()).to_string()).await;
            assert_eq!(by_index, std::slice::from_ref(row));
        }
        database.close().await.expect("closes");
    }
}

/// Runs a writer until it has acknowledged this many pairs, kills it, and gives what it had acknowledged.
fn killed_writer(directory: &Path, round: usize, pairs: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "crash::writer_to_be_killed", "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, directory)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut written: Vec<String> = Vec::new();
    let mut killed = false;
    // What was printed before the kill still comes out of the pipe.
    for line in lines.map_while(Result::ok) {
        written.extend(line.strip_prefix("written ").map(str::to_owned));
        if written.len() >= pairs && !killed {
            child.kill().expect("is killed");
            killed = true;
        }
    }
    child.wait().expect("ends");
    assert!(killed, "the writer ended by itself after {} pairs", written.len());
    written
}
