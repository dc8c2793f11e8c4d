//! MTI for Python: the extension module behind the package `mti`.
//!
//! `App` opens an app, an element is an object whose methods are the steps of its Type, and
//! `command` is the `mti` command. Whoever has levels in Rust of his own makes an extension module of his own with [`fill`].

#![expect(
    clippy::unused_self,
    clippy::needless_pass_by_value,
    reason = "what methods take is what the protocols of Python give them"
)]

mod app;
mod attribute;
mod command;
mod contract;
mod definition;
mod element;
mod error;
mod futures;
mod language;
mod log;
mod method;
mod run;
mod secret;
mod simulator;
mod thread;
mod value;
mod visit;

use mti::Program;
use pyo3::prelude::*;

/// Puts everything into an extension module, which the package `mti` uses instead of the one without levels in Rust that it comes
/// with. `program` has the levels that apps may declare.
///
/// ```ignore
/// #[pymodule]
/// fn acme_levels(module: &Bound<'_, PyModule>) -> PyResult<()> {
///     mti_python::fill(module, || mti::main().level::<ByStaffList>("acme.shop", "auths.loginTypes.StaffWeChatType"))
/// }
/// ```
///
/// The package finds it by an entry point, in the `pyproject.toml` of the wheel:
///
/// ```toml
/// [project.entry-points.mti]
/// levels = "acme_levels"
/// ```
pub fn fill(module: &Bound<'_, PyModule>, program: fn() -> Program) -> PyResult<()> {
    run::prepare();
    app::with_levels_of(program);
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<app::App>()?;
    module.add_class::<element::Element>()?;
    module.add_class::<method::Method>()?;
    module.add_class::<visit::Visit>()?;
    module.add_class::<visit::VisitedElement>()?;
    module.add_class::<visit::VisitedMethod>()?;
    module.add_class::<secret::SecretText>()?;
    module.add_class::<language::Level>()?;
    module.add_class::<language::RunningApp>()?;
    module.add_class::<simulator::Simulator>()?;
    module.add_function(wrap_pyfunction!(command::run, module)?)?;
    module.add_function(wrap_pyfunction!(contract::check_login, module)?)?;
    module.add_function(wrap_pyfunction!(error::failures, module)?)?;
    module.add_function(wrap_pyfunction!(run::forked, module)?)?;
    module.add_function(wrap_pyfunction!(run::runs_tasks, module)?)?;
    module.add_function(wrap_pyfunction!(thread::wait_until_outside, module)?)?;
    Ok(())
}

#[pymodule]
fn _mti(module: &Bound<'_, PyModule>) -> PyResult<()> {
    fill(module, mti::main)
}
