//! `python -m mti`.

use std::ffi::OsString;
use std::process::ExitCode;

use pyo3::prelude::*;

use crate::app;
use crate::run::refuse_fork;

/// Runs the `mti` command with these arguments, the first of which is the name of the program, and gives back its exit
/// code.
#[pyfunction]
pub(crate) fn run(py: Python<'_>, arguments: Vec<OsString>) -> PyResult<u8> {
    refuse_fork()?;
    let program = app::program(py)?;
    let ended = py.detach(|| program.run_with(arguments));
    // An `ExitCode` does not say its number.
    Ok((0..=u8::MAX).find(|number| ExitCode::from(*number) == ended).unwrap_or(1))
}
