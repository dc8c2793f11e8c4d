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

    /// The JSON form in which it crosses to a level or a caller in another language of the same process. Where there are
    /// secrets in it, they are handles there: see [`Secret::seal`](crate::Secret::seal).
    fn into_language(self) -> Result<Value> {
        self.into_wire()
    }

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

/// Whether an argument of a type may be left out: whether it can be read from nothing.
#[doc(hidden)]
pub fn is_optional<T: StepValue>() -> bool {
    T::from_wire(Value::Null).is_ok()
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

/// Arguments on their way to a level. They stay where they are, in the caller's frame, until the level takes them.
pub struct Arguments<'a>(&'a mut dyn Exchange);

/// What a level answered.
#[derive(Debug)]
pub enum Answer {
    /// The result is in the caller's [`NativeCall`].
    InPlace,
    /// The result as JSON. Boxed, so that an answer in place is one word to pass on.
    Wire(Box<Value>),
}

/// A call in the frame of the caller, whose types are not known here: a [`NativeCall`] or a [`WireCall`].
pub trait Exchange: Any + Send {
    /// The arguments as JSON, for a level that does not take them as they are.
    fn take_wire_arguments(&mut self) -> Result<Value>;
}

/// A call from Rust: the arguments on their way in, and room for the result on its way out. Neither is ever copied to
/// the heap.
pub struct NativeCall<A, R> {
    arguments: Option<A>,
    result: Option<R>,
    to_wire: fn(A) -> Result<Value>,
}

/// A call from over a border: named arguments as JSON. It is answered with JSON.
pub struct WireCall {
    arguments: Option<Value>,
    /// Whether the border lies within the process: another language, which secrets may cross as handles.
    is_within_process: bool,
}

impl<A: Send + 'static, R: StepValue> NativeCall<A, R> {
    /// A call with these arguments. `to_wire` makes an object of named arguments of them, should they meet a border.
    pub fn new(arguments: A, to_wire: fn(A) -> Result<Value>) -> Self {
        Self { arguments: Some(arguments), result: None, to_wire }
    }

    /// The result that a level answered with.
    pub fn into_result(self, answer: Answer) -> Result<R> {
        match answer {
            Answer::InPlace => self.result.ok_or_else(foreign_value),
            Answer::Wire(value) => R::from_wire(*value),
        }
    }
}

impl WireCall {
    /// A call with an object of named arguments, from where nothing secret may be told: HTTP, the command line.
    pub fn new(arguments: Value) -> Self {
        Self { arguments: Some(arguments), is_within_process: false }
    }

    /// A call from another language of the same process.
    pub fn within_process(arguments: Value) -> Self {
        Self { arguments: Some(arguments), is_within_process: true }
    }
}

impl<A: Send + 'static, R: StepValue> Exchange for NativeCall<A, R> {
    fn take_wire_arguments(&mut self) -> Result<Value> {
        (self.to_wire)(self.arguments.take().ok_or_else(foreign_value)?)
    }
}

impl Exchange for WireCall {
    fn take_wire_arguments(&mut self) -> Result<Value> {
        self.arguments.take().ok_or_else(foreign_value)
    }
}

/// Where a level puts its result.
#[derive(Debug)]
pub enum ResultPlace<'a, R> {
    /// In the caller's frame.
    Native(&'a mut Option<R>),
    /// Into JSON.
    Wire,
    /// Into the JSON of another language of the process.
    Language,
}

impl<'a> Arguments<'a> {
    /// The arguments of a call.
    #[inline]
    pub fn of(call: &'a mut impl Exchange) -> Self {
        Self(call)
    }

    /// Takes the arguments for a level that declares them as `A` and its result as `R`. `from_wire` reads them from
    /// JSON: when they come from over a border, or from a level that declares the same step with other types.
    pub fn take<A: Send + 'static, R: StepValue>(
        self,
        from_wire: impl FnOnce(Value) -> Result<A>,
    ) -> Result<(A, ResultPlace<'a, R>)> {
        let exchange = self.0;
        // Asked twice, because the answer to a failed downcast would still borrow the exchange.
        if !(exchange as &dyn Any).is::<NativeCall<A, R>>() {
            let place = if stays_within_process(exchange) { ResultPlace::Language } else { ResultPlace::Wire };
            return Ok((from_wire(exchange.take_wire_arguments()?)?, place));
        }
        let call = (exchange as &mut dyn Any).downcast_mut::<NativeCall<A, R>>().ok_or_else(foreign_value)?;
        let arguments = call.arguments.take().ok_or_else(foreign_value)?;
        Ok((arguments, ResultPlace::Native(&mut call.result)))
    }

    /// Whether the caller is Rust or another language of this process, so that secrets may cross to him as handles.
    pub fn stays_within_process(&self) -> bool {
        stays_within_process(self.0)
    }

    /// The arguments as JSON, for a level in another language.
    pub fn into_wire(self) -> Result<Value> {
        self.0.take_wire_arguments()
    }
}

impl<R: StepValue> ResultPlace<'_, R> {
    /// Answers with a result.
    pub fn answer(self, result: R) -> Result<Answer> {
        match self {
            Self::Native(place) => {
                *place = Some(result);
                Ok(Answer::InPlace)
            }
            Self::Wire => result.into_wire().map(Answer::wire),
            Self::Language => result.into_language().map(Answer::wire),
        }
    }
}

impl Answer {
    /// The result of a level in another language, or for a caller who is.
    pub fn wire(value: Value) -> Self {
        Self::Wire(Box::new(value))
    }

    /// The result of a call that was made over a border.
    pub fn into_wire(self) -> Result<Value> {
        match self {
            Self::Wire(value) => Ok(*value),
            Self::InPlace => Err(foreign_value()),
        }
    }
}

fn stays_within_process(exchange: &dyn Exchange) -> bool {
    (exchange as &dyn Any).downcast_ref::<WireCall>().is_none_or(|call| call.is_within_process)
}

impl fmt::Debug for Arguments<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments hold codes and user ids: neither belongs in a log.
        formatter.write_str("Arguments(..)")
    }
}

impl fmt::Debug for WireCall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WireCall(..)")
    }
}

impl<A, R> fmt::Debug for NativeCall<A, R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("NativeCall(..)")
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

/// What serde's message asks for, without the value that it quotes, which may be a code or a password, and in the
/// words of JSON.
pub(crate) fn requirement(message: &str) -> String {
    let quotes_the_value = ["invalid ", "unknown variant "].iter().any(|start| message.starts_with(start));
    if !quotes_the_value {
        return format!("is wrong: {message}");
    }
    let Some((_, expected)) = message.rsplit_once("expected ") else {
        return "has a value that does not fit".to_owned();
    };
    let expected = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a map" => "an object",
        "a sequence" => "an array",
        "string or map" => "a string",
        "fewer elements in array" => return "is an array with too many items".to_owned(),
        _ if expected.starts_with("struct ") => "an object",
        _ => match expected.strip_prefix("a tuple of size ") {
            Some(size) => return format!("must be an array of {size} items"),
            None => expected,
        },
    };
    format!("must be {expected}")
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
