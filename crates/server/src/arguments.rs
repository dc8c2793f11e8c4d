use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use mti_core::json;
use mti_core::manifest::Function;
use mti_element::{Fail, Map, Value};

use crate::data_type;
use crate::envelope::Refusal;
use crate::options::Limits;

/// Reads the body of a request: at most so much, and at most for so long.
pub(crate) async fn read_body(body: Incoming, limits: &Limits) -> Result<Bytes, Refusal> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limits.body_bytes {
        return Err(too_large(limits.body_bytes));
    }
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let read = Limited::new(body, limits.body_bytes).collect();
    match tokio::time::timeout(limits.body_timeout, read).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(limits.body_bytes)),
        Ok(Err(_)) => Err(Refusal::new(Fail::API_PARAMS_ERROR.because("the body was cut off")).closing()),
        Err(_) => Err(too_slow(limits.body_timeout)),
    }
}

/// Reads the arguments out of a body: a JSON object of what the function declares, with nothing else in it.
pub(crate) fn parse(body: &[u8], function: &Function) -> Result<Value, Refusal> {
    complete(parse_object(body)?, function)
}

/// Checks arguments against what a function declares, and adds the values that it declares for those left out.
pub(crate) fn complete(mut arguments: Map<String, Value>, function: &Function) -> Result<Value, Refusal> {
    let is_declared = |name: &String| function.args.iter().any(|argument| argument.name == *name);
    if let Some(unknown) = arguments.keys().find(|name| !is_declared(name)) {
        return Err(refused(format!("`{}` is not an argument of this function", shown(unknown))));
    }
    for argument in &function.args {
        if let Some(value) = arguments.get(&argument.name) {
            match data_type::fault(argument, value) {
                Some(fault) => return Err(refused(fault)),
                None => continue,
            }
        }
        if let Some(value) = &argument.value {
            arguments.insert(argument.name.clone(), value.clone());
        } else if argument.required {
            return Err(refused(format!("argument `{}` is missing", argument.name)));
        }
    }
    Ok(Value::Object(arguments))
}

fn parse_object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let Ok(text) = std::str::from_utf8(body) else {
        return Err(refused("the body is not UTF-8"));
    };
    if text.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    match json::parse(text).map(json::Document::into_value) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(_) => Err(refused("the body must be a JSON object of named arguments")),
        Err(problem) => Err(refused(format!("the body cannot be read: {problem}"))),
    }
}

fn refused(message: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Refusal::new(Fail::API_PARAMS_ERROR.because(message))
}

fn too_large(limit: usize) -> Refusal {
    refused(format!("the body is larger than {limit} bytes")).with_status(StatusCode::PAYLOAD_TOO_LARGE).closing()
}

fn too_slow(limit: Duration) -> Refusal {
    refused(format!("the body did not arrive within {} seconds", limit.as_secs()))
        .with_status(StatusCode::REQUEST_TIMEOUT)
        .closing()
}

/// A name from outside, made fit to be shown.
fn shown(name: &str) -> String {
    name.chars().take(80).collect::<String>().escape_debug().to_string()
}
