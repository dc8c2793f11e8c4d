//! Awaitables of Python made of futures.

use std::pin::Pin;

use pyo3::prelude::*;
use pyo3_async_runtimes::TaskLocals;
use pyo3_async_runtimes::generic::{self, ContextExt, Runtime};
use pyo3_async_runtimes::tokio::get_runtime;
use tokio::task::{JoinError, JoinHandle};

use crate::thread::Inside;

/// A future as an awaitable of the running event loop.
pub(crate) fn awaitable<T>(
    py: Python<'_>,
    future: impl Future<Output = PyResult<T>> + Send + 'static,
) -> PyResult<Bound<'_, PyAny>>
where
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    generic::future_into_py::<Threads, _, _>(py, future)
}

tokio::task_local! {
    /// The event loop that waits for the future, and the context that it was made in.
    static LOCALS: TaskLocals;
}

/// The runtime of everything, whose threads are counted while they tell Python what came of a future.
struct Threads;

impl Runtime for Threads {
    type JoinError = JoinError;
    type JoinHandle = JoinHandle<()>;

    fn spawn<F: Future<Output = ()> + Send + 'static>(future: F) -> Self::JoinHandle {
        get_runtime().spawn(future)
    }

    fn spawn_blocking<F: FnOnce() + Send + 'static>(run: F) -> Self::JoinHandle {
        let inside = Inside::enter();
        get_runtime().spawn_blocking(move || {
            run();
            drop(inside);
        })
    }
}

impl ContextExt for Threads {
    fn scope<F, R>(locals: TaskLocals, future: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static,
    {
        Box::pin(LOCALS.scope(locals, future))
    }

    fn get_task_locals() -> Option<TaskLocals> {
        LOCALS.try_with(Clone::clone).ok()
    }
}
