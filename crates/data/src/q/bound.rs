use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::Value;

use super::LikePattern;
use crate::{Row, Scalar};

/// A filter that fits a model: every field exists, every value is of its field's kind.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundFilter {
    model: Arc<str>,
    condition: Condition,
}

/// What a row has to be like. Drivers translate it; [`BoundFilter::matches`] is its meaning.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// Every one of them; without any, every row.
    And(Vec<Condition>),
    /// At least one of them; without any, no row.
    Or(Vec<Condition>),
    /// Not that: a plain negation, there is no third answer.
    Not(Box<Condition>),
    /// A field passes a test.
    Field {
        /// The field's name.
        field: Arc<str>,
        /// The test.
        test: Test,
    },
}

/// A test of one value. Null passes [`Test::IsNull`] and an [`Test::In`] that says so, nothing else.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// There is no value.
    IsNull,
    /// Equal.
    Equal(Scalar),
    /// Before.
    Less(Scalar),
    /// Before or equal.
    LessOrEqual(Scalar),
    /// Behind.
    Greater(Scalar),
    /// Behind or equal.
    GreaterOrEqual(Scalar),
    /// Between the two, both included.
    Range(Scalar, Scalar),
    /// Equal to one of them.
    In {
        /// The values.
        values: Vec<Scalar>,
        /// Whether null passes too.
        null: bool,
    },
    /// The text matches one of them.
    Like(Vec<LikePattern>),
    /// The text begins so.
    StartsWith(String),
    /// The text ends so.
    EndsWith(String),
}

impl BoundFilter {
    pub(crate) fn new(model: Arc<str>, condition: Condition) -> Self {
        Self { model, condition }
    }

    /// The fullName of the model it was bound to.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// What a row has to be like.
    pub fn condition(&self) -> &Condition {
        &self.condition
    }

    /// Whether a row of that model fulfils the filter.
    pub fn matches(&self, row: &Row) -> bool {
        self.condition.matches(row)
    }
}

impl Condition {
    fn matches(&self, row: &Row) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.matches(row)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(row)),
            Self::Not(inner) => !inner.matches(row),
            Self::Field { field, test } => test.passes(row.get(&**field).unwrap_or(&Value::Null)),
        }
    }
}

impl Test {
    /// Whether a value passes.
    pub fn passes(&self, value: &Value) -> bool {
        match self {
            Self::IsNull => value.is_null(),
            Self::Equal(wanted) => wanted.compare(value) == Some(Ordering::Equal),
            Self::Less(limit) => limit.compare(value) == Some(Ordering::Less),
            Self::LessOrEqual(limit) => limit.compare(value).is_some_and(Ordering::is_le),
            Self::Greater(limit) => limit.compare(value) == Some(Ordering::Greater),
            Self::GreaterOrEqual(limit) => limit.compare(value).is_some_and(Ordering::is_ge),
            Self::Range(low, high) => {
                low.compare(value).is_some_and(Ordering::is_ge) && high.compare(value).is_some_and(Ordering::is_le)
            }
            Self::In { values, null } => {
                (*null && value.is_null()) || values.iter().any(|wanted| wanted.compare(value) == Some(Ordering::Equal))
            }
            Self::Like(patterns) => {
                value.as_str().is_some_and(|text| patterns.iter().any(|pattern| pattern.matches(text)))
            }
            Self::StartsWith(start) => value.as_str().is_some_and(|text| text.starts_with(start.as_str())),
            Self::EndsWith(end) => value.as_str().is_some_and(|text| text.ends_with(end.as_str())),
        }
    }
}
