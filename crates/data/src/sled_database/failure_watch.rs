use std::io;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often is looked.
const PERIOD: Duration = Duration::from_millis(500);

/// Wakes those who wait for a write that failed.
///
/// sled notes a failed write where every later call finds it, but wakes nobody when the write was begun by the last of
/// several who shared a buffer: its `flush` would wait for ever. A flush that begins later wakes the earlier one.
#[derive(Debug)]
pub(super) struct FailureWatch {
    /// The watch ends when this is dropped.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FailureWatch {
    pub(super) fn begin(tree: sled::Db) -> io::Result<Self> {
        let (end, ended) = mpsc::channel();
        let watch = move || {
            while ended.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                if tree.context.global_error().is_err() {
                    // It fails at once, with the error that the others are woken for.
                    drop(tree.flush());
                }
            }
        };
        let thread = thread::Builder::new().name("mti-data-watch".to_owned()).spawn(watch)?;
        Ok(Self { end: Some(end), thread: Some(thread) })
    }
}

/// Waits for the thread: it has the database open.
impl Drop for FailureWatch {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::warn!("closing a database panicked");
        }
    }
}
