//! What the PostgreSQL driver costs over the bare statements on the same connections, each in turns in the same run.
//!
//! `cargo bench -p mti-data --bench postgres` starts a server of its own, whose commits reach the disk.

#![expect(
    clippy::expect_used,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "a bench shows its figures, or that it failed"
)]

mod measure;

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use measure::{Samples, show_fdatasync};
use mti_data::{Database, Filter, ModelSchema, Operation, PostgresDatabase, PostgresOptions, Query, Row};
use mti_element::Secret;
use mti_testkit::database::{PostgresServer, PostgresSettings};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls, Statement};

const ROUNDS: usize = 31;
const WRITERS: usize = 16;
const WRITES: usize = 20;
const READS: usize = 200;
const APP: &str = "wxbdc5610cc59c1631";
const BARE_TABLE: &str = "CREATE TABLE bare (id bigserial PRIMARY KEY, \"appId\" text COLLATE \"C\", \"userId\" text COLLATE \"C\", \
     \"openId\" text COLLATE \"C\", \"unionId\" text COLLATE \"C\", UNIQUE (\"appId\", \"openId\"), UNIQUE (\"appId\", \"userId\"))";

fn main() {
    let server = PostgresServer::start(&PostgresSettings { durable: true, ..PostgresSettings::default() });
    show_fdatasync(&std::env::temp_dir());
    Runtime::new().expect("a runtime").block_on(run(&server));
}

async fn run(server: &PostgresServer) {
    let options = PostgresOptions::from_url(&Secret::new(server.url())).expect("a URL");
    let database: Arc<dyn Database> = Arc::new(PostgresDatabase::new(options));
    let schema = bindings();
    database.prepare(Arc::clone(&schema), Vec::new()).await.expect("prepares");
    let bare = Arc::new(bare_connections(server).await);

    let (mut ours, mut floor) = (Samples::default(), Samples::default());
    let (mut ours_many, mut floor_many) = (Samples::default(), Samples::default());
    for round in 0..ROUNDS {
        for is_ours in in_turns(round) {
            if is_ours {
                ours.take(WRITES, async || write(&database, &schema, 1).await).await;
            } else {
                floor.take(WRITES, async || write_bare(&bare, 1).await).await;
            }
        }
        for is_ours in in_turns(round) {
            if is_ours {
                ours_many.take(WRITERS * WRITES, async || write(&database, &schema, WRITERS).await).await;
            } else {
                floor_many.take(WRITERS * WRITES, async || write_bare(&bare, WRITERS).await).await;
            }
        }
    }
    show("one writer", &ours, &floor);
    show("16 writers", &ours_many, &floor_many);
    println!("16 writers: {:.1} × one writer (goal 3.5 or more)\n", ours.wall() / ours_many.wall());

    let row =
        database.execute(vec![Operation::insert(&schema, binding())]).await.expect("writes").remove(0).into_rows();
    let key = row.first().and_then(|row| row.get("id")).and_then(Value::as_i64).expect("a key");
    let connection = bare.first().expect("a connection");
    let id: i64 = connection.client.query_one("SELECT min(id) FROM bare", &[]).await.expect("reads").get(0);
    // Else it is left to chance which of two indexes the server takes.
    connection.client.batch_execute("ANALYZE").await.expect("analyses");
    let (mut ours, mut floor) = (Samples::default(), Samples::default());
    for round in 0..ROUNDS {
        for is_ours in in_turns(round) {
            if is_ours {
                ours.take(WRITES, async || write_batches(&database, &schema).await).await;
            } else {
                floor.take(WRITES, async || write_batches_bare(connection).await).await;
            }
        }
    }
    show("one writer, a batch: that there is none, a new row, a change to it", &ours, &floor);

    let (mut ours, mut floor) = (Samples::default(), Samples::default());
    for round in 0..ROUNDS {
        for is_ours in in_turns(round) {
            if is_ours {
                ours.take(READS, async || {
                    for _ in 0..READS {
                        let filter = Filter::equal("id", key).bind(&schema).expect("fits");
                        let page = database.find(Arc::clone(&schema), Query::first(filter)).await.expect("finds");
                        assert_eq!(black_box(page).rows.len(), 1);
                    }
                })
                .await;
            } else {
                floor
                    .take(READS, async || {
                        for _ in 0..READS {
                            let row = connection.client.query_one(&connection.select, &[&id]).await.expect("reads");
                            black_box(as_json(&row));
                        }
                    })
                    .await;
            }
        }
    }
    show("point read", &ours, &floor);
}

/// Whose turn it is: neither is always the first after something else.
fn in_turns(round: usize) -> [bool; 2] {
    let ours_first = round.is_multiple_of(2);
    [ours_first, !ours_first]
}

/// The row as JSON, which is what is read for.
fn as_json(row: &tokio_postgres::Row) -> Row {
    let text = |index: usize| row.get::<_, Option<&str>>(index);
    mti_data::row! {
        "id": row.get::<_, i64>(0),
        "appId": text(1),
        "userId": text(2),
        "openId": text(3),
        "unionId": text(4),
    }
}

async fn write(database: &Arc<dyn Database>, schema: &Arc<ModelSchema>, writers: usize) {
    let mut set = JoinSet::new();
    for _ in 0..writers {
        let (database, schema) = (Arc::clone(database), Arc::clone(schema));
        set.spawn(async move {
            for _ in 0..WRITES {
                database.execute(vec![Operation::insert(&schema, binding())]).await.expect("writes");
            }
        });
    }
    set.join_all().await;
}

async fn write_batches(database: &Arc<dyn Database>, schema: &Arc<ModelSchema>) {
    for _ in 0..WRITES {
        let row = binding();
        let user = row.get("userId").and_then(Value::as_str).expect("a text");
        let filter = Filter::equal("appId", APP) & Filter::equal("userId", user);
        let filter = filter.bind(schema).expect("fits");
        let batch = vec![
            Operation::require(schema, filter.clone(), 0..=0),
            Operation::insert(schema, row.clone()),
            Operation::update(schema, filter, mti_data::row! { "unionId": "changed" }),
        ];
        assert_eq!(database.execute(batch).await.expect("writes").len(), 3);
    }
}

/// The same, one statement after another.
async fn write_batches_bare(Bare { client, insert, count, update, .. }: &Bare) {
    for _ in 0..WRITES {
        let row = binding();
        let text = |name: &str| row.get(name).and_then(Value::as_str);
        let (app, user, open, union) = (text("appId"), text("userId"), text("openId"), text("unionId"));
        client.batch_execute("START TRANSACTION ISOLATION LEVEL SERIALIZABLE").await.expect("begins");
        let there: i64 = client.query_one(count, &[&app, &user]).await.expect("reads").get(0);
        assert_eq!(there, 0);
        client.query_one(insert, &[&app, &user, &open, &union]).await.expect("writes");
        black_box(as_json(&client.query_one(update, &[&app, &user, &"changed"]).await.expect("writes")));
        client.batch_execute("COMMIT").await.expect("commits");
    }
}

/// A connection with the statements that it needs, prepared.
struct Bare {
    client: Client,
    insert: Statement,
    select: Statement,
    count: Statement,
    update: Statement,
}

async fn bare_connections(server: &PostgresServer) -> Vec<Bare> {
    let mut connections = Vec::new();
    for number in 0..WRITERS {
        let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.expect("connects");
        tokio::spawn(connection);
        if number == 0 {
            client.batch_execute(BARE_TABLE).await.expect("makes a table");
        }
        let insert =
            "INSERT INTO bare (\"appId\", \"userId\", \"openId\", \"unionId\") VALUES ($1, $2, $3, $4) RETURNING id";
        let select = "SELECT id, \"appId\", \"userId\", \"openId\", \"unionId\" FROM bare WHERE id = $1";
        let insert = client.prepare(insert).await.expect("prepares");
        let select = client.prepare(select).await.expect("prepares");
        let count = "SELECT count(*) FROM bare WHERE \"appId\" = $1 AND \"userId\" = $2";
        let update = "UPDATE bare SET \"unionId\" = $3 WHERE \"appId\" = $1 AND \"userId\" = $2 \
                      RETURNING id, \"appId\", \"userId\", \"openId\", \"unionId\"";
        let count = client.prepare(count).await.expect("prepares");
        let update = client.prepare(update).await.expect("prepares");
        connections.push(Bare { client, insert, select, count, update });
    }
    connections
}

async fn write_bare(connections: &Arc<Vec<Bare>>, writers: usize) {
    let mut set = JoinSet::new();
    for number in 0..writers {
        let connections = Arc::clone(connections);
        set.spawn(async move {
            let connection = connections.get(number).expect("a connection");
            for _ in 0..WRITES {
                let row = binding();
                let text = |name: &str| row.get(name).and_then(Value::as_str);
                let (app, user, open, union) = (text("appId"), text("userId"), text("openId"), text("unionId"));
                connection.client.query_one(&connection.insert, &[&app, &user, &open, &union]).await.expect("writes");
            }
        });
    }
    set.join_all().await;
}

fn bindings() -> Arc<ModelSchema> {
    let text = |name: &str| json!({"name": name, "dataType": "Stext"});
    let definition = json!({
        "fields": [
            {"name": "id", "dataType": "AutoInt", "primaryKey": true},
            text("appId"), text("userId"), text("openId"), text("unionId")
        ],
        "uniqueList": [["appId", "openId"], ["appId", "userId"]]
    });
    Arc::new(ModelSchema::parse("auths.Binding", "acme.bench", &definition).expect("a schema"))
}

/// A row that no other is like.
fn binding() -> Row {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mti_data::row! {
        "appId": APP,
        "userId": format!("user-{number:016x}"),
        "openId": format!("oLVPpjqs9BhvzwPj5A-{number:016x}"),
        "unionId": format!("o6_bmasdasdsad6_2sgVt-{number:016x}"),
    }
}

fn show(what: &str, ours: &Samples, floor: &Samples) {
    ours.show(what);
    floor.show("  bare statements");
    println!(
        "  {:.2} of their throughput (goal 0.9 or more), {:.2} × the processor time of this process (goal for a read 1.2 or less)",
        floor.wall() / ours.wall(),
        ours.cpu() / floor.cpu()
    );
}
