//! What the embedded database costs, each figure against a floor that is measured in the same run, in turns.
//!
//! `cargo bench -p mti-data --bench durable_writes`; on a disk as slow as one wants, `crates/data/benches/slow_disk 460
//! cargo bench -p mti-data --bench durable_writes`.

#![expect(
    clippy::expect_used,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "a bench shows its figures, or that it failed"
)]

mod measure;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mti_data::{Database, Filter, ModelSchema, Operation, Query, Row, SledDatabase, SledOptions};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use measure::{Samples, show_fdatasync};

const ROUNDS: usize = 9;
const WRITERS: usize = 16;
const WRITES: usize = 150;
const READS: usize = 20_000;

fn main() {
    let place = tempfile::Builder::new().tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory on the disk");
    show_fdatasync(place.path());
    let runtime = Runtime::new().expect("a runtime");
    runtime.block_on(async {
        many_writers(place.path()).await;
        one_writer(place.path()).await;
        point_reads(place.path()).await;
    });
}

/// 16 writers that each wait for their binding to be on the disk, against a log that only appends, and against what sled
/// itself makes of such groups.
async fn many_writers(place: &Path) {
    let schema = bindings();
    let database = open(place.join("many"), &schema).await;
    let mut file = File::create(place.join("log")).expect("a log");
    let log = GroupCommit::start(move |group| {
        let lines = group.iter().map(|row| serde_json::to_vec(row).expect("JSON"));
        let lines: Vec<u8> = lines.flat_map(|line| line.into_iter().chain(*b"\n")).collect();
        file.write_all(&lines).expect("appends");
        file.sync_data().expect("syncs");
    });
    let bare = BareSled::open(&place.join("bare-many"));
    let bare = GroupCommit::start(move |group| bare.write(group));
    let mut ours = Samples::default();
    let mut logs = Samples::default();
    let mut bares = Samples::default();
    for _ in 0..ROUNDS {
        ours.take(WRITERS * WRITES, async || {
            let mut writers = JoinSet::new();
            for _ in 0..WRITERS {
                let (database, schema) = (Arc::clone(&database), Arc::clone(&schema));
                writers.spawn(async move {
                    for _ in 0..WRITES {
                        database.execute(vec![Operation::insert(&schema, binding())]).await.expect("writes");
                    }
                });
            }
            writers.join_all().await;
        })
        .await;
        for (samples, floor) in [(&mut logs, &log), (&mut bares, &bare)] {
            samples
                .take(WRITERS * WRITES, async || {
                    let mut writers = JoinSet::new();
                    for _ in 0..WRITERS {
                        let floor = floor.clone();
                        writers.spawn(async move {
                            for _ in 0..WRITES {
                                floor.write(binding()).await;
                            }
                        });
                    }
                    writers.join_all().await;
                })
                .await;
        }
    }
    database.close().await.expect("closes");
    ours.show("16 writers, durable inserts");
    logs.show("16 writers, append log with group commit");
    bares.show("16 writers, bare sled with group commit");
    println!("  throughput {:.2} of the log's (goal 0.45 or more)", logs.wall() / ours.wall());
    println!(
        "  throughput {:.2} of bare sled's, whose is {:.2} of the log's",
        bares.wall() / ours.wall(),
        logs.wall() / bares.wall()
    );
    println!("  CPU {:.0} µs for each binding (goal 180 or less)\n", ours.cpu());
}

/// One writer, against sled with the same keys and the same waiting.
async fn one_writer(place: &Path) {
    let schema = bindings();
    let database = open(place.join("one"), &schema).await;
    let bare = BareSled::open(&place.join("bare"));
    let mut ours = Samples::default();
    let mut floor = Samples::default();
    for _ in 0..ROUNDS {
        ours.take(WRITES, async || {
            for _ in 0..WRITES {
                database.execute(vec![Operation::insert(&schema, binding())]).await.expect("writes");
            }
        })
        .await;
        floor
            .take(WRITES, async || {
                tokio::task::block_in_place(|| {
                    for _ in 0..WRITES {
                        bare.write(&[binding()]);
                    }
                });
            })
            .await;
    }
    database.close().await.expect("closes");
    ours.show("one writer, durable inserts");
    floor.show("one writer, bare sled and fdatasync");
    println!("  time {:.2} of bare sled's (goal 1.15 or less)\n", ours.wall() / floor.wall());
}

/// Reading one row by its key and by a unique combination, against a bare get and parsing the JSON.
async fn point_reads(place: &Path) {
    let schema = bindings();
    let database = open(place.join("reads"), &schema).await;
    let bare = sled::Config::new().path(place.join("bare-reads")).open().expect("opens");
    let mut rows = Vec::new();
    for _ in 0..20 {
        let batch = (0..100).map(|_| Operation::insert(&schema, binding())).collect();
        let outcomes = database.execute(batch).await.expect("writes");
        rows.extend(outcomes.into_iter().flat_map(mti_data::Outcome::into_rows));
    }
    for row in &rows {
        bare.insert(row["id"].to_string().as_bytes(), serde_json::to_vec(row).expect("JSON")).expect("writes");
    }
    let read = async |filter: Filter| {
        let filter = filter.bind(&schema).expect("fits");
        let page = database.find(Arc::clone(&schema), Query::first(filter)).await.expect("finds");
        assert_eq!(page.rows.len(), 1);
    };
    let mut by_key = Samples::default();
    let mut by_unique = Samples::default();
    let mut floor = Samples::default();
    for _ in 0..ROUNDS {
        by_key
            .take(READS, async || {
                for number in 0..READS {
                    read(Filter::equal("id", rows[number % rows.len()]["id"].as_i64().expect("a key"))).await;
                }
            })
            .await;
        by_unique
            .take(READS, async || {
                for number in 0..READS {
                    let text = |field: &str| rows[number % rows.len()][field].as_str().expect("a text");
                    read(Filter::equal("appId", text("appId")) & Filter::equal("openId", text("openId"))).await;
                }
            })
            .await;
        floor
            .take(READS, async || {
                for number in 0..READS {
                    let key = rows[number % rows.len()]["id"].to_string();
                    let bytes = bare.get(key.as_bytes()).expect("reads").expect("is there");
                    let row: Row = serde_json::from_slice(&bytes).expect("JSON");
                    assert_eq!(row.len(), 5);
                }
            })
            .await;
    }
    database.close().await.expect("closes");
    by_key.show("point read by key");
    by_unique.show("point read by a unique combination");
    floor.show("bare get and JSON");
    let compare = |what: &str, ours: &Samples| {
        println!("  {what}: time {:.2} of bare, CPU {:.2}", ours.wall() / floor.wall(), ours.cpu() / floor.cpu());
    };
    compare("by key", &by_key);
    compare("by a unique combination", &by_unique);
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
    // Spread over the keys, as openIds are.
    let number = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let row = json!({
        "appId": "wxbdc5610cc59c1631",
        "userId": format!("user-{number:016x}"),
        "openId": format!("oLVPpjqs9BhvzwPj5A-{number:016x}"),
        "unionId": format!("o6_bmasdasdsad6_2sgVt-{number:016x}")
    });
    match row {
        Value::Object(row) => row,
        _ => unreachable!("an object was written"),
    }
}

async fn open(directory: PathBuf, schema: &Arc<ModelSchema>) -> Arc<dyn Database> {
    let database = Arc::new(SledDatabase::new(SledOptions { directory, program: "bench".to_owned() }));
    database.prepare(Arc::clone(schema), Vec::new()).await.expect("prepares");
    database
}

/// sled without anything around it: as many keys for a row, and the same waiting.
struct BareSled {
    tree: sled::Db,
    file: File,
    rows: AtomicU64,
}

impl BareSled {
    fn open(directory: &Path) -> Self {
        let tree = sled::Config::new().path(directory).open().expect("opens");
        Self { tree, file: File::open(directory.join("db")).expect("its file"), rows: AtomicU64::new(0) }
    }

    fn write(&self, group: &[Row]) {
        let mut batch = sled::Batch::default();
        for row in group {
            let number = self.rows.fetch_add(1, Ordering::Relaxed);
            for prefix in ["user", "open"] {
                let key = format!("{prefix}{}{}", row["appId"], row["openId"]);
                batch.insert(key.as_bytes(), &number.to_be_bytes());
            }
            batch.insert(b"counter", &number.to_be_bytes());
            batch.insert(&number.to_be_bytes(), serde_json::to_vec(row).expect("JSON"));
        }
        self.tree.apply_batch(batch).expect("writes");
        self.tree.flush().expect("flushes");
        self.file.sync_data().expect("syncs");
    }
}

/// One thread that writes what has queued up, waits for the disk, and answers.
#[derive(Clone)]
struct GroupCommit(mpsc::Sender<(Row, oneshot::Sender<()>)>);

impl GroupCommit {
    fn start(mut write: impl FnMut(&[Row]) + Send + 'static) -> Self {
        let (sender, mut queue) = mpsc::channel::<(Row, oneshot::Sender<()>)>(1024);
        std::thread::spawn(move || {
            while let Some((row, waiting)) = queue.blocking_recv() {
                let (mut rows, mut answers) = (vec![row], vec![waiting]);
                while let Ok((row, waiting)) = queue.try_recv() {
                    rows.push(row);
                    answers.push(waiting);
                }
                write(&rows);
                for answer in answers {
                    let _nobody_left = answer.send(());
                }
            }
        });
        Self(sender)
    }

    async fn write(&self, row: Row) {
        let (written, waiting) = oneshot::channel();
        self.0.send((row, written)).await.expect("the writer runs");
        waiting.await.expect("the writer answers");
    }
}
