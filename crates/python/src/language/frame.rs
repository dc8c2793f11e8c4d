//! The call in progress, as Python code in it finds it: in a context variable, which threads and tasks keep apart.

use mti_element::OwnedFrame;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// A call in progress.
#[pyclass(frozen, module = "mti._mti")]
pub(crate) struct CurrentFrame(pub(crate) OwnedFrame);

/// The context variable, and what is done with it.
struct Variable {
    get: Py<PyAny>,
    set: Py<PyAny>,
    reset: Py<PyAny>,
}

fn variable(py: Python<'_>) -> PyResult<&'static Variable> {
    static VARIABLE: PyOnceLock<Variable> = PyOnceLock::new();
    VARIABLE.get_or_try_init(py, || {
        let named = pyo3::types::PyDict::new(py);
        named.set_item("default", py.None())?;
        let variable = PyModule::import(py, "contextvars")?.getattr("ContextVar")?.call(("mti call",), Some(&named))?;
        let of = |name: &str| variable.getattr(name).map(Bound::unbind);
        Ok(Variable { get: of("get")?, set: of("set")?, reset: of("reset")? })
    })
}

/// The call that this code is part of; none when it runs by itself, such as in a thread that it started.
pub(crate) fn current(py: Python<'_>) -> PyResult<Option<OwnedFrame>> {
    let value = variable(py)?.get.bind(py).call0()?;
    Ok(value.cast::<CurrentFrame>().ok().map(|frame| frame.get().0.clone()))
}

/// Runs code as part of a call.
pub(crate) fn during<T>(py: Python<'_>, frame: OwnedFrame, run: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    let variable = variable(py)?;
    let token = variable.set.bind(py).call1((Bound::new(py, CurrentFrame(frame))?,))?;
    let outcome = run();
    variable.reset.bind(py).call1((token,))?;
    outcome
}

/// A copy of the current context in which a call is in progress, for a task.
pub(crate) fn context_of(py: Python<'_>, frame: OwnedFrame) -> PyResult<Bound<'_, PyAny>> {
    let context = PyModule::import(py, "contextvars")?.call_method0("copy_context")?;
    context.call_method1("run", (&variable(py)?.set, Bound::new(py, CurrentFrame(frame))?))?;
    Ok(context)
}
