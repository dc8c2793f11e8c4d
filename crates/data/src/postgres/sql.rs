//! The text of statements, and the values that are bound to it. Names are quoted; values never become text.

use std::error::Error;
use std::fmt::{self, Write as _};

use sha2::{Digest, Sha256};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use super::options::MAX_IDENTIFIER;
use crate::Scalar;

/// A statement that is being written.
#[derive(Debug, Default)]
pub(super) struct Sql {
    text: String,
    values: Vec<Bound>,
}

/// A value that is bound to a statement.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Bound {
    /// No value.
    Null,
    /// A truth value.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A text, or the text form of a value of whatever type the statement wants.
    Text(String),
    /// An array.
    List(Vec<Bound>),
}

impl Sql {
    pub(super) fn new(text: &str) -> Self {
        /// As long as most statements become.
        const CAPACITY: usize = 256;
        let mut beginning = String::with_capacity(CAPACITY);
        beginning.push_str(text);
        Self { text: beginning, values: Vec::new() }
    }

    /// Adds text of the statement itself, never of a value.
    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value: its number to the text, and the value beside it.
    pub(super) fn bind(&mut self, value: Bound) -> &mut Self {
        self.values.push(value);
        // Writing to a text cannot fail.
        let _written: fmt::Result = write!(self.text, "${}", self.values.len());
        self
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values.iter().map(|value| value as _).collect()
    }

    pub(super) fn value_count(&self) -> usize {
        self.values.len()
    }
}

/// A name in a statement, whatever is in it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A name that PostgreSQL takes whole. One that is too long keeps its beginning, and a digest tells it from others.
pub(super) fn fitting(name: &str) -> String {
    const DIGEST_BYTES: usize = 8;
    if name.len() <= MAX_IDENTIFIER {
        return name.to_owned();
    }
    let digest = Sha256::digest(name.as_bytes());
    let mut end = MAX_IDENTIFIER - 1 - 2 * DIGEST_BYTES;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let mut fitting = format!("{}~", name.get(..end).unwrap_or_default());
    for byte in digest.iter().take(DIGEST_BYTES) {
        let _written: fmt::Result = write!(fitting, "{byte:02x}");
    }
    fitting
}

impl From<&Scalar> for Bound {
    fn from(scalar: &Scalar) -> Self {
        match scalar {
            Scalar::Boolean(value) => Self::Boolean(*value),
            Scalar::Integer(number) => Self::Integer(*number),
            Scalar::Number(number) => Self::Number(*number),
            Scalar::Text(text) => Self::Text(text.clone()),
        }
    }
}

impl Bound {
    /// Whether the value has the binary form of this type; else it goes as text, which the server reads as the type.
    fn is_binary(&self, wanted: &Type) -> bool {
        match self {
            Self::Null => true,
            Self::Boolean(_) => *wanted == Type::BOOL,
            Self::Integer(_) => *wanted == Type::INT8,
            Self::Number(_) => *wanted == Type::FLOAT8,
            Self::Text(_) => *wanted == Type::TEXT,
            Self::List(_) => false,
        }
    }

    fn write_text(&self, out: &mut String) -> fmt::Result {
        match self {
            Self::Null => out.write_str("NULL"),
            Self::Boolean(value) => write!(out, "{value}"),
            Self::Integer(number) => write!(out, "{number}"),
            // Every digit that it takes to tell the number from its neighbours.
            Self::Number(number) => write!(out, "{number:e}"),
            Self::Text(text) => out.write_str(text),
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    out.write_str(if index == 0 { "{" } else { "," })?;
                    if let Self::Text(text) = item {
                        write!(out, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))?;
                    } else {
                        item.write_text(out)?;
                    }
                }
                out.write_str(if items.is_empty() { "{}" } else { "}" })
            }
        }
    }
}

impl ToSql for Bound {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Boolean(value) if self.is_binary(wanted) => out.extend_from_slice(&[u8::from(*value)]),
            Self::Integer(number) if self.is_binary(wanted) => out.extend_from_slice(&number.to_be_bytes()),
            Self::Number(number) if self.is_binary(wanted) => out.extend_from_slice(&number.to_be_bytes()),
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            other => {
                let mut text = String::new();
                other.write_text(&mut text)?;
                out.extend_from_slice(text.as_bytes());
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, wanted: &Type) -> Format {
        if self.is_binary(wanted) { Format::Binary } else { Format::Text }
    }

    to_sql_checked!();
}
