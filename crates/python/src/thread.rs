//! Threads of the runtime that run Python code.
//!
//! For every thread Python keeps a state. One that Python did not start would be given a new one whenever it enters, and lose it
//! whenever it leaves, which costs ten times as much as a short method does, and empties `threading.local` at every call. So it
//! keeps its state until it ends.

#![expect(unsafe_code, reason = "PyO3 has no way to keep the state of a thread beyond a scope")]

use std::cell::OnceCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::ffi;
use pyo3::prelude::*;

thread_local! {
    static KEPT: OnceCell<KeptState> = const { OnceCell::new() };
}

/// Runs code with the interpreter, on whatever thread.
pub(crate) fn attached<T>(run: impl FnOnce(Python<'_>) -> T) -> T {
    let _inside = Inside::enter();
    if is_foreign() {
        return Python::attach(run);
    }
    // SAFETY: may be called at any time, with the interpreter or without it; the state is not looked into.
    let is_unknown = unsafe { ffi::PyGILState_GetThisThreadState() }.is_null();
    Python::attach(|py| {
        if is_unknown {
            KEPT.with(|kept| drop(kept.set(KeptState::new(py))));
        }
        run(py)
    })
}

/// The same where there is an interpreter still: at the end of the process there is none.
pub(crate) fn try_attached<T>(run: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    let _inside = Inside::enter();
    Python::try_attach(run)
}

/// A thread is in Python, or about to enter it, as long as this is there.
///
/// The end of the interpreter ends threads that wait for it in the middle of whatever they do, which takes the process
/// down with them: what is inside is waited for.
pub(crate) struct Inside;

static INSIDE: AtomicUsize = AtomicUsize::new(0);

/// How long to wait between two looks at those that are inside.
const LOOK: Duration = Duration::from_millis(1);

/// How long a signal may wait meanwhile.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);

impl Inside {
    pub(crate) fn enter() -> Self {
        INSIDE.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Called at the end of the process: waits until no thread is inside, but no longer than so many seconds. Says whether none
/// is.
#[pyfunction]
pub(crate) fn wait_until_outside(py: Python<'_>, seconds: f64) -> PyResult<bool> {
    let begin = Instant::now();
    let is_anybody_inside = || INSIDE.load(Ordering::SeqCst) > 0;
    while is_anybody_inside() && begin.elapsed().as_secs_f64() < seconds {
        py.detach(|| {
            let look = Instant::now();
            while is_anybody_inside() && look.elapsed() < SIGNAL_INTERVAL {
                thread::sleep(LOOK);
            }
        });
        py.check_signals()?;
    }
    Ok(!is_anybody_inside())
}

/// Whether this thread is one that Python did not start, and that has entered it.
pub(crate) fn is_foreign() -> bool {
    KEPT.try_with(|kept| kept.get().is_some()).unwrap_or(false)
}

/// The state of this thread is kept as long as this is there.
struct KeptState {
    /// What the call that lets go of it wants to be given.
    before: ffi::PyGILState_STATE,
}

impl KeptState {
    fn new(_: Python<'_>) -> Self {
        // SAFETY: the thread is attached, as the token says. The call counts one more user of its state, which is what keeps it;
        // `drop` takes that user away on the same thread, attached as here, as the documentation of the call asks for.
        Self { before: unsafe { ffi::PyGILState_Ensure() } }
    }
}

impl Drop for KeptState {
    fn drop(&mut self) {
        // Without an interpreter there is nothing to be tidied.
        try_attached(|_| {
            // SAFETY: the other half of the call in `new`.
            unsafe { ffi::PyGILState_Release(self.before) }
        });
    }
}
