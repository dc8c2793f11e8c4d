use std::cell::Cell;
use std::fmt;
use std::hash::BuildHasher as _;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use foldhash::fast::RandomState;
use quick_cache::Weighter;
use quick_cache::sync::Cache as WeightedCache;

use super::store::Store;
use crate::DataError;
use crate::store::{Changes, Direction, Keyspace, Visitor};

/// How many bytes the values that are remembered may have, keys and [`OVERHEAD`] included.
const CAPACITY: u64 = 32 << 20;

/// How many entries that is, roughly: a guess by which the cache is divided up.
const ENTRIES: usize = 160_000;

/// What an entry costs beside its key and value, roughly.
const OVERHEAD: u64 = 96;

/// How many keys are read on an async thread at most.
const FEW: u32 = 16;

/// Values that were read lately, so that reading them again neither waits for the disk nor changes threads.
///
/// It is right as long as the gate is open to whoever reads or fills it: the committer brings it up to date while the
/// gate is closed.
pub(super) struct Cache {
    values: WeightedCache<Box<[u8]>, CachedValue, Bytes>,
    asked: Asked,
}

/// `None` for a key that is known not to be there.
type CachedValue = Option<Arc<[u8]>>;

/// An entry weighs as many bytes as it has.
#[derive(Clone)]
struct Bytes;

impl Cache {
    /// The value of a key, if it is known.
    fn get(&self, key: &[u8]) -> Option<CachedValue> {
        self.values.get(key)
    }

    fn put(&self, key: &[u8], value: CachedValue) {
        self.values.insert(key.into(), value);
    }

    /// Brings what is known up to date.
    pub(super) fn refresh(&self, changes: &Changes) {
        for (key, value) in changes {
            if self.values.contains_key(key.as_slice()) {
                self.put(key, value.as_deref().map(Arc::from));
            }
        }
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self { values: WeightedCache::with_weighter(ENTRIES, CAPACITY, Bytes), asked: Asked::default() }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cache").field("entries", &self.values.len()).finish_non_exhaustive()
    }
}

impl Weighter<Box<[u8]>, CachedValue> for Bytes {
    fn weight(&self, key: &Box<[u8]>, value: &CachedValue) -> u64 {
        let bytes = key.len() + value.as_ref().map_or(0, |value| value.len());
        OVERHEAD + u64::try_from(bytes).unwrap_or(u64::MAX - OVERHEAD)
    }
}

/// Which keys were asked for lately, roughly.
///
/// Where a read costs little, what is asked for only once is not worth remembering: it would cost more than the read,
/// and drive out what is asked for again.
struct Asked {
    /// At the place that a key's hash says, some more of the hash of whichever key was there last.
    marks: Box<[AtomicU16]>,
    hasher: RandomState,
}

impl Asked {
    /// Notes that a key is asked for, and says whether it was before.
    fn again(&self, key: &[u8]) -> bool {
        let [first, second, third, fourth, ..] = self.hasher.hash_one(key).to_ne_bytes();
        let place = usize::from(u16::from_ne_bytes([first, second]));
        let mark = u16::from_ne_bytes([third, fourth]);
        self.marks.get(place).is_some_and(|marked| marked.swap(mark, Ordering::Relaxed) == mark)
    }
}

impl Default for Asked {
    fn default() -> Self {
        Self { marks: (0..=u16::MAX).map(|_| AtomicU16::default()).collect(), hasher: RandomState::default() }
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
            return Ok(known.map(Read::Known));
        }
        let Some(left) = self.may_read.get().checked_sub(1) else {
            self.missing.set(true);
            return Ok(None);
        };
        self.may_read.set(left);
        let value = self.store.get_stored(key)?;
        if self.store.cache.asked.again(key) {
            self.store.cache.put(key, value.as_ref().map(|value| Arc::from(value.as_ref())));
        }
        Ok(value.map(Read::Stored))
    }

    fn scan(&self, _: &[u8], _: &[u8], _: Direction, _: &mut Visitor<'_>) -> Result<ControlFlow<()>, DataError> {
        self.may_read.set(0);
        self.missing.set(true);
        Ok(ControlFlow::Break(()))
    }
}

/// A value from either.
enum Read {
    Known(Arc<[u8]>),
    Stored(sled::IVec),
}

impl AsRef<[u8]> for Read {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Known(value) => value,
            Self::Stored(value) => value,
        }
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

/// The store, for whoever writes. Of the keys that he asks for, those that are there will be asked for again, counters
/// above all; those that are not are about to be written.
pub(super) struct Writing {
    pub(super) store: Store,
}

impl Keyspace for Writing {
    fn get(&self, key: &[u8]) -> Result<Option<impl AsRef<[u8]>>, DataError> {
        let Self { store } = self;
        if let Some(known) = store.cache.get(key) {
            return Ok(known);
        }
        let value = store.get(key)?.map(|value| Arc::from(value.as_ref()));
        if value.is_some() {
            store.cache.put(key, value.clone());
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
        self.store.scan(from, to, direction, visit)
    }
}
