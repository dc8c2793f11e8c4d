//! A runtime for what a database does by itself, for as long as the process runs.

use std::sync::{Mutex, OnceLock, PoisonError};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::DataError;

/// The handle of a runtime with one thread, started at the first call.
///
/// Callers may share a database from several runtimes, as a Python program does that calls `asyncio.run` twice, or
/// tests do. A task on the runtime of one of them ends with it, though others still use the database.
///
/// Fails if the system gives the process no thread; the next call tries again.
pub(super) fn runtime() -> Result<&'static Handle, DataError> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    static STARTING: Mutex<()> = Mutex::new(());
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime.handle());
    }
    let _one_at_a_time = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if RUNTIME.get().is_none() {
        let started = Builder::new_multi_thread().worker_threads(1).thread_name("mti-data-watch").enable_all().build();
        let started = started.map_err(|error| DataError::Unavailable {
            message: format!("cannot start a thread that watches the server: {error}"),
            retryable: true,
        })?;
        drop(RUNTIME.set(started));
    }
    RUNTIME.get().map(Runtime::handle).ok_or_else(DataError::closed)
}
