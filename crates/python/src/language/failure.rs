//! Exceptions of Python code as failures.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};

use mti_element::{Fail, Failure, SourcePosition};
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::error::{base_class, is_published};
use crate::value::{Secrets, from_python};

/// How many texts of Python code are kept for the life of the process: names of methods, failures and files.
const TEXTS_AT_MOST: usize = 100_000;

/// What an app may number its own failures with.
const ERRCODES_OF_APPS: RangeInclusive<u32> = 90_000..=u32::MAX;

/// What an app may answer its own failures with.
const HTTP_STATUSES: RangeInclusive<u16> = 400..=599;

/// An exception that ended a call. Its text is what the operator needs; its traceback went to the log.
#[derive(Debug)]
pub(crate) struct PythonError {
    summary: String,
    /// The exception itself where it must not end as a failure: Ctrl-C and the like.
    pub(crate) raised: Option<PyErr>,
}

impl fmt::Display for PythonError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.summary)
    }
}

impl std::error::Error for PythonError {}

/// `ValueError: not that`.
pub(crate) fn summary(py: Python<'_>, error: &PyErr) -> String {
    let name = error.get_type(py).name().map_or_else(|_| "an exception".to_owned(), |name| name.to_string());
    match error.value(py).str() {
        Ok(text) if text.to_string().is_empty() => name,
        Ok(text) => format!("{name}: {text}"),
        Err(_) => name,
    }
}

/// Whose code raised an exception.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) element: &'a str,
    pub(super) method: &'a str,
    /// Where the method begins. An exception that comes of what it gave back has no traceback.
    pub(super) source: Option<SourcePosition>,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` of `{}`", self.method, self.element)?;
        match self.source {
            Some(SourcePosition { file, line }) => write!(formatter, " ({file}:{line})"),
            None => Ok(()),
        }
    }
}

/// The failure that an exception is. One of `mti`'s own is the failure that it names; of any other the caller is told
/// nothing, and the log gets the traceback.
pub(super) fn failure(py: Python<'_>, place: Place<'_>, error: PyErr) -> Failure {
    if base_class(py).and_then(|class| error.value(py).is_instance(class)).unwrap_or(false) {
        return own(py, &error).unwrap_or_else(|broken| {
            broken.set_cause(py, Some(error));
            unexpected(py, place, &broken)
        });
    }
    if error.is_instance_of::<PyException>(py) {
        return unexpected(py, place, &error);
    }
    // A caller in process gets the exception itself. The text is for the log of a server, or is a finding where there is no line.
    let traceback = if place.source.is_some() { traceback(py, &error) } else { String::new() };
    let summary = match (summary(py, &error), traceback.as_str()) {
        (summary, "") => summary,
        (summary, traceback) => format!("{summary}\n{traceback}"),
    };
    Fail::ELEMENT_EXCEPTION.failure().caused_by(PythonError { summary, raised: Some(error) })
}

fn unexpected(py: Python<'_>, place: Place<'_>, error: &PyErr) -> Failure {
    let summary = summary(py, error);
    // In one text: fields would stand below the traceback.
    match traceback(py, error).as_str() {
        "" => tracing::error!("Python code failed in {place}: {summary}"),
        traceback => tracing::error!("Python code failed in {place}: {summary}\n{traceback}"),
    }
    Fail::ELEMENT_EXCEPTION.failure().caused_by(PythonError { summary, raised: None })
}

/// What Python prints of an exception: where it came from, what it came of, and what was noted. Empty where that is no more than
/// its summary.
fn traceback(py: Python<'_>, error: &PyErr) -> String {
    let parts = PyModule::import(py, "traceback").and_then(|module| {
        let exception = (error.get_type(py), error.value(py), error.traceback(py));
        module.getattr("format_exception")?.call1(exception)?.extract::<Vec<String>>()
    });
    match parts {
        Ok(parts) if parts.len() > 1 => parts.concat().trim_end().to_owned(),
        Ok(_) => String::new(),
        // Such as when there is no room for calls left.
        Err(_) => {
            let own = error.traceback(py).and_then(|traceback| traceback.format().ok()).unwrap_or_default();
            own.trim_end().to_owned()
        }
    }
}

/// An `MtiError` as the failure that it says it is.
fn own(py: Python<'_>, error: &PyErr) -> PyResult<Failure> {
    let value = error.value(py);
    let text = |name: &str| -> PyResult<String> { value.getattr(name)?.extract() };
    let (code, message) = (text("code")?, text("message")?);
    let (errcode, http_status) = numbers(value, &code)?;
    let kind = Fail { name: interned(&code), errcode, http_status, message: Fail::ELEMENT_EXCEPTION.message };
    let data = from_python(&value.getattr("data")?, Secrets::Redacted)?;
    let has_data = !data.as_object().is_some_and(mti_element::Map::is_empty);
    let failure = kind.because(Cow::Owned(message));
    let failure = if has_data { failure.with_data(data) } else { failure };
    // What it says besides its code and its message, which this failure says too.
    let detail = value.getattr("_detail")?;
    let detail = detail.cast::<PyString>().map_or_else(|_| String::new(), ToString::to_string);
    let beginning = format!("{code}: {}", failure.message());
    let note = detail.strip_prefix(&beginning).unwrap_or(&detail).trim_start_matches([':', ' ', '\n']);
    Ok(if note.is_empty() { failure } else { failure.noting(note.to_owned()) })
}

/// The `errcode` and the HTTP status of an `MtiError`. An app's own have bounds: 0 says over HTTP that all went well, and small
/// numbers are those of others.
fn numbers(value: &Bound<'_, PyAny>, code: &str) -> PyResult<(u32, u16)> {
    let (errcode, http_status) = (value.getattr("errcode")?, value.getattr("httpStatus")?);
    if let (Ok(number), Ok(status)) = (errcode.extract(), http_status.extract()) {
        let is_of_others = || PyResult::Ok(number != 0 && is_class_of_mti(value)?);
        let is_numbered = ERRCODES_OF_APPS.contains(&number) || is_published(code, number, status) || is_of_others()?;
        if is_numbered && HTTP_STATUSES.contains(&status) {
            return Ok((number, status));
        }
    }
    let class = value.get_type().fully_qualified_name()?;
    Err(PyValueError::new_err(format!(
        "`{class}` has the errcode {} and the httpStatus {}: what an app raises of its own has a whole number from {} on for \
         `errcode`, and one from {} to {} for `httpStatus`",
        errcode.repr()?,
        http_status.repr()?,
        ERRCODES_OF_APPS.start(),
        HTTP_STATUSES.start(),
        HTTP_STATUSES.end(),
    )))
}

/// Whether it is of a class that `mti` made itself: that of a failure which came out of a call.
fn is_class_of_mti(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let module: String = value.get_type().getattr("__module__")?.extract()?;
    Ok(module == "mti" || module == "mti.errors")
}

/// A text that lives as long as the process, once for all who have the same.
pub(crate) fn interned(text: &str) -> &'static str {
    static TEXTS: Mutex<Option<HashMap<Box<str>, &'static str>>> = Mutex::new(None);
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    let texts = texts.get_or_insert_default();
    if let Some(known) = texts.get(text) {
        return known;
    }
    if texts.len() == TEXTS_AT_MOST {
        return "(too many names)";
    }
    let kept: &'static str = Box::leak(text.to_owned().into_boxed_str());
    texts.insert(text.into(), kept);
    kept
}
