use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;

/// What an object has by that name as any object has it: of its class, or its own.
pub(crate) fn plain<'py>(object: &Bound<'py, PyAny>, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
    static READ: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = object.py();
    let read = READ.get_or_try_init(py, || py.get_type::<PyAny>().getattr("__getattribute__").map(Bound::unbind))?;
    read.bind(py).call1((object, name))
}
