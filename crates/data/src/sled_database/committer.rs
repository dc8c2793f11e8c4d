use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use std::{mem, thread};

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

use super::acknowledged::Acknowledged;
use super::cache::Writing;
use super::holder::Holder;
use super::location::Location;
use super::open::within;
use super::outage::Outage;
use super::recovery::dispose;
use super::room::Room;
use super::store::Store;
use super::{Gate, Published, SledOptions};
use crate::store::{self, Changes, Importer, Overlay, Tables};
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

/// How often a committer that cannot write looks for jobs to refuse, and whether it is time to try again.
const LOOKING: Duration = Duration::from_millis(10);

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
    Prepare(oneshot::Sender<Result<Prepared, DataError>>, Result<Prepared, DataError>),
}

/// The one writer of a store. Takes the jobs that have queued up, does them one after another in memory, writes all
/// their changes at once, waits for the disk, and answers.
pub(super) struct Committer {
    pub(super) options: SledOptions,
    pub(super) location: Location,
    /// The store, unless a write failed and it has not been opened again yet.
    pub(super) writer: Result<Writing, Outage>,
    /// As they were published last.
    pub(super) tables: Tables,
    pub(super) acknowledged: Acknowledged,
    pub(super) room: Room,
    pub(super) gate: Arc<Gate>,
    /// [`Tables::epoch`] of the published tables.
    epoch: Arc<AtomicU64>,
    /// Given up last.
    holder: Holder,
    /// How many jobs the last group had.
    last_group: usize,
}

impl Committer {
    pub(super) fn new(
        options: SledOptions,
        location: Location,
        store: Store,
        acknowledged: Acknowledged,
        gate: Arc<Gate>,
        epoch: Arc<AtomicU64>,
        holder: Holder,
    ) -> Self {
        let (writer, tables, room) = (Ok(Writing { store }), Tables::default(), Room::new(&options.directory));
        Self { options, location, writer, tables, acknowledged, room, gate, epoch, holder, last_group: 0 }
    }

    /// Works until nobody can hand in jobs any more, then closes the store.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        self.discard();
        let mut next = None;
        while let Some(first) = next.take().or_else(|| self.next_job(&mut jobs)) {
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
        let mut gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        let published = mem::replace(&mut *gate, Err(DataError::closed()));
        drop(gate);
        match self.writer {
            Ok(keys) => drop((published, keys)),
            Err(_) => dispose(published),
        }
        drop(self.holder);
    }

    /// Waits for a job, and opens the store again meanwhile if that is needed. `None` when no more can come.
    fn next_job(&mut self, jobs: &mut mpsc::Receiver<Job>) -> Option<Job> {
        while self.writer.is_err() {
            match jobs.try_recv() {
                Ok(job) => return Some(job),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => thread::sleep(LOOKING),
            }
            self.recover();
        }
        jobs.blocking_recv()
    }

    /// Does a job, and others that come meanwhile. Gives back one that cannot be done together with them.
    fn commit(&mut self, first: Job, jobs: &mut mpsc::Receiver<Job>) -> Option<Job> {
        self.check_store();
        let keys = match &self.writer {
            Ok(keys) => keys,
            Err(outage) => {
                first.refuse(outage.error());
                self.recover();
                return None;
            }
        };
        let mut alone = None;
        let mut overlay = Overlay::new(keys);
        // What one job of the group makes of a table, the next one finds.
        let mut tables = self.tables.clone();
        let mut group = Vec::new();
        group.extend(perform(&mut overlay, &mut tables, first).map_err(|job| alone = Some(job)));
        let started = Instant::now();
        while group.len() < GROUP && overlay.len() < GROUP_CHANGES {
            match jobs.try_recv() {
                Ok(job) => match perform(&mut overlay, &mut tables, job) {
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
        let written = if changes.is_empty() {
            // Tables that are as they were can be used whatever the disk says; who asks for writes is told.
            self.publish(changes, tables).and_then(|()| match group.as_slice() {
                [Done::Prepare(..), ..] => Ok(()),
                _ => self.check_place(&Changes::new()),
            })
        } else {
            self.publish(changes, tables).and_then(|()| self.sync())
        };
        for done in group {
            done.answer(written.as_ref().err());
        }
        self.after_answers();
        alone
    }

    /// Brings whole tables in, one part after another. Nothing shows before all of it is on the disk.
    fn import(&mut self, import: Import) -> Result<u64, DataError> {
        let Import { tables, mut deliveries } = import;
        let importer = self.step(|overlay, prepared| Importer::begin(overlay, prepared, tables))?;
        let mut rows = 0;
        let filled = loop {
            match next_part(deliveries.blocking_recv()) {
                Ok(Some(part)) => {
                    rows += part.rows.len() as u64;
                    if let Err(error) = self.step(|overlay, _| importer.add(overlay, part)) {
                        break Err(error);
                    }
                }
                Ok(None) => break self.sync(),
                Err(error) => break Err(error),
            }
        };
        let finished = filled
            .and_then(|()| self.step(|overlay, tables| importer.finish(overlay, tables)))
            .and_then(|()| self.sync())
            .map(|()| rows);
        self.discard();
        finished
    }

    /// Removes tables that are not in use.
    fn discard(&mut self) {
        loop {
            match self.step(|overlay, _| store::discard_some(overlay)) {
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
        step: impl FnOnce(&mut Overlay<'_, Writing>, &mut Tables) -> Result<T, DataError>,
    ) -> Result<T, DataError> {
        let keys = self.writer.as_ref().map_err(Outage::error)?;
        let mut overlay = Overlay::new(keys);
        let mut tables = self.tables.clone();
        let done = step(&mut overlay, &mut tables)?;
        let changes = overlay.into_changes();
        self.publish(changes, tables)?;
        Ok(done)
    }

    /// Shows changes to readers, together with the tables that they made: no reader sees one without the other.
    fn publish(&mut self, mut changes: Changes, tables: Tables) -> Result<(), DataError> {
        let (writes, changes_tables) = (!changes.is_empty(), !tables.is_copy_of(&self.tables));
        if !writes && !changes_tables {
            return Ok(());
        }
        if writes {
            self.check_place(&changes)?;
            self.acknowledged.count(&mut changes);
        }
        let keys = self.writer.as_ref().map_err(Outage::error)?;
        let mut published = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        let applied = if writes { keys.store.apply(changes) } else { Ok(()) };
        if applied.is_ok() && changes_tables {
            self.publish_epoch(&tables);
            self.tables = tables.clone();
            if let Ok(Published { tables: readers, .. }) = &mut *published {
                *readers = tables;
            }
        }
        if let Err(error) = &applied {
            // Half of it may show.
            *published = Err(within(&self.options.directory, error.clone()));
        }
        drop(published);
        self.noted(applied)
    }

    /// Brings what was published to the disk. Fails also if that turns out to be where the next start does not look:
    /// whatever is acknowledged was in its place when it reached the disk.
    fn sync(&mut self) -> Result<(), DataError> {
        let store = &self.writer.as_ref().map_err(Outage::error)?.store;
        let (synced, file) = (store.sync(), Arc::clone(&store.file));
        if synced.is_ok() {
            self.acknowledged.synced();
        }
        self.noted(synced)?;
        self.location.check_with(&file)
    }

    /// Fails if the directory is not where it was, or may have no space for changes. Nothing was touched then.
    fn check_place(&mut self, changes: &Changes) -> Result<(), DataError> {
        let keys = self.writer.as_ref().map_err(Outage::error)?;
        self.location.check_with(&keys.store.file)?;
        self.room.check(changes)
    }

    /// What nobody waits for.
    fn after_answers(&mut self) {
        self.acknowledged.note();
        if let Ok(keys) = &self.writer {
            keys.store.measure();
        }
    }

    /// After a failed write nothing is written before the store has been opened again.
    fn noted(&mut self, written: Result<(), DataError>) -> Result<(), DataError> {
        match (&written, &self.writer) {
            (Err(error), Ok(_)) => Err(self.stop_writing(error)),
            _ => written,
        }
    }

    /// Lets callers see that tables were changed.
    pub(super) fn publish_epoch(&self, tables: &Tables) {
        self.epoch.store(tables.epoch(), Ordering::Release);
    }
}

impl Job {
    /// Answers with an error, unless the caller stopped waiting.
    fn refuse(self, error: DataError) {
        match self {
            Self::Execute(Request { answer, .. }) => drop(answer.send(Err(error))),
            Self::Prepare(Request { answer, .. }) => drop(answer.send(Err(error))),
            Self::Import(Request { answer, .. }) => drop(answer.send(Err(error))),
        }
    }
}

impl Done {
    /// Answers the caller, unless they stopped waiting.
    fn answer(self, failure: Option<&DataError>) {
        let failure = failure.cloned();
        match self {
            Self::Execute(answer, result) => drop(answer.send(failure.map_or(result, Err))),
            Self::Prepare(answer, result) => drop(answer.send(failure.map_or(result, Err))),
        }
    }
}

/// Does a job in memory: all of it, or nothing. Gives back one that is too large for that.
fn perform(overlay: &mut Overlay<'_, Writing>, tables: &mut Tables, job: Job) -> Result<Done, Job> {
    Ok(match job {
        Job::Import(_) => return Err(job),
        Job::Execute(Request { what, answer }) => {
            Done::Execute(answer, overlay.atomically(|overlay| store::execute(overlay, tables, what)))
        }
        Job::Prepare(Request { what: (schema, seed), answer }) => {
            Done::Prepare(answer, overlay.atomically(|overlay| store::prepare(overlay, tables, &schema, &seed)))
        }
    })
}
