use std::sync::Arc;

use mti_element::{Element, Fail, Live, Map, MethodDescriptor, OwnedFrame, Result, Value};
use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::element;
use crate::error::exception;
use crate::futures;
use crate::language::current;
use crate::run::{refuse_fork, wait};
use crate::thread::attached;
use crate::value::{argument_from_python, to_python};

// A method of an element. No documentation for Python here: every method has its own.
#[pyclass(module = "mti", frozen)]
pub(crate) struct Method {
    element: Py<element::Element>,
    name: &'static str,
}

#[pymethods]
impl Method {
    #[pyo3(signature = (*arguments, **named))]
    fn __call__<'py>(
        &self,
        py: Python<'py>,
        arguments: &Bound<'py, PyTuple>,
        named: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (element, name) = (self.element.get().inner(), self.name);
        let arguments = self.arguments(py, arguments, named)?;
        let answer = wait(py, call(py, element, name, arguments)?)?;
        to_python(py, &answer.map_err(|failure| exception(py, &failure))?)
    }

    /// Calls it from asyncio: an awaitable of what the call gives back.
    #[pyo3(signature = (*arguments, **named))]
    fn aio<'py>(
        &self,
        py: Python<'py>,
        arguments: &Bound<'py, PyTuple>,
        named: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (element, name) = (self.element.get().inner(), self.name);
        let arguments = self.arguments(py, arguments, named)?;
        awaitable(py, call(py, element, name, arguments)?)
    }

    #[getter]
    fn __name__(&self) -> &'static str {
        self.name
    }

    #[getter]
    fn __qualname__(&self) -> String {
        format!("{}.{}", self.element.get().inner().name(), self.name)
    }

    #[getter]
    fn __doc__(&self, py: Python<'_>) -> Option<String> {
        self.describe(py, |descriptor| descriptor.documentation.clone())
    }

    #[getter]
    fn __text_signature__(&self, py: Python<'_>) -> Option<String> {
        self.describe(py, |descriptor| format!("({})", descriptor.arguments.join(", ")))
    }

    /// What `inspect.signature` and `help` show. What may be left out has a default.
    #[getter]
    fn __signature__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let inspect = PyModule::import(py, "inspect")?;
        let kind = inspect.getattr("Parameter")?.getattr("POSITIONAL_OR_KEYWORD")?;
        let live = self.element.get().live(py)?;
        let method = live.chain().implementations(self.name).next().map(|(_, method)| method);
        let mut parameters = Vec::new();
        let mut may_be_left_out = false;
        for name in method.map_or(&[][..], |method| &method.arguments) {
            may_be_left_out |= method.is_some_and(|method| method.optional.contains(name));
            let named = PyDict::new(py);
            if may_be_left_out {
                named.set_item("default", py.None())?;
            }
            parameters.push(inspect.getattr("Parameter")?.call((name, &kind), Some(&named))?);
        }
        inspect.getattr("Signature")?.call1((parameters,))
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let signature = self.__text_signature__(py).unwrap_or_default();
        format!("<mti.Method {}{signature}>", self.__qualname__())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("a method of an element cannot be pickled or copied"))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.element)
    }
}

impl Method {
    pub(crate) fn new(element: Py<element::Element>, name: &'static str) -> Self {
        Self { element, name }
    }

    fn describe(&self, py: Python<'_>, read: impl FnOnce(&MethodDescriptor) -> String) -> Option<String> {
        let live = self.element.get().live(py).ok()?;
        live.chain().implementations(self.name).next().map(|(_, descriptor)| read(descriptor))
    }

    fn arguments<'py>(
        &self,
        py: Python<'py>,
        arguments: &Bound<'py, PyTuple>,
        named: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Value> {
        named_arguments(|| self.element.get().live(py), self.name, arguments, named)
    }
}

/// A call of a method of an element: as part of the call that this code runs in, if it is of the same app, or else a call
/// of its own, which is trusted.
pub(crate) fn call(
    py: Python<'_>,
    element: Element,
    method: &'static str,
    arguments: Value,
) -> PyResult<impl Future<Output = Result<Value>> + Send + 'static> {
    let frame = current(py)?
        .filter(|frame| frame.context().app().element(element.name().as_str()).is_ok_and(|same| same == element));
    Ok(async move {
        let (frame, live) = match frame {
            Some(frame) => {
                let live = frame.context().app().live(element.name().as_str())?;
                (frame, live)
            }
            None => OwnedFrame::outside(element)?,
        };
        frame.call(&live, method, arguments).await
    })
}

/// A call as an awaitable of the running event loop.
pub(crate) fn awaitable(
    py: Python<'_>,
    call: impl Future<Output = Result<Value>> + Send + 'static,
) -> PyResult<Bound<'_, PyAny>> {
    refuse_fork()?;
    futures::awaitable(py, async move {
        let answer = call.await;
        attached(|py| match answer {
            Ok(value) => to_python(py, &value).map(Bound::unbind),
            Err(failure) => Err(exception(py, &failure)),
        })
    })
}

/// The arguments of a call by name, as the method of the live element declares them.
pub(crate) fn named_arguments<'py>(
    live: impl FnOnce() -> PyResult<Arc<Live>>,
    method: &str,
    arguments: &Bound<'py, PyTuple>,
    named: Option<&Bound<'py, PyDict>>,
) -> PyResult<Value> {
    if arguments.is_empty() {
        return by_name(method, &[], arguments, named);
    }
    let live = live()?;
    let declared = live.chain().implementations(method).next().map(|(_, method)| method.arguments.as_slice());
    by_name(method, declared.unwrap_or_default(), arguments, named)
}

/// The arguments of a call by name, where `declared` are the names of those given by position.
pub(crate) fn by_name<'py>(
    method: &str,
    declared: &[String],
    arguments: &Bound<'py, PyTuple>,
    named: Option<&Bound<'py, PyDict>>,
) -> PyResult<Value> {
    let py = arguments.py();
    let mut object = Map::new();
    if arguments.len() > declared.len() {
        return Err(exception(py, &too_many(method, declared, arguments.len())));
    }
    for (name, argument) in declared.iter().zip(arguments) {
        object.insert(name.clone(), argument_from_python(name, &argument)?);
    }
    for (name, argument) in named.into_iter().flatten() {
        let name: String = name.extract()?;
        let argument = argument_from_python(&name, &argument)?;
        if object.insert(name.clone(), argument).is_some() {
            let failure = Fail::API_PARAMS_ERROR.because(format!("`{method}` is given the argument `{name}` twice"));
            return Err(exception(py, &failure));
        }
    }
    Ok(Value::Object(object))
}

#[cold]
fn too_many(method: &str, declared: &[String], given: usize) -> mti_element::Failure {
    let takes = if declared.is_empty() { "no arguments".to_owned() } else { format!("({})", declared.join(", ")) };
    Fail::API_PARAMS_ERROR.because(format!("`{method}` takes {takes}, and is given {given} by position"))
}
