//! PostgreSQL servers that take no writes for a moment, or hand over to their standby, seen over HTTP.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use mti_testkit::database::{PostgresServer, PostgresSettings};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::{JoinSet, block_in_place};
use tokio_postgres::NoTls;

use crate::support::{Browser, LOGIN, Server, Tree, client_builder, demo, eventually, mti_in};

const USERS: &str = "auths.models.UserModel";

/// Puts a model on the network, to be written without signing in.
const OPEN_MODEL: &str = r#"{"type": "models.NormalType", "functionList": [
    {"name": "create", "loginRequired": 0, "args": [{"name": "rowData", "dataType": "JDict", "required": true}]}
]}"#;

/// How many write at a time.
const WRITERS: usize = 4;

/// How many writes are acknowledged before the primary dies, and after.
const ENOUGH: u32 = 60;

fn database(options: &str) -> PostgresServer {
    let settings =
        PostgresSettings { lets_anybody_in: true, options: options.to_owned(), ..PostgresSettings::default() };
    block_in_place(|| PostgresServer::start(&settings))
}

fn url(servers: &[&PostgresServer]) -> String {
    let hosts: Vec<String> = servers.iter().map(|server| format!("127.0.0.1:{}", server.port())).collect();
    format!("postgres://mti@{}/postgres", hosts.join(","))
}

fn serve(app: &Tree, url: &str) -> Server {
    let arguments = ["serve", "--bind", "127.0.0.1:0", "--trusted-proxy", "127.0.0.1", "--database-url", url];
    block_in_place(|| Server::start(app.path(), &arguments))
}

async fn readiness(browser: &mut Browser) -> (u16, String) {
    let (status, text) = browser.open("/readyz").await;
    let body: Value = serde_json::from_str(&text).expect("JSON");
    (status, body["status"].as_str().expect("a text").to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_read_only_for_a_moment_is_seen_at_readyz_and_written_to_afterwards() {
    let database = database("");
    let app = demo();
    let server = serve(&app, &url(&[&database]));
    let mut browser = Browser::at(&server);
    browser.call(LOGIN, "getAuthorizeUrl", json!({})).await.data();
    assert_eq!(readiness(&mut browser).await, (200, "ready".to_owned()));

    let (operator, connection) = tokio_postgres::connect(&database.url(), NoTls).await.expect("connects");
    tokio::spawn(connection);
    let end_connections = "SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity \
                           WHERE application_name = 'mti'";
    operator.batch_execute("ALTER DATABASE postgres SET default_transaction_read_only = on").await.expect("alters");
    operator.query_one(end_connections, &[]).await.expect("ends connections");
    for _ in 0..3 {
        let refused = browser.call(LOGIN, "getAuthorizeUrl", json!({})).await;
        assert_eq!((refused.status, refused.error()), (500, "ELEMENT_EXCEPTION"), "{:#}", refused.envelope);
        assert_eq!(readiness(&mut browser).await, (503, "unready".to_owned()));
    }
    assert_eq!(browser.open("/healthz").await.0, 200);
    assert!(server.log().contains("takes no writes"), "{}", server.log());

    operator.batch_execute("ALTER DATABASE postgres RESET default_transaction_read_only").await.expect("alters");
    browser.call(LOGIN, "getAuthorizeUrl", json!({})).await.data();
    assert_eq!(readiness(&mut browser).await, (200, "ready".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_is_named_in_a_url_and_in_a_config() {
    let database = database("");
    let directory = database.socket_directory().to_str().expect("UTF-8");
    let (escaped, port) = (directory.replace('/', "%2F"), database.port());
    let app = demo();
    for url in [
        format!("postgres:///postgres?host={directory}&port={port}&user=mti&sslmode=require"),
        format!("postgres://mti@{escaped}:{port}/postgres"),
    ] {
        let users = mti_in(app.path(), &["call", USERS, "query", "--database-url", &url], "").ended_with(0).json();
        assert_eq!(users["totalCount"], 2);
    }
    app.write("databases/Default/e.json", r#"{"type": "databases.PgSqlType", "override": "replace", "title": "Ours"}"#);
    let config =
        json!({"host": directory, "port": port, "dbname": "postgres", "user": "mti", "sslMode": "verify-full"});
    app.write("databases/Default/Default.json", &config.to_string());
    let users = mti_in(app.path(), &["call", USERS, "query"], "").ended_with(0).json();
    assert_eq!(users["totalCount"], 2);
    mti_in(app.path(), &["check"], "").ended_with(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_is_killed_under_load_and_its_standby_has_every_row_that_a_visitor_was_told_of() {
    let mut primary = database("-c synchronous_standby_names=*");
    let settings = PostgresSettings { lets_anybody_in: true, ..PostgresSettings::default() };
    let mut standby = block_in_place(|| primary.start_standby(&settings));
    let app = demo();
    app.write("auths/models/UserModel/e.json", OPEN_MODEL);
    let server = serve(&app, &url(&[&primary, &standby]));
    let mut browser = Browser::at(&server);
    eventually("the server is ready", async || readiness(&mut browser).await.0 == 200).await;

    let counts = Arc::new(Counts::default());
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let writer = Writer { client: client_builder().build().expect("a client"), origin: server.origin() };
        writers.spawn(writer.write(Arc::clone(&counts)));
    }
    let acknowledged = || counts.acknowledged.load(Ordering::Relaxed);
    eventually("rows are written", async || acknowledged() >= ENOUGH).await;
    let died = Instant::now();
    block_in_place(|| primary.crash());
    let before = acknowledged();
    assert_eq!(readiness(&mut browser).await, (503, "unready".to_owned()));
    block_in_place(|| standby.promote());
    let promoted = died.elapsed();
    eventually("rows are written again", async || acknowledged() > before).await;
    println!("promoted {promoted:?}, a row was written {:?} after the primary died", died.elapsed());
    assert_eq!(readiness(&mut browser).await, (200, "ready".to_owned()));
    counts.goal.store(before + ENOUGH, Ordering::Relaxed);
    let told: BTreeSet<String> = writers.join_all().await.into_iter().flatten().collect();

    let (reader, connection) = tokio_postgres::connect(&standby.url(), NoTls).await.expect("connects");
    tokio::spawn(connection);
    let users = "SELECT \"userId\" FROM \"acme.demo:auths.models.UserModel\"";
    let there = reader.query(users, &[]).await.expect("reads");
    let there: BTreeSet<String> = there.iter().map(|row| row.get(0)).collect();
    let lost: Vec<_> = told.difference(&there).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), told.len());
    println!("{} rows were acknowledged, none is lost", told.len());
    assert_eq!(server.terminate().code, Some(0));
}

/// How far the writers are.
#[derive(Default)]
struct Counts {
    tried: AtomicU32,
    acknowledged: AtomicU32,
    /// How many acknowledged writes are enough; not known when 0.
    goal: AtomicU32,
}

/// Visitors who write, each from an address of his own: no limit for one address is in the way.
struct Writer {
    client: Client,
    origin: String,
}

impl Writer {
    /// Writes until enough is written. Returns what was acknowledged.
    async fn write(self, counts: Arc<Counts>) -> Vec<String> {
        let address = format!("{}/api/acme/demo/{}/create", self.origin, USERS.replace('.', "/"));
        let mut told = Vec::new();
        loop {
            let goal = counts.goal.load(Ordering::Relaxed);
            if goal > 0 && counts.acknowledged.load(Ordering::Relaxed) >= goal {
                return told;
            }
            let number = counts.tried.fetch_add(1, Ordering::Relaxed);
            let user = format!("writer-{number}");
            let visitor = Ipv4Addr::from(Ipv4Addr::new(10, 0, 0, 1).to_bits() + number);
            let request = self
                .client
                .post(&address)
                .header("Origin", &self.origin)
                .header("X-Forwarded-For", visitor.to_string())
                .json(&json!({"rowData": {"userId": user, "isActive": true}}));
            let response = request.send().await.expect("the server answers");
            if response.status() == 200 {
                counts.acknowledged.fetch_add(1, Ordering::Relaxed);
                told.push(user);
            } else {
                assert_eq!(response.status(), 500, "{:?}", response.text().await);
            }
        }
    }
}
