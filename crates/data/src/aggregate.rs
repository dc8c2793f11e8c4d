use std::cmp::Ordering;

use serde_json::Value;

use crate::Field;
use crate::datatype::ValueKind;
use crate::field::FieldError;
use crate::scalar::{compare_values, number_value};

/// What is made of all the values of one field. Null is left out; without any value the answer is null, and 0 for
/// `Count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// The sum of numbers.
    Sum,
    /// The mean of numbers.
    Average,
    /// How many values there are.
    Count,
    /// The largest value.
    Max,
    /// The smallest value.
    Min,
}

impl Aggregate {
    /// The aggregate of that name: `SUM`, `AVG`, `COUNT`, `MAX` or `MIN`, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "SUM" => Self::Sum,
            "AVG" => Self::Average,
            "COUNT" => Self::Count,
            "MAX" => Self::Max,
            "MIN" => Self::Min,
            _ => return None,
        })
    }

    /// Whether the field's values can be aggregated so.
    pub fn check(self, field: &Field) -> Result<(), FieldError> {
        let (fits, obstacle) = match self {
            Self::Count => return Ok(()),
            Self::Sum | Self::Average => {
                (matches!(field.kind(), ValueKind::Integer | ValueKind::Number), "cannot be added up")
            }
            Self::Max | Self::Min => {
                (!matches!(field.kind(), ValueKind::Json | ValueKind::Boolean), "cannot be put in order")
            }
        };
        if fits { Ok(()) } else { Err(FieldError::new(&field.name, format!("{} {obstacle}", field.kind()))) }
    }
}

/// An aggregate that is being made.
pub(crate) struct Accumulator {
    aggregate: Aggregate,
    sum: Sum,
    extreme: Value,
}

impl Accumulator {
    pub(crate) fn new(aggregate: Aggregate) -> Self {
        Self { aggregate, sum: Sum::default(), extreme: Value::Null }
    }

    /// The sum or mean of values that were summed elsewhere.
    #[cfg(feature = "postgres")]
    pub(crate) fn summed(aggregate: Aggregate, whole: i128, fraction: f64, count: u32) -> Self {
        Self { aggregate, sum: Sum { whole, fraction, count }, extreme: Value::Null }
    }

    pub(crate) fn add(&mut self, value: &Value) {
        if value.is_null() {
            return;
        }
        let wanted = match self.aggregate {
            Aggregate::Max => Ordering::Greater,
            Aggregate::Min => Ordering::Less,
            Aggregate::Sum | Aggregate::Average | Aggregate::Count => return self.sum.add(value),
        };
        if self.extreme.is_null() || compare_values(value, &self.extreme) == wanted {
            self.extreme = value.clone();
        }
    }

    pub(crate) fn answer(self) -> Value {
        match self.aggregate {
            Aggregate::Max | Aggregate::Min => self.extreme,
            Aggregate::Count => Value::from(self.sum.count),
            _ if self.sum.count == 0 => Value::Null,
            Aggregate::Sum => self.sum.value(),
            Aggregate::Average => number_value(self.sum.float() / f64::from(self.sum.count)),
        }
    }
}

/// A sum that stays exact while only whole numbers come.
#[derive(Clone, Copy, Default)]
struct Sum {
    whole: i128,
    fraction: f64,
    count: u32,
}

impl Sum {
    fn add(&mut self, value: &Value) {
        match value.as_i64() {
            Some(number) => self.whole += i128::from(number),
            None => self.fraction += value.as_f64().unwrap_or_default(),
        }
        self.count = self.count.saturating_add(1);
    }

    fn value(self) -> Value {
        match i64::try_from(self.whole) {
            Ok(number) if self.fraction == 0.0 => Value::from(number),
            _ => number_value(self.float()),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a sum beyond 64 bits is documented to be a float")]
    fn float(self) -> f64 {
        self.whole as f64 + self.fraction
    }
}
