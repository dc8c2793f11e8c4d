//! One strict pass over a JSON text.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::pointer::Pointer;
use super::problem::{JsonProblem, JsonProblemKind};
use super::scan::{Found, Violation, find_violation, locate};
use super::span::Span;
use crate::diagnostic::{Code, Diagnostic, Location};

/// How deeply arrays and objects may be nested.
pub const DEPTH_LIMIT: usize = 128;

/// A parsed text together with its value.
#[derive(Debug, Clone)]
pub struct Document<'text> {
    text: &'text str,
    value: Value,
}

impl<'text> Document<'text> {
    /// The text it was parsed from, without a byte order mark.
    pub fn text(&self) -> &'text str {
        self.text
    }

    /// What it says.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// What it says, owned.
    pub fn into_value(self) -> Value {
        self.value
    }

    /// Where in the text `pointer` is.
    pub fn locate(&self, pointer: &Pointer) -> Option<Found> {
        locate(self.text, pointer)
    }
}

/// Turns the bytes of a file into text: UTF-8, a byte order mark dropped. Other bytes are a finding with the place of the
/// first of them. It quotes nothing: what is a secret in a text that cannot be read is not known.
pub fn decode(file: &str, bytes: Vec<u8>) -> Result<String, Box<Diagnostic>> {
    let error = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => error,
    };
    let start = error.utf8_error().valid_up_to();
    let place = Location::at(file, &String::from_utf8_lossy(error.as_bytes()), Span::new(start, start));
    let finding = Diagnostic::new(Code::NotUtf8, "the file is not UTF-8").with_help("save the file as UTF-8");
    Err(Box::new(finding.with_location(Location { excerpt: None, ..place })))
}

/// Parses a text strictly: `serde_json` decides what is JSON, duplicate keys and nesting beyond [`DEPTH_LIMIT`] are refused besides. A byte order mark is
/// tolerated; positions are counted without it.
pub fn parse(text: &str) -> Result<Document<'_>, JsonProblem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let refused = Cell::new(false);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.disable_recursion_limit();
    let parsed = StrictValue { depth: 0, refused: &refused }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    match parsed {
        Ok(value) => Ok(Document { text, value }),
        Err(error) => Err(explain(text, &error, refused.get())),
    }
}

/// Finds out what was wrong: the slow path, taken once something is.
fn explain(text: &str, error: &serde_json::Error, refused: bool) -> JsonProblem {
    if refused {
        match find_violation(text) {
            Some(Violation::DuplicateKey { key, span }) => {
                return JsonProblem { kind: JsonProblemKind::DuplicateKey { key }, span };
            }
            Some(Violation::TooDeep { span }) => {
                return JsonProblem { kind: JsonProblemKind::TooDeep, span };
            }
            None => {}
        }
    }
    if text.trim_ascii().is_empty() {
        return JsonProblem { kind: JsonProblemKind::Empty, span: Span::new(0, 0) };
    }
    let message = error.to_string();
    let reason = message.rsplit_once(" at line ").map_or(message.as_str(), |(reason, _)| reason).to_owned();
    let start = byte_offset(text, error.line(), error.column(), error.is_eof());
    let length = text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    JsonProblem { kind: JsonProblemKind::Syntax { reason }, span: Span::new(start, start + length) }
}

/// The byte that `serde_json` means by a line and a column, which it counts in bytes; column 0 is the line break before.
fn byte_offset(text: &str, line: usize, column: usize, at_end: bool) -> usize {
    if at_end {
        return text.trim_ascii_end().len();
    }
    let line_start = match line.checked_sub(2) {
        None => 0,
        Some(breaks_before) => text
            .bytes()
            .enumerate()
            .filter(|&(_, byte)| byte == b'\n')
            .nth(breaks_before)
            .map_or(0, |(offset, _)| offset + 1),
    };
    super::span::floor_boundary(text, (line_start + column).saturating_sub(1))
}

/// Builds a value while counting the depth and refusing a key that comes twice.
#[derive(Clone, Copy)]
struct StrictValue<'flag> {
    depth: usize,
    refused: &'flag Cell<bool>,
}

impl StrictValue<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_LIMIT {
            self.refused.set(true);
            return Err(E::custom("nested too deep"));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for StrictValue<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StrictValue<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if object.insert(key, value).is_some() {
                self.refused.set(true);
                return Err(A::Error::custom("duplicate key"));
            }
        }
        Ok(Value::Object(object))
    }
}
