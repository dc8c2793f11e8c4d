//! Sees that other processes changed tables, and has what is remembered of them dropped.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OnceCell, watch};
use tokio::task::JoinHandle;

use super::background;
use super::connections::Connections;
use super::generations::{self, Listener, TABLES};
use crate::DataError;

/// How often the number is read, whether or not the server notifies.
const PERIOD: Duration = Duration::from_secs(2);

/// The longest pause while the server cannot be reached.
const LONGEST_PERIOD: Duration = Duration::from_secs(30);

/// Reads the number of the tables from time to time. One task per database, from its first table until it is closed. It
/// runs in the [background](background::runtime): the database outlives the runtime of the caller who used it first.
#[derive(Debug, Default)]
pub(super) struct Watcher {
    epoch: Arc<AtomicU64>,
    started: OnceCell<()>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Watcher {
    /// How often it was seen that the number was raised.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Begins before the first table is made ready: whatever is raised from then on is seen.
    pub(super) async fn start(&self, connections: &Arc<Connections>, listener: &Listener) -> Result<(), DataError> {
        let start = || async {
            let known = generations::current(connections, TABLES).await?;
            let notices = listener.notices(connections);
            let watched = watch_number(Arc::clone(connections), Arc::clone(&self.epoch), notices, known);
            *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(background::runtime()?.spawn(watched));
            Ok(())
        };
        self.started.get_or_try_init(start).await.map(drop)
    }

    pub(super) fn stop(&self) {
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn watch_number(
    connections: Arc<Connections>,
    epoch: Arc<AtomicU64>,
    mut notices: watch::Receiver<u64>,
    mut known: u64,
) {
    let mut period = PERIOD;
    loop {
        // A hint that comes while the server cannot be reached would only have it asked more often.
        tokio::select! {
            () = tokio::time::sleep(period) => {}
            Ok(()) = notices.changed(), if period == PERIOD => {}
        }
        match generations::current(&connections, TABLES).await {
            Ok(number) => {
                period = PERIOD;
                if number != known {
                    known = number;
                    connections.forget_statements();
                    epoch.fetch_add(1, Ordering::AcqRel);
                    tracing::debug!(number, "another process changed tables, or this one did");
                }
            }
            Err(error) => {
                period = (period * 2).min(LONGEST_PERIOD);
                tracing::debug!("cannot see whether tables were changed: {error}");
            }
        }
    }
}
