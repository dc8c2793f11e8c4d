use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use crate::snapshot::Snapshot;

/// The snapshot that readers see.
///
/// Every thread keeps the snapshot that it saw last and looks at one number to know whether it is still the
/// current one: readers share no written memory, so a hot name costs the same on many threads, and a reload
/// never blocks them. The price is that an idle thread keeps an old snapshot alive until it reads again.
#[derive(Debug)]
pub(crate) struct Current {
    published: ArcSwap<Snapshot>,
    generation: AtomicU64,
}

thread_local! {
    static SEEN: RefCell<Option<Arc<Snapshot>>> = const { RefCell::new(None) };
}

impl Current {
    pub(crate) fn new(snapshot: Arc<Snapshot>) -> Self {
        Self { generation: AtomicU64::new(snapshot.generation()), published: ArcSwap::new(snapshot) }
    }

    /// Reads from the current snapshot without sharing a reference count with other threads.
    ///
    /// `read` must not call back into `with`: it looks something up and returns.
    pub(crate) fn with<R>(&self, read: impl FnOnce(&Snapshot) -> R) -> R {
        SEEN.with(|seen| {
            // Generations are unique in the process, so the same number means the same snapshot of the same app.
            let generation = self.generation.load(Ordering::Acquire);
            if let Some(snapshot) = &*seen.borrow()
                && snapshot.generation() == generation
            {
                return read(snapshot);
            }
            let snapshot = self.load();
            let outdated = seen.replace(Some(Arc::clone(&snapshot)));
            drop(outdated);
            read(&snapshot)
        })
    }

    /// The current snapshot, to be kept for the length of a call.
    pub(crate) fn load(&self) -> Arc<Snapshot> {
        self.published.load_full()
    }

    /// Puts a new snapshot in the place of the current one. Calls in flight finish on the old one.
    pub(crate) fn publish(&self, snapshot: Arc<Snapshot>) -> Arc<Snapshot> {
        let generation = snapshot.generation();
        let outdated = self.published.swap(snapshot);
        self.generation.store(generation, Ordering::Release);
        outdated
    }
}
