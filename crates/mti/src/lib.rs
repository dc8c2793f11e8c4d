//! MTI: apps declare elements as directories, and this library gives them back as live objects.
//!
//! - [`App::open`] opens an app; [`App::get_element`](mti_registry::App::get_element) finds an element by its full
//!   name, and [`Element::call`](element::Element::call) calls it.
//! - [`steps!`], [`Level`] and [`macro@level`] are what a Type is written with, or an override of one step of a Type that
//!   is there already.
//! - [`App::visit`] calls with the rights of a visitor, inside a web framework of your choice.
//! - [`main`] is the `mti` command for an app that has levels of its own.
//!
//! ```no_run
//! # async fn example() -> mti::Result<()> {
//! let app = mti::App::open("apps/demo")?;
//! let login = app.get_element("auths.loginTypes.MyWeChatLogin")?;
//! let config = login.call("getLoginConfig", serde_json::json!({})).await?;
//! # Ok(())
//! # }
//! ```

mod app;
mod command;
mod connecting;
mod embedded;
mod environment;
mod exit;
mod logging;
mod official;
mod output;
pub mod prelude;
mod program;
mod sarif;
mod visit;

pub use mti_core as core;
pub use mti_data as data;
pub use mti_element as element;
pub use mti_login_types as login_types;

pub use mti_element::{
    Element, Fail, Failure, Level, OpenContext, Result, Secret, StepValue, level, opaque_step_value, steps,
};
pub use mti_registry::AppError;

pub use crate::app::{App, AppBuilder, DatabaseUrlError, OpenError};
pub use crate::environment::EnvironmentError;
pub use crate::program::Program;
pub use crate::visit::{Visit, VisitedElement, VisitorRequest};

/// The `mti` command; an app with Rust code adds its levels before it runs it.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     mti::main().run()
/// }
/// ```
pub fn main() -> Program {
    Program::new()
}
