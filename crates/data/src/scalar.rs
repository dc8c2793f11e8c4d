use std::cmp::Ordering;

use serde_json::Value;

/// A value that can be compared: of one kind, never null.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// A truth value.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number, finite, never minus zero.
    Number(f64),
    /// A text.
    Text(String),
}

impl Scalar {
    /// How a field's value stands to this one: `None` for null, and for a value of another kind.
    pub fn compare(&self, value: &Value) -> Option<Ordering> {
        match (value, self) {
            (Value::String(text), Self::Text(wanted)) => Some(text.as_str().cmp(wanted)),
            (Value::Number(number), Self::Integer(wanted)) => Some(number.as_i64()?.cmp(wanted)),
            (Value::Number(number), Self::Number(wanted)) => number.as_f64()?.partial_cmp(wanted),
            (Value::Bool(value), Self::Boolean(wanted)) => Some(value.cmp(wanted)),
            _ => None,
        }
    }

    /// The value as JSON.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Boolean(value) => Value::from(*value),
            Self::Integer(number) => Value::from(*number),
            Self::Number(number) => number_value(*number),
            Self::Text(text) => Value::from(text.as_str()),
        }
    }
}

/// How two values of one field stand to each other: null comes first.
pub(crate) fn compare_values(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal),
        },
        (left, right) => right.is_null().cmp(&left.is_null()),
    }
}

/// A number as JSON, whole ones without a fraction, so that equal numbers look the same.
pub(crate) fn number_value(number: f64) -> Value {
    whole(number).map_or_else(|| Value::from(number), Value::from)
}

/// The whole number that a number is, where every neighbour is exact too.
pub(crate) fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "within the range in which a float holds every whole number")]
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}
