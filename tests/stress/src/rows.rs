use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mti_data::{DataError, Row};
use mti_element::Failure;
use serde_json::{Value, json};

/// What is known of the rows of one model: what every call that was answered has written.
#[derive(Debug)]
pub(crate) struct Rows {
    /// The model's full name.
    pub(crate) model: &'static str,
    /// By key.
    known: Mutex<BTreeMap<String, Fact>>,
    next: AtomicU64,
    /// Odd while uniqueness is being changed; else its [`Unique`] may be relied on.
    unique_number: AtomicU64,
    unique: Mutex<Unique>,
    /// How many calls are trying whether a duplicate is refused.
    probes: AtomicUsize,
}

/// What is known of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fact {
    /// It is there, and is like this.
    There(Written),
    /// The call that wrote it failed while the database was disturbed: it may be there or not.
    Unknown,
}

/// The fields of a row that the test writes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Written {
    /// Unique in every schema.
    pub(crate) key: String,
    /// Unique in some.
    pub(crate) name: String,
    /// Unique in some, together with the owner.
    pub(crate) mail: String,
    /// Who writes the row: nobody else does.
    pub(crate) owner: u64,
    /// Indexed in some.
    pub(crate) age: u64,
}

/// Which fields are unique by a schema that was made ready.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Unique {
    /// `name`.
    pub(crate) name: bool,
    /// `mail` and `owner` together.
    pub(crate) mail: bool,
}

impl Written {
    /// The row as a model takes it.
    pub(crate) fn row(&self) -> Row {
        let Self { key, name, mail, owner, age } = self;
        let row = json!({"key": key, "name": name, "mail": mail, "owner": owner, "age": age});
        row.as_object().cloned().unwrap_or_default()
    }

    /// Whether a row that was read is this one.
    pub(crate) fn is(&self, row: &Value) -> bool {
        self.row().iter().all(|(field, value)| row.get(field) == Some(value))
    }
}

impl Rows {
    /// A model without rows.
    pub(crate) fn new(model: &'static str) -> Self {
        Self {
            model,
            known: Mutex::default(),
            next: AtomicU64::new(1),
            unique_number: AtomicU64::new(0),
            unique: Mutex::default(),
            probes: AtomicUsize::new(0),
        }
    }

    /// A row unlike every other one.
    pub(crate) fn fresh(&self, owner: u64) -> Written {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (key, name, mail) = (format!("k{number}"), format!("n{number}"), format!("m{number}"));
        Written { key, name, mail, owner, age: number % 50 }
    }

    /// Notes what a call has written.
    pub(crate) fn note(&self, written: Written) {
        self.known().insert(written.key.clone(), Fact::There(written));
    }

    /// Notes that a row is gone.
    pub(crate) fn note_gone(&self, key: &str) {
        self.known().remove(key);
    }

    /// Notes that a call on a row has failed, and may have written it all the same.
    pub(crate) fn note_unknown(&self, key: &str) {
        self.known().insert(key.to_owned(), Fact::Unknown);
    }

    /// The rows of one owner that are there.
    pub(crate) fn of(&self, owner: u64) -> Vec<Written> {
        self.there(|row| row.owner == owner)
    }

    /// All rows that are there.
    pub(crate) fn all(&self) -> Vec<Written> {
        self.there(|_| true)
    }

    /// Whether a row with this key may be there although no call said so.
    pub(crate) fn may_be_there(&self, key: &str) -> bool {
        self.known().get(key) == Some(&Fact::Unknown)
    }

    /// Begins to try a duplicate, if it is known what is unique now. The number says later whether that still holds.
    pub(crate) fn begin_probe(&self) -> Option<(u64, Unique)> {
        self.probes.fetch_add(1, Ordering::SeqCst);
        let number = self.unique_number.load(Ordering::SeqCst);
        let unique = *self.unique.lock().unwrap_or_else(PoisonError::into_inner);
        if number.is_multiple_of(2) && (unique.name || unique.mail) {
            return Some((number, unique));
        }
        self.end_probe();
        None
    }

    /// Whether what was unique when a probe began is unique still.
    pub(crate) fn still_holds(&self, number: u64) -> bool {
        self.unique_number.load(Ordering::SeqCst) == number
    }

    /// Ends a probe, after any duplicate that it wrote is gone again.
    pub(crate) fn end_probe(&self) {
        self.probes.fetch_sub(1, Ordering::SeqCst);
    }

    /// Begins a change of what is unique: no probe begins from now on.
    pub(crate) fn begin_change(&self) {
        self.unique_number.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether no probe is under way.
    pub(crate) fn is_without_probes(&self) -> bool {
        self.probes.load(Ordering::SeqCst) == 0
    }

    /// Ends a change, after the new schema was made ready.
    pub(crate) fn end_change(&self, unique: Unique) {
        *self.unique.lock().unwrap_or_else(PoisonError::into_inner) = unique;
        self.unique_number.fetch_add(1, Ordering::SeqCst);
    }

    fn there(&self, wanted: impl Fn(&Written) -> bool) -> Vec<Written> {
        let known = self.known();
        let there = known.values().filter_map(|fact| match fact {
            Fact::There(row) if wanted(row) => Some(row.clone()),
            Fact::There(_) | Fact::Unknown => None,
        });
        there.collect()
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Fact>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a call was refused because its row is there already.
pub(crate) fn is_duplicate(failure: &Failure) -> bool {
    matches!(DataError::behind(failure), Some(DataError::UniqueViolation { .. }))
}
