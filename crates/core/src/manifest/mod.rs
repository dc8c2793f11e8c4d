//! What `app.json` and `e.json` say, typed.

mod app;
mod element;
mod field;
mod function;

pub use app::{AppManifest, Extension};
pub use element::{AccessModifier, Backend, ElementManifest, ElementType, LoadTime};
pub use field::FieldProblem;
pub use function::{Argument, Function, function_list_rules};

pub(crate) use app::APP_FILE;
