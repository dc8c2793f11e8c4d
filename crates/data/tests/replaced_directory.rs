//! An embedded database whose directory is moved, replaced or deleted while it is open, as deployments do it: nothing is
//! acknowledged that the next start would not find.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mti_data::{DataError, Operation};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::contract::{Shared, find, insert, prepare};
use crate::fixtures::{person, row};
use crate::postgres::unavailable;
use crate::sled_store::open;

/// Where the app is, below a directory for the test.
const APP: &str = "app";
const DATA: &str = "app/appData";

/// How many callers write at once.
const WRITERS: usize = 4;

/// What the writers did until the last of them was refused.
struct Written {
    acknowledged: Vec<String>,
    refusals: Vec<DataError>,
}

/// Writes from several callers, deploys after the first acknowledged rows, and goes on until every writer was refused.
async fn write_through(database: &Shared, deploy: impl FnOnce()) -> Written {
    let (begun, mut first_rows) = mpsc::channel(1);
    let is_deployed = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (database, begun, is_deployed) = (Arc::clone(database), begun.clone(), Arc::clone(&is_deployed));
        writers.spawn(async move {
            let schema = person();
            let mut acknowledged = Vec::new();
            for number in 0.. {
                let begins_after = is_deployed.load(Ordering::SeqCst);
                let name = format!("{writer}-{number}");
                match insert(&database, &schema, json!({"userId": name})).await {
                    Ok(_) => {
                        assert!(!begins_after, "{name} was acknowledged after the deployment");
                        acknowledged.push(name);
                    }
                    Err(error) => return (acknowledged, error),
                }
                if number == 20 {
                    begun.send(()).await.unwrap();
                }
            }
            unreachable!("it is refused before");
        });
    }
    for _ in 0..WRITERS {
        first_rows.recv().await.unwrap();
    }
    deploy();
    is_deployed.store(true, Ordering::SeqCst);
    let mut written = Written { acknowledged: Vec::new(), refusals: Vec::new() };
    for (acknowledged, refusal) in writers.join_all().await {
        written.acknowledged.extend(acknowledged);
        written.refusals.push(refusal);
    }
    written
}

#[track_caller]
fn check_refusals(refusals: Vec<DataError>, path: &Path) {
    assert_eq!(refusals.len(), WRITERS);
    for refusal in refusals {
        let (message, retryable) = unavailable(Err::<(), _>(refusal));
        assert!(message.contains(&*path.to_string_lossy()) && message.contains("no longer leads"), "{message}");
        assert!(retryable, "it can be brought back");
    }
}

async fn check_all_there(directory: &Path, acknowledged: &[String]) {
    let database = open(directory);
    prepare(&database, &person()).await;
    let rows = find(&database, &person(), "").await;
    for name in acknowledged {
        assert!(rows.iter().any(|row| row["userId"] == **name), "{name} was acknowledged");
    }
    database.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_moved_away_takes_no_writes_until_it_is_back() {
    let place = tempfile::tempdir().unwrap();
    let (data, moved) = (place.path().join(DATA), place.path().join("app.old"));
    let database = open(&data);
    prepare(&database, &person()).await;
    let written = write_through(&database, || {
        fs::rename(place.path().join(APP), &moved).unwrap();
        fs::create_dir_all(&data).unwrap();
    })
    .await;
    check_refusals(written.refusals, &data);
    // As `/readyz` asks.
    assert!(unavailable(database.execute(Vec::new()).await).0.contains("no longer leads"));
    assert!(find(&database, &person(), "").await.len() >= written.acknowledged.len(), "reads go on");
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0, "nothing of it gets into the other directory");

    fs::remove_dir_all(place.path().join(APP)).unwrap();
    fs::rename(&moved, place.path().join(APP)).unwrap();
    database.execute(Vec::new()).await.expect("it is back");
    insert(&database, &person(), json!({"userId": "back"})).await.expect("it is back");
    database.close().await.unwrap();
    check_all_there(&data, &written.acknowledged).await;
    check_all_there(&data, &["back".to_owned()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_whose_link_is_switched_takes_no_writes() {
    let place = tempfile::tempdir().unwrap();
    let release = |name: &str| {
        fs::create_dir_all(place.path().join(name)).unwrap();
        symlink(name, place.path().join("next")).unwrap();
        fs::rename(place.path().join("next"), place.path().join(APP)).unwrap();
    };
    release("v1");
    let data = place.path().join(DATA);
    let database = open(&data);
    prepare(&database, &person()).await;
    let written = write_through(&database, || release("v2")).await;
    check_refusals(written.refusals, &data);
    release_back(place.path());
    insert(&database, &person(), json!({"userId": "back"})).await.expect("the link leads back");
    database.close().await.unwrap();
    check_all_there(&place.path().join("v1/appData"), &written.acknowledged).await;
    assert!(!place.path().join("v2/appData").exists());
}

/// Switches the link back to the first release.
fn release_back(place: &Path) {
    symlink("v1", place.join("next")).unwrap();
    fs::rename(place.join("next"), place.join(APP)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_deleted_and_made_again_is_another_one() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join(DATA);
    let database = open(&data);
    prepare(&database, &person()).await;
    let written = write_through(&database, || {
        fs::remove_dir_all(&data).unwrap();
        fs::create_dir(&data).unwrap();
    })
    .await;
    check_refusals(written.refusals, &data);
    let batch = vec![Operation::insert(&person(), row(json!({"userId": "late"})))];
    assert!(unavailable(database.execute(batch).await).0.contains("no longer leads"));
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0, "no empty database takes its place");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_file_was_deleted_takes_no_writes() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join(DATA);
    let database = open(&data);
    prepare(&database, &person()).await;
    let written = write_through(&database, || fs::remove_file(data.join("db")).unwrap()).await;
    check_refusals(written.refusals, &data);
}
