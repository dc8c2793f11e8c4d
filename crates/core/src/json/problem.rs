//! Why a text is not acceptable JSON.

use super::span::Span;
use crate::diagnostic::Code;
use crate::text::shorten;

/// What is wrong with a JSON text, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct JsonProblem {
    /// What is wrong.
    pub kind: JsonProblemKind,
    /// Where.
    pub span: Span,
}

/// The kinds of problems that a JSON text can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonProblemKind {
    /// There is nothing but white space.
    #[error("the file is empty")]
    Empty,
    /// The text breaks the grammar of JSON.
    #[error("not valid JSON: {reason}")]
    Syntax {
        /// What the parser said.
        reason: String,
    },
    /// An object names one key twice.
    #[error("the key `{}` is given twice", shorten(.key, 80))]
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// Arrays and objects are nested beyond the limit.
    #[error("arrays and objects are nested more than {} deep", super::DEPTH_LIMIT)]
    TooDeep,
}

impl JsonProblem {
    /// The code under which this problem is reported.
    pub fn code(&self) -> Code {
        match self.kind {
            JsonProblemKind::Empty | JsonProblemKind::Syntax { .. } => Code::JsonSyntax,
            JsonProblemKind::DuplicateKey { .. } => Code::DuplicateKey,
            JsonProblemKind::TooDeep => Code::NestedTooDeep,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match &self.kind {
            JsonProblemKind::Empty => "write at least `{}`",
            JsonProblemKind::Syntax { reason } => syntax_help(reason),
            JsonProblemKind::DuplicateKey { .. } => "keep one of the two",
            JsonProblemKind::TooDeep => "flatten the document",
        }
    }
}

/// Help for what people get wrong most.
fn syntax_help(reason: &str) -> &'static str {
    match reason {
        "trailing comma" => "remove the comma before the closing bracket",
        "key must be a string" => {
            "write keys in double quotes; comments and a comma after the last member are not JSON"
        }
        reason if reason.starts_with("expected `,`") => "put a comma between two members, and close every bracket",
        reason if reason.starts_with("control character") => {
            "close the string with `\"`, and write a line break in it as `\\n`"
        }
        reason if reason.starts_with("EOF") => "close every bracket and every string",
        "expected value" => "write a string in double quotes, a number, `true`, `false`, `null`, an object or an array",
        "trailing characters" => "keep one value in the file, and nothing after it",
        _ => "write strict JSON: double quotes, no comments, no trailing commas",
    }
}
