use std::fmt;
use std::ops::{BitAnd, BitOr, Not};
use std::str::FromStr;

use super::literal::write_quoted;
use super::{Literal, Operator, QError, parser};

/// A condition on rows, not yet compared with a model.
///
/// Comes from text ([`Filter::parse`]) or is built: `Filter::equal("appId", app) & Filter::equal("openId", open)`.
/// [`Filter::bind`] checks it against a model.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// No condition: every row.
    All,
    /// A condition on one field.
    Compare(Comparison),
    /// Every one of them.
    And(Vec<Filter>),
    /// At least one of them.
    Or(Vec<Filter>),
    /// Not that.
    Not(Box<Filter>),
}

/// One field compared with a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The field's name.
    pub field: String,
    /// How it is compared.
    pub operator: Operator,
    /// With what.
    pub value: Literal,
    /// Where it was written.
    pub position: Position,
}

/// A column of the text a filter was read from, 1 for a filter that was built. It says where something stood, not what
/// it is: any two are equal.
#[derive(Clone, Copy, Debug)]
pub struct Position(pub usize);

impl PartialEq for Position {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Position {}

impl Filter {
    /// Reads a Q expression.
    pub fn parse(text: &str) -> Result<Self, QError> {
        parser::parse(text)
    }

    /// A condition on one field.
    pub fn compare(field: impl Into<String>, operator: Operator, value: impl Into<Literal>) -> Self {
        Self::Compare(Comparison { field: field.into(), operator, value: value.into(), position: Position(1) })
    }

    /// The field has that value.
    pub fn equal(field: impl Into<String>, value: impl Into<Literal>) -> Self {
        Self::compare(field, Operator::Equal, value)
    }
}

impl BitAnd for Filter {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, filter) | (filter, Self::All) => filter,
            (Self::And(mut all), filter) => {
                all.push(filter);
                Self::And(all)
            }
            (left, right) => Self::And(vec![left, right]),
        }
    }
}

impl BitOr for Filter {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::Or(mut any), filter) => {
                any.push(filter);
                Self::Or(any)
            }
            (left, right) => Self::Or(vec![left, right]),
        }
    }
}

impl Not for Filter {
    type Output = Self;

    fn not(self) -> Self {
        Self::Not(Box::new(self))
    }
}

impl FromStr for Filter {
    type Err = QError;

    fn from_str(text: &str) -> Result<Self, QError> {
        Self::parse(text)
    }
}

/// Writes the keyword dialect, which parses back to the same filter.
impl fmt::Display for Filter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => formatter.write_str("Q()"),
            Self::Compare(comparison) => comparison.fmt(formatter),
            Self::And(parts) if parts.is_empty() => formatter.write_str("Q()"),
            Self::Or(parts) if parts.is_empty() => formatter.write_str("~Q()"),
            Self::And(parts) => write_joined(formatter, parts, " & "),
            Self::Or(parts) => write_joined(formatter, parts, " | "),
            Self::Not(inner) => {
                formatter.write_str("~")?;
                write_operand(formatter, inner)
            }
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, operator, value, .. } = self;
        let keyword_would_mislead = *operator == Operator::Equal && split_keyword(field).1 != Operator::Equal;
        if keyword_would_mislead || !is_identifier(field) {
            formatter.write_str("Q(")?;
            write_quoted(formatter, field)?;
            return write!(formatter, ", '{operator}', {value})");
        }
        match operator.word() {
            Some(word) => write!(formatter, "Q({field}__{word}={value})"),
            None => write!(formatter, "Q({field}={value})"),
        }
    }
}

fn write_joined(formatter: &mut fmt::Formatter<'_>, parts: &[Filter], separator: &str) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            formatter.write_str(separator)?;
        }
        write_operand(formatter, part)?;
    }
    Ok(())
}

fn write_operand(formatter: &mut fmt::Formatter<'_>, filter: &Filter) -> fmt::Result {
    match filter {
        Filter::And(_) | Filter::Or(_) => write!(formatter, "({filter})"),
        _ => write!(formatter, "{filter}"),
    }
}

/// Splits a keyword into field and operator: only a word of the operator list is an operator.
pub(crate) fn split_keyword(keyword: &str) -> (&str, Operator) {
    keyword
        .rsplit_once("__")
        .filter(|(field, _)| !field.is_empty())
        .and_then(|(field, word)| Operator::from_word(word).map(|operator| (field, operator)))
        .unwrap_or((keyword, Operator::Equal))
}

/// Whether a keyword may be written so.
pub(crate) fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(starts_identifier) && characters.all(continues_identifier)
}

pub(crate) fn starts_identifier(character: char) -> bool {
    character.is_alphabetic() || character == '_'
}

pub(crate) fn continues_identifier(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}
