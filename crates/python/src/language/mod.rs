//! Levels written in Python: a class in an element's directory is a level like any other.

mod code;
mod failure;
mod frame;
mod level;
mod quick;
mod running;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use mti_core::{AppChain, AppKey, Code, Definition, Diagnostic, ElementName, Location};
use mti_element::{Language, LevelCode};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use tokio::runtime::{Handle, RuntimeFlavor};

pub(crate) use code::PythonCode;
pub(crate) use failure::PythonError;
pub(crate) use frame::current;
pub(crate) use level::Level;
pub(crate) use running::RunningApp;

use crate::thread::{attached, try_attached};
use running::while_importing;

/// Python for one app: the modules of its elements, in a namespace of their own.
pub(crate) struct Python3 {
    /// A `mti._namespace.Namespace`.
    namespace: Py<PyAny>,
    app: Py<RunningApp>,
    codes: Mutex<Codes>,
}

#[derive(Default)]
struct Codes {
    /// What was loaded and has not changed since.
    loaded: HashMap<(AppKey, ElementName), Arc<PythonCode>>,
    /// What could not be loaded, and why: what it lacked may be there at the next look.
    failed: HashMap<(AppKey, ElementName), String>,
}

impl Python3 {
    /// Python for an app that is about to be opened.
    pub(crate) fn new(py: Python<'_>) -> PyResult<Self> {
        let app = Py::new(py, RunningApp::default())?;
        let module = PyModule::import(py, "mti._namespace")?;
        let namespace = module.getattr("Namespace")?.call1((&app,))?.unbind();
        Ok(Self { namespace, app, codes: Mutex::default() })
    }

    /// The apps as the namespace sees them, nearest first: key, directory, and the directories of its elements.
    fn layers<'py>(py: Python<'py>, apps: &AppChain) -> PyResult<Bound<'py, PyList>> {
        let layers = PyList::empty(py);
        for tree in &apps.apps {
            let elements = PyDict::new(py);
            for (name, discovered) in &tree.elements {
                if let Some(definition) = discovered.definition() {
                    elements.set_item(name.as_str(), &*definition.directory)?;
                }
            }
            layers.append((tree.key().to_string(), tree.files.root(), elements))?;
        }
        Ok(layers)
    }

    fn loaded<'py>(&self, py: Python<'py>, app: &AppKey, element: &ElementName) -> PyResult<Bound<'py, PyAny>> {
        while_importing(|| self.namespace.bind(py).call_method1("level", (app.to_string(), element.as_str())))
    }

    /// Whether code still fails as it did.
    fn still_fails(&self, app: &AppKey, element: &ElementName, why: &str) -> bool {
        attached(|py| self.loaded(py, app, element).is_err_and(|error| self.why(py, &error) == why))
    }

    /// What went wrong, and where.
    fn why(&self, py: Python<'_>, error: &PyErr) -> String {
        let place = self.place(py, error).map(|place| (place.file, place.line));
        format!("{} {place:?}", failure::summary(py, error))
    }

    fn place(&self, py: Python<'_>, error: &PyErr) -> Option<Location> {
        place_of(py, &self.namespace.bind(py).getattr("place").ok()?, error)
    }

    fn load(&self, definition: &Definition) -> Result<Arc<PythonCode>, (Vec<Diagnostic>, String)> {
        attached(|py| {
            let loaded = self.loaded(py, &definition.app, &definition.name);
            let namespace = self.namespace.bind(py);
            let code = loaded.and_then(|loaded| PythonCode::of(&loaded, namespace, self.app.clone_ref(py)));
            code.map(Arc::new).map_err(|error| (vec![self.finding(py, definition, &error)], self.why(py, &error)))
        })
    }

    /// Why code cannot be loaded, at the line of the app's own files where it went wrong.
    fn finding(&self, py: Python<'_>, definition: &Definition, error: &PyErr) -> Diagnostic {
        let message =
            format!("the Python code of `{}` cannot be loaded: {}", definition.name, failure::summary(py, error));
        let finding = Diagnostic::new(Code::LoaderFailed, message);
        finding.with_location(self.place(py, error).unwrap_or_else(|| Location::file(&*definition.manifest_file.path)))
    }
}

impl Language for Python3 {
    fn name(&self) -> &'static str {
        "python"
    }

    fn refresh(&self, apps: &AppChain) -> bool {
        let changed = attached(|py| -> PyResult<Vec<(String, String)>> {
            self.namespace.bind(py).call_method1("refresh", (Self::layers(py, apps)?,))?.extract()
        });
        let changed = changed.unwrap_or_else(|error| {
            tracing::error!("Python code cannot be looked at: {error}");
            Vec::new()
        });
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.loaded.retain(|(app, element), _| {
            !changed.iter().any(|(key, name)| *key == app.to_string() && name == element.as_str())
        });
        let failed = std::mem::take(&mut codes.failed);
        // Without the lock: loading runs code of the app.
        drop(codes);
        if !changed.is_empty() || !failed.iter().all(|((app, element), why)| self.still_fails(app, element, why)) {
            return true;
        }
        self.codes.lock().unwrap_or_else(PoisonError::into_inner).failed = failed;
        false
    }

    fn level(&self, definition: &Definition) -> Result<Arc<dyn LevelCode>, Vec<Diagnostic>> {
        let key = (definition.app.clone(), definition.name.clone());
        let known = self.codes.lock().unwrap_or_else(PoisonError::into_inner).loaded.get(&key).cloned();
        if let Some(code) = known {
            return Ok(code);
        }
        // Without the lock: loading runs code of the app.
        let loaded = self.load(definition);
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        match loaded {
            Ok(code) => {
                codes.loaded.insert(key, Arc::clone(&code));
                Ok(code)
            }
            Err((findings, why)) => {
                codes.failed.insert(key, why);
                Err(findings)
            }
        }
    }
}

impl Drop for Python3 {
    fn drop(&mut self) {
        // At the end of the process there is no interpreter any more, and nothing to be tidied.
        try_attached(|py| {
            if let Err(error) = self.namespace.bind(py).call_method0("clear") {
                tracing::warn!("the modules of an app cannot be let go of: {error}");
            }
        });
    }
}

impl fmt::Debug for Python3 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Python3")
    }
}

/// The line of the app's own files that an exception came from, as its namespace finds it.
fn place_of(py: Python<'_>, place: &Bound<'_, PyAny>, error: &PyErr) -> Option<Location> {
    // The value that an error is made into knows the traceback; the one that it holds need not.
    let value = error.clone_ref(py).into_value(py);
    let (file, line) = place.call1((value,)).ok()?.extract::<Option<(String, u32)>>().ok()??;
    let mut location = Location::file(file);
    location.line = Some(line);
    Some(location)
}

/// Runs code that may block: the other work of this thread goes on on another one.
fn in_place<T>(run: impl FnOnce() -> T) -> T {
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() != RuntimeFlavor::CurrentThread => tokio::task::block_in_place(run),
        _ => run(),
    }
}
