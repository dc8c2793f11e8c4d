//! Values between Rust and Python: JSON on the one side, plain dicts and lists on the other.

use std::fmt::Write as _;

use mti_core::is_secret_name;
use mti_element::{Map, REDACTED, Secret, Value};
use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple, PyType};
use serde_json::Number;

use crate::secret::SecretText;

/// How deep a value may be nested.
const DEPTH_LIMIT: usize = 128;

/// A value as plain Python data. A dict with secrets in it is one that shows them to nobody who does not ask for them by
/// their keys.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Null => Ok(py.None().into_bound(py)),
        Value::Bool(truth) => truth.into_bound_py_any(py),
        Value::Number(number) => number_to_python(py, number),
        Value::String(text) => match Secret::unseal(text) {
            Some(secret) => Ok(Bound::new(py, SecretText::from(secret))?.into_any()),
            None => text.into_bound_py_any(py),
        },
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(to_python(py, item)?)?;
            }
            Ok(list.into_any())
        }
        Value::Object(members) => object_to_python(py, members, |_, member| to_python(py, member)),
    }
}

/// A merged config or `e.json` as plain Python data: what stands under a key that says so is a secret.
pub(crate) fn config_to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Object(members) => object_to_python(py, members, |key, member| match member {
            Value::String(text) if is_secret_name(key) => {
                Ok(Bound::new(py, SecretText::from(Secret::new(text.as_str())))?.into_any())
            }
            member => config_to_python(py, member),
        }),
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(config_to_python(py, item)?)?;
            }
            Ok(list.into_any())
        }
        value => to_python(py, value),
    }
}

/// An object as a dict, its keys in their order.
fn object_to_python<'py>(
    py: Python<'py>,
    members: &Map<String, Value>,
    convert: impl Fn(&str, &Value) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let dict = PyDict::new(py);
    let secrets = PyDict::new(py);
    for (key, member) in members {
        let member = convert(key, member)?;
        if member.is_instance_of::<SecretText>() {
            secrets.set_item(key, member)?;
            dict.set_item(key, REDACTED)?;
        } else {
            dict.set_item(key, member)?;
        }
    }
    if secrets.is_empty() { Ok(dict.into_any()) } else { secret_dict(py)?.call1((dict, secrets)) }
}

fn number_to_python<'py>(py: Python<'py>, number: &Number) -> PyResult<Bound<'py, PyAny>> {
    if let Some(integer) = number.as_i64() {
        integer.into_bound_py_any(py)
    } else if let Some(integer) = number.as_u64() {
        integer.into_bound_py_any(py)
    } else {
        number.as_f64().into_bound_py_any(py)
    }
}

/// The class of dicts with secrets in them.
fn secret_dict(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS.import(py, "mti._secrets", "SecretDict")
}

/// What becomes of secrets on their way out of Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrets {
    /// They become handles: the value stays in this process.
    Sealed,
    /// They are hidden: the value may go anywhere.
    Redacted,
}

/// Plain Python data as a value. Mappings with text for keys become objects; lists and tuples become arrays.
pub(crate) fn from_python(value: &Bound<'_, PyAny>, secrets: Secrets) -> PyResult<Value> {
    Reader { secrets }.read(value, 0).map_err(|unreadable| unreadable.into_error(value.py()))
}

/// An argument of a call as a value.
pub(crate) fn argument_from_python(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    let read = Reader { secrets: Secrets::Sealed }.read(value, 0);
    read.map_err(|unreadable| unreadable.inside(Segment::Key(name.to_owned())).into_error(value.py()))
}

/// What has no JSON form, and where it is.
struct Unreadable {
    error: PyErr,
    /// The way to it, innermost first: `rows[0].at`.
    way: Vec<Segment>,
}

enum Segment {
    Key(String),
    Index(usize),
}

impl From<PyErr> for Unreadable {
    fn from(error: PyErr) -> Self {
        Self { error, way: Vec::new() }
    }
}

impl Unreadable {
    fn inside(mut self, segment: Segment) -> Self {
        self.way.push(segment);
        self
    }

    /// The error with the way to its place, which no traceback shows.
    #[cold]
    fn into_error(self, py: Python<'_>) -> PyErr {
        let Self { error, way } = self;
        // An exception of somebody else's mapping is left as it is, and a way of a hundred steps leads nowhere.
        let is_own = error.traceback(py).is_none() && way.len() < DEPTH_LIMIT;
        let (true, Ok(what)) = (is_own && !way.is_empty(), error.value(py).str()) else { return error };
        // A text that is none in Unicode is told of by a subclass which is not made of a message alone.
        let class = if error.is_instance_of::<PyValueError>(py) {
            py.get_type::<PyValueError>()
        } else if error.is_instance_of::<PyTypeError>(py) {
            py.get_type::<PyTypeError>()
        } else {
            return error;
        };
        let mut place = String::new();
        for segment in way.iter().rev() {
            // Writing to a string cannot fail.
            let _ = match segment {
                Segment::Key(key) if place.is_empty() => write!(place, "{key}"),
                Segment::Key(key) => write!(place, ".{key}"),
                Segment::Index(index) => write!(place, "[{index}]"),
            };
        }
        PyErr::from_type(class, format!("at `{place}`: {what}"))
    }
}

struct Reader {
    secrets: Secrets,
}

impl Reader {
    fn read(&self, value: &Bound<'_, PyAny>, depth: usize) -> Result<Value, Unreadable> {
        if depth > DEPTH_LIMIT {
            let message = format!("a value is nested more than {DEPTH_LIMIT} deep, or contains itself");
            return Err(PyValueError::new_err(message).into());
        }
        if value.is_none() {
            return Ok(Value::Null);
        }
        if let Ok(text) = value.cast::<PyString>() {
            return Ok(Value::String(text.to_cow()?.into_owned()));
        }
        if let Ok(truth) = value.cast::<PyBool>() {
            return Ok(Value::Bool(truth.is_true()));
        }
        if let Ok(dict) = value.cast::<PyDict>() {
            return self.read_dict(dict, depth);
        }
        if let Ok(list) = value.cast::<PyList>() {
            return self.read_items(list.iter(), depth);
        }
        if let Ok(tuple) = value.cast::<PyTuple>() {
            return self.read_items(tuple.iter(), depth);
        }
        if value.is_instance_of::<PyInt>() {
            return Ok(read_integer(value)?);
        }
        if value.is_instance_of::<PyFloat>() {
            let number = Number::from_f64(value.extract()?);
            let none = || PyValueError::new_err("an infinite number, or none, has no JSON form").into();
            return number.map(Value::Number).ok_or_else(none);
        }
        if let Ok(secret) = value.cast::<SecretText>() {
            return Ok(Value::String(match self.secrets {
                Secrets::Sealed => secret.get().secret().seal(),
                Secrets::Redacted => REDACTED.to_owned(),
            }));
        }
        if let Ok(mapping) = value.cast::<PyMapping>() {
            let members = mapping.items()?;
            let members = members.iter().map(|item| {
                let (key, member): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
                self.read_member(&key, &member, depth)
            });
            return members.collect::<Result<_, _>>().map(Value::Object);
        }
        Err(without_form(value)?.into())
    }

    fn read_items<'py>(
        &self,
        items: impl Iterator<Item = Bound<'py, PyAny>>,
        depth: usize,
    ) -> Result<Value, Unreadable> {
        let items = items.enumerate().map(|(index, item)| {
            self.read(&item, depth + 1).map_err(|unreadable| unreadable.inside(Segment::Index(index)))
        });
        items.collect::<Result<_, _>>().map(Value::Array)
    }

    fn read_dict(&self, dict: &Bound<'_, PyDict>, depth: usize) -> Result<Value, Unreadable> {
        let members = dict.iter().map(|(key, member)| self.read_member(&key, &member, depth));
        let mut members: Map<String, Value> = members.collect::<Result<_, _>>()?;
        if !dict.is_exact_instance_of::<PyDict>() && dict.is_instance(secret_dict(dict.py())?)? {
            for (key, secret) in dict.getattr("_secrets")?.cast_into::<PyDict>().map_err(PyErr::from)? {
                let (key, secret) = self.read_member(&key, &secret, depth)?;
                // A key that was given another value, or taken out, holds no secret any more.
                if members.get(&key).and_then(Value::as_str) == Some(REDACTED) {
                    members.insert(key, secret);
                }
            }
        }
        Ok(Value::Object(members))
    }

    fn read_member(
        &self,
        key: &Bound<'_, PyAny>,
        member: &Bound<'_, PyAny>,
        depth: usize,
    ) -> Result<(String, Value), Unreadable> {
        let Ok(text) = key.cast::<PyString>() else {
            let kind = key.get_type().fully_qualified_name()?;
            return Err(
                PyTypeError::new_err(format!("the keys of a dict must be texts, and one is of type `{kind}`")).into()
            );
        };
        let key = text.to_cow()?.into_owned();
        match self.read(member, depth + 1) {
            Ok(member) => Ok((key, member)),
            Err(unreadable) => Err(unreadable.inside(Segment::Key(key))),
        }
    }
}

/// The refusal of a value that has no JSON form.
#[cold]
fn without_form(value: &Bound<'_, PyAny>) -> PyResult<PyErr> {
    let kind = value.get_type().fully_qualified_name()?;
    let advice = if value.hasattr("__await__")? {
        "is an `await` missing?"
    } else {
        "use None, bool, int, float, str, list, tuple or dict"
    };
    Ok(PyTypeError::new_err(format!("a value of type `{kind}` has no JSON form: {advice}")))
}

fn read_integer(value: &Bound<'_, PyAny>) -> PyResult<Value> {
    if let Ok(integer) = value.extract::<i64>() {
        return Ok(Value::from(integer));
    }
    let integer = value.extract::<u64>();
    integer.map(Value::from).map_err(|_| PyValueError::new_err("a whole number must fit into 64 bits"))
}
