//! What the embedded database adds to the contract: its directory.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mti_data::{DataError, Operation, Prepared, Query, SledDatabase, SledOptions};
use serde_json::json;
use tempfile::TempDir;

use crate::contract::{Shared, find, insert, prepare};
use crate::fixtures::{filter, person, row};

pub(crate) fn open(directory: &Path) -> Shared {
    Arc::new(SledDatabase::new(SledOptions { directory: directory.to_owned(), program: "the tests".to_owned() }))
}

pub(crate) fn temporary() -> (Shared, TempDir) {
    let directory = tempfile::tempdir().expect("a directory");
    (open(directory.path()), directory)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_there_after_reopening() {
    let (database, directory) = temporary();
    let schema = person();
    prepare(&database, &schema).await;
    let ann = insert(&database, &schema, json!({"userId": "微信", "name": "Ann", "extra": {"b": [1.5], "a": null}}))
        .await
        .unwrap();
    insert(&database, &schema, json!({"userId": "u2"})).await.unwrap();
    database.execute(vec![Operation::delete(&schema, filter(&schema, "Q(userId='u2')"))]).await.unwrap();
    database.close().await.unwrap();

    let database = open(directory.path());
    let seed = vec![row(json!({"userId": "seed"}))];
    assert_eq!(database.prepare(schema.clone(), seed).await, Ok(Prepared { created: false }));
    assert_eq!(find(&database, &schema, "").await, std::slice::from_ref(&ann));
    assert_eq!(find(&database, &schema, "Q(userId='微信')").await, [ann]);
    assert!(insert(&database, &schema, json!({"userId": "微信"})).await.is_err());
    assert_eq!(insert(&database, &schema, json!({})).await.unwrap()["id"], json!(3), "deleted numbers stay used");
    database.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_database_gives_the_directory_up() {
    let (database, directory) = temporary();
    let schema = person();
    prepare(&database, &schema).await;
    insert(&database, &schema, json!({"userId": "u1"})).await.unwrap();
    drop(database);
    let database = open(directory.path());
    prepare(&database, &schema).await;
    assert_eq!(find(&database, &schema, "Q(userId='u1')").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_opener_is_told_who_holds_the_directory() {
    let (database, directory) = temporary();
    prepare(&database, &person()).await;
    let second = open(directory.path());
    let error = second.prepare(person(), Vec::new()).await.unwrap_err();
    let DataError::Held { by, .. } = &error else { panic!("{error}") };
    let start = format!("`the tests` (process {}) since 20", std::process::id());
    assert!(by.starts_with(&start) && by.ends_with(" UTC"), "{by}");
    assert_eq!(error.to_string().lines().count(), 1);

    database.close().await.unwrap();
    second.prepare(person(), Vec::new()).await.expect("a failed opening is tried again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opening_that_nobody_waits_for_is_not_lost() {
    let (database, _directory) = temporary();
    let schema = person();
    // Polled once, which starts the opening, and dropped.
    let mut first = database.prepare(schema.clone(), Vec::new());
    std::future::poll_fn(|context| {
        let _pending = first.as_mut().poll(context);
        std::task::Poll::Ready(())
    })
    .await;
    drop(first);
    prepare(&database, &schema).await;
    insert(&database, &schema, json!({})).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_an_unused_database_makes_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("unused");
    let database = open(&directory);
    database.close().await.unwrap();
    assert!(!directory.exists());
    assert!(matches!(database.prepare(person(), Vec::new()).await, Err(DataError::Unavailable { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_store_is_refused() {
    let (database, directory) = temporary();
    prepare(&database, &person()).await;
    database.close().await.unwrap();
    let set_format = |format: u64| {
        // A process that another test starts just now has the lock too, until it has become another program.
        let opened = (0..2_000).find_map(|_| {
            sled::open(directory.path()).inspect_err(|_| std::thread::sleep(Duration::from_millis(5))).ok()
        });
        let store = opened.expect("opens");
        store.insert(b"\x00format", &format.to_be_bytes()).unwrap();
        store.flush().unwrap();
    };
    set_format(2);
    let error = open(directory.path()).prepare(person(), Vec::new()).await.unwrap_err();
    assert!(matches!(error, DataError::NewerStore { found: 2, known: 1, .. }), "{error}");
    set_format(1);
    assert_eq!(open(directory.path()).prepare(person(), Vec::new()).await, Ok(Prepared { created: false }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_lost_what_was_acknowledged_is_refused() {
    let (database, directory) = temporary();
    let schema = person();
    prepare(&database, &schema).await;
    insert(&database, &schema, json!({"userId": "u1"})).await.unwrap();
    database.close().await.unwrap();
    // sled by itself would take these for stores that have just begun.
    let log = directory.path().join("db");
    let whole = std::fs::read(&log).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0xff;
    for damaged in [Vec::new(), whole[..whole.len() / 2].to_vec(), flipped] {
        std::fs::write(&log, damaged).unwrap();
        let error = open(directory.path()).prepare(schema.clone(), Vec::new()).await.unwrap_err();
        assert!(matches!(error, DataError::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains("restore it from a backup"), "{error}");
    }
    std::fs::write(&log, whole).unwrap();
    let database = open(directory.path());
    assert_eq!(database.prepare(schema.clone(), Vec::new()).await, Ok(Prepared { created: false }));
    assert_eq!(find(&database, &schema, "Q(userId='u1')").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_sled_database_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let foreign = sled::open(directory.path()).unwrap();
    foreign.insert(b"key", b"value").unwrap();
    drop(foreign);
    let error = open(directory.path()).prepare(person(), Vec::new()).await.unwrap_err();
    assert!(matches!(error, DataError::Corrupt { .. }), "{error}");
    assert_eq!(sled::open(directory.path()).unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_interrupted_opening_left_is_no_damage() {
    let (database, directory) = temporary();
    let schema = person();
    prepare(&database, &schema).await;
    insert(&database, &schema, json!({"userId": "u1"})).await.unwrap();
    database.close().await.unwrap();

    std::fs::write(directory.path().join("snap.FFFFFFFFFFFFFFFF.generating"), "the first half").unwrap();
    let database = open(directory.path());
    prepare(&database, &schema).await;
    assert_eq!(find(&database, &schema, "Q(userId='u1')").await.len(), 1);
    database.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unusable_directory_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = open(&file).prepare(person(), Vec::new()).await.unwrap_err();
    assert!(matches!(error, DataError::Unavailable { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_remembered_follows_every_write() {
    let (database, _directory) = temporary();
    let schema = person();
    prepare(&database, &schema).await;
    // What is asked for again is remembered, and then read from there.
    let texts = ["Q(id=1)", "Q(userId='a')", "Q(userId__in=['a', 'b'])"].repeat(3);
    for text in &texts {
        assert_eq!(find(&database, &schema, text).await, [], "{text}: that there is none is remembered");
    }
    insert(&database, &schema, json!({"userId": "a"})).await.unwrap();
    for age in 0..3 {
        let set = Operation::update(&schema, filter(&schema, "Q(id=1)"), row(json!({"age": age})));
        database.execute(vec![set]).await.unwrap();
        for text in &texts {
            let found = find(&database, &schema, text).await;
            assert_eq!(found.iter().map(|row| &row["age"]).collect::<Vec<_>>(), [&json!(age)], "{text}");
        }
    }
    database.execute(vec![Operation::delete(&schema, filter(&schema, ""))]).await.unwrap();
    for text in &texts {
        assert_eq!(find(&database, &schema, text).await, [], "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_a_batch_as_a_whole() {
    let (database, _directory) = temporary();
    let schema = person();
    prepare(&database, &schema).await;
    insert(&database, &schema, json!({"userId": "a", "age": 0})).await.unwrap();
    insert(&database, &schema, json!({"userId": "b", "age": 0})).await.unwrap();
    let writer = {
        let (database, schema) = (Arc::clone(&database), Arc::clone(&schema));
        tokio::spawn(async move {
            for age in 1..=40 {
                let set = |user: &str| {
                    Operation::update(
                        &schema,
                        filter(&schema, &format!("Q(userId='{user}')")),
                        row(json!({"age": age})),
                    )
                };
                database.execute(vec![set("a"), set("b")]).await.expect("writes");
            }
        })
    };
    loop {
        let done = writer.is_finished();
        let page = database.find(schema.clone(), Query::new(filter(&schema, "Q(age__gte=0)"))).await.unwrap();
        assert_eq!(page.rows.len(), 2);
        assert_eq!(page.rows[0]["age"], page.rows[1]["age"]);
        if done {
            assert_eq!(page.rows[0]["age"], json!(40));
            break;
        }
    }
    writer.await.unwrap();
}
