//! Networks that fail between a process and its PostgreSQL server, at the instant that hurts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mti_data::{DataError, Encryption, Operation, PostgresDatabase, PostgresOptions, Query, SslMode};
use mti_element::Secret;
use mti_testkit::database::{PostgresServer, PostgresSettings};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_postgres::{Client, NoTls};

use crate::contract::{Shared, find, insert, prepare};
use crate::fixtures::{filter, named, person, row};

/// How long a test waits for what has to come.
const LONG: Duration = Duration::from_mins(1);

/// The request that ends a transaction; its beginning speaks of what is committed, too.
const COMMIT: &str = "COMMIT\0";

/// A server behind a network that can be told to fail.
struct Network {
    server: PostgresServer,
    port: u16,
    failing: Failing,
    /// How many transactions were begun.
    begun: Arc<AtomicUsize>,
    /// How many times all connections that were there have gone silent.
    silenced: watch::Sender<u32>,
}

/// What fails next: the text in a request that it begins with, and how. It fails once.
type Failing = Arc<Mutex<Option<(&'static str, Failure)>>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// The server gets the request; no answer arrives on this connection any more, and nothing says so.
    Silence,
    /// The server gets the request and answers; the connection ends before the answer arrives.
    Cut,
    /// The server gets the request and answers; no answer arrives before a request with this text has come.
    Held(&'static str),
    /// The server had ended the connection before the request came, and says so.
    Ended,
}

/// What a server says before it ends a connection.
const SHUTDOWN: &[u8] = b"E\0\0\0\x4bSFATAL\0VFATAL\0C57P01\0Mterminating connection as an administrator says\0\0";

impl Network {
    async fn start() -> Self {
        let server = tokio::task::spawn_blocking(|| PostgresServer::start(&PostgresSettings::default())).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let failing = Failing::default();
        let (begun, silenced) = (Arc::new(AtomicUsize::new(0)), watch::Sender::new(0));
        let (behind, failure) = (server.port(), Arc::clone(&failing));
        let (counted, silence) = (Arc::clone(&begun), silenced.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", behind)).await.unwrap();
                let carried = carry(client, server, Arc::clone(&failure), Arc::clone(&counted));
                let mut silence = silence.subscribe();
                tokio::spawn(async move {
                    let mut carried = Box::pin(carried);
                    tokio::select! {
                        () = &mut carried => {}
                        // Nothing is carried any more, and neither side hears of an end.
                        _ = silence.changed() => std::future::pending().await,
                    }
                });
            }
        });
        Self { server, port, failing, begun, silenced }
    }

    fn options(&self) -> PostgresOptions {
        let password = Secret::new(self.server.password());
        PostgresOptions::at("127.0.0.1", self.port, "postgres", "mti", Some(&password))
            .encryption(Encryption { mode: SslMode::Disable, root_certificates: None })
    }

    fn database(&self, pool: usize, timeout: Duration) -> Shared {
        let options = self.options().listening(false).pool_size(pool).unwrap().timeout(timeout).unwrap();
        Arc::new(PostgresDatabase::new(options))
    }

    /// Somebody else, who needs no network.
    async fn bystander(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.server.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    fn fail_at(&self, text: &'static str, failure: Failure) {
        *self.failing.lock().unwrap() = Some((text, failure));
    }
}

async fn carry(client: TcpStream, server: TcpStream, failing: Failing, begun: Arc<AtomicUsize>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (told, mut failure) = watch::channel(None);
    let mut ended = told.subscribe();
    let requests = async {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            let request = String::from_utf8_lossy(&buffer[..read]).into_owned();
            begun.fetch_add(request.matches("START TRANSACTION").count(), Ordering::Relaxed);
            let failure = failing.lock().unwrap().take_if(|(text, _)| request.contains(*text));
            if let Some((_, failure)) = failure {
                told.send_replace(Some(failure));
                if failure == Failure::Ended {
                    std::future::pending::<()>().await;
                }
            }
            told.send_if_modified(|told| {
                told.take_if(|told| matches!(told, Failure::Held(until) if request.contains(*until))).is_some()
            });
            to_server.write_all(&buffer[..read]).await.unwrap();
        }
    };
    let answers = async {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
            let failing = *failure.borrow();
            match failing {
                None => {}
                Some(Failure::Silence) => continue,
                Some(Failure::Cut | Failure::Ended) => break,
                Some(Failure::Held(_)) => drop(failure.wait_for(Option::is_none).await),
            }
            if to_client.write_all(&buffer[..read]).await.is_err() {
                break;
            }
        }
    };
    let is_ended = tokio::select! {
        () = requests => false,
        () = answers => false,
        _ = ended.wait_for(|failure| *failure == Some(Failure::Ended)) => true,
    };
    if is_ended {
        to_client.write_all(SHUTDOWN).await.unwrap();
    }
}

#[track_caller]
fn may_have_taken_effect<T: std::fmt::Debug>(result: Result<T, DataError>) {
    match result {
        Err(DataError::Unavailable { message, retryable: false })
            if message.contains("which may have taken effect") => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_outcome_is_not_known_is_not_sent_again() {
    let network = Network::start().await;
    let (database, schema) = (network.database(4, LONG), person());
    prepare(&database, &schema).await;
    // The first use of a statement prepares it; what fails is its execution.
    insert(&database, &schema, json!({"name": "prepared"})).await.unwrap();

    network.fail_at("lost", Failure::Cut);
    may_have_taken_effect(insert(&database, &schema, json!({"name": "lost"})).await);
    assert_eq!(find(&database, &schema, "Q(name='lost')").await.len(), 1, "sent once, and done");

    let both = ["first", "second"].map(|name| Operation::insert(&schema, row(json!({"name": name}))));
    network.fail_at(COMMIT, Failure::Cut);
    may_have_taken_effect(database.execute(both.to_vec()).await);
    assert_eq!(find(&database, &schema, "Q(name__in=['first', 'second'])").await.len(), 2, "committed once");

    // Before the commit is sent it is certain that nothing happened.
    for before in ["START TRANSACTION", "nobody"] {
        network.fail_at(before, Failure::Cut);
        let both = [
            Operation::require(&schema, filter(&schema, "Q(name='nobody')"), 0..=0),
            Operation::insert(&schema, row(json!({"name": before}))),
        ];
        database.execute(both.to_vec()).await.unwrap();
        assert_eq!(find(&database, &schema, &format!("Q(name='{before}')")).await.len(), 1);
        let away = Operation::delete(&schema, filter(&schema, &format!("Q(name='{before}')")));
        database.execute(vec![away]).await.unwrap();
    }

    network.fail_at("SELECT", Failure::Cut);
    assert_eq!(find(&database, &schema, "").await.len(), 4, "reading is tried again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_waits_for_two_answers() {
    let network = Network::start().await;
    let (database, schema) = (network.database(1, LONG), person());
    prepare(&database, &schema).await;
    let batch = |name: &str| {
        let named = filter(&schema, &format!("Q(name='{name}')"));
        vec![
            Operation::require(&schema, named.clone(), 0..=0),
            Operation::insert(&schema, row(json!({"name": name, "userId": format!("id of {name}")}))),
            Operation::update(&schema, named.clone(), row(json!({"age": 7}))),
            Operation::insert(&schema, row(json!({"name": "another"}))),
            Operation::delete(&schema, filter(&schema, "Q(name='another')")),
        ]
    };
    database.execute(batch("first")).await.unwrap();
    for (name, sent, with) in [("second", "START TRANSACTION", "second"), ("third", "id of third", COMMIT)] {
        network.fail_at(sent, Failure::Held(with));
        let done = tokio::time::timeout(LONG, database.execute(batch(name))).await;
        let outcomes = done.expect("nothing is waited for between the two").unwrap();
        assert_eq!(outcomes.len(), 5);
        assert_eq!(outcomes[2].rows()[0]["age"], 7, "each sees what those before it did");
        assert_eq!(outcomes[4].rows().len(), 1);
        assert_eq!(find(&database, &schema, &format!("Q(name='{name}')")).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_fails_beside_its_commit_takes_the_batch_back() {
    let network = Network::start().await;
    let (database, schema) = (network.database(1, LONG), person());
    prepare(&database, &schema).await;
    let batch = |ids: [&str; 3]| ids.map(|id| Operation::insert(&schema, row(json!({"userId": id})))).to_vec();
    database.execute(batch(["a", "b", "c"])).await.unwrap();
    network.fail_at("taken", Failure::Held(COMMIT));
    let failed = tokio::time::timeout(LONG, database.execute(batch(["taken", "b", "last"]))).await.expect("it ends");
    assert!(matches!(failed, Err(DataError::UniqueViolation { .. })), "{failed:?}");
    assert_eq!(find(&database, &schema, "").await.len(), 3);
    database.execute(batch(["d", "e", "f"])).await.unwrap();
    assert_eq!(find(&database, &schema, "").await.len(), 6, "on the same connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_a_connection_on_which_a_commit_was_not_answered() {
    let network = Network::start().await;
    let (database, schema) = (network.database(1, Duration::from_secs(1)), person());
    prepare(&database, &schema).await;
    let both = ["first", "second"].map(|name| Operation::insert(&schema, row(json!({"name": name}))));
    network.fail_at(COMMIT, Failure::Silence);
    may_have_taken_effect(database.execute(both.to_vec()).await);
    let found = database.find(schema.clone(), Query::new(filter(&schema, ""))).await.unwrap();
    assert_eq!(found.rows.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lets_in_and_then_says_nothing_is_not_waited_for_for_ever() {
    let network = Network::start().await;
    let (database, schema) = (network.database(2, Duration::from_secs(2)), person());
    network.fail_at("statement_timeout", Failure::Silence);
    let refused = tokio::time::timeout(LONG, database.prepare(schema.clone(), Vec::new())).await.expect("it ends");
    assert!(
        matches!(&refused, Err(DataError::Unavailable { message, retryable: true })
            if message.contains("did not take a connection within 2000 ms") && !message.contains(network.server.password())),
        "{refused:?}"
    );
    prepare(&database, &schema).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_an_answer_to_somebody_who_went_away() {
    let network = Network::start().await;
    let (database, schema) = (network.database(2, 10 * LONG), person());
    let other =
        named("shop.models.Other", &json!({"fields": [{"name": "code", "dataType": "Stext", "primaryKey": true}]}));
    prepare(&database, &schema).await;
    prepare(&database, &other).await;
    // Within a transaction it is always the same activity that is seen.
    let (bystander, watcher) = (network.bystander().await, network.bystander().await);
    bystander.batch_execute("BEGIN; LOCK TABLE \"acme.shop:shop.models.Person\"").await.unwrap();
    let waiting = {
        let (database, schema) = (Arc::clone(&database), schema.clone());
        tokio::spawn(async move { insert(&database, &schema, json!({"name": "abandoned"})).await })
    };
    let waits = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'mti' AND wait_event_type = 'Lock'";
    while watcher.query(waits, &[]).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(find(&database, &other, "").await.is_empty(), "on the second connection");
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    for _ in 0..4 {
        let found = tokio::time::timeout(LONG, find(&database, &other, "")).await.expect("nobody is in the way");
        assert!(found.is_empty());
    }
    let connections = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'mti'";
    let connections: i64 = watcher.query_one(connections, &[]).await.unwrap().get(0);
    assert_eq!(connections, 2, "the server has no more to do than it may have");
    bystander.batch_execute("COMMIT").await.unwrap();
    insert(&database, &schema, json!({"name": "next"})).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_is_enough() {
    let network = Network::start().await;
    let (database, schema) = (network.database(1, Duration::from_mins(10)), person());
    let of_two_fields = crate::fixtures::schema(&json!({"fields": [
        {"name": "id", "dataType": "AutoInt", "primaryKey": true},
        {"name": "name", "dataType": "Stext"}
    ]}));
    let all = async {
        prepare(&database, &of_two_fields).await;
        // This one tells others, too.
        prepare(&database, &schema).await;
        database.generations().unwrap().raise("users").await.unwrap();
        insert(&database, &schema, json!({"name": "Ann"})).await.unwrap();
    };
    tokio::time::timeout(LONG, all).await.expect("nobody waits for a second connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_is_there_needs_no_right_to_make_one() {
    let network = Network::start().await;
    let bystander = network.bystander().await;
    bystander
        .batch_execute("CREATE ROLE app LOGIN PASSWORD 'app'; CREATE SCHEMA \"Äpp\" AUTHORIZATION app")
        .await
        .unwrap();
    let options = PostgresOptions::at("127.0.0.1", network.server.port(), "postgres", "app", Some(&Secret::new("app")));
    let database: Shared = Arc::new(PostgresDatabase::new(options.schema("Äpp").unwrap()));
    prepare(&database, &person()).await;
    insert(&database, &person(), json!({"name": "Ann"})).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_is_refused_by_the_first_transaction() {
    let network = Network::start().await;
    let (database, schema) = (network.database(4, LONG), person());
    prepare(&database, &schema).await;
    insert(&database, &schema, json!({"userId": "taken"})).await.unwrap();
    let change_or_add = |name: &str| {
        let named = filter(&schema, &format!("Q(name='{name}')"));
        Operation::update_or_insert(&schema, named, Vec::new(), row(json!({})), row(json!({"userId": "taken"})))
    };
    let taken =
        DataError::UniqueViolation { model: "shop.models.Person".to_owned(), fields: vec!["userId".to_owned()] };
    let before = network.begun.load(Ordering::Relaxed);
    assert_eq!(database.execute(vec![change_or_add("nobody")]).await, Err(taken.clone()));
    assert_eq!(network.begun.load(Ordering::Relaxed) - before, 1);

    // Many at once do not get in each other's way.
    let racing = (0..8).map(|number| database.execute(vec![change_or_add(&format!("n{number}"))]));
    for refused in futures_util::future::join_all(racing).await {
        assert_eq!(refused, Err(taken.clone()));
    }
    assert_eq!(network.begun.load(Ordering::Relaxed) - before, 9);

    // A row in the way that the batch itself added.
    let batch = vec![Operation::insert(&schema, row(json!({"name": "x", "age": 1}))), {
        let nobody = filter(&schema, "Q(name='nobody')");
        let same = row(json!({"name": "x", "age": 1}));
        Operation::update_or_insert(&schema, nobody, Vec::new(), row(json!({})), same)
    }];
    let refused = database.execute(batch).await;
    assert!(matches!(refused, Err(DataError::UniqueViolation { .. })), "{refused:?}");
    assert_eq!(network.begun.load(Ordering::Relaxed) - before, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_connection_is_lost_while_it_is_prepared_is_made_on_another_one() {
    let network = Network::start().await;
    let (database, schema) = (network.database(4, LONG), person());
    prepare(&database, &schema).await;
    // The first use of a statement prepares it.
    network.fail_at("INSERT INTO", Failure::Cut);
    insert(&database, &schema, json!({"name": "prepared"})).await.unwrap();
    assert_eq!(find(&database, &schema, "").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_to_a_server_that_had_ended_the_connection_is_made_on_another_one() {
    let network = Network::start().await;
    let (database, schema) = (network.database(4, LONG), person());
    prepare(&database, &schema).await;
    insert(&database, &schema, json!({"name": "prepared"})).await.unwrap();
    network.fail_at("on another", Failure::Ended);
    insert(&database, &schema, json!({"name": "on another"})).await.unwrap();
    let both =
        |name: &str| [1, 2].map(|age| Operation::insert(&schema, row(json!({"name": name, "age": age})))).to_vec();
    network.fail_at("START TRANSACTION", Failure::Ended);
    database.execute(both("batch")).await.unwrap();
    assert_eq!(find(&database, &schema, "").await.len(), 4);

    // Behind a commit that was done it can say the same. This one is sent by itself.
    let nobody = filter(&schema, "Q(name='commit')");
    let committed = row(json!({"name": "commit"}));
    let change_or_add = Operation::update_or_insert(&schema, nobody, Vec::new(), row(json!({})), committed);
    network.fail_at(COMMIT, Failure::Ended);
    may_have_taken_effect(database.execute(vec![change_or_add]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_went_silent_while_nobody_used_them_are_replaced_before_a_write() {
    let network = Network::start().await;
    let (database, schema) = (network.database(4, LONG), person());
    prepare(&database, &schema).await;
    let several = (0..4).map(|_| insert(&database, &schema, json!({"name": "several"})));
    for inserted in futures_util::future::join_all(several).await {
        inserted.unwrap();
    }
    network.silenced.send_modify(|times| *times += 1);
    // A connection that was used within the last second is trusted.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let written = tokio::time::timeout(LONG / 6, insert(&database, &schema, json!({"name": "afterwards"}))).await;
    written.expect("one silent connection is waited for, not all").unwrap();
    assert_eq!(find(&database, &schema, "").await.len(), 5);
}
