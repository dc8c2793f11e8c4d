//! One row out of a million, against a bare get: an index is used, and does not cost more with every row.
//!
//! `cargo bench -p mti-data --bench million_rows`

#![expect(
    clippy::expect_used,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "a bench shows its figures, or that it failed"
)]

mod measure;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use mti_data::{Database, Filter, ModelSchema, Operation, Order, Query, Row, SledDatabase, SledOptions, row};
use serde_json::json;
use tokio::runtime::Runtime;

use measure::{Samples, show_fdatasync};

const ROUNDS: usize = 9;
const READS: u64 = 2_000;

/// How many rows; a variable makes them fewer, to try the bench itself.
fn rows() -> u64 {
    std::env::var("MTI_BENCH_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000)
}

fn main() {
    let place = tempfile::Builder::new().tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory on the disk");
    show_fdatasync(place.path());
    Runtime::new().expect("a runtime").block_on(run(place.path()));
}

async fn run(place: &Path) {
    let schema = users();
    let started = Instant::now();
    let options = SledOptions { directory: place.join("ours"), program: "bench".to_owned() };
    let database = SledDatabase::new(options);
    database.prepare(Arc::clone(&schema), Vec::new()).await.expect("prepares");
    let bare = sled::Config::new().path(place.join("bare")).open().expect("opens");
    for start in (0..rows()).step_by(10_000) {
        let numbers = start..(start + 10_000).min(rows());
        let mut batch = sled::Batch::default();
        for number in numbers.clone() {
            let stored = serde_json::to_vec(&user(number)).expect("JSON");
            batch.insert(user_id(number).as_bytes(), stored);
        }
        bare.apply_batch(batch).expect("writes");
        let batch = numbers.map(|number| Operation::insert(&schema, user(number))).collect();
        database.execute(batch).await.expect("writes");
    }
    println!("{} rows, written in {:.0} s", rows(), started.elapsed().as_secs_f64());

    let (mut ours, mut again, mut known) = (Samples::default(), Samples::default(), Samples::default());
    let mut floor = Samples::default();
    let mut next = 0_u64;
    for _ in 0..ROUNDS {
        let mut numbers = Vec::new();
        for _ in 0..READS {
            next = next.wrapping_add(0x9e37_79b9_7f4a_7c15);
            numbers.push(next % rows());
        }
        let reads = usize::try_from(READS).expect("not many");
        let find = async || {
            for number in &numbers {
                let filter = Filter::parse(&format!("Q(userId='{}')", user_id(*number))).expect("a filter");
                let query = Query::first(filter.bind(&schema).expect("fits"));
                let page = database.find(Arc::clone(&schema), query).await.expect("finds");
                assert_eq!(page.rows.len(), 1);
            }
        };
        floor
            .take(reads, async || {
                for number in &numbers {
                    assert!(bare.get(user_id(*number).as_bytes()).expect("reads").is_some());
                }
            })
            .await;
        ours.take(reads, find).await;
        again.take(reads, find).await;
        known.take(reads, find).await;
    }
    ours.show("Q(userId='x'), from its text");
    again.show("the same, for the second time");
    known.show("the same, for the third time");
    floor.show("bare get");
    println!(
        "  time {:.2} of a bare get, CPU {:.2} (goal 3 or less)",
        ours.wall() / floor.wall(),
        ours.cpu() / floor.cpu()
    );

    let page = |text: &str| {
        let filter = Filter::parse(text).and_then(|filter| filter.bind(&schema)).expect("fits");
        Query { limit: Some(20), ..Query::new(filter) }
    };
    let newest = Query { order: vec![Order::descending("createdAt")], ..page("") };
    let starting = page("Q(userId__startswith='u00ff')");
    let counted = Query { count: true, ..page("") };
    for (what, query, reads) in [
        ("the 20 newest, by an index", newest, 200),
        ("20 whose userId starts so", starting, 200),
        ("20 and how many there are", counted, 1),
    ] {
        let mut samples = Samples::default();
        for _ in 0..3 {
            samples
                .take(reads, async || {
                    for _ in 0..reads {
                        let page = database.find(Arc::clone(&schema), query.clone()).await.expect("finds");
                        assert!(!page.rows.is_empty());
                    }
                })
                .await;
        }
        samples.show(what);
    }
    database.close().await.expect("closes");
}

fn users() -> Arc<ModelSchema> {
    let text = |name: &str| json!({"name": name, "dataType": "Stext"});
    let definition = json!({
        "fields": [
            {"name": "id", "dataType": "AutoInt", "primaryKey": true},
            text("userId"), text("nick"), {"name": "createdAt", "dataType": "Integer"}
        ],
        "uniqueList": [["userId"]],
        "indexList": [["createdAt"]]
    });
    Arc::new(ModelSchema::parse("auths.User", "acme.bench", &definition).expect("a schema"))
}

fn user_id(number: u64) -> String {
    // Spread over the keys, as ids that somebody else gives are.
    format!("u{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn user(number: u64) -> Row {
    row! { "userId": user_id(number), "nick": format!("用户{number}"), "createdAt": number }
}
