//! The call in progress, as Python code in it finds it: in a context variable, which threads and tasks keep apart.

use mti_element::OwnedFrame;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use crate::thread::is_foreign;

/// A call in progress.
#[pyclass(frozen, module = "mti._mti")]
pub(crate) struct CurrentFrame(pub(crate) OwnedFrame);

/// The context variable, and what is done with it.
struct Variable {
    get: Py<PyAny>,
    set: Py<PyAny>,
    reset: Py<PyAny>,
    /// `contextvars.copy_context`.
    copy: Py<PyAny>,
}

fn variable(py: Python<'_>) -> PyResult<&'static Variable> {
    static VARIABLE: PyOnceLock<Variable> = PyOnceLock::new();
    VARIABLE.get_or_try_init(py, || {
        let named = PyDict::new(py);
        named.set_item("default", py.None())?;
        let module = PyModule::import(py, "contextvars")?;
        let copy = module.getattr("copy_context")?.unbind();
        let variable = module.getattr("ContextVar")?.call(("mti call",), Some(&named))?;
        let of = |name: &str| variable.getattr(name).map(Bound::unbind);
        Ok(Variable { get: of("get")?, set: of("set")?, reset: of("reset")?, copy })
    })
}

/// The call that this code is part of; none when it runs by itself, such as in a thread that it started.
pub(crate) fn current(py: Python<'_>) -> PyResult<Option<OwnedFrame>> {
    let value = variable(py)?.get.bind(py).call0()?;
    Ok(value.cast::<CurrentFrame>().ok().map(|frame| frame.get().0.clone()))
}

/// Calls a function with an object and arguments by name, as part of a call.
///
/// A call that begins on a thread of the runtime has a context of its own: the next one there may be somebody else's.
pub(crate) fn call_during<'py>(
    frame: OwnedFrame,
    function: &Bound<'py, PyAny>,
    object: Option<&Bound<'py, PyAny>>,
    named: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = function.py();
    let begins = is_foreign() && current(py)?.is_none();
    if begins {
        let context = context_of(py, frame)?;
        return match object {
            Some(object) => context.call_method("run", (function, object), Some(named)),
            None => context.call_method("run", (function,), Some(named)),
        };
    }
    let variable = variable(py)?;
    let token = variable.set.bind(py).call1((Bound::new(py, CurrentFrame(frame))?,))?;
    let outcome = call(function, object, named);
    variable.reset.bind(py).call1((token,))?;
    outcome
}

/// Calls a function with an object, if it wants one, and arguments by name.
pub(crate) fn call<'py>(
    function: &Bound<'py, PyAny>,
    object: Option<&Bound<'py, PyAny>>,
    named: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    match object {
        Some(object) => function.call((object,), Some(named)),
        None => function.call((), Some(named)),
    }
}

/// A copy of the current context in which a call is in progress.
pub(crate) fn context_of(py: Python<'_>, frame: OwnedFrame) -> PyResult<Bound<'_, PyAny>> {
    let variable = variable(py)?;
    let context = variable.copy.bind(py).call0()?;
    context.call_method1("run", (&variable.set, Bound::new(py, CurrentFrame(frame))?))?;
    Ok(context)
}
