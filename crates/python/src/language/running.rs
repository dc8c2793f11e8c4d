use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use mti_element::AppView;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use serde_json::json;

use super::current;
use crate::definition;
use crate::element::Element;
use crate::error::exception;
use crate::value::to_python;

thread_local! {
    /// Whether this thread imports modules of elements for a snapshot that is not published yet.
    static IMPORTING: Cell<bool> = const { Cell::new(false) };
}

/// Runs an import of the modules of elements: meanwhile there is no app that they could ask.
pub(super) fn while_importing<T>(import: impl FnOnce() -> T) -> T {
    struct Before(bool);

    impl Drop for Before {
        fn drop(&mut self) {
            IMPORTING.set(self.0);
        }
    }

    let _before = Before(IMPORTING.replace(true));
    import()
}

/// The app that code of an element runs in, as its modules find it under the name `app`, and levels as `self.app`.
///
/// Inside of a call, what is asked of it is part of that call: same snapshot, same visitor. Code that runs by itself, such
/// as a thread that an element started, begins calls of its own, in process and trusted.
#[pyclass(module = "mti", frozen, name = "RunningApp")]
#[derive(Default)]
pub(crate) struct RunningApp {
    /// Some element of the app, by which the app is found outside of calls.
    anchor: OnceLock<mti_element::Element>,
}

#[pymethods]
impl RunningApp {
    /// The live element of that full name.
    #[pyo3(name = "getElement", signature = (name, /))]
    fn get_element<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, Element>> {
        let view = self.view(py)?;
        let element = py.detach(|| view.element(name)).map_err(|failure| exception(py, &failure))?;
        Element::inside(py, element)
    }

    /// The merged definition of an element, as a dict without secrets. Nothing is loaded.
    #[pyo3(name = "getElementDefine", signature = (name, /))]
    fn get_element_define<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let view = self.view(py)?;
        let found = py.detach(|| view.definition(name)).map_err(|failure| exception(py, &failure))?;
        to_python(py, &definition::document(&found))
    }

    /// The full names of the instances whose type chain holds a Type. Nothing is loaded.
    #[pyo3(name = "instancesOf", signature = (type_name, /))]
    fn instances_of(&self, py: Python<'_>, type_name: &str) -> PyResult<Vec<String>> {
        let view = self.view(py)?;
        Ok(py.detach(|| view.instances_of(type_name)).iter().map(ToString::to_string).collect())
    }

    /// Who is signed in that makes the call: `{"userId", "corpId", "isAdmin"}`. None for a call that began in process, which is
    /// trusted, and for a visitor who is not signed in.
    #[getter(currentUser)]
    fn current_user<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let frame = current(py)?;
        let principal = frame.as_ref().and_then(|frame| frame.context().visitor()?.principal.as_ref());
        let told = principal.map(|principal| {
            json!({ "userId": principal.user_id, "corpId": principal.corp_id, "isAdmin": principal.is_admin })
        });
        to_python(py, &told.into())
    }

    /// The environment of the app.
    #[getter(envVars)]
    fn env_vars(&self, py: Python<'_>) -> PyResult<BTreeMap<String, String>> {
        Ok(self.view(py)?.environment().clone())
    }

    /// The full id of the app: `org.name`.
    #[getter(appId)]
    fn app_id(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.view(py)?.key().id.to_string())
    }

    /// The id and the version: `org.name@1.2.3`.
    #[getter(appKey)]
    fn app_key(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.view(py)?.key().to_string())
    }

    /// The version: three numbers.
    #[getter]
    fn version(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.view(py)?.key().version.to_string())
    }
}

impl RunningApp {
    /// The app as it is for this code.
    fn view(&self, py: Python<'_>) -> PyResult<Arc<dyn AppView>> {
        if let Some(frame) = current(py)? {
            return Ok(Arc::clone(frame.context().app()));
        }
        // A reload could do what the next start cannot: both judge code alike.
        let anchor = self.anchor.get().filter(|_| !IMPORTING.get());
        let anchor = anchor.ok_or_else(|| {
            PyRuntimeError::new_err("the app is not open yet: modules and `__init__` cannot call elements; steps can")
        })?;
        anchor.app().map_err(|failure| exception(py, &failure))
    }

    /// Remembers the app by one of its elements.
    pub(super) fn is_open(&self, element: impl FnOnce() -> Option<mti_element::Element>) {
        if self.anchor.get().is_none()
            && let Some(element) = element()
        {
            let _first = self.anchor.set(element);
        }
    }
}
