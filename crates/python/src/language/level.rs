use std::sync::{Arc, OnceLock};

use mti_element::{Live, MethodKind, OwnedFrame};
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

use super::current;
use super::failure::interned;
use crate::error::exception;
use crate::method::{awaitable, named_arguments};
use crate::run::wait;
use crate::value::to_python;

/// What levels written in Python derive from, whatever class they import.
///
/// `self.step(...)` is virtual: it enters at the most derived level, in whatever language. `super().step(...)` goes to the
/// next level of the chain. `self.config` is the merged config, `self.define` the merged `e.json`, `self.fullName` the
/// name of the element, and `self.app` the running app.
#[pyclass(module = "mti", subclass, frozen, weakref)]
#[derive(Default)]
pub(crate) struct Level {
    /// The steps of the element, by name, and whether they are properties. Known from the first call on.
    steps: OnceLock<Py<PyDict>>,
}

#[pymethods]
impl Level {
    #[new]
    #[pyo3(signature = (*_arguments, **_named))]
    fn new(_arguments: &Bound<'_, PyTuple>, _named: Option<&Bound<'_, PyDict>>) -> Self {
        Self::default()
    }

    fn __getattribute__<'py>(slf: &Bound<'py, Self>, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let step = slf.get().steps.get().and_then(|steps| steps.bind(py).get_item(name).transpose()).transpose()?;
        match step {
            Some(is_property) => Step { level: slf.clone().unbind(), name: name.clone().unbind(), is_next: false }
                .read(py, is_property.is_truthy()?),
            None => py.get_type::<PyAny>().getattr(pyo3::intern!(py, "__getattribute__"))?.call1((slf, name)),
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.steps.get().map_or(Ok(()), |steps| visit.call(steps))
    }
}

impl Level {
    /// Gets to know the steps of the element at its first call, and gives the class below it what `super()` finds.
    pub(super) fn learn_steps(slf: &Bound<'_, Self>, live: &Live, next_steps: &Bound<'_, PyType>) -> PyResult<()> {
        let this = slf.get();
        if this.steps.get().is_some() {
            return Ok(());
        }
        let py = slf.py();
        let steps = PyDict::new(py);
        for name in live.chain().method_names() {
            let Some((_, method)) = live.chain().implementations(name).next() else { continue };
            let is_property = method.kind == MethodKind::Property;
            steps.set_item(name, is_property)?;
            if !next_steps.hasattr(name)? {
                let next = NextStep { name: interned(name), is_property, documentation: method.documentation.clone() };
                next_steps.setattr(name, Bound::new(py, next)?)?;
            }
        }
        // Two first calls learn the same.
        let _first = this.steps.set(steps.unbind());
        Ok(())
    }
}

/// A step as `super()` finds it in the class below a level.
#[pyclass(module = "mti._mti", frozen)]
pub(crate) struct NextStep {
    name: &'static str,
    is_property: bool,
    documentation: String,
}

#[pymethods]
impl NextStep {
    fn __get__<'py>(
        slf: &Bound<'py, Self>,
        level: &Bound<'py, PyAny>,
        _owner: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let Ok(level) = level.cast::<Level>() else { return Ok(slf.clone().into_any()) };
        let this = slf.get();
        let name = PyString::new(py, this.name).unbind();
        Step { level: level.clone().unbind(), name, is_next: true }.read(py, this.is_property)
    }

    #[getter]
    fn __doc__(&self) -> &str {
        &self.documentation
    }
}

/// A step of the element that a level is part of, to be called: virtually, or at the next level.
#[pyclass(module = "mti._mti", frozen)]
pub(crate) struct Step {
    level: Py<Level>,
    name: Py<PyString>,
    is_next: bool,
}

#[pymethods]
impl Step {
    #[pyo3(signature = (*arguments, **named))]
    fn __call__<'py>(
        &self,
        py: Python<'py>,
        arguments: &Bound<'py, PyTuple>,
        named: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let call = self.begin(py, arguments, named)?;
        let answer = wait(py, call)?;
        to_python(py, &answer.map_err(|failure| exception(py, &failure))?)
    }

    /// Calls it from a coroutine: an awaitable of what the call gives back.
    #[pyo3(signature = (*arguments, **named))]
    fn aio<'py>(
        &self,
        py: Python<'py>,
        arguments: &Bound<'py, PyTuple>,
        named: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        awaitable(py, self.begin(py, arguments, named)?)
    }

    #[getter]
    fn __name__(&self, py: Python<'_>) -> Py<PyString> {
        self.name.clone_ref(py)
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let of = if self.is_next { "super()." } else { "" };
        format!("<mti.Step {of}{}>", self.name.bind(py))
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("a step cannot be pickled or copied"))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.level)
    }
}

impl Step {
    /// The step itself, or, of a property, its value.
    fn read(self, py: Python<'_>, is_property: bool) -> PyResult<Bound<'_, PyAny>> {
        if is_property {
            return self.__call__(py, &PyTuple::empty(py), None);
        }
        Ok(Bound::new(py, self)?.into_any())
    }

    fn begin<'py>(
        &self,
        py: Python<'py>,
        arguments: &Bound<'py, PyTuple>,
        named: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<impl Future<Output = mti_element::Result<mti_element::Value>> + Send + 'static> {
        let (frame, live) = self.frame(py)?;
        let (name, is_next) = (self.name.bind(py).to_cow()?.into_owned(), self.is_next);
        let arguments = named_arguments(&live, &name, arguments, named)?;
        Ok(async move {
            if is_next { frame.call_next(&name, arguments).await } else { frame.call(&live, &name, arguments).await }
        })
    }

    fn frame(&self, py: Python<'_>) -> PyResult<(OwnedFrame, Arc<Live>)> {
        let frame = current(py)?;
        let place = frame.and_then(|frame| frame.live().cloned().map(|live| (frame, live)));
        place.ok_or_else(|| {
            PyRuntimeError::new_err(format!(
                "`self.{}` is called outside of a call of the element, such as in a thread of its own: give the thread the \
                 context of the call (`contextvars.copy_context().run(...)`), or call `app.getElement(...)` there",
                self.name.bind(py)
            ))
        })
    }
}
