use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use crate::names::Names;
use crate::slot::Slot;
use crate::snapshot::Snapshot;

/// The snapshot that readers see.
///
/// Every thread keeps the table of names that it saw last and looks at one number to know whether it is still the
/// current one: readers write to no shared memory, so a hot name costs the same on many threads, and a reload
/// never blocks them. What an idle thread keeps alive by it is a table of names, never an element.
#[derive(Debug)]
pub(crate) struct Current {
    published: ArcSwap<Snapshot>,
    names: AtomicU64,
    generation: AtomicU64,
}

thread_local! {
    static SEEN: RefCell<Option<Arc<Names>>> = const { RefCell::new(None) };
}

impl Current {
    pub(crate) fn new(snapshot: Arc<Snapshot>) -> Self {
        Self {
            names: AtomicU64::new(snapshot.table().id()),
            generation: AtomicU64::new(snapshot.generation()),
            published: ArcSwap::new(snapshot),
        }
    }

    /// The place of a name in the current snapshot. Not inlined into other crates: reaching a thread-local from
    /// there takes an indirect call.
    #[inline(never)]
    pub(crate) fn find(&self, name: &str) -> Option<&'static Slot> {
        SEEN.with(|seen| {
            // Ids are unique in the process, so the same number means the same names of the same app.
            let current = self.names.load(Ordering::Acquire);
            if let Some(names) = &*seen.borrow()
                && names.id() == current
            {
                return names.find(name);
            }
            self.find_anew(seen, name)
        })
    }

    #[cold]
    #[inline(never)]
    fn find_anew(&self, seen: &RefCell<Option<Arc<Names>>>, name: &str) -> Option<&'static Slot> {
        let names = Arc::clone(self.published.load().table());
        let found = names.find(name);
        *seen.borrow_mut() = Some(names);
        found
    }

    /// Puts a new snapshot in the place of the current one, which is given back. Calls in flight finish on that.
    pub(crate) fn publish(&self, snapshot: Arc<Snapshot>) -> Arc<Snapshot> {
        let (names, generation) = (snapshot.table().id(), snapshot.generation());
        let outdated = self.published.swap(snapshot);
        self.names.store(names, Ordering::Release);
        self.generation.store(generation, Ordering::Release);
        outdated
    }

    /// The generation of the current snapshot.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The current snapshot, to be kept for the length of a call.
    pub(crate) fn load(&self) -> Arc<Snapshot> {
        self.published.load_full()
    }
}
