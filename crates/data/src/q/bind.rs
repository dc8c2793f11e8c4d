use std::sync::Arc;

use super::scanner::shortened;
use super::{BoundFilter, Comparison, Condition, Filter, LikePattern, Literal, MAX_NESTING, Operator, QError, Test};
use crate::datatype::{DataType, ValueKind};
use crate::field::{Field, moment, without_nul};
use crate::nearest::did_you_mean;
use crate::scalar::whole;
use crate::{ModelSchema, Scalar};

impl Filter {
    /// Checks the filter against a model: its fields, and that every value is of its field's kind.
    pub fn bind(&self, schema: &ModelSchema) -> Result<BoundFilter, QError> {
        Ok(BoundFilter::new(schema.shared_model(), bind(self, schema, 0)?))
    }
}

fn bind(filter: &Filter, schema: &ModelSchema, depth: usize) -> Result<Condition, QError> {
    if depth > MAX_NESTING {
        return Err(QError::new(1, format!("nested deeper than {MAX_NESTING} levels")));
    }
    let all = |parts: &[Filter]| parts.iter().map(|part| bind(part, schema, depth + 1)).collect::<Result<Vec<_>, _>>();
    match filter {
        Filter::All => Ok(Condition::And(Vec::new())),
        Filter::And(parts) => all(parts).map(Condition::And),
        Filter::Or(parts) => all(parts).map(Condition::Or),
        Filter::Not(inner) => Ok(Condition::Not(Box::new(bind(inner, schema, depth + 1)?))),
        Filter::Compare(comparison) => bind_comparison(comparison, schema),
    }
}

fn bind_comparison(comparison: &Comparison, schema: &ModelSchema) -> Result<Condition, QError> {
    let column = comparison.position.0;
    let Some(field) = schema.field(&comparison.field) else {
        let message = format!("model `{}` has no field `{}`", schema.model(), shortened(&comparison.field));
        return Err(QError::new(column, message).with_help(unknown_field_help(&comparison.field, schema)));
    };
    let (test, negated) = Binding { field, comparison }
        .test()
        .map_err(|message| QError::new(column, format!("field `{}` ({}): {message}", field.name, field.data_type)))?;
    let condition = Condition::Field { field: Arc::from(field.name.as_str()), test };
    Ok(if negated { Condition::Not(Box::new(condition)) } else { condition })
}

/// A mistyped operator looks like a part of the field's name.
fn unknown_field_help(name: &str, schema: &ModelSchema) -> Option<String> {
    let operator = name.rsplit_once("__").filter(|(field, _)| schema.field(field).is_some()).map(|(field, word)| {
        let words = Operator::ALL.into_iter().filter_map(Operator::word);
        let nearest = did_you_mean(word, words).unwrap_or_else(|| format!("plain equality is `{field}=`"));
        format!("`{}` is no operator; {nearest}", shortened(word))
    });
    operator.or_else(|| did_you_mean(name, schema.fields().iter().map(|field| field.name.as_str())))
}

/// A comparison that is being checked against its field.
struct Binding<'a> {
    field: &'a Field,
    comparison: &'a Comparison,
}

impl Binding<'_> {
    /// The test, and whether it is to be negated.
    fn test(&self) -> Result<(Test, bool), String> {
        let value = &self.comparison.value;
        let test = match self.comparison.operator {
            Operator::Equal => (self.equal(value)?, false),
            Operator::NotEqual => (self.equal(value)?, true),
            Operator::In => (self.within(value)?, false),
            Operator::NotIn => (self.within(value)?, true),
            Operator::Like => (self.like(value)?, false),
            Operator::NotLike => (self.like(value)?, true),
            Operator::LikeAny => (self.like_any(value)?, false),
            Operator::NotLikeAny => (self.like_any(value)?, true),
            Operator::Greater => (Test::Greater(self.limit(value)?), false),
            Operator::GreaterOrEqual => (Test::GreaterOrEqual(self.limit(value)?), false),
            Operator::Less => (Test::Less(self.limit(value)?), false),
            Operator::LessOrEqual => (Test::LessOrEqual(self.limit(value)?), false),
            Operator::StartsWith => (Test::StartsWith(self.text(value)?), false),
            Operator::EndsWith => (Test::EndsWith(self.text(value)?), false),
            Operator::Range => (self.range(value)?, false),
            Operator::IsNull => (Test::IsNull, !is_true(value)?),
        };
        Ok(test)
    }

    fn equal(&self, value: &Literal) -> Result<Test, String> {
        if *value == Literal::Null { Ok(Test::IsNull) } else { self.scalar(value).map(Test::Equal) }
    }

    fn within(&self, value: &Literal) -> Result<Test, String> {
        let items = self.list(value)?;
        if self.field.kind() == ValueKind::Json {
            return Err(NOT_COMPARED.to_owned());
        }
        let values = items.iter().filter(|item| **item != Literal::Null).map(|item| self.scalar(item));
        Ok(Test::In { values: values.collect::<Result<_, _>>()?, null: items.contains(&Literal::Null) })
    }

    fn range(&self, value: &Literal) -> Result<Test, String> {
        match self.list(value)? {
            [low, high] => Ok(Test::Range(self.limit(low)?, self.limit(high)?)),
            other => Err(format!("`range` takes two values, found {}", other.len())),
        }
    }

    fn like(&self, value: &Literal) -> Result<Test, String> {
        Ok(Test::Like(vec![LikePattern::new(&self.text(value)?)]))
    }

    fn like_any(&self, value: &Literal) -> Result<Test, String> {
        let items = self.list(value)?;
        if self.field.kind() != ValueKind::Text {
            return Err(format!("`{}` is for texts", self.comparison.operator));
        }
        let patterns = items.iter().map(|item| Ok(LikePattern::new(&self.text(item)?)));
        Ok(Test::Like(patterns.collect::<Result<_, String>>()?))
    }

    fn list<'a>(&self, value: &'a Literal) -> Result<&'a [Literal], String> {
        match value {
            Literal::List(items) => Ok(items),
            other => Err(format!("`{}` takes a list, found {}", self.comparison.operator, other.kind())),
        }
    }

    /// A value to be smaller or larger than.
    fn limit(&self, value: &Literal) -> Result<Scalar, String> {
        if self.field.kind() == ValueKind::Boolean {
            return Err(format!("`{}` is for values that have an order", self.comparison.operator));
        }
        self.scalar(value)
    }

    /// A part of a text.
    fn text(&self, value: &Literal) -> Result<String, String> {
        let operator = self.comparison.operator;
        match value {
            _ if self.field.kind() != ValueKind::Text => Err(format!("`{operator}` is for texts")),
            Literal::Text(text) => without_nul(text).map(str::to_owned),
            other => Err(format!("`{operator}` takes a text, found {}", other.kind())),
        }
    }

    /// A value of the field's kind.
    fn scalar(&self, value: &Literal) -> Result<Scalar, String> {
        let expected = |expected: &str| Err(format!("expected {expected}, found {}", value.kind()));
        match (self.field.kind(), value) {
            (ValueKind::Json, _) => Err(NOT_COMPARED.to_owned()),
            (ValueKind::Text, Literal::Text(text)) => match self.field.data_type {
                kind @ (DataType::Date | DataType::Datetime | DataType::Time) => moment(kind, text).map(Scalar::Text),
                _ => without_nul(text).map(|text| Scalar::Text(text.to_owned())),
            },
            (ValueKind::Text, _) => expected("a text"),
            (ValueKind::Integer, Literal::Integer(number)) => Ok(Scalar::Integer(*number)),
            (ValueKind::Integer, Literal::Number(number)) => match whole(*number) {
                Some(number) => Ok(Scalar::Integer(number)),
                None => Err(format!("expected a whole number, found `{number:?}`")),
            },
            (ValueKind::Integer, Literal::Boolean(value)) if self.field.data_type == DataType::Checkbox => {
                Ok(Scalar::Integer((*value).into()))
            }
            (ValueKind::Integer, _) => expected("a whole number"),
            (ValueKind::Number, Literal::Integer(number)) => Ok(Scalar::Number(nearest_float(*number))),
            // Adding zero turns minus zero into zero.
            (ValueKind::Number, Literal::Number(number)) if number.is_finite() => Ok(Scalar::Number(number + 0.0)),
            (ValueKind::Number, _) => expected("a number"),
            (ValueKind::Boolean, Literal::Boolean(value)) => Ok(Scalar::Boolean(*value)),
            (ValueKind::Boolean, Literal::Integer(number @ (0 | 1))) => Ok(Scalar::Boolean(*number == 1)),
            (ValueKind::Boolean, _) => expected("`True` or `False`"),
        }
    }
}

const NOT_COMPARED: &str = "JSON is not compared; only `isnull` applies";

fn is_true(value: &Literal) -> Result<bool, String> {
    match value {
        Literal::Boolean(value) => Ok(*value),
        Literal::Integer(number @ (0 | 1)) => Ok(*number == 1),
        other => Err(format!("`isnull` takes `True` or `False`, found {}", other.kind())),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the field's own values are floats too")]
fn nearest_float(number: i64) -> f64 {
    number as f64
}
