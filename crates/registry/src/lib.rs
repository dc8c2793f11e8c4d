//! From an app's files to live elements.
//!
//! [`App`] discovers an app and its parents and links their elements into an immutable [`Snapshot`]: every name
//! with its definitions, its type chain and its levels of code. [`App::get_element`] reads the current snapshot
//! without a lock and loads an element at its first use.
//!
//! Nothing here knows a family: login, models and databases are levels like any other.

mod app;
mod builder;
mod check;
mod codes;
mod current;
mod define;
mod explain;
mod frontend;
mod home;
mod initial_data;
mod interface;
mod last_good;
mod link;
mod live_cell;
mod names;
mod node;
mod reload;
mod retirement;
mod secrets;
mod selector;
mod slot;
mod snapshot;
mod watch;

pub use crate::app::App;
pub use crate::builder::{AppBuilder, AppError};
pub use crate::codes::{Codes, RegistrationError};
pub use crate::explain::{
    DefinitionRole, ExplainedDefinition, ExplainedFunction, ExplainedLevel, ExplainedMethod, ExplainedType,
    ExplainedValue, Explanation,
};
pub use crate::reload::Reloaded;
pub use crate::retirement::Retirements;
pub use crate::secrets::without_secrets;
pub use crate::selector::Selector;
pub use crate::snapshot::Snapshot;
pub use crate::watch::{WatchError, Watching};
