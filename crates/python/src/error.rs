//! Failures as exceptions.

use mti::OpenError;
use mti_core::{Diagnostic, render};
use mti_data::DataError;
use mti_element::{Fail, Failure, Map, Value};
use mti_login_types::fails;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyTuple, PyType};

use crate::language::PythonError;
use crate::value::to_python;

/// Every failure that has a name in the published table.
const PUBLISHED: [Fail; 20] = [
    Fail::API_PARAMS_ERROR,
    Fail::LOGIN_REQUIRED,
    Fail::PERMISSION_DENIED,
    Fail::ELEMENT_NOT_FOUND,
    Fail::FUNCTION_NOT_FOUND,
    Fail::ELEMENT_EXCEPTION,
    Fail::RATE_LIMITED,
    fails::USER_AUTH_MISS,
    fails::AUTH_CONFLICT,
    fails::LOGIN_TYPE_INACTIVE,
    fails::STATE_MISMATCH,
    fails::LOGIN_CODE_INVALID,
    fails::CORP_NOT_FOUND,
    fails::PASSWORD_ERROR,
    fails::USER_NOT_FOUND,
    fails::WECHAT_CODE_INVALID,
    fails::WECHAT_CONFIG,
    fails::WECHAT_UNAVAILABLE,
    fails::WECHAT_RATE_LIMITED,
    fails::WECHAT_USER_REFUSED,
];

/// The published table: name, number, HTTP status, message.
#[pyfunction]
pub(crate) fn failures(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    PyList::new(py, PUBLISHED.map(|fail| (fail.name, fail.errcode, fail.http_status, fail.message)))
}

/// Whether a failure is a row of the published table.
pub(crate) fn is_published(name: &str, errcode: u32, http_status: u16) -> bool {
    PUBLISHED.iter().any(|fail| (fail.name, fail.errcode, fail.http_status) == (name, errcode, http_status))
}

/// A failed call as the exception of its kind, with everything that a trusted caller may see.
pub(crate) fn exception(py: Python<'_>, failure: &Failure) -> PyErr {
    if let Some(raised) = failure.cause::<PythonError>().and_then(|error| error.raised.as_ref()) {
        return raised.clone_ref(py);
    }
    let kind = failure.kind();
    let made = (|| {
        let named = PyDict::new(py);
        named.set_item("code", kind.name)?;
        named.set_item("errcode", kind.errcode)?;
        named.set_item("httpStatus", kind.http_status)?;
        named.set_item("message", failure.message())?;
        named.set_item("detail", failure.operator_message())?;
        named.set_item("retryAfter", failure.retry_after_seconds())?;
        named.set_item("data", to_python(py, failure.data().unwrap_or(&Value::Object(Map::new())))?)?;
        add_diagnostics(&named, failure.diagnostics())?;
        call_errors(py, "_of", &named)
    })();
    made.map_or_else(|error| error, PyErr::from_value)
}

/// Why an app could not be opened.
pub(crate) fn open_exception(py: Python<'_>, error: &OpenError) -> PyErr {
    let diagnostics = match error {
        OpenError::App(error) => error.diagnostics(),
        _ => &[],
    };
    let made = (|| {
        let named = PyDict::new(py);
        named.set_item("message", error.to_string())?;
        add_diagnostics(&named, diagnostics)?;
        call_errors(py, "_not_opened", &named)
    })();
    made.map_or_else(|error| error, PyErr::from_value)
}

/// Why the database of an app that is opened cannot be used, in one sentence.
pub(crate) fn not_connected(py: Python<'_>, failure: &Failure) -> PyErr {
    let raised = exception(py, failure);
    let made = (|| {
        let named = PyDict::new(py);
        named.set_item("message", format!("the app's database cannot be opened: {}", reason_of(failure)))?;
        add_diagnostics(&named, failure.diagnostics())?;
        let error = call_errors(py, "_not_opened", &named)?;
        error.setattr("__cause__", raised.value(py))?;
        Ok(error)
    })();
    made.map_or_else(|error: PyErr| error, PyErr::from_value)
}

/// The error behind a failure, with its causes; what the operator is told, where there is none.
fn reason_of(failure: &Failure) -> String {
    let Some(error) = DataError::behind(failure) else { return failure.operator_message() };
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// `mti.MtiError`.
pub(crate) fn base_class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS.import(py, "mti.errors", "MtiError")
}

fn add_diagnostics(named: &Bound<'_, PyDict>, diagnostics: &[Diagnostic]) -> PyResult<()> {
    let listed = to_python(named.py(), &render::json(diagnostics))?;
    named.set_item("diagnostics", listed.get_item("diagnostics")?)?;
    let text = if diagnostics.is_empty() { String::new() } else { render::human(diagnostics, false) };
    named.set_item("rendered", text.trim_end())
}

fn call_errors<'py>(py: Python<'py>, function: &str, named: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyAny>> {
    static ERRORS: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let errors = ERRORS.get_or_try_init(py, || PyModule::import(py, "mti.errors").map(Bound::unbind))?;
    errors.bind(py).getattr(function)?.call(PyTuple::empty(py), Some(named))
}
