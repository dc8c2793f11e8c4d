use std::any::Any;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Fail, Failure, Result};

/// A type that steps take and give back.
///
/// Between levels written in Rust a value passes as it is; its JSON form is used only at the borders (HTTP,
/// command line, other languages). Everything that serde can read and write is a step value. A type that
/// holds a [`Secret`](crate::Secret) is none by itself, and implements this trait with
/// [`opaque_step_value!`](crate::opaque_step_value), so that it cannot cross a border by accident.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument or a result of a step",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it, or, when it holds secrets or handles, \
            write `mti_element::opaque_step_value!({Self})`"
)]
pub trait StepValue: Sized + Send + 'static {
    /// Its JSON form.
    fn into_wire(self) -> Result<Value>;

    /// Reads it from its JSON form.
    fn from_wire(value: Value) -> Result<Self>;
}

impl<T: Serialize + DeserializeOwned + Send + 'static> StepValue for T {
    fn into_wire(self) -> Result<Value> {
        Ok(serde_json::to_value(self)?)
    }

    fn from_wire(value: Value) -> Result<Self> {
        serde_json::from_value(value).map_err(|error| Fail::API_PARAMS_ERROR.because(error.to_string()))
    }
}

/// Makes types step values that have no JSON form: they pass between native levels only.
#[macro_export]
macro_rules! opaque_step_value {
    ($($type:ty),+ $(,)?) => {$(
        impl $crate::StepValue for $type {
            fn into_wire(self) -> $crate::Result<$crate::Value> {
                Err($crate::no_wire_form(stringify!($type)))
            }

            fn from_wire(_: $crate::Value) -> $crate::Result<Self> {
                Err($crate::no_wire_form(stringify!($type)))
            }
        }
    )+};
}

/// The failure of carrying an opaque value across a border.
#[doc(hidden)]
pub fn no_wire_form(type_name: &str) -> Failure {
    Fail::ELEMENT_EXCEPTION.failure().noting(format!(
        "a `{type_name}` holds secrets or handles and has no JSON form: it passes between native levels only"
    ))
}

/// Arguments or a result on the way between two levels.
pub enum Payload {
    /// A Rust value as it is, and how to turn it into JSON should it meet a border.
    Native {
        /// The value: a tuple of arguments, or a result.
        value: Box<dyn Any + Send>,
        /// Turns the value into JSON.
        to_wire: fn(Box<dyn Any + Send>) -> Result<Value>,
    },
    /// JSON: an object of named arguments, or a result.
    Wire(Value),
}

impl Payload {
    /// A result on its way to a native caller.
    pub fn result<T: StepValue>(value: T) -> Self {
        Self::Native {
            value: Box::new(value),
            to_wire: |value| value.downcast::<T>().map_err(|_| foreign_value())?.into_wire(),
        }
    }

    /// The JSON form.
    pub fn into_wire(self) -> Result<Value> {
        match self {
            Self::Native { value, to_wire } => to_wire(value),
            Self::Wire(value) => Ok(value),
        }
    }

    /// The Rust value of a result.
    pub fn into_result<T: StepValue>(self) -> Result<T> {
        match self {
            Self::Native { value, to_wire } => match value.downcast::<T>() {
                Ok(value) => Ok(*value),
                // Two Rust types with one JSON form: another crate's version of the same record.
                Err(value) => T::from_wire(to_wire(value)?),
            },
            Self::Wire(value) => T::from_wire(value),
        }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments hold codes and user ids: neither belongs in a log.
        formatter.write_str(match self {
            Self::Native { .. } => "Payload::Native(..)",
            Self::Wire(_) => "Payload::Wire(..)",
        })
    }
}

/// The named arguments of a call that came over a border.
#[derive(Debug)]
pub struct NamedArguments {
    values: Map<String, Value>,
}

impl NamedArguments {
    /// Takes the arguments of a call apart; `declared` are the names that the method takes.
    pub fn new(arguments: Value, declared: &[String]) -> Result<Self> {
        let values = match arguments {
            Value::Object(values) => values,
            Value::Null => Map::new(),
            _ => return Err(Fail::API_PARAMS_ERROR.because("the arguments must be a JSON object of named arguments")),
        };
        if let Some(unknown) = values.keys().find(|name| !declared.contains(name)) {
            return Err(Fail::API_PARAMS_ERROR.because(format!(
                "`{}` is not an argument of this function, which takes {}",
                unknown.escape_default(),
                listed(declared),
            )));
        }
        Ok(Self { values })
    }

    /// Takes one argument out; a missing one is read as `null`, which only optional arguments accept.
    pub fn take<T: StepValue>(&mut self, name: &str) -> Result<T> {
        let value = self.values.remove(name);
        let missing = value.is_none();
        T::from_wire(value.unwrap_or(Value::Null)).map_err(|failure| {
            if !failure.is(Fail::API_PARAMS_ERROR) {
                failure
            } else if missing {
                Fail::API_PARAMS_ERROR.because(format!("argument `{name}` is missing"))
            } else {
                Fail::API_PARAMS_ERROR.because(format!("argument `{name}` {}", requirement(failure.message())))
            }
        })
    }
}

/// What serde's message asks for, without the value that it quotes: that may be a code or a password.
pub(crate) fn requirement(message: &str) -> String {
    match message.split_once("expected ") {
        Some((_, expected)) => format!("must be {expected}"),
        None if message.starts_with("invalid ") => "has a value that does not fit".to_owned(),
        None => format!("is wrong: {message}"),
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "no arguments".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The failure of a payload whose type is not the one that its declaration says.
#[doc(hidden)]
pub fn foreign_value() -> Failure {
    Fail::ELEMENT_EXCEPTION.failure().noting("a step was given a value of another type than it declares")
}
