//! A disk without space, and one that refuses a write halfway: when it takes writes again, the database does too,
//! without a restart, and has all that it acknowledged.
//!
//! Each scenario runs in a process of its own, which this binary starts again: one in a mount namespace with a small
//! file system, the other with a limit on how large its files may grow.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, id};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mti_data::{DataError, Filter, Operation, Query, Row};
use serde_json::json;

use crate::contract::{Shared, insert, prepare};
use crate::fixtures::{filter, person, row};
use crate::sled_store::open;

/// Names the directory in the process that a scenario runs in.
const DIRECTORY: &str = "MTI_DATA_TEST_DISK_DIRECTORY";

/// How often the disk is filled and freed, or writes fail and succeed again.
const ROUNDS: usize = 8;

/// How long anything may take that a test waits for: far longer than it takes.
const DEADLINE: Duration = Duration::from_secs(30);

#[test]
fn a_disk_with_space_again_takes_writes_again() {
    let mount = r#"mount -t tmpfs -o size=24m small "$MTI_DATA_TEST_DISK_DIRECTORY" && exec "$0" "$@""#;
    let works = |namespace: &[&str]| {
        let tried = Command::new("unshare").args(namespace).args(["sh", "-c", "mount -t tmpfs small /mnt"]).output();
        tried.is_ok_and(|tried| tried.status.success())
    };
    let namespaces: [&[&str]; 2] = [&["--mount"], &["--mount", "--map-root-user"]];
    let namespace = namespaces.into_iter().find(|namespace| works(namespace)).expect(
        "this test mounts a file system: run it as root with CAP_SYS_ADMIN, or allow user namespaces (`unshare -rm`)",
    );
    let mut command = Command::new("unshare");
    command.args(namespace).args(["sh", "-c", mount]);
    println!("{}", run_scenario(command, "full_disk"));
}

#[test]
fn a_database_whose_write_failed_is_opened_again() {
    println!("{}", run_scenario(with_file_limits(), "failing_writes"));
}

#[test]
fn a_database_that_lost_what_it_acknowledged_is_refused_when_it_is_opened_again() {
    run_scenario(with_file_limits(), "lost_commits");
}

/// Does nothing in an ordinary run: see [`a_disk_with_space_again_takes_writes_again`].
#[tokio::test(flavor = "multi_thread")]
async fn full_disk() {
    let Some(directory) = scenario_directory() else { return };
    let filler = directory.join("filler");
    // Bit by bit: what a commit finds free when it begins is there until it ends.
    let stop = || {
        let mut file = File::options().create(true).append(true).open(&filler).expect("a file");
        (0..64).any(|_| file.write_all(&[0; 4096]).is_err())
    };
    let go_on = || fs::remove_file(&filler).expect("is removed");
    // Also sled, which tidies its file up in the background, may have found no space.
    let outage = Outage { stop: &stop, go_on: &go_on, failing_reads: ROUNDS / 2 };
    let (errors, pauses) = write_through_outages(&directory.join("data"), outage).await;
    println!("the first writes with space again succeeded after {pauses:?}");
    for message in errors {
        assert!(message.contains("no space left on the device"), "{message}");
    }

    // Openings that find no space leave the database as it was.
    let data = directory.join("data");
    let before = rows(&data).await.expect("opens");
    while !stop() {}
    for _ in 0..3 {
        match rows(&data).await {
            Err(DataError::Unavailable { message, retryable: true }) => {
                assert!(message.contains("no space left on the device"), "{message}");
            }
            opened => assert_eq!(opened.as_ref(), Ok(&before)),
        }
    }
    go_on();
    assert_eq!(rows(&data).await, Ok(before));
}

/// All rows of a database that is opened for this, and closed again.
async fn rows(directory: &Path) -> Result<Vec<Row>, DataError> {
    let database = open(directory);
    database.prepare(person(), Vec::new()).await?;
    let page = database.find(person(), Query::new(filter(&person(), ""))).await?;
    database.close().await?;
    Ok(page.rows)
}

/// Does nothing in an ordinary run: see [`a_database_whose_write_failed_is_opened_again`].
#[tokio::test(flavor = "multi_thread")]
async fn failing_writes() {
    let Some(directory) = scenario_directory() else { return };
    let data = directory.join("data");
    let stop = || {
        limit_files(&fs::metadata(data.join("db")).expect("the log").len().to_string());
        true
    };
    let go_on = || limit_files("unlimited");
    // What the last write did to the store in memory may be in the way of a read.
    let outage = Outage { stop: &stop, go_on: &go_on, failing_reads: ROUNDS };
    let (errors, pauses) = write_through_outages(&data, outage).await;
    println!("the first writes that could succeed did after {pauses:?}");
    assert!(errors.iter().any(|message| message.contains("File too large")), "{errors:?}");
}

/// Does nothing in an ordinary run: see
/// [`a_database_that_lost_what_it_acknowledged_is_refused_when_it_is_opened_again`].
#[tokio::test(flavor = "multi_thread")]
async fn lost_commits() {
    let Some(directory) = scenario_directory() else { return };
    let database = open(&directory);
    let schema = person();
    prepare(&database, &schema).await;
    for number in 0..200 {
        let text = "微信".repeat(2000);
        insert(&database, &schema, json!({"userId": number.to_string(), "extra": text})).await.expect("inserts");
    }
    // No file can be written beyond its first page: the database cannot be opened again either.
    limit_files("4096");
    let refused = insert(&database, &schema, json!({"userId": "x"})).await;
    assert!(matches!(refused, Err(DataError::Unavailable { retryable: true, .. })), "{refused:?}");
    let log = File::options().write(true).open(directory.join("db")).expect("the log");
    log.set_len(log.metadata().expect("its length").len() / 2).expect("is cut");
    limit_files("unlimited");

    let deadline = Instant::now() + DEADLINE;
    let damaged = loop {
        match insert(&database, &schema, json!({"userId": "y"})).await {
            Err(DataError::Unavailable { retryable: true, .. }) if Instant::now() < deadline => {}
            other => break other,
        }
    };
    assert!(matches!(damaged, Err(DataError::Corrupt { .. })), "{damaged:?}");
    let read = database.find(schema.clone(), Query::new(filter(&schema, ""))).await;
    assert!(matches!(read, Err(DataError::Corrupt { .. })), "{read:?}");
}

/// A command in which a write beyond the limit is an error, not a signal that ends the process.
fn with_file_limits() -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#]);
    command
}

/// Sets how large the files of this process may grow: the soft limit only, which may be raised again.
fn limit_files(size: &str) {
    let limited = Command::new("prlimit").args(["--pid", &id().to_string(), &format!("--fsize={size}:")]).status();
    assert!(limited.expect("`prlimit` runs").success());
}

/// How a scenario stops the writes.
struct Outage<'a> {
    /// Does a part of it, and says whether that was the last one.
    stop: &'a dyn Fn() -> bool,
    go_on: &'a dyn Fn(),
    /// In how many of the rounds a read may fail, too.
    failing_reads: usize,
}

impl Outage<'_> {
    fn check_reads(&mut self, checked: Result<(), DataError>) {
        match checked {
            Err(DataError::Unavailable { retryable: true, .. }) if self.failing_reads > 0 => self.failing_reads -= 1,
            checked => checked.expect("reads"),
        }
    }
}

fn scenario_directory() -> Option<PathBuf> {
    std::env::var_os(DIRECTORY).map(PathBuf::from)
}

/// Runs one of the tests above as a process of its own. Gives what it printed.
fn run_scenario(mut command: Command, test: &str) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let output = command
        .arg(std::env::current_exe().expect("this binary"))
        .args(["--exact", &format!("disk_full::{test}"), "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, directory.path())
        .output()
        .expect("starts");
    let readable = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (readable(&output.stdout), readable(&output.stderr));
    assert!(output.status.success() && stdout.contains("1 passed"), "{stdout}{stderr}");
    stdout
}

/// Writes while writes are stopped and go on again and again; afterwards checks what is there, twice. Gives the
/// messages of the writes that failed, and how long it took each time until a write succeeded.
async fn write_through_outages(directory: &Path, mut outage: Outage<'_>) -> (BTreeSet<String>, Vec<Duration>) {
    let database = open(directory);
    prepare(&database, &person()).await;
    let writer = Writer::start(&database);
    let mut pauses = Vec::new();
    for _ in 0..ROUNDS {
        writer.acknowledges_more(20).await;
        while !(outage.stop)() {
            writer.tries_again().await;
        }
        let failed = writer.wait(|written| written.failures > 0).await;
        assert!(!failed.is_zero());
        // The stop may still be under way when the first write fails: what was acknowledged is there at all times.
        let acknowledged = writer.acknowledged();
        outage.check_reads(check(&database, &acknowledged).await);
        (outage.go_on)();
        writer.forget_failures();
        pauses.push(writer.acknowledges_more(1).await);
    }
    let (acknowledged, errors) = writer.stop().await;
    check(&database, &acknowledged).await.expect("reads");
    database.close().await.expect("closes");

    let database = open(directory);
    prepare(&database, &person()).await;
    check(&database, &acknowledged).await.expect("reads");
    database.close().await.expect("closes");
    for message in &errors {
        assert!(message.contains(&*directory.to_string_lossy()) && !message.contains("Os {"), "{message}");
    }
    (errors, pauses)
}

/// Everything acknowledged is there, and no batch by half.
async fn check(database: &Shared, acknowledged: &[String]) -> Result<(), DataError> {
    let schema = person();
    let find = async |text: &str| {
        let query = Query::new(filter(&schema, text));
        database.find(Arc::clone(&schema), query).await.map(|page| page.rows)
    };
    let all = find("").await?;
    let names: Vec<_> = all.iter().filter_map(|row| row["name"].as_str()).collect();
    for name in acknowledged {
        assert_eq!(names.iter().filter(|found| *found == name).count(), 2, "{name}");
    }
    assert!(all.len().is_multiple_of(2), "a batch is there by half");
    for name in acknowledged.iter().rev().take(20) {
        let found = find(&Filter::equal("userId", format!("{name}a")).to_string()).await?;
        assert_eq!(found.len(), 1, "{name} by its index");
    }
    Ok(())
}

/// Writes pairs of rows, one after another, whether or not they are taken.
struct Writer {
    written: Arc<Mutex<Written>>,
    ends: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Written {
    acknowledged: Vec<String>,
    attempts: usize,
    /// Since they were forgotten last.
    failures: usize,
    errors: BTreeSet<String>,
}

impl Writer {
    fn start(database: &Shared) -> Self {
        let (written, ends) = (Arc::<Mutex<Written>>::default(), Arc::<AtomicBool>::default());
        let task = tokio::spawn({
            let (database, written, ends) = (Arc::clone(database), Arc::clone(&written), Arc::clone(&ends));
            let schema = person();
            async move {
                for number in 0.. {
                    if ends.load(Ordering::Relaxed) {
                        return;
                    }
                    let name = format!("pair {number}");
                    let extra = json!({"long": "微信".repeat(100 + number % 900)});
                    let pair = ["a", "b"].map(|half| {
                        let values = json!({"userId": format!("{name}{half}"), "name": name, "extra": extra});
                        Operation::insert(&schema, row(values))
                    });
                    let answer = database.execute(pair.into()).await;
                    let mut written = written.lock().unwrap();
                    written.attempts += 1;
                    match answer {
                        Ok(_) => written.acknowledged.push(name),
                        Err(DataError::Unavailable { message, retryable: true }) => {
                            written.failures += 1;
                            written.errors.insert(message);
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        });
        Self { written, ends, task }
    }

    fn acknowledged(&self) -> Vec<String> {
        self.written.lock().unwrap().acknowledged.clone()
    }

    fn forget_failures(&self) {
        self.written.lock().unwrap().failures = 0;
    }

    /// Waits for an attempt that begins after this.
    async fn tries_again(&self) {
        let before = self.written.lock().unwrap().attempts;
        self.wait(|written| written.attempts >= before + 2).await;
    }

    async fn acknowledges_more(&self, pairs: usize) -> Duration {
        let before = self.acknowledged().len();
        self.wait(|written| written.acknowledged.len() >= before + pairs).await
    }

    /// Waits until something holds, and gives how long that took.
    async fn wait(&self, holds: impl Fn(&Written) -> bool) -> Duration {
        let started = Instant::now();
        while !holds(&self.written.lock().unwrap()) {
            let is_late = started.elapsed() > DEADLINE || self.task.is_finished();
            assert!(!is_late, "the writer does not go on: {:?}", self.written.lock().unwrap().errors);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        started.elapsed()
    }

    async fn stop(self) -> (Vec<String>, BTreeSet<String>) {
        self.ends.store(true, Ordering::Relaxed);
        self.task.await.expect("no panic");
        let Written { acknowledged, errors, .. } = std::mem::take(&mut *self.written.lock().unwrap());
        (acknowledged, errors)
    }
}
