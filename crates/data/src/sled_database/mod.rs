//! The embedded database: sled with one committer, so that a group of batches costs one write to the disk.

mod acknowledged;
mod cache;
mod committer;
mod failure_watch;
mod holder;
mod location;
mod open;
mod outage;
mod recovery;
mod room;
mod store;
mod usage;

use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use serde_json::Value;
use tokio::sync::{OnceCell, mpsc, oneshot};

use cache::{Known, Remembering};
use committer::{Import, Job, Request};
use store::Store;
use usage::Usage;

use crate::open_databases::OpenDatabases;
use crate::store::{Tables, aggregate, changes, export, find};
use crate::transfer::nobody_takes;
use crate::{
    Aggregate, BoundFilter, BoxFuture, DataError, Database, Delivery, ModelSchema, Operation, Outcome, Page, Prepared,
    Query, Row, TableChange, TablePart, TableToFill,
};

/// A database in a directory, for one process at a time.
///
/// It is opened when it is first used, within a Tokio runtime. What [`Database::execute`] answered with success is on
/// the disk. A [`Database::find`] may see a batch shortly before it is there.
pub struct SledDatabase {
    /// With the directory as its path was resolved when the database was asked for.
    options: Arc<SledOptions>,
    /// The directory as it was given, perhaps through a link.
    given: Arc<Path>,
    opened: OnceCell<Arc<Opened>>,
    /// Where the opening leaves its result, for the next caller when the one that began it has gone.
    opening: Arc<Mutex<Option<Arc<Opened>>>>,
    usage: Arc<Usage>,
}

/// The databases that elements of this process share.
static SHARED: OpenDatabases<SledDatabase> = OpenDatabases::new();

/// Where a [`SledDatabase`] lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SledOptions {
    /// The directory; it is made when it is not there.
    pub directory: PathBuf,
    /// The name under which this process is shown to another that wants the same directory.
    pub program: String,
}

/// A database that is open, or was.
struct Opened {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    committer: Mutex<Option<JoinHandle<()>>>,
    gate: Arc<Gate>,
    epoch: Arc<AtomicU64>,
}

/// What readers see: they keep the gate open while they read, so that a batch shows as a whole. An error once
/// the database is closed, and while it has to be opened again.
type Gate = RwLock<Result<Published, DataError>>;

/// A store, and the tables whose rows and indexes are in it.
struct Published {
    store: Store,
    tables: Tables,
}

impl SledDatabase {
    /// The database in a directory. Nothing is opened yet.
    pub fn new(options: SledOptions) -> Self {
        let given = std::path::absolute(&options.directory).unwrap_or_else(|_| options.directory.clone());
        let options = SledOptions { directory: resolved(&given), ..options };
        Self {
            options: Arc::new(options),
            given: given.into(),
            opened: OnceCell::new(),
            opening: Arc::default(),
            usage: Arc::default(),
        }
    }

    /// The database in a directory, the same one for all who ask for it in this process until the last of them drops
    /// it or [releases](SledDatabase::release) it. A caller that asks for it while it closes gets a new one, which
    /// opens once the old one is closed.
    pub fn shared(options: &SledOptions) -> Arc<Self> {
        let directory = resolved(&options.directory);
        let is_wanted = |database: &Self| database.options.directory == directory && !database.usage.is_over();
        let database = SHARED.get_or_add(is_wanted, || Self::new(options.clone()));
        database.usage.ends_with(Arc::downgrade(&database));
        database
    }

    /// Closes a [shared](SledDatabase::shared) database if its caller is the last one to hold it.
    pub async fn release(self: &Arc<Self>) -> Result<(), DataError> {
        if SHARED.remove_last(self) { self.close().await } else { Ok(()) }
    }

    /// How many rows of a model were read, since it was prepared, to answer queries and to carry out batches.
    pub fn rows_read(&self, schema: &ModelSchema) -> Result<u64, DataError> {
        let opened = self.opened.get().ok_or_else(|| DataError::NotPrepared { model: schema.model().to_owned() })?;
        let gate = opened.gate.read().unwrap_or_else(PoisonError::into_inner);
        gate.as_ref().map_err(DataError::clone)?.tables.get(schema).map(|table| table.rows_read())
    }

    /// The open database; a failed attempt is repeated by the next caller.
    async fn opened(&self) -> Result<&Arc<Opened>, DataError> {
        let open = || {
            let (options, opening) = (Arc::clone(&self.options), Arc::clone(&self.opening));
            let (given, usage) = (Arc::clone(&self.given), Arc::clone(&self.usage));
            blocking(move || {
                let mut opening = opening.lock().unwrap_or_else(PoisonError::into_inner);
                if usage.is_over() {
                    return Err(DataError::closed());
                }
                let opened = match opening.take() {
                    Some(opened) => opened,
                    None => open::open(&options, &given, &usage)?,
                };
                Ok(Arc::clone(opening.insert(opened)))
            })
        };
        if self.usage.is_over() {
            return Err(DataError::closed());
        }
        self.opened.get_or_try_init(open).await
    }

    /// Reads off the async threads.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Remembering<'_>, &Tables) -> Result<T, DataError> + Send + 'static,
    ) -> Result<T, DataError> {
        let opened = Arc::clone(self.opened().await?);
        blocking(move || {
            let gate = opened.gate.read().unwrap_or_else(PoisonError::into_inner);
            let Published { store, tables } = gate.as_ref().map_err(DataError::clone)?;
            read(&Remembering::new(store), tables)
        })
        .await
    }

    async fn write<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T, DataError>>) -> Job) -> Result<T, DataError> {
        let jobs = self.opened().await?.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let jobs = jobs.ok_or_else(DataError::closed)?;
        let (answer, answered) = oneshot::channel();
        jobs.send(job(answer)).await.map_err(|_| stopped())?;
        drop(jobs);
        answered.await.map_err(|_| stopped())?
    }
}

impl Opened {
    /// Lets the committer end, and waits for it.
    fn close(&self) -> Result<(), DataError> {
        self.take_jobs();
        let committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner).take();
        committer.map_or(Ok(()), |committer| committer.join().map_err(|_| stopped()))
    }

    fn take_jobs(&self) {
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// The answer, if it is known without reading and nothing is being written this moment.
    fn find_known(&self, schema: &ModelSchema, query: &Query) -> Option<Result<Page, DataError>> {
        let gate = self.gate.try_read().ok()?;
        let Published { store, tables } = gate.as_ref().ok()?;
        let known = Known::new(store);
        let answer = tables.get(schema).and_then(|table| find(&known, &table, schema, query));
        (!known.missing()).then_some(answer)
    }
}

impl Database for SledDatabase {
    fn prepare(&self, schema: Arc<ModelSchema>, seed: Vec<Row>) -> BoxFuture<'_, Result<Prepared, DataError>> {
        Box::pin(self.write(|answer| Job::Prepare(Request { what: (schema, seed), answer })))
    }

    fn changes(&self, schema: Arc<ModelSchema>) -> BoxFuture<'_, Result<Vec<TableChange>, DataError>> {
        Box::pin(self.read(move |store, tables| changes(store, tables, &schema)))
    }

    fn find(&self, schema: Arc<ModelSchema>, query: Query) -> BoxFuture<'_, Result<Page, DataError>> {
        Box::pin(async move {
            if let Some(answer) = self.opened().await?.find_known(&schema, &query) {
                return answer;
            }
            self.read(move |store, tables| find(store, &*tables.get(&schema)?, &schema, &query)).await
        })
    }

    fn execute(&self, operations: Vec<Operation>) -> BoxFuture<'_, Result<Vec<Outcome>, DataError>> {
        Box::pin(self.write(|answer| Job::Execute(Request { what: operations, answer })))
    }

    fn aggregate(
        &self,
        schema: Arc<ModelSchema>,
        filter: BoundFilter,
        field: String,
        kind: Aggregate,
    ) -> BoxFuture<'_, Result<Value, DataError>> {
        Box::pin(
            self.read(move |store, tables| aggregate(store, &*tables.get(&schema)?, &schema, &filter, &field, kind)),
        )
    }

    /// Writers wait until everything has been read.
    fn export(
        &self,
        schemas: Vec<Arc<ModelSchema>>,
        parts: mpsc::Sender<TablePart>,
    ) -> BoxFuture<'_, Result<(), DataError>> {
        Box::pin(self.read(move |store, tables| {
            let send = |part| match parts.blocking_send(part) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            };
            match export(store, tables, &schemas, &mut { send })? {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(nobody_takes()),
            }
        }))
    }

    /// Other writers wait until everything has come.
    fn import(
        &self,
        tables: Vec<TableToFill>,
        deliveries: mpsc::Receiver<Delivery>,
    ) -> BoxFuture<'_, Result<u64, DataError>> {
        let what = Import { tables, deliveries };
        Box::pin(self.write(|answer| Job::Import(Request { what, answer })))
    }

    fn epoch(&self) -> u64 {
        self.opened.get().map_or(0, |opened| opened.epoch.load(Ordering::Acquire))
    }

    fn close(&self) -> BoxFuture<'_, Result<(), DataError>> {
        Box::pin(async move {
            self.usage.end();
            let opening = Arc::clone(&self.opening);
            // An opening that is under way ends first; no other begins.
            blocking(move || {
                let opened = opening.lock().unwrap_or_else(PoisonError::into_inner).take();
                opened.map_or(Ok(()), |opened| opened.close())
            })
            .await
        })
    }
}

impl Drop for SledDatabase {
    /// The committer ends by itself once nobody can hand in jobs, also if a read goes on.
    fn drop(&mut self) {
        self.usage.end();
        if let Some(opened) = self.opened.get() {
            opened.take_jobs();
        }
    }
}

impl fmt::Debug for SledDatabase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SledDatabase").field("options", &self.options).finish_non_exhaustive()
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Opened").finish_non_exhaustive()
    }
}

/// A directory by the path that all paths to it have in common, whether it is there or not.
fn resolved(directory: &Path) -> PathBuf {
    let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    let mut rest = Vec::new();
    for ancestor in absolute.ancestors() {
        if let Ok(resolved) = ancestor.canonicalize() {
            return rest.into_iter().rev().fold(resolved, |path, name| path.join(name));
        }
        rest.extend(ancestor.file_name());
    }
    absolute
}

/// Runs what blocks off the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DataError> + Send + 'static,
) -> Result<T, DataError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        if error.is_panic() {
            unreadable()
        } else {
            DataError::Unavailable { message: "the program is ending".to_owned(), retryable: false }
        }
    })?
}

/// What a panic of sled's is to the caller.
fn unreadable() -> DataError {
    DataError::corrupt("the storage engine gave up reading it")
}

fn stopped() -> DataError {
    DataError::Unavailable { message: "its committer has stopped; restart the program".to_owned(), retryable: false }
}
