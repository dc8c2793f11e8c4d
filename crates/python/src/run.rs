//! How Python waits for Rust: with the interpreter released, and with an ear for Ctrl-C.

use std::cell::Cell;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, RuntimeFlavor};

use crate::thread::attached;

/// How long a signal may wait during a call.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);

/// Whether this process came out of one that had already begun to use threads.
static FORKED: AtomicBool = AtomicBool::new(false);

/// Says what the threads are like that everything runs on. They start with the first call.
pub(crate) fn prepare() {
    let mut builder = Builder::new_multi_thread();
    builder.enable_all().thread_name("mti");
    pyo3_async_runtimes::tokio::init(builder);
}

/// Called in the child of a fork: the threads stayed in the parent.
#[pyfunction]
pub(crate) fn forked() {
    FORKED.store(true, Ordering::Relaxed);
}

thread_local! {
    /// Whether this thread is the one that coroutines of levels need to go on.
    static RUNS_TASKS: Cell<bool> = const { Cell::new(false) };
}

/// Called on the thread of the event loop that coroutines of levels run on.
#[pyfunction]
pub(crate) fn runs_tasks() {
    RUNS_TASKS.set(true);
}

/// Refuses in a process whose threads are in another one.
pub(crate) fn refuse_fork() -> PyResult<()> {
    if FORKED.load(Ordering::Relaxed) {
        return Err(PyRuntimeError::new_err(
            "this process was forked from one that had imported `mti`, and threads do not survive a fork: start it with \
             the method `spawn` or `forkserver` of multiprocessing, or import `mti` after forking",
        ));
    }
    Ok(())
}

/// Waits for a future on this thread, with the interpreter released.
///
/// Other Python threads run meanwhile. A signal whose handler raises, such as Ctrl-C, drops the future and raises here.
pub(crate) fn wait<T: Send>(py: Python<'_>, future: impl Future<Output = T> + Send) -> PyResult<T> {
    refuse_fork()?;
    if RUNS_TASKS.get() {
        return Err(PyRuntimeError::new_err(
            "a call that waits, in a step that is a coroutine, would keep all such steps from going on: write \
             `await ….aio(…)`",
        ));
    }
    let mut future = pin!(future);
    py.detach(|| match Handle::try_current() {
        Err(_) => {
            let runtime = pyo3_async_runtimes::tokio::get_runtime();
            let entered = runtime.enter();
            // Many calls have nothing to wait for.
            if let Some(done) = future.as_mut().now_or_never() {
                return Ok(done);
            }
            drop(entered);
            runtime.block_on(interruptible(future))
        }
        // Python code that Rust called, and that calls Rust in turn.
        Ok(handle) if handle.runtime_flavor() != RuntimeFlavor::CurrentThread => {
            if let Some(done) = future.as_mut().now_or_never() {
                return Ok(done);
            }
            tokio::task::block_in_place(|| handle.block_on(interruptible(future)))
        }
        Ok(_) => Err(PyRuntimeError::new_err("Python code can call elements only on a runtime with several threads")),
    })
}

/// Waits for a future, with an ear for signals.
async fn interruptible<T>(mut future: Pin<&mut impl Future<Output = T>>) -> PyResult<T> {
    loop {
        tokio::select! {
            biased;
            done = &mut future => return Ok(done),
            () = tokio::time::sleep(SIGNAL_INTERVAL) => run_signal_handlers()?,
        }
    }
}

fn run_signal_handlers() -> PyResult<()> {
    // A method's path in the place of the closure would be tied to one lifetime.
    attached(|py| {
        py.check_signals()?;
        Ok(())
    })
}
