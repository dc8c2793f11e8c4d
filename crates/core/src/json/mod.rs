//! Strict JSON with positions.
//!
//! `serde_json` judges validity in one pass that also refuses duplicate keys and deep nesting. Positions cost nothing until someone asks: then the text,
//! known to be valid, is scanned for a [`Pointer`].

mod check;
mod parse;
mod pointer;
mod problem;
mod scan;
mod span;

pub use check::is_object;
pub use parse::{DEPTH_LIMIT, Document, decode, parse};
pub use pointer::Pointer;
pub use problem::{JsonProblem, JsonProblemKind};
pub use scan::{Found, locate};
pub(crate) use span::line_around;
pub use span::{Position, Span};
