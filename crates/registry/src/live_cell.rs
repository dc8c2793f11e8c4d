use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use mti_core::ElementName;
use mti_element::{Fail, Live, Result};

/// How long an element may be loading before callers wait no more. Loading only reads definitions and config, so this is
/// reached only by code that waits for its own caller, such as an `__init__` that waits for a thread which asks for the
/// element being loaded. From then on callers fail at once, for as long as that load goes on: nobody's request can hold
/// up the threads that answer others.
const LOADING_DEADLINE: Duration = Duration::from_secs(5);

/// Where the one live object of an element is made and kept.
///
/// Snapshots share the cell for as long as the element is made of the same, whether it was loaded before a reload or is
/// loaded later through an older snapshot. So there are never two live objects of one unchanged element.
pub(crate) struct LiveCell {
    /// The generation of the first snapshot that had it.
    generation: u64,
    live: OnceLock<Arc<Live>>,
    /// Since when it is being loaded.
    loading_since: Mutex<Option<Instant>>,
    has_loaded: Condvar,
}

impl LiveCell {
    pub(crate) fn new(generation: u64) -> Self {
        Self { generation, live: OnceLock::new(), loading_since: Mutex::new(None), has_loaded: Condvar::new() }
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// The live object, if it was loaded.
    pub(crate) fn loaded(&self) -> Option<&Arc<Live>> {
        self.live.get()
    }

    /// The live object, loaded by the first caller. Other callers wait for that one load. A failed load is not kept, so
    /// the next caller tries again.
    pub(crate) fn get_or_load(
        &self,
        name: &ElementName,
        load: impl FnOnce() -> Result<Arc<Live>>,
    ) -> Result<Arc<Live>> {
        if let Some(live) = self.live.get() {
            return Ok(Arc::clone(live));
        }
        let _loading = self.begin_loading(name)?;
        if let Some(live) = self.live.get() {
            return Ok(Arc::clone(live));
        }
        let live = load()?;
        Ok(Arc::clone(self.live.get_or_init(|| live)))
    }

    fn begin_loading(&self, name: &ElementName) -> Result<Loading<'_>> {
        let mut loading_since = self.lock();
        while let Some(since) = *loading_since {
            let left = LOADING_DEADLINE.saturating_sub(since.elapsed());
            if left.is_zero() {
                return Err(Fail::ELEMENT_EXCEPTION.failure().noting(format!(
                    "`{name}` has been loading for {} s on another thread: does its code wait for a caller of `{name}`? \
                     Then it waits for itself: `{name}` → a thread that it waits for → `{name}`",
                    since.elapsed().as_secs()
                )));
            }
            let waited = self.has_loaded.wait_timeout(loading_since, left);
            loading_since = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *loading_since = Some(Instant::now());
        Ok(Loading(self))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.loading_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Loading in progress. It ends with the value, also when the load fails or panics.
struct Loading<'a>(&'a LiveCell);

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        *self.0.lock() = None;
        self.0.has_loaded.notify_all();
    }
}

impl fmt::Debug for LiveCell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LiveCell").field("generation", &self.generation).finish_non_exhaustive()
    }
}
