use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use mti_core::ElementName;
use mti_element::{Fail, Live, Result};

/// How long a caller waits for another thread that is loading the same element. Loading only reads definitions and
/// config, so this is reached only by code that waits for its own caller, such as an `__init__` that waits for a thread
/// which asks for the element being loaded.
const LOADING_DEADLINE: Duration = Duration::from_secs(30);

/// Where the one live object of an element is made and kept.
///
/// Snapshots share the cell for as long as the element is made of the same, whether it was loaded before a reload or is
/// loaded later through an older snapshot. So there are never two live objects of one unchanged element.
pub(crate) struct LiveCell {
    /// The generation of the first snapshot that had it.
    generation: u64,
    live: OnceLock<Arc<Live>>,
    is_loading: Mutex<bool>,
    has_loaded: Condvar,
}

impl LiveCell {
    pub(crate) fn new(generation: u64) -> Self {
        Self { generation, live: OnceLock::new(), is_loading: Mutex::new(false), has_loaded: Condvar::new() }
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
        let deadline = Instant::now() + LOADING_DEADLINE;
        let mut is_loading = self.lock();
        while *is_loading {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let waited = LOADING_DEADLINE.as_secs();
                return Err(Fail::ELEMENT_EXCEPTION.failure().noting(format!(
                    "another thread has been loading `{name}` for {waited} s: does its code wait for a caller of `{name}`?"
                )));
            }
            let waited = self.has_loaded.wait_timeout(is_loading, left);
            is_loading = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *is_loading = true;
        Ok(Loading(self))
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.is_loading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Loading in progress. It ends with the value, also when the load fails or panics.
struct Loading<'a>(&'a LiveCell);

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        *self.0.lock() = false;
        self.0.has_loaded.notify_all();
    }
}

impl fmt::Debug for LiveCell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LiveCell").field("generation", &self.generation).finish_non_exhaustive()
    }
}
