use std::sync::Arc;

use mti_core::suggest;
use mti_element::{Chain, Fail, Live, MethodKind};
use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyString;
use serde_json::json;

use crate::app::App;
use crate::attribute::plain;
use crate::definition;
use crate::error::exception;
use crate::method::{self, Method};
use crate::run::wait;
use crate::value::to_python;

/// What every element has, and no step hides.
const OWN: [&str; 3] = ["fullName", "app", "define"];

/// A live element: its steps are methods, its properties attributes.
///
/// Methods take positional or keyword arguments and give back plain dicts and lists. `element.method(...)` waits;
/// `await element.method.aio(...)` does the same for asyncio. The element follows reloads.
#[pyclass(module = "mti", frozen, weakref)]
pub(crate) struct Element {
    /// The app that it was asked of; none where code of an element asked for it, which has its app at hand.
    app: Option<Py<App>>,
    element: mti_element::Element,
}

#[pymethods]
impl Element {
    /// The full name.
    #[getter(fullName)]
    fn full_name(&self) -> &'static str {
        self.element.name().as_str()
    }

    /// The app that it was asked of.
    #[getter]
    fn app(&self, py: Python<'_>) -> Option<Py<App>> {
        self.app.as_ref().map(|app| app.clone_ref(py))
    }

    /// Its merged definition, as a dict without secrets.
    #[getter]
    fn define<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let definition = self.element.definition().map_err(|failure| exception(py, &failure))?;
        to_python(py, &definition::document(&definition))
    }

    /// Methods first, which are what elements are asked for: nothing has to fail before one is found.
    fn __getattribute__<'py>(slf: &Bound<'py, Self>, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
        let text = name.to_cow()?;
        if text.starts_with("__") || OWN.contains(&&*text) {
            return plain(slf, name);
        }
        let live = slf.get().live(slf.py())?;
        match live.chain().implementations(&text).next() {
            Some((_, descriptor)) if descriptor.kind == MethodKind::Method => {
                Ok(Bound::new(slf.py(), Method::new(slf.clone().unbind(), descriptor.name))?.into_any())
            }
            _ => plain(slf, name),
        }
    }

    /// A property, or nothing.
    fn __getattr__<'py>(&self, py: Python<'py>, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
        let text = name.to_cow()?;
        let live = self.live(py)?;
        match live.chain().implementations(&text).next() {
            Some((_, descriptor)) => self.property(py, descriptor.name),
            None => Err(self.unknown(py, &text, live.chain())),
        }
    }

    fn __dir__(slf: &Bound<'_, Self>) -> PyResult<Vec<String>> {
        let py = slf.py();
        let inherited = py.get_type::<PyAny>().getattr("__dir__")?.call1((slf,))?;
        let mut names: Vec<String> = inherited.try_iter()?.map(|name| name?.extract()).collect::<PyResult<_>>()?;
        if let Ok(live) = slf.get().live(py) {
            names.extend(live.chain().method_names().into_iter().map(str::to_owned));
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn __repr__(&self) -> String {
        let of = self.element.definition().ok();
        let of =
            of.and_then(|definition| definition.types.first().map(|name| format!(" of {name}"))).unwrap_or_default();
        format!("<mti.Element {}{of}>", self.element.name())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "an element cannot be pickled or copied: pass its name along, and ask the app for it where it is needed",
        ))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.app)
    }
}

impl Element {
    pub(crate) fn of<'py>(app: &Bound<'py, App>, element: mti_element::Element) -> PyResult<Bound<'py, Self>> {
        Bound::new(app.py(), Self { app: Some(app.clone().unbind()), element })
    }

    /// An element that code of an element asked for.
    pub(crate) fn inside(py: Python<'_>, element: mti_element::Element) -> PyResult<Bound<'_, Self>> {
        Bound::new(py, Self { app: None, element })
    }

    pub(crate) fn inner(&self) -> mti_element::Element {
        self.element
    }

    /// The live object as of now. Whoever loads it may need the interpreter.
    pub(crate) fn live(&self, py: Python<'_>) -> PyResult<Arc<Live>> {
        let element = self.element;
        py.detach(|| element.live()).map_err(|failure| exception(py, &failure))
    }

    fn property<'py>(&self, py: Python<'py>, name: &'static str) -> PyResult<Bound<'py, PyAny>> {
        let value = wait(py, method::call(py, self.element, name, json!({}))?)?;
        to_python(py, &value.map_err(|failure| exception(py, &failure))?)
    }

    #[cold]
    fn unknown(&self, py: Python<'_>, name: &str, chain: &Chain) -> PyErr {
        if name.starts_with('_') {
            // Tools ask for many of those.
            return PyAttributeError::new_err(name.to_owned());
        }
        let names = chain.method_names();
        let nearest = suggest::nearest(name, names.iter().copied(), 3);
        let nearest = nearest.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let help = if nearest.is_empty() { nearest } else { format!("; the nearest are {nearest}") };
        let message = format!("`{}` has no method or property `{}`{help}", self.element.name(), name.escape_debug());
        exception(py, &Fail::FUNCTION_NOT_FOUND.because(message))
    }
}
