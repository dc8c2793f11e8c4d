use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, RwLock};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;

use super::acknowledged::Acknowledged;
use super::committer::{Committer, QUEUE};
use super::failure_watch::FailureWatch;
use super::holder::Holder;
use super::location::Location;
use super::store::{Store, failed, unavailable};
use super::usage::Usage;
use super::{Opened, Published, SledOptions};
use crate::DataError;
use crate::store::{FORMAT, FORMAT_KEY, Tables};

/// How much of the store is kept in memory at least, in bytes.
const LEAST_CACHE: u64 = 64 << 20;

/// How much of it is kept in memory at most. A small store takes no more than it has.
const MOST_CACHE: u64 = 1 << 30;

/// How often sled tidies its file up, in milliseconds. Durability does not depend on it.
const TIDY_EVERY: u64 = 1000;

/// Opens the database, whose directory the operator knows as `given`, and starts its committer.
pub(super) fn open(options: &SledOptions, given: &Path, usage: &Arc<Usage>) -> Result<Arc<Opened>, DataError> {
    let directory = &options.directory;
    let holder = make_private(directory)
        .map_err(|error| unavailable(&error))
        .and_then(|()| Holder::acquire(directory, &options.program, usage))
        .map_err(|error| within(directory, error))?;
    let location = Location::new(given, directory).map_err(|error| within(directory, error))?;
    let (store, acknowledged) = open_store(directory)?;
    let gate = Arc::new(RwLock::new(Ok(Published { store: store.clone(), tables: Tables::default() })));
    let epoch = Arc::default();
    let (jobs, queue) = mpsc::channel(QUEUE);
    let committer =
        Committer::new(options.clone(), location, store, acknowledged, Arc::clone(&gate), Arc::clone(&epoch), holder);
    let committer = thread::Builder::new()
        .name("mti-data-commit".to_owned())
        .spawn(move || committer.run(queue))
        .map_err(|error| unavailable(&error))?;
    Ok(Arc::new(Opened { jobs: Mutex::new(Some(jobs)), committer: Mutex::new(Some(committer)), gate, epoch }))
}

/// Opens the store in a directory that this process holds.
pub(super) fn open_store(directory: &Path) -> Result<(Store, Acknowledged), DataError> {
    let opened = || {
        remove_unfinished_snapshots(directory).map_err(|error| unavailable(&error))?;
        let memory = cache_size();
        let tree = open_tree(directory, memory)?;
        let file = File::open(directory.join("db")).map_err(|error| unavailable(&error))?;
        let failure_watch = FailureWatch::begin(tree.clone()).map_err(|error| unavailable(&error))?;
        let store = Store {
            directory: directory.into(),
            tree,
            file: Arc::new(file),
            cache: Arc::default(),
            fits_in_memory: Arc::default(),
            memory,
            _failure_watch: Arc::new(failure_watch),
        };
        store.measure();
        let acknowledged = Acknowledged::open(directory, &store)?;
        check_format(directory, &store)?;
        Ok((store, acknowledged))
    };
    opened().map_err(|error| within(directory, error))
}

/// Removes what sled left of a snapshot that it could not finish, for want of space or because the process ended. It
/// would take it for the newest one, and refuse the store; the one before is still there.
fn remove_unfinished_snapshots(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let is_snapshot = path.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with("snap."));
        if is_snapshot && path.extension().is_some_and(|extension| extension == "generating") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// What is in the way of a directory, with its name: nothing else says which one is meant.
pub(super) fn within(directory: &Path, error: DataError) -> DataError {
    match error {
        DataError::Unavailable { message, retryable } => {
            DataError::Unavailable { message: format!("`{}`: {message}", directory.display()), retryable }
        }
        other => other,
    }
}

/// Opens sled. A database that was just closed in this process keeps its lock for a moment longer; who holds the
/// directory has been settled before.
fn open_tree(directory: &Path, memory: u64) -> Result<sled::Db, DataError> {
    const ATTEMPTS: u32 = 100;
    const PAUSE: Duration = Duration::from_millis(20);
    let config = sled::Config::new().path(directory).cache_capacity(memory).flush_every_ms(Some(TIDY_EVERY));
    let mut attempt = 1;
    loop {
        match config.open() {
            Ok(tree) => return Ok(tree),
            Err(sled::Error::Io(error)) if error.to_string().contains("acquire lock") => {
                if attempt == ATTEMPTS {
                    let message = "another program has its files open, or a write of this one does not end: restart it";
                    return Err(DataError::Unavailable { message: message.to_owned(), retryable: true });
                }
                attempt += 1;
                thread::sleep(PAUSE);
            }
            Err(error) => return Err(failed(error)),
        }
    }
}

/// How much memory the store may take: a quarter of what the machine has, or this process is allowed.
fn cache_size() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    });
    let allowed = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse::<u64>().ok());
    let memory = [machine, allowed].into_iter().flatten().min().unwrap_or_default();
    (memory / 4).clamp(LEAST_CACHE, MOST_CACHE)
}

/// Notes the format in a new store; refuses one that a newer program wrote.
fn check_format(directory: &Path, store: &Store) -> Result<(), DataError> {
    let Some(stored) = store.tree.get(FORMAT_KEY).map_err(failed)? else {
        if !store.tree.is_empty() {
            return Err(DataError::corrupt("the directory holds a sled database of another program"));
        }
        store.tree.insert(FORMAT_KEY, &FORMAT.to_be_bytes()).map_err(failed)?;
        store.sync()?;
        return sync_files(directory).map_err(|error| unavailable(&error));
    };
    let found = stored.as_ref().try_into().map(u64::from_be_bytes);
    let found = found.map_err(|_| DataError::corrupt("its format is not a number"))?;
    if found > FORMAT {
        return Err(DataError::NewerStore { directory: directory.to_owned(), found, known: FORMAT });
    }
    Ok(())
}

/// Brings the files of a new store, and their names, to the disk.
fn sync_files(directory: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_file() {
            File::open(path)?.sync_all()?;
        }
    }
    File::open(directory)?.sync_all()?;
    directory.parent().map_or(Ok(()), |parent| {
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        File::open(parent)?.sync_all()
    })
}

/// Makes a directory that nobody else on the machine may look into: rows hold who is who.
fn make_private(directory: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}
