use std::net::IpAddr;
use std::sync::Arc;

use mti::VisitorRequest;
use mti_element::Value;
use mti_server::http::{HeaderMap, HeaderName, HeaderValue};
use pyo3::exceptions::{PyAttributeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyMapping, PyString, PyTuple};

use crate::error::exception;
use crate::method::{awaitable, by_name};
use crate::run::wait;
use crate::value::to_python;

/// A visitor during one request that a web framework received. `App.visit` begins it.
///
/// Calls through it have the rights of the visitor, as over HTTP. It is the visitor's browser for as long as it lives: a
/// session that one call begins is there for the next one. At the end the answer sets `setCookies`.
#[pyclass(module = "mti", frozen)]
pub(crate) struct Visit {
    app: mti::App,
    visit: Arc<mti::Visit>,
}

#[pymethods]
impl Visit {
    /// The element of that full name, as the visitor reaches it. Whether there is one, the first call tells.
    #[pyo3(name = "getElement", signature = (name, /))]
    fn get_element(&self, name: &str) -> VisitedElement {
        VisitedElement { app: self.app.clone(), visit: Arc::clone(&self.visit), name: name.into() }
    }

    /// The cookies that the answer to the request has to set: values of `Set-Cookie` headers. An answer that has one must
    /// not be cached.
    #[getter(setCookies)]
    fn set_cookies<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let cookies = self.visit.set_cookies();
        // Names and values of cookies are ASCII.
        PyList::new(py, cookies.iter().map(|cookie| cookie.to_str().unwrap_or_default()))
    }

    fn __repr__(&self) -> String {
        format!("<mti.Visit of {}>", self.app.key().id)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("a visit cannot be pickled or copied: it lives as long as one request"))
    }
}

/// An element, as a visitor reaches it: the functions of its `functionList` are methods.
#[pyclass(module = "mti", frozen)]
pub(crate) struct VisitedElement {
    app: mti::App,
    visit: Arc<mti::Visit>,
    name: Box<str>,
}

#[pymethods]
impl VisitedElement {
    /// The full name.
    #[getter(fullName)]
    fn full_name(&self) -> &str {
        &self.name
    }

    fn __getattr__(&self, name: &str) -> PyResult<VisitedMethod> {
        if name.starts_with("__") {
            return Err(PyAttributeError::new_err(name.to_owned()));
        }
        Ok(VisitedMethod {
            app: self.app.clone(),
            visit: Arc::clone(&self.visit),
            element: self.name.clone(),
            function: name.into(),
        })
    }

    fn __repr__(&self) -> String {
        format!("<mti.VisitedElement {}>", self.name)
    }
}

/// A function of an element, as a visitor calls it.
#[pyclass(module = "mti", frozen)]
pub(crate) struct VisitedMethod {
    app: mti::App,
    visit: Arc<mti::Visit>,
    element: Box<str>,
    function: Box<str>,
}

#[pymethods]
impl VisitedMethod {
    #[pyo3(signature = (*arguments, **named))]
    fn __call__<'py>(
        &self,
        py: Python<'py>,
        arguments: &Bound<'py, PyTuple>,
        named: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let answer = wait(py, self.call(arguments, named)?)?;
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
        awaitable(py, self.call(arguments, named)?)
    }

    fn __repr__(&self) -> String {
        format!("<mti.VisitedMethod {}.{}>", self.element, self.function)
    }
}

impl VisitedMethod {
    fn call<'py>(
        &self,
        arguments: &Bound<'py, PyTuple>,
        named: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<impl Future<Output = mti::Result<Value>> + Send + 'static> {
        let arguments = by_name(&self.function, &self.declared(arguments), arguments, named)?;
        let (visit, element, function) = (Arc::clone(&self.visit), self.element.clone(), self.function.clone());
        Ok(async move { visit.call(&element, &function, arguments).await })
    }

    /// The names of the arguments as the `functionList` declares them. A function that is not there takes any number: the call
    /// says that it is not there.
    fn declared(&self, given: &Bound<'_, PyTuple>) -> Vec<String> {
        if given.is_empty() {
            return Vec::new();
        }
        let definition = given.py().detach(|| self.app.get_element_define(&self.element)).ok();
        let function = definition.as_ref().and_then(|definition| definition.function(&self.function));
        match function {
            Some(function) => function.args.iter().map(|argument| argument.name.clone()).collect(),
            None => (0..given.len()).map(|index| index.to_string()).collect(),
        }
    }
}

/// Begins the visit that a request of a web framework is.
pub(crate) fn begin(
    app: &mti::App,
    address: &str,
    cookies: Option<&Bound<'_, PyAny>>,
    headers: Option<&Bound<'_, PyAny>>,
) -> PyResult<Visit> {
    let address: IpAddr = address
        .parse()
        .map_err(|_| PyValueError::new_err(format!("`address`: `{}` is not an IP address", address.escape_debug())))?;
    let mut request = VisitorRequest::new(address, headers.map(read_headers).transpose()?.unwrap_or_default());
    if let Some(cookies) = cookies {
        request.cookies = pairs(cookies)?
            .into_iter()
            .map(|(name, value)| Ok((text(&name, "cookies")?, text(&value, "cookies")?)))
            .collect::<PyResult<_>>()?;
    }
    Ok(Visit { app: app.clone(), visit: Arc::new(app.visit(request)) })
}

fn read_headers(headers: &Bound<'_, PyAny>) -> PyResult<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in pairs(headers)? {
        let name = text(&name, "headers")?;
        // The value is in no message: it may be a token.
        let refused = || PyValueError::new_err(format!("`headers`: `{}` cannot be a header", name.escape_debug()));
        let value = HeaderValue::from_bytes(&latin1(&text(&value, "headers")?).ok_or_else(refused)?);
        map.append(HeaderName::try_from(&name).map_err(|_| refused())?, value.map_err(|_| refused())?);
    }
    Ok(map)
}

/// The pairs of a mapping, or of whatever gives pairs: of ASGI's list of headers, for example.
fn pairs<'py>(given: &Bound<'py, PyAny>) -> PyResult<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>> {
    let is_mapping = given.cast::<PyMapping>().is_ok() || given.hasattr("items")?;
    let items = if is_mapping { given.call_method0("items")? } else { given.clone() };
    items.try_iter()?.map(|pair| pair?.extract()).collect()
}

/// A text, or the bytes of one as HTTP has them.
fn text(value: &Bound<'_, PyAny>, argument: &str) -> PyResult<String> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().iter().copied().map(char::from).collect());
    }
    match value.cast::<PyString>() {
        Ok(text) => text.extract(),
        Err(_) => Err(PyTypeError::new_err(format!("`{argument}` takes pairs of text or bytes"))),
    }
}

/// The bytes of a text that stands for them one by one.
fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|character| u8::try_from(character).ok()).collect()
}
