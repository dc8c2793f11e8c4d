//! Values between Rust and Python: JSON on the one side, plain dicts and lists on the other.

use mti_element::{Map, Value};
use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple};
use serde_json::Number;

/// How deep a value may be nested.
const DEPTH_LIMIT: usize = 128;

/// A value as plain Python data.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Null => Ok(py.None().into_bound(py)),
        Value::Bool(truth) => truth.into_bound_py_any(py),
        Value::Number(number) => number_to_python(py, number),
        Value::String(text) => text.into_bound_py_any(py),
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(to_python(py, item)?)?;
            }
            Ok(list.into_any())
        }
        Value::Object(members) => Ok(object_to_python(py, members)?.into_any()),
    }
}

/// An object as a dict, its keys in their order.
pub(crate) fn object_to_python<'py>(py: Python<'py>, members: &Map<String, Value>) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (key, member) in members {
        dict.set_item(key, to_python(py, member)?)?;
    }
    Ok(dict)
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

/// Plain Python data as a value. Mappings with text for keys become objects; lists and tuples become arrays.
pub(crate) fn from_python(value: &Bound<'_, PyAny>) -> PyResult<Value> {
    read(value, 0)
}

fn read(value: &Bound<'_, PyAny>, depth: usize) -> PyResult<Value> {
    if depth > DEPTH_LIMIT {
        return Err(PyValueError::new_err(format!(
            "a value is nested more than {DEPTH_LIMIT} deep, or contains itself"
        )));
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
        return dict
            .iter()
            .map(|(key, member)| read_member(&key, &member, depth))
            .collect::<PyResult<_>>()
            .map(Value::Object);
    }
    if let Ok(list) = value.cast::<PyList>() {
        return list.iter().map(|item| read(&item, depth + 1)).collect::<PyResult<_>>().map(Value::Array);
    }
    if let Ok(tuple) = value.cast::<PyTuple>() {
        return tuple.iter().map(|item| read(&item, depth + 1)).collect::<PyResult<_>>().map(Value::Array);
    }
    if value.is_instance_of::<PyInt>() {
        return read_integer(value);
    }
    if value.is_instance_of::<PyFloat>() {
        let number = Number::from_f64(value.extract()?);
        return number
            .map(Value::Number)
            .ok_or_else(|| PyValueError::new_err("an infinite number, or none, has no JSON form"));
    }
    if let Ok(mapping) = value.cast::<PyMapping>() {
        let members = mapping.items()?;
        let members = members.iter().map(|item| {
            let (key, member): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
            read_member(&key, &member, depth)
        });
        return members.collect::<PyResult<_>>().map(Value::Object);
    }
    Err(PyTypeError::new_err(format!(
        "a value of type `{}` has no JSON form: use None, bool, int, float, str, list, tuple or dict",
        value.get_type().fully_qualified_name()?
    )))
}

fn read_member(key: &Bound<'_, PyAny>, member: &Bound<'_, PyAny>, depth: usize) -> PyResult<(String, Value)> {
    let key = key.cast::<PyString>().map_err(|_| PyTypeError::new_err("the keys of a dict must be texts"))?;
    Ok((key.to_cow()?.into_owned(), read(member, depth + 1)?))
}

fn read_integer(value: &Bound<'_, PyAny>) -> PyResult<Value> {
    if let Ok(integer) = value.extract::<i64>() {
        return Ok(Value::from(integer));
    }
    let integer = value.extract::<u64>();
    integer.map(Value::from).map_err(|_| PyValueError::new_err("a whole number must fit into 64 bits"))
}
