use std::sync::{Arc, OnceLock};

use mti_core::suggest;
use mti_element::{Live, MethodKind, OwnedFrame};
use pyo3::exceptions::{PyAttributeError, PyRuntimeError, PyTypeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

use super::current;
use super::failure::interned;
use crate::attribute::plain;
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
    /// The steps of the element by name, each a [`StepName`]. Known from the first call on.
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
            Some(step) => step.cast::<StepName>()?.get().read(slf, Entry::First),
            None => plain(slf, name),
        }
    }

    /// What is not there may have been meant for a step.
    fn __getattr__(slf: &Bound<'_, Self>, name: &str) -> PyResult<()> {
        let class = slf.get_type().name().map_or_else(|_| "a level".to_owned(), |class| format!("`{class}`"));
        // Tools ask for many names of their own.
        if name.starts_with('_') {
            return Err(PyAttributeError::new_err(format!("{class} has no attribute `{name}`")));
        }
        let help = match slf.get().steps.get().map(|steps| steps.bind(slf.py()).keys().extract::<Vec<String>>()) {
            None => "; steps can be called in steps, and not in `__init__`".to_owned(),
            Some(steps) => {
                let nearest = suggest::nearest(name, steps?.iter().map(String::as_str), 3);
                let nearest = nearest.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                if nearest.is_empty() { nearest } else { format!("; the nearest are {nearest}") }
            }
        };
        Err(PyAttributeError::new_err(format!("{class} has no attribute `{name}`, and its element no step{help}")))
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
            let step = StepName { name: interned(name), is_property, documentation: method.documentation.clone() };
            let step = Bound::new(py, step)?;
            steps.set_item(name, &step)?;
            if !next_steps.hasattr(name)? {
                next_steps.setattr(name, step)?;
            }
        }
        // Two first calls learn the same.
        let _first = this.steps.set(steps.unbind());
        Ok(())
    }
}

/// A step of an element, by its name. In the class below a level it is what `super()` finds.
#[pyclass(module = "mti._mti", frozen)]
pub(crate) struct StepName {
    name: &'static str,
    is_property: bool,
    documentation: String,
}

#[pymethods]
impl StepName {
    fn __get__<'py>(
        slf: &Bound<'py, Self>,
        level: &Bound<'py, PyAny>,
        _owner: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match level.cast::<Level>() {
            Ok(level) => slf.get().read(level, Entry::Next),
            Err(_) => Ok(slf.clone().into_any()),
        }
    }

    #[getter]
    fn __doc__(&self) -> &str {
        &self.documentation
    }
}

impl StepName {
    /// The step of a level's element, or, of a property, its value.
    fn read<'py>(&self, level: &Bound<'py, Level>, entry: Entry) -> PyResult<Bound<'py, PyAny>> {
        let py = level.py();
        let step = Step { level: level.clone().unbind(), name: self.name, entry };
        if self.is_property {
            return step.__call__(py, &PyTuple::empty(py), None);
        }
        Ok(Bound::new(py, step)?.into_any())
    }
}

/// Where in the chain a call of a step begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    /// At the most derived level: the call is virtual.
    First,
    /// At the next level after the calling one.
    Next,
}

/// A step of the element that a level is part of, to be called.
#[pyclass(module = "mti._mti", frozen)]
pub(crate) struct Step {
    level: Py<Level>,
    name: &'static str,
    entry: Entry,
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
    fn __name__(&self) -> &'static str {
        self.name
    }

    fn __repr__(&self) -> String {
        let of = if self.entry == Entry::Next { "super()." } else { "" };
        format!("<mti.Step {of}{}>", self.name)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("a step cannot be pickled or copied"))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.level)
    }
}

impl Step {
    fn begin<'py>(
        &self,
        py: Python<'py>,
        arguments: &Bound<'py, PyTuple>,
        named: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<impl Future<Output = mti_element::Result<mti_element::Value>> + Send + 'static> {
        let (frame, live) = self.frame(py)?;
        let (name, entry) = (self.name, self.entry);
        let arguments = named_arguments(|| Ok(Arc::clone(&live)), name, arguments, named)?;
        Ok(async move {
            match entry {
                Entry::First => frame.call(&live, name, arguments).await,
                Entry::Next => frame.call_next(name, arguments).await,
            }
        })
    }

    fn frame(&self, py: Python<'_>) -> PyResult<(OwnedFrame, Arc<Live>)> {
        let frame = current(py)?;
        let place = frame.and_then(|frame| frame.live().cloned().map(|live| (frame, live)));
        place.ok_or_else(|| {
            PyRuntimeError::new_err(format!(
                "`self.{}` is called outside of a call of the element, such as in a thread of its own: give the thread the \
                 context of the call (`contextvars.copy_context().run(...)`), or call `app.getElement(...)` there",
                self.name
            ))
        })
    }
}
