use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

use super::Gate;
use super::acknowledged::Acknowledged;
use super::cache::Writing;
use super::holder::Holder;
use super::store::Store;
use crate::store::{self, Importer, Overlay, Table, Tables};
use crate::transfer::next_part;
use crate::{DataError, Delivery, ModelSchema, Operation, Outcome, Prepared, Row, TableToFill};

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
    Import(Request<Import, u64>),
}

/// Whole tables that are brought in.
pub(super) struct Import {
    pub(super) tables: Vec<TableToFill>,
    pub(super) deliveries: mpsc::Receiver<Delivery>,
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
    keys: Writing,
    acknowledged: Acknowledged,
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
    pub(super) fn new(
        store: Store,
        acknowledged: Acknowledged,
        gate: Arc<Gate>,
        tables: Arc<Tables>,
        holder: Holder,
    ) -> Self {
        Self { keys: Writing { store }, acknowledged, gate, tables, holder, broken: None, last_group: 0 }
    }

    /// Works until nobody can hand in jobs any more, then closes the store.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        self.discard();
        let mut next = None;
        while let Some(first) = next.take().or_else(|| jobs.blocking_recv()) {
            next = match first {
                Job::Import(Request { what, answer }) => {
                    // Whoever stopped waiting is not told.
                    drop(answer.send(self.import(what)));
                    self.after_answers();
                    None
                }
                first => self.commit(first, &mut jobs),
            };
        }
        let readers_store = self.gate.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(readers_store);
        drop(self.keys);
        drop(self.holder);
    }

    /// Does a job, and others that come meanwhile. Gives back one that cannot be done together with them.
    fn commit(&mut self, first: Job, jobs: &mut mpsc::Receiver<Job>) -> Option<Job> {
        let mut alone = None;
        let mut overlay = Overlay::new(&self.keys);
        let mut group = Vec::new();
        group.extend(perform(&mut overlay, &self.tables, first).map_err(|job| alone = Some(job)));
        let started = Instant::now();
        while group.len() < GROUP && overlay.len() < GROUP_CHANGES {
            match jobs.try_recv() {
                Ok(job) => match perform(&mut overlay, &self.tables, job) {
                    Ok(done) => group.push(done),
                    Err(job) => {
                        alone = Some(job);
                        break;
                    }
                },
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
            None => self.apply(changes).and_then(|()| self.sync()),
        };
        for done in group {
            self.answer(done, written.as_ref().err());
        }
        self.after_answers();
        alone
    }

    /// Brings whole tables in, one part after another. Nothing shows before all of it is on the disk.
    fn import(&mut self, import: Import) -> Result<u64, DataError> {
        let Import { tables, mut deliveries } = import;
        let known = Arc::clone(&self.tables);
        let importer = self.step(|overlay| Importer::begin(overlay, &known, tables))?;
        let mut rows = 0;
        let filled = loop {
            match next_part(deliveries.blocking_recv()) {
                Ok(Some(part)) => {
                    rows += part.rows.len() as u64;
                    if let Err(error) = self.step(|overlay| importer.add(overlay, part)) {
                        break Err(error);
                    }
                }
                Ok(None) => break self.sync(),
                Err(error) => break Err(error),
            }
        };
        let finished = filled.and_then(|()| self.step(|overlay| importer.finish(overlay))).and_then(|filled| {
            self.sync()?;
            for (schema, table) in filled {
                self.tables.put(&schema, table);
            }
            Ok(rows)
        });
        self.discard();
        finished
    }

    /// Removes tables that are not in use.
    fn discard(&mut self) {
        loop {
            match self.step(store::discard_some) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(%error, "cannot remove a table that is not in use");
                    return;
                }
            }
        }
    }

    /// Does one step of something large.
    fn step<T>(
        &mut self,
        step: impl FnOnce(&mut Overlay<'_, Writing>) -> Result<T, DataError>,
    ) -> Result<T, DataError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let mut overlay = Overlay::new(&self.keys);
        let done = step(&mut overlay)?;
        let changes = overlay.into_changes();
        if !changes.is_empty() {
            self.apply(changes)?;
        }
        Ok(done)
    }

    fn apply(&mut self, mut changes: store::Changes) -> Result<(), DataError> {
        self.acknowledged.count(&mut changes);
        let closed_to_readers = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        let applied = self.keys.store.apply(changes);
        drop(closed_to_readers);
        self.noted(applied)
    }

    fn sync(&mut self) -> Result<(), DataError> {
        let synced = self.keys.store.sync();
        if synced.is_ok() {
            self.acknowledged.synced();
        }
        self.noted(synced)
    }

    /// What nobody waits for.
    fn after_answers(&mut self) {
        self.acknowledged.note();
        self.keys.store.measure();
    }

    /// After a failed write nothing is written any more.
    fn noted(&mut self, written: Result<(), DataError>) -> Result<(), DataError> {
        if let Err(error) = &written
            && self.broken.is_none()
        {
            tracing::error!(%error, "a write failed; the database takes no more of them");
            let message = format!("a write failed ({error}); restart the program");
            self.broken = Some(DataError::Unavailable { message, retryable: false });
        }
        written
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

/// Does a job in memory: all of it, or nothing. Gives back one that is too large for that.
fn perform(overlay: &mut Overlay<'_, Writing>, tables: &Tables, job: Job) -> Result<Done, Job> {
    Ok(match job {
        Job::Import(_) => return Err(job),
        Job::Execute(Request { what, answer }) => {
            Done::Execute(answer, overlay.atomically(|overlay| store::execute(overlay, tables, what)))
        }
        Job::Prepare(Request { what: (schema, seed), answer }) => {
            let result = overlay.atomically(|overlay| store::prepare(overlay, &schema, &seed));
            Done::Prepare(answer, result.map(|(prepared, table)| NewTable { schema, table, prepared }))
        }
    })
}
