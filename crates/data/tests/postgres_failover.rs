//! Servers that take no writes for a while, or never again: standbys, primaries that die, and who takes their place.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mti_data::{DataError, Operation, PostgresDatabase, PostgresOptions, Query};
use mti_element::Secret;
use mti_testkit::database::{PostgresServer, PostgresSettings};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::{JoinSet, block_in_place};
use tokio_postgres::{Client, NoTls};

use crate::contract::{Shared, find, insert, prepare};
use crate::fixtures::{filter, person, row};

/// How long a test waits for what has to come.
const LONG: Duration = Duration::from_mins(1);

/// How many write while the primary dies.
const WRITERS: u64 = 8;

/// How many writes are acknowledged before it does, and after.
const ENOUGH: u64 = 200;

fn server(options: &str) -> PostgresServer {
    let settings =
        PostgresSettings { lets_anybody_in: true, options: options.to_owned(), ..PostgresSettings::default() };
    block_in_place(|| PostgresServer::start(&settings))
}

/// A primary that acknowledges nothing before its standby has it, and the standby.
fn primary_and_standby() -> (PostgresServer, PostgresServer) {
    let primary = server("-c synchronous_standby_names=*");
    let settings = PostgresSettings { lets_anybody_in: true, ..PostgresSettings::default() };
    let standby = block_in_place(|| primary.start_standby(&settings));
    (primary, standby)
}

fn options(ports: &[u16], more: &str) -> PostgresOptions {
    let hosts: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let url = format!("postgres://mti@{}/postgres?timeoutMs=20000{more}", hosts.join(","));
    PostgresOptions::from_url(&Secret::new(url)).unwrap()
}

fn database(options: PostgresOptions) -> Shared {
    Arc::new(PostgresDatabase::new(options))
}

async fn bystander(server: &PostgresServer) -> Client {
    let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[track_caller]
fn takes_no_writes<T: std::fmt::Debug>(result: Result<T, DataError>) {
    match result {
        Err(DataError::Unavailable { message, retryable: true }) if message.contains("takes no writes") => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_read_only_for_a_while_is_written_to_at_once_afterwards() {
    let server = server("");
    let (database, schema) = (database(options(&[server.port()], "")), person());
    prepare(&database, &schema).await;
    insert(&database, &schema, json!({"userId": "before"})).await.unwrap();
    let operator = bystander(&server).await;
    let end_connections = "SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity \
                           WHERE application_name = 'mti'";
    operator.batch_execute("ALTER DATABASE postgres SET default_transaction_read_only = on").await.unwrap();
    operator.query_one(end_connections, &[]).await.unwrap();

    // What the pool makes now is read-only, and stays so.
    let readers = (0..8).map(|_| find(&database, &schema, "Q(userId='before')"));
    assert!(futures_util::future::join_all(readers).await.iter().all(|rows| rows.len() == 1), "reading goes on");
    takes_no_writes(insert(&database, &schema, json!({"userId": "meanwhile"})).await);
    let both = ["a", "b"].map(|name| Operation::insert(&schema, row(json!({"userId": name}))));
    takes_no_writes(database.execute(both.to_vec()).await);
    takes_no_writes(database.execute(Vec::new()).await);
    let readers = (0..8).map(|_| find(&database, &schema, "Q(userId='before')"));
    futures_util::future::join_all(readers).await;

    operator.batch_execute("ALTER DATABASE postgres RESET default_transaction_read_only").await.unwrap();
    let writers = (0..8).map(|number| {
        let (database, schema) = (Arc::clone(&database), schema.clone());
        async move { insert(&database, &schema, json!({"userId": format!("after{number}")})).await }
    });
    for written in futures_util::future::join_all(writers).await {
        written.unwrap();
    }
    database.execute(Vec::new()).await.unwrap();
    assert_eq!(find(&database, &schema, "").await.len(), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_read_and_passes_for_no_server_that_takes_writes() {
    let (primary, standby) = primary_and_standby();
    let schema = person();
    let writing = database(options(&[primary.port()], ""));
    prepare(&writing, &schema).await;
    insert(&writing, &schema, json!({"userId": "one"})).await.unwrap();

    let reading = database(options(&[standby.port()], ""));
    let deadline = Instant::now() + LONG;
    while reading.prepare(schema.clone(), Vec::new()).await.is_err()
        || reading.find(schema.clone(), Query::new(filter(&schema, ""))).await.unwrap().rows.is_empty()
    {
        assert!(Instant::now() < deadline, "the standby never has what the primary has");
        tokio::task::yield_now().await;
    }
    takes_no_writes(insert(&reading, &schema, json!({})).await);
    let batch = vec![
        Operation::require(&schema, filter(&schema, "Q(userId='one')"), 1..=1),
        Operation::insert(&schema, row(json!({}))),
    ];
    takes_no_writes(reading.execute(batch).await);
    takes_no_writes(reading.execute(Vec::new()).await);
    let strict = database(options(&[standby.port()], "&target_session_attrs=read-write"));
    let refused = strict.execute(Vec::new()).await.unwrap_err().to_string();
    assert!(refused.contains("does not allow writes"), "{refused}");

    // Of several hosts the one that takes writes is used, whichever it is.
    for ports in [[standby.port(), primary.port()], [primary.port(), standby.port()]] {
        let database = database(options(&ports, ""));
        prepare(&database, &schema).await;
        insert(&database, &schema, json!({})).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_host_before_the_one_that_works_costs_its_share_of_the_time_once() {
    let server = server("");
    // Connections to it are made by the system, and nobody ever says a word on them.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = silent.local_addr().map(|address| (address.port(), silent)).unwrap();
    let timeout = Duration::from_secs(2);
    let options = options(&[silent.0, server.port()], "").timeout(timeout).unwrap();
    let (database, schema) = (database(options), person());
    let began = Instant::now();
    database.execute(Vec::new()).await.unwrap();
    assert!((timeout / 2..timeout).contains(&began.elapsed()), "{:?}", began.elapsed());
    // Each needs a connection of its own.
    let operator = bystander(&server).await;
    prepare(&database, &schema).await;
    operator.batch_execute("BEGIN; LOCK TABLE \"acme.shop:shop.models.Person\"").await.unwrap();
    let mut readers = JoinSet::new();
    for _ in 0..4 {
        let (database, schema) = (Arc::clone(&database), schema.clone());
        readers.spawn(async move { find(&database, &schema, "").await });
    }
    let began = Instant::now();
    let waiting = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'mti' AND wait_event_type = 'Lock'";
    let watcher = bystander(&server).await;
    while watcher.query(waiting, &[]).await.unwrap().len() < 4 {
        tokio::task::yield_now().await;
    }
    let took = began.elapsed();
    operator.batch_execute("COMMIT").await.unwrap();
    readers.join_all().await;
    assert!(took < timeout / 2, "the host that worked is asked first: {took:?}");
}

/// What the writers of a failover were told.
#[derive(Default)]
struct Told {
    acknowledged: BTreeSet<String>,
    /// Those of which it was said that nothing happened.
    refused: BTreeSet<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_is_promoted_under_load_has_all_that_was_acknowledged() {
    for is_planned in [false, true] {
        let (mut primary, mut standby) = primary_and_standby();
        let (database, schema) = (database(options(&[primary.port(), standby.port()], "")), person());
        tokio::time::timeout(LONG, prepare(&database, &schema)).await.expect("the standby follows");
        let acknowledged = Arc::new(AtomicU64::new(0));
        let stop = Arc::new(AtomicU64::new(u64::MAX));
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let (database, schema) = (Arc::clone(&database), schema.clone());
            let (acknowledged, stop) = (Arc::clone(&acknowledged), Arc::clone(&stop));
            writers.spawn(async move {
                let mut told = Told::default();
                for number in 0_u64.. {
                    if acknowledged.load(Ordering::Relaxed) >= stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let name = format!("w{writer}-{number}");
                    match write(&database, &schema, &name, number).await {
                        Ok(()) => {
                            acknowledged.fetch_add(1, Ordering::Relaxed);
                            told.acknowledged.insert(name);
                        }
                        Err(DataError::Unavailable { retryable: true, .. }) => {
                            told.refused.insert(name);
                        }
                        Err(DataError::Unavailable { message, .. }) if message.contains("may have taken effect") => {}
                        Err(other) => panic!("{other:?}"),
                    }
                }
                told
            });
        }
        reached(&acknowledged, ENOUGH).await;
        let died = Instant::now();
        block_in_place(|| if is_planned { primary.stop() } else { primary.crash() });
        let before = acknowledged.load(Ordering::Relaxed);
        block_in_place(|| standby.promote());
        let promoted = died.elapsed();
        reached(&acknowledged, before + WRITERS + 1).await;
        println!("promoted after {promoted:?}, written again {:?} after the primary died", died.elapsed());
        stop.store(before + ENOUGH, Ordering::Relaxed);

        let told = writers.join_all().await.into_iter().fold(Told::default(), |mut all, told| {
            all.acknowledged.extend(told.acknowledged);
            all.refused.extend(told.refused);
            all
        });
        let rows = find(&database, &schema, "Q(userId__startswith='w')").await;
        let there: BTreeSet<String> = rows.iter().map(|row| row["userId"].as_str().unwrap().to_owned()).collect();
        let lost: Vec<_> = told.acknowledged.difference(&there).collect();
        assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), told.acknowledged.len());
        let untrue: Vec<_> = told.refused.intersection(&there).collect();
        assert!(untrue.is_empty(), "nothing was said to have happened of {untrue:?}");
    }
}

/// A write of each kind: one statement, or a batch.
async fn write(
    database: &Shared,
    schema: &Arc<mti_data::ModelSchema>,
    name: &str,
    number: u64,
) -> Result<(), DataError> {
    let added = Operation::insert(schema, row(json!({"userId": name})));
    let batch = if number.is_multiple_of(2) {
        vec![added]
    } else {
        let named = filter(schema, &format!("Q(userId='{name}')"));
        vec![
            Operation::require(schema, named.clone(), 0..=0),
            added,
            Operation::update(schema, named, row(json!({"age": number}))),
        ]
    };
    tokio::time::timeout(LONG, database.execute(batch)).await.expect("it ends").map(drop)
}

async fn reached(count: &AtomicU64, goal: u64) {
    let deadline = Instant::now() + LONG;
    while count.load(Ordering::Relaxed) < goal {
        assert!(Instant::now() < deadline, "{} writes, not {goal}", count.load(Ordering::Relaxed));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
