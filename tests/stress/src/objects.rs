use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::findings::Findings;

/// What everything says that was told to panic.
pub(crate) const WANTED_PANIC: &str = "it was told to panic";

/// What the `retire` of a live object does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RetireMode {
    /// It ends at once.
    #[default]
    Sound,
    /// It panics.
    Panics,
    /// It never ends, and gives the thread back meanwhile.
    Hangs,
    /// It never ends, and keeps its thread.
    Blocks,
}

impl RetireMode {
    /// Whether it never ends.
    fn hangs(self) -> bool {
        matches!(self, Self::Hangs | Self::Blocks)
    }
}

/// Every live object of the elements that count themselves: when it was opened, called, retired and dropped.
#[derive(Debug)]
pub(crate) struct Objects {
    findings: Arc<Findings>,
    books: Mutex<Books>,
    /// Told when an object is retired or dropped, and when the run ends.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Books {
    records: BTreeMap<u64, Record>,
    next: u64,
    retired: u64,
    /// The elements whose `retire` began and never ends, and since when.
    hanging: Vec<(String, Instant)>,
    is_over: bool,
}

#[derive(Debug)]
struct Record {
    element: String,
    calls: u32,
    is_retired: bool,
    mode: RetireMode,
    is_scratch: bool,
}

/// How many objects there were, and what became of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Totals {
    /// How many were opened.
    pub(crate) opened: u64,
    /// How many of them were retired.
    pub(crate) retired: u64,
    /// How many of these have a `retire` that never ends.
    pub(crate) hanging: usize,
}

thread_local! {
    static IN_SCRATCH: Cell<bool> = const { Cell::new(false) };
}

impl Objects {
    /// No objects yet.
    pub(crate) fn new(findings: Arc<Findings>) -> Arc<Self> {
        Arc::new(Self { findings, books: Mutex::default(), changed: Condvar::new() })
    }

    /// Notes a new live object of an element.
    pub(crate) fn open(self: &Arc<Self>, element: &str, mode: RetireMode) -> Object {
        let mut books = self.books();
        books.next += 1;
        let number = books.next;
        let is_scratch = IN_SCRATCH.get();
        let record = Record { element: element.to_owned(), calls: 0, is_retired: false, mode, is_scratch };
        books.records.insert(number, record);
        Object { number, mode, objects: Arc::clone(self) }
    }

    /// Runs something that may open objects to look at them, and must leave none behind.
    pub(crate) fn in_scratch<T>(&self, look: impl FnOnce() -> T) -> T {
        IN_SCRATCH.set(true);
        let seen = look();
        IN_SCRATCH.set(false);
        let kept: Vec<_> = self.books().records.values().filter(|one| one.is_scratch).map(described).collect();
        if !kept.is_empty() {
            self.findings.wrong("`check` keeps nothing that it opens", kept.join(", "));
        }
        seen
    }

    /// The live objects that are not retired, by element.
    pub(crate) fn in_use(&self) -> BTreeMap<String, Vec<u64>> {
        let mut in_use = BTreeMap::<String, Vec<u64>>::new();
        for (number, record) in &self.books().records {
            if !record.is_retired {
                in_use.entry(record.element.clone()).or_default().push(*number);
            }
        }
        in_use
    }

    /// What became of all objects.
    pub(crate) fn totals(&self) -> Totals {
        let books = self.books();

        Totals { opened: books.next, retired: books.retired, hanging: books.hanging.len() }
    }

    /// The objects that were retired, whose `retire` ends, and that are still kept.
    pub(crate) fn kept_after_retirement(&self) -> Vec<String> {
        let ends = |one: &&Record| one.is_retired && !one.mode.hangs();
        self.books().records.values().filter(ends).map(described).collect()
    }

    /// The elements whose `retire` has not ended for so long.
    pub(crate) fn hanging_for(&self, time: Duration) -> Vec<String> {
        let books = self.books();
        let hanging = books.hanging.iter().filter(|(_, since)| since.elapsed() > time);
        hanging.map(|(element, _)| element.clone()).collect()
    }

    /// Ends the run: blocked retirements go on, and what is dropped from now on is not asked whether it was retired.
    pub(crate) fn end(&self) {
        self.books().is_over = true;
        self.changed.notify_all();
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn block_until_the_end(&self) {
        let ended = self.changed.wait_while(self.books(), |books| !books.is_over);
        drop(ended.unwrap_or_else(PoisonError::into_inner));
    }
}

/// One live object of an element, as its level holds it.
#[derive(Debug)]
pub(crate) struct Object {
    number: u64,
    mode: RetireMode,
    objects: Arc<Objects>,
}

/// A call of an object that is in progress.
#[derive(Debug)]
pub(crate) struct ObjectCall<'o> {
    object: &'o Object,
}

impl Object {
    /// Its number, which no other object has.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Begins a call.
    pub(crate) fn enter(&self) -> ObjectCall<'_> {
        let mut books = self.objects.books();
        if let Some(record) = books.records.get_mut(&self.number) {
            record.calls += 1;
            if record.is_retired {
                self.objects.findings.wrong("no call reaches a retired object", described(record));
            }
        }
        ObjectCall { object: self }
    }

    /// What the `retire` of its level does.
    pub(crate) async fn retire(&self) {
        self.note_retirement();
        match self.mode {
            RetireMode::Sound => {}
            #[expect(clippy::panic, reason = "a `retire` that panics is what is tried")]
            RetireMode::Panics => panic!("{WANTED_PANIC}"),
            RetireMode::Hangs => std::future::pending().await,
            RetireMode::Blocks => self.objects.block_until_the_end(),
        }
    }

    fn note_retirement(&self) {
        let mut books = self.objects.books();
        if let Some(record) = books.records.get_mut(&self.number) {
            if record.calls > 0 {
                self.objects.findings.wrong("an object is retired after its last call", described(record));
            }
            if std::mem::replace(&mut record.is_retired, true) {
                self.objects.findings.wrong("an object is retired exactly once", described(record));
            }
            let hangs = record.mode.hangs().then(|| (record.element.clone(), Instant::now()));
            books.hanging.extend(hangs);
            books.retired += 1;
        }
        self.objects.changed.notify_all();
    }
}

impl Drop for ObjectCall<'_> {
    fn drop(&mut self) {
        if let Some(record) = self.object.objects.books().records.get_mut(&self.object.number) {
            record.calls -= 1;
        }
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        let mut books = self.objects.books();
        let Some(record) = books.records.remove(&self.number) else { return };
        if !record.is_retired && !record.is_scratch && !books.is_over {
            self.objects.findings.wrong("a replaced object is retired before it is dropped", described(&record));
        }
        self.objects.changed.notify_all();
    }
}

fn described(record: &Record) -> String {
    format!("{} ({:?}, {} calls in progress)", record.element, record.mode, record.calls)
}
