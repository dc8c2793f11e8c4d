use mti_core::suggest;
use mti_element::{Chain, Fail, MethodKind};
use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyString;
use serde_json::json;

use crate::app::App;
use crate::definition;
use crate::error::exception;
use crate::method::{self, Method};
use crate::run::wait;
use crate::value::to_python;

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

    fn __getattr__<'py>(slf: &Bound<'py, Self>, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let this = slf.get();
        let text = name.to_cow()?;
        let element = this.element;
        let live = py.detach(|| element.live()).map_err(|failure| exception(py, &failure))?;
        let Some((_, descriptor)) = live.chain().implementations(&text).next() else {
            return Err(this.unknown(py, &text, live.chain()));
        };
        match descriptor.kind {
            MethodKind::Method => Ok(Bound::new(py, Method::new(slf.clone().unbind(), descriptor.name))?.into_any()),
            MethodKind::Property => this.property(py, descriptor.name),
        }
    }

    fn __dir__(slf: &Bound<'_, Self>) -> PyResult<Vec<String>> {
        let py = slf.py();
        let inherited = py.get_type::<PyAny>().getattr("__dir__")?.call1((slf,))?;
        let mut names: Vec<String> = inherited.try_iter()?.map(|name| name?.extract()).collect::<PyResult<_>>()?;
        let element = slf.get().element;
        if let Ok(live) = py.detach(|| element.live()) {
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

    fn property<'py>(&self, py: Python<'py>, name: &'static str) -> PyResult<Bound<'py, PyAny>> {
        let value = wait(py, method::call(py, self.element, name, json!({}))?)?;
        to_python(py, &value.map_err(|failure| exception(py, &failure))?)
    }

    #[cold]
    fn unknown(&self, py: Python<'_>, name: &str, chain: &Chain) -> PyErr {
        if name.starts_with('_') {
            // The interpreter and its tools ask for many of those.
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
