use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};

use foldhash::HashMap;

use super::store::Store;
use crate::DataError;
use crate::store::{Changes, Direction, Keyspace, Visitor};

/// How many bytes one generation of values may have.
const GENERATION: usize = 16 << 20;

/// How many keys are read on an async thread at most.
const FEW: u32 = 16;

/// What an entry costs beside its key and value, roughly.
const OVERHEAD: usize = 96;

/// Values that were read lately, so that reading them again neither waits for the disk nor changes threads.
///
/// It is right as long as the gate is open to whoever reads or fills it: the committer brings it up to date while the
/// gate is closed.
#[derive(Default)]
pub(super) struct Cache {
    generations: RwLock<Generations>,
}

/// `None` for a key that is known not to be there.
type CachedValue = Option<Arc<[u8]>>;

/// When the young generation is full it takes the place of the old one, which is forgotten.
#[derive(Default)]
struct Generations {
    young: HashMap<Vec<u8>, CachedValue>,
    old: HashMap<Vec<u8>, CachedValue>,
    bytes: usize,
}

impl Cache {
    /// The value of a key, if it is known.
    fn get(&self, key: &[u8]) -> Option<CachedValue> {
        let generations = self.generations.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = generations.young.get(key) {
            return Some(value.clone());
        }
        let value = generations.old.get(key)?.clone();
        drop(generations);
        self.put(key, value.clone());
        Some(value)
    }

    fn put(&self, key: &[u8], value: CachedValue) {
        let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        generations.bytes += key.len() + value.as_ref().map_or(0, |value| value.len()) + OVERHEAD;
        generations.young.insert(key.to_vec(), value);
        if generations.bytes > GENERATION {
            generations.old = std::mem::take(&mut generations.young);
            generations.bytes = 0;
        }
    }

    /// Brings what is known up to date.
    pub(super) fn refresh(&self, changes: &Changes) {
        let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        let Generations { young, old, .. } = &mut *generations;
        for (key, value) in changes {
            for known in [young.get_mut(key), old.get_mut(key)].into_iter().flatten() {
                *known = value.as_deref().map(Arc::from);
            }
        }
    }
}

/// Only what is known without reading, or with hardly any: an answer found in it counts if nothing was missing.
///
/// Single keys of a store that fits into its cache are read here and now: they are in memory but for the first time
/// each page is touched, and changing threads costs many times as much.
pub(super) struct Known<'a> {
    store: &'a Store,
    /// How many keys may be read here and now.
    may_read: Cell<u32>,
    missing: Cell<bool>,
}

impl<'a> Known<'a> {
    pub(super) fn new(store: &'a Store) -> Self {
        let may_read = if store.fits_in_memory.load(Ordering::Relaxed) { FEW } else { 0 };
        Self { store, may_read: Cell::new(may_read), missing: Cell::new(false) }
    }

    /// Whether something was asked for that is not known.
    pub(super) fn missing(&self) -> bool {
        self.missing.get()
    }
}

impl Keyspace for Known<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<impl AsRef<[u8]>>, DataError> {
        if let Some(known) = self.store.cache.get(key) {
            return Ok(known);
        }
        let Some(left) = self.may_read.get().checked_sub(1) else {
            self.missing.set(true);
            return Ok(None);
        };
        self.may_read.set(left);
        let value = self.store.get(key)?.map(|value| Arc::from(value.as_ref()));
        self.store.cache.put(key, value.clone());
        Ok(value)
    }

    fn scan(&self, _: &[u8], _: &[u8], _: Direction, _: &mut Visitor<'_>) -> Result<ControlFlow<()>, DataError> {
        self.may_read.set(0);
        self.missing.set(true);
        Ok(ControlFlow::Break(()))
    }
}

/// The store, remembering what is read key by key. What a scan leads to is not remembered: it would drive out the rest.
pub(super) struct Remembering<'a> {
    store: &'a Store,
    scanning: Cell<bool>,
}

impl<'a> Remembering<'a> {
    pub(super) fn new(store: &'a Store) -> Self {
        Self { store, scanning: Cell::new(false) }
    }
}

impl Keyspace for Remembering<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<impl AsRef<[u8]>>, DataError> {
        let value = self.store.get(key)?;
        if !self.scanning.get() {
            self.store.cache.put(key, value.as_ref().map(|value| Arc::from(value.as_ref())));
        }
        Ok(value)
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        direction: Direction,
        visit: &mut Visitor<'_>,
    ) -> Result<ControlFlow<()>, DataError> {
        self.scanning.set(true);
        self.store.scan(from, to, direction, visit)
    }
}
