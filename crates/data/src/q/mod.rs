//! Q expressions: the filters of models, parsed and never evaluated.
//!
//! Two dialects and every mix of them are understood:
//!
//! ```text
//! Q(userId='user123')                         one keyword: equality
//! Q(age__gte=18, city='Chengdu')              several keywords: all of them
//! Q(age__gte=18) & ~Q(name__like='%a%')       `~` binds tighter than `&`, `&` tighter than `|`
//! Q('age', '>=', 18)                          positional: field, operator, value
//! Q(Q('age', '>', 18), Q.AND, Q(city='X'))    connectives; `Q.AND` binds tighter than `Q.OR`
//! ```
//!
//! An empty text, white space and `Q()` are no condition at all. A text is at most 64 KiB long and nests at most
//! 64 levels deep, where every `(`, `[`, `Q(` and `~` is a level.
//!
//! # Names and operators
//!
//! A trailing `__word` of a keyword is an operator when the word is one of [`Operator`]'s, else part of the field's
//! name. The positional form takes the field's name as it is.
//!
//! # Values
//!
//! Strings in single or double quotes with Python's escapes (an unknown escape keeps its backslash), whole numbers of
//! 64 bits, decimal numbers, `True` `False` `None` (also in lower case, and `null`), lists and tuples.
//!
//! # Null
//!
//! Conditions know two answers, never a third, on every database:
//!
//! - A comparison with a null field is false; only `isnull` (and `=None`, `in` with a `None`) is true for it.
//! - `!=`, `nin`, `nlike` and `nlikeany` are the exact negations of `=`, `in`, `like` and `likeany`: true for null.
//! - `~` is plain negation: `~Q(age__gt=3)` is true for null.
//!
//! # Text
//!
//! Text is compared by Unicode code points, upper and lower case apart. In a `like` pattern `%` stands for any run of
//! characters, also an empty one, and the pattern then has to cover the whole text; a pattern without `%` is searched
//! for anywhere. `\%` is a percent sign and `\\` a backslash; `_` is an ordinary character.

mod bind;
mod bound;
mod error;
mod filter;
mod like;
mod literal;
mod operator;
mod parser;
mod scanner;

pub use bound::{BoundFilter, Condition, Test};
pub use error::QError;
pub(crate) use filter::is_identifier;
pub use filter::{Comparison, Filter, Position};
pub use like::LikePattern;
pub use literal::Literal;
pub use operator::Operator;

/// How many bytes a Q expression may have.
pub const MAX_LENGTH: usize = 64 * 1024;

/// How many levels a Q expression may nest.
pub const MAX_NESTING: usize = 64;
