use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use mti::Program;
use mti_core::{AppKey, ElementName};
use mti_registry::{Explanation, Watching};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use url::Url;

use crate::definition;
use crate::element::Element;
use crate::error::{exception, not_connected, open_exception};
use crate::language::Python3;
use crate::log;
use crate::run::{refuse_fork, wait};
use crate::value::{argument_from_python, to_python};
use crate::visit::{self, Visit};

/// Makes the program whose levels in Rust every app is opened with.
static PROGRAM: OnceLock<fn() -> Program> = OnceLock::new();

/// Says which levels in Rust there are. The first one who says it decides: one module, one program.
pub(crate) fn with_levels_of(program: fn() -> Program) {
    let _earlier = PROGRAM.set(program);
}

/// The program with its levels in Rust, and with Python.
pub(crate) fn program(py: Python<'_>) -> PyResult<Program> {
    let program = PROGRAM.get().map_or_else(mti::main, |program| program());
    Ok(program.language(Arc::new(Python3::new(py)?)))
}

/// A running app: where names become live elements.
///
/// `directory` holds the app's `app.json`. `data` is where its embedded database is (`appData` in the app), `env_file` a
/// file with variables for its config, `database_url` a PostgreSQL database in the place of `databases.Default`,
/// `public_url` the address that browsers reach it at, `app_path` are directories where parent apps are looked for, and
/// `type_defaults` is config for every element of a Type, by the Type's full name, below everything that the apps say.
///
/// The default database is opened at once, so an app that cannot work raises `AppError` here: its server cannot be reached,
/// or another process holds its directory. With `connect=False` it opens at its first use: for scripts that only look at
/// an app.
///
/// An app may be used by any number of threads. Its database is open until `close()`, or until shortly after
/// nobody uses it any more.
#[pyclass(module = "mti", frozen, weakref)]
pub(crate) struct App {
    inner: mti::App,
    watching: Mutex<Option<Watching>>,
    /// The handles that were given out, by name, as long as nothing changes.
    elements: Py<PyDict>,
    generation: AtomicU64,
}

#[pymethods]
impl App {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "all but the first have names in Python")]
    #[pyo3(signature = (directory, *, data=None, env_file=None, database_url=None, public_url=None, app_path=None, type_defaults=None, connect=true))]
    fn new(
        py: Python<'_>,
        directory: PathBuf,
        data: Option<PathBuf>,
        env_file: Option<PathBuf>,
        database_url: Option<&str>,
        public_url: Option<&str>,
        app_path: Option<Vec<PathBuf>>,
        type_defaults: Option<&Bound<'_, PyDict>>,
        connect: bool,
    ) -> PyResult<Self> {
        refuse_fork()?;
        log::forward();
        let mut builder = program(py)?.app(directory);
        if let Some(data) = data {
            builder = builder.data(data);
        }
        if let Some(file) = env_file {
            builder = builder.env_file(file);
        }
        if let Some(url) = database_url {
            let refused = |error: mti::DatabaseUrlError| PyValueError::new_err(format!("`database_url`: {error}"));
            builder = builder.database_url(url).map_err(refused)?;
        }
        if let Some(url) = public_url {
            let url = Url::parse(url).map_err(|error| PyValueError::new_err(format!("`public_url`: {error}")))?;
            builder = builder.public_url(url);
        }
        for (name, config) in type_defaults.into_iter().flatten() {
            builder =
                builder.type_defaults(&name.extract::<String>()?, argument_from_python("type_defaults", &config)?);
        }
        let variable = std::env::var_os("MTI_APP_PATH");
        let further = variable.iter().flat_map(std::env::split_paths).filter(|path| !path.as_os_str().is_empty());
        let builder = builder.app_path(app_path.into_iter().flatten().chain(further).collect());
        let app = py.detach(|| builder.open()).map_err(|error| open_exception(py, &error))?;
        if connect {
            wait(py, app.connect())?.map_err(|failure| not_connected(py, &failure))?;
        }
        let generation = AtomicU64::new(app.generation());
        Ok(Self { inner: app, watching: Mutex::default(), elements: PyDict::new(py).unbind(), generation })
    }

    /// The live element of that full name, loaded at its first use. The same object every time; it follows reloads.
    #[pyo3(name = "getElement", signature = (name, /))]
    fn get_element<'py>(slf: &Bound<'py, Self>, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
        let this = slf.get();
        let known = this.elements.bind(slf.py());
        let generation = this.inner.generation();
        if this.generation.load(Ordering::Relaxed) != generation {
            this.generation.store(generation, Ordering::Relaxed);
            known.clear();
        }
        if let Some(element) = known.get_item(name)? {
            return Ok(element);
        }
        let element = Self::load(slf, name)?;
        known.set_item(name, &element)?;
        Ok(element.into_any())
    }

    /// The elements that a selector names: `.type`, `#attr=v`, `*name`, `name*`, `sel:filter`, `a,b`, or a full name.
    #[pyo3(name = "findElements", signature = (selector, /))]
    fn find_elements<'py>(slf: &Bound<'py, Self>, selector: &str) -> PyResult<Bound<'py, PyList>> {
        let py = slf.py();
        let this = slf.get();
        let found = py.detach(|| this.inner.find_elements(selector)).map_err(|failure| exception(py, &failure))?;
        let elements = found.into_iter().map(|element| Element::of(slf, element)).collect::<PyResult<Vec<_>>>()?;
        PyList::new(py, elements)
    }

    /// The merged definition of an element, as a dict without secrets. Nothing is loaded.
    #[pyo3(name = "getElementDefine", signature = (name, /))]
    fn get_element_define<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let found = py.detach(|| self.inner.get_element_define(name)).map_err(|failure| exception(py, &failure))?;
        to_python(py, &definition::document(&found))
    }

    /// The merged definitions of the elements that a selector names. Nothing is loaded.
    #[pyo3(name = "findElementsDefine", signature = (selector, /))]
    fn find_elements_define<'py>(&self, py: Python<'py>, selector: &str) -> PyResult<Bound<'py, PyList>> {
        let found =
            py.detach(|| self.inner.find_elements_define(selector)).map_err(|failure| exception(py, &failure))?;
        let list = PyList::empty(py);
        for definition in found {
            list.append(to_python(py, &definition::document(&definition))?)?;
        }
        Ok(list)
    }

    /// The merged definitions of all sound elements, by name. Nothing is loaded.
    #[pyo3(name = "getAllElementsDefine")]
    fn get_all_elements_define<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let all = PyDict::new(py);
        for (name, definition) in py.detach(|| self.inner.get_all_elements_define()) {
            all.set_item(name.as_str(), to_python(py, &definition::document(&definition))?)?;
        }
        Ok(all)
    }

    /// The keys (`appId@version`) of the app and its parents, nearest first.
    #[pyo3(name = "appHierarchy")]
    fn app_hierarchy(&self) -> Vec<String> {
        self.inner.app_hierarchy().iter().map(AppKey::to_string).collect()
    }

    /// Where everything about an element comes from.
    #[pyo3(signature = (name, /))]
    fn explain<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let explained: Explanation =
            py.detach(|| self.inner.explain(name)).map_err(|failure| exception(py, &failure))?;
        let document = serde_json::to_value(&explained).map_err(|error| PyTypeError::new_err(error.to_string()))?;
        to_python(py, &document)
    }

    /// The steps of an element, or those that a Type gives to its instances: name, kind, arguments, documentation, and what
    /// the declared interface says of them. Nothing is loaded.
    #[pyo3(signature = (name, /))]
    fn steps<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let steps = py.detach(|| -> mti::Result<_> {
            Ok(definition::steps(&*self.inner.levels(name)?, &*self.inner.get_element_define(name)?))
        });
        to_python(py, &steps.map_err(|failure| exception(py, &failure))?)
    }

    /// What is wrong with the app's files, as far as it is known without loading an element.
    fn diagnostics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let found = py.detach(|| self.inner.diagnostics());
        to_python(py, &mti_core::render::json(&found))?.get_item("diagnostics")
    }

    /// All that can be found wrong: every instance is loaded for it.
    fn check<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let found = py.detach(|| self.inner.check());
        to_python(py, &mti_core::render::json(&found))?.get_item("diagnostics")
    }

    /// The environment of the app: what placeholders in config take their values from.
    #[pyo3(name = "envVars")]
    fn env_vars(&self) -> BTreeMap<String, String> {
        self.inner.env_vars()
    }

    /// Reads what is on disk anew, and gives back the names of the live elements that are made anew or are gone.
    fn reload(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        refuse_fork()?;
        let reloaded = py.detach(|| self.inner.reload(None));
        let reloaded =
            reloaded.map_err(|diagnostics| open_exception(py, &mti_registry::AppError::Chain(diagnostics).into()))?;
        Ok(reloaded.remade.iter().map(ElementName::to_string).collect())
    }

    /// Reloads whenever files of the app or of its parents change, until `close()`.
    fn watch(&self, py: Python<'_>) -> PyResult<()> {
        refuse_fork()?;
        let watching = py.detach(|| self.inner.watch());
        let watching = watching.map_err(|error| pyo3::exceptions::PyOSError::new_err(error.to_string()))?;
        *self.watching.lock().unwrap_or_else(PoisonError::into_inner) = Some(watching);
        Ok(())
    }

    /// Begins the visit of somebody whose request a web framework received. Calls through it have the rights of that visitor,
    /// with states, sessions, access rules, limits and tries as over HTTP.
    ///
    /// `address` is the visitor's IP address, `headers` are the request's, as a mapping or as pairs, and `cookies` those that
    /// the browser sent; left out, they are read from the header `Cookie`.
    #[pyo3(signature = (*, address, cookies=None, headers=None))]
    fn visit(
        &self,
        address: &str,
        cookies: Option<&Bound<'_, PyAny>>,
        headers: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Visit> {
        visit::begin(&self.inner, address, cookies, headers)
    }

    /// Lets go of what the app holds: its database first of all, which belongs to one process at a time. What was
    /// acknowledged is on the disk in any case.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner).take();
        py.detach(|| drop(watching));
        self.elements.bind(py).clear();
        wait(py, self.inner.disconnect())?.map_err(|failure| exception(py, &failure))
    }

    /// The full id of the app: `org.name`.
    #[getter(appId)]
    fn app_id(&self) -> String {
        self.inner.key().id.to_string()
    }

    /// The id and the version: `org.name@1.2.3`.
    #[getter(appKey)]
    fn app_key(&self) -> String {
        self.inner.key().to_string()
    }

    /// The version: three numbers.
    #[getter]
    fn version(&self) -> String {
        self.inner.key().version.to_string()
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyAny>) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(&self) -> String {
        format!("<mti.App {}>", self.inner.key())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "an App cannot be pickled or copied: open the app's directory again where it is needed",
        ))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.elements)
    }
}

impl App {
    #[cold]
    fn load<'py>(slf: &Bound<'py, Self>, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, Element>> {
        let py = slf.py();
        refuse_fork()?;
        let text = name.to_cow()?;
        let inner = &slf.get().inner;
        let found = py.detach(|| inner.get_element(&text));
        Element::of(slf, found.map_err(|failure| exception(py, &failure))?)
    }
}
