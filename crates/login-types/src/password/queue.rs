use std::sync::Arc;

use mti_element::{Fail, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many callers wait for their turn at most.
const MOST_WAITING: usize = 256;

/// Lets a fixed number of callers run at once, and a bounded number wait.
pub(crate) struct Queue {
    running: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

/// A caller's turn; it ends when the value is dropped.
pub(crate) struct Turn {
    _running: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Queue {
    pub(crate) fn new(at_once: usize) -> Self {
        Self { running: Arc::new(Semaphore::new(at_once)), places: Arc::new(Semaphore::new(at_once + MOST_WAITING)) }
    }

    /// Waits for a turn; refuses when too many wait already.
    pub(crate) async fn turn(&self) -> Result<Turn> {
        let busy = || Fail::RATE_LIMITED.because("too many sign-ins are under way; please try again in a moment");
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| busy())?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| busy())?;
        Ok(Turn { _running: running, _place: place })
    }
}
