use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

use super::Gate;
use super::holder::Holder;
use super::store::Store;
use crate::store::{self, Overlay, Table, Tables};
use crate::{DataError, ModelSchema, Operation, Outcome, Prepared, Row};

/// How many jobs wait at most; whoever comes then waits to hand his in.
pub(super) const QUEUE: usize = 1024;

/// How many jobs share one write to the disk at most.
const GROUP: usize = 256;

/// How many changed keys are enough for one write.
const GROUP_CHANGES: usize = 16_384;

/// How long a group waits at most for as many jobs as the last one had: those who were just answered are about to hand
/// in their next.
const GATHERING: Duration = Duration::from_micros(150);

/// Something to write.
pub(super) enum Job {
    Execute(Request<Vec<Operation>, Vec<Outcome>>),
    Prepare(Request<(Arc<ModelSchema>, Vec<Row>), Prepared>),
}

/// What is asked for, and whom to tell.
pub(super) struct Request<W, T> {
    pub(super) what: W,
    pub(super) answer: oneshot::Sender<Result<T, DataError>>,
}

/// A job that has been done in memory, to be answered when its group is on the disk.
enum Done {
    Execute(oneshot::Sender<Result<Vec<Outcome>, DataError>>, Result<Vec<Outcome>, DataError>),
    Prepare(oneshot::Sender<Result<Prepared, DataError>>, Result<NewTable, DataError>),
}

struct NewTable {
    schema: Arc<ModelSchema>,
    table: Table,
    prepared: Prepared,
}

/// The one writer of a store. Takes the jobs that have queued up, does them one after another in memory, writes all
/// their changes at once, waits for the disk, and answers.
pub(super) struct Committer {
    store: Store,
    gate: Arc<Gate>,
    tables: Arc<Tables>,
    /// Given up last.
    holder: Holder,
    /// Set when a write failed: what is on the disk is not known then.
    broken: Option<DataError>,
    /// How many jobs the last group had.
    last_group: usize,
}

impl Committer {
    pub(super) fn new(store: Store, gate: Arc<Gate>, tables: Arc<Tables>, holder: Holder) -> Self {
        Self { store, gate, tables, holder, broken: None, last_group: 0 }
    }

    /// Works until nobody can hand in jobs any more, then closes the store.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.blocking_recv() {
            self.commit(first, &mut jobs);
        }
        let readers_store = self.gate.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(readers_store);
        drop(self.store);
        drop(self.holder);
    }

    fn commit(&mut self, first: Job, jobs: &mut mpsc::Receiver<Job>) {
        let mut overlay = Overlay::new(&self.store);
        let mut group = vec![perform(&mut overlay, &self.tables, first)];
        let started = Instant::now();
        while group.len() < GROUP && overlay.len() < GROUP_CHANGES {
            match jobs.try_recv() {
                Ok(job) => group.push(perform(&mut overlay, &self.tables, job)),
                Err(TryRecvError::Empty) if group.len() < self.last_group && started.elapsed() < GATHERING => {
                    thread::yield_now();
                }
                Err(_) => break,
            }
        }
        self.last_group = group.len();
        let changes = overlay.into_changes();
        let written = match &self.broken {
            Some(error) => Err(error.clone()),
            None if changes.is_empty() => Ok(()),
            None => self.write(changes),
        };
        if let Err(error) = &written
            && self.broken.is_none()
        {
            tracing::error!(%error, "a write failed; the database takes no more of them");
            let message = format!("a write failed ({error}); restart the program");
            self.broken = Some(DataError::Unavailable { message, retryable: false });
        }
        for done in group {
            self.answer(done, written.as_ref().err());
        }
    }

    fn write(&self, changes: store::Changes) -> Result<(), DataError> {
        let closed_to_readers = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        self.store.apply(changes)?;
        drop(closed_to_readers);
        self.store.sync()
    }

    /// Answers one job. Whoever stopped waiting is not told.
    fn answer(&self, done: Done, failure: Option<&DataError>) {
        let failure = failure.cloned();
        match done {
            Done::Execute(answer, result) => drop(answer.send(failure.map_or(result, Err))),
            Done::Prepare(answer, result) => {
                let result = failure.map_or(result, Err).map(|NewTable { schema, table, prepared }| {
                    self.tables.put(&schema, table);
                    prepared
                });
                drop(answer.send(result));
            }
        }
    }
}

/// Does a job in memory: all of it, or nothing.
fn perform(overlay: &mut Overlay<'_, Store>, tables: &Tables, job: Job) -> Done {
    match job {
        Job::Execute(Request { what, answer }) => {
            Done::Execute(answer, overlay.atomically(|overlay| store::execute(overlay, tables, what)))
        }
        Job::Prepare(Request { what: (schema, seed), answer }) => {
            let result = overlay.atomically(|overlay| store::prepare(overlay, &schema, &seed));
            Done::Prepare(answer, result.map(|(prepared, table)| NewTable { schema, table, prepared }))
        }
    }
}
