use std::fmt;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use mti_core::composed;

use crate::slot::Slot;

/// The names of a snapshot: one flat table for the whole app chain, so that four layers cost what one costs.
pub(crate) struct Names {
    id: u64,
    table: HashTable<&'static Slot>,
    hasher: FixedState,
}

static IDS: AtomicU64 = AtomicU64::new(1);

impl Names {
    pub(crate) fn new(slots: impl ExactSizeIterator<Item = &'static Slot>) -> Self {
        // Names come from files that the operator chose to run, and asking for a foreign name inserts nothing: a
        // fixed seed costs no safety, and makes instruction counts repeatable.
        let hasher = FixedState::default();
        let mut table = HashTable::with_capacity(slots.len());
        for slot in slots {
            let hash = hasher.hash_one(slot.name.as_str());
            table.insert_unique(hash, slot, |slot| hasher.hash_one(slot.name.as_str()));
        }
        Self { id: IDS.fetch_add(1, Ordering::Relaxed), table, hasher }
    }

    /// A number that no other table of this process has.
    #[inline]
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Every name, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'static Slot> {
        self.table.iter().copied()
    }

    #[inline]
    pub(crate) fn find(&self, name: &str) -> Option<&'static Slot> {
        self.find_as_it_is(name).or_else(|| self.find_composed(name))
    }

    #[inline]
    fn find_as_it_is(&self, name: &str) -> Option<&'static Slot> {
        self.table.find(self.hasher.hash_one(name), |slot| slot.name.as_str() == name).copied()
    }

    /// Finds a name that was typed in another form than names are kept in.
    #[cold]
    fn find_composed(&self, name: &str) -> Option<&'static Slot> {
        if name.is_ascii() { None } else { self.find_as_it_is(&composed(name)) }
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Names({})", self.table.len())
    }
}
