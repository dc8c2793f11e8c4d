//! Rules of the repository that neither the compiler nor clippy knows.

use std::path::{Path, PathBuf};

mod forgotten_tests;
mod layering;
mod security_tests;

pub use layering::{Package, forbidden_dependencies};

/// Why the rules could not be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TidyError {
    /// A file or directory could not be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// `cargo metadata` did not run.
    #[error("cannot run `cargo metadata`: {0}")]
    Cargo(#[source] std::io::Error),
    /// `cargo metadata` ran and failed.
    #[error("`cargo metadata` failed: {0}")]
    Metadata(String),
    /// What `cargo metadata` printed could not be understood.
    #[error("cannot read what `cargo metadata` printed: {0}")]
    Format(#[from] serde_json::Error),
}

/// Checks every rule below the root of the workspace and returns one line for each breach, in order.
pub fn tidy(root: &Path) -> Result<Vec<String>, TidyError> {
    let packages = layering::packages(root)?;
    let mut problems = forbidden_dependencies(&packages);
    for package in &packages {
        problems.extend(forgotten_tests::forgotten_tests(package)?);
    }
    problems.extend(security_tests::missing_security_tests(root, &packages)?);
    Ok(problems)
}
