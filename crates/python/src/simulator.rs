use std::sync::{Mutex, PoisonError};

use mti_element::Secret;
use mti_wechat_sim::{AppRegistration, SimulatorHandle, SimulatorOptions};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::run::wait;
use crate::value::{Secrets, from_python, to_python};

/// A simulated WeChat that answers on a free port of this machine, until it is closed.
///
/// It takes up any well-formed application with the first secret that is shown for it; `apps`, a dict from application ids to
/// secrets, says whose secret is which beforehand. An app uses it by its `config`:
///
///     with WeChatSimulator() as wechat:
///         app = mti.App("apps/demo", type_defaults={"auths.loginTypes.WeChatType": wechat.config})
///         code = wechat.code("wx0123456789abcdef", "zhang-san")
#[pyclass(module = "mti.testing", frozen, name = "WeChatSimulator")]
pub(crate) struct Simulator {
    url: String,
    handle: SimulatorHandle,
    stop: Mutex<Option<oneshot::Sender<()>>>,
}

#[pymethods]
impl Simulator {
    #[new]
    #[pyo3(signature = (apps=None))]
    fn new(py: Python<'_>, apps: Option<std::collections::HashMap<String, String>>) -> PyResult<Self> {
        let apps = apps.unwrap_or_default().into_iter();
        let apps = apps.map(|(id, secret)| AppRegistration::website(id, Secret::new(secret))).collect();
        let options = SimulatorOptions { apps, ..SimulatorOptions::default() };
        let started = wait(py, mti_wechat_sim::Simulator::bind(options))?;
        let simulator = started.map_err(|error| PyOSError::new_err(error.to_string()))?;
        let (url, handle) = (simulator.url(), simulator.handle());
        let (stop, stopped) = oneshot::channel::<()>();
        pyo3_async_runtimes::tokio::get_runtime().spawn(async move {
            // Dropping the other end asks for the same.
            let served = simulator.serve(async { drop(stopped.await) }).await;
            if let Err(error) = served {
                tracing::error!("the simulated WeChat stopped: {error}");
            }
        });
        Ok(Self { url, handle, stop: Mutex::new(Some(stop)) })
    }

    /// Its address: what `endpoints.open` and `endpoints.api` of a login are set to.
    #[getter]
    fn url(&self) -> &str {
        &self.url
    }

    /// The config by which WeChat logins use it.
    #[getter]
    fn config<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, &serde_json::json!({ "endpoints": { "open": self.url, "api": self.url } }))
    }

    /// A code that a person authorized for an application, as a browser would bring it back.
    fn code(&self, app_id: &str, person: &str) -> PyResult<String> {
        self.handle.mint_code(app_id, person).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// Who can sign in.
    #[getter]
    fn people(&self) -> Vec<String> {
        self.handle.people().iter().map(|person| person.id.clone()).collect()
    }

    /// How it behaves: `/sim/knobs` as a dict.
    #[getter]
    fn knobs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let knobs =
            serde_json::to_value(self.handle.knobs()).map_err(|error| PyValueError::new_err(error.to_string()))?;
        to_python(py, &knobs)
    }

    #[setter]
    fn set_knobs(&self, knobs: &Bound<'_, PyAny>) -> PyResult<()> {
        let knobs = serde_json::from_value(from_python(knobs, Secrets::Redacted)?);
        self.handle.set_knobs(knobs.map_err(|error| PyValueError::new_err(error.to_string()))?);
        Ok(())
    }

    /// Ends it.
    fn close(&self) {
        drop(self.stop.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyAny>) {
        self.close();
    }

    fn __repr__(&self) -> String {
        format!("<mti.testing.WeChatSimulator {}>", self.url)
    }
}
