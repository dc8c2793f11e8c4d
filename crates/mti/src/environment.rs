use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mti_core::{Diagnostic, env_file};

/// The variables that placeholders in config take their values from.
#[derive(Default)]
pub(crate) struct Environment {
    pub(crate) variables: BTreeMap<String, String>,
    /// What is wrong with the environment files.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// An environment file cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the environment file `{}`: {source}", path.display())]
pub struct EnvironmentError {
    path: PathBuf,
    source: io::Error,
}

impl Environment {
    /// Reads the environment of the app in `directory`. An extra file says more than the app's own `.env`, and that says
    /// more than the environment of the process.
    pub(crate) fn read(directory: &Path, extra_file: Option<&Path>) -> Result<Self, EnvironmentError> {
        let mut environment = Self { variables: process_variables(), diagnostics: Vec::new() };
        let own_file = directory.join(".env");
        if let Some(text) = absent_is_none(fs::read_to_string(&own_file), &own_file)? {
            environment.add(".env", &text);
        }
        if let Some(path) = extra_file {
            let text = fs::read_to_string(path).map_err(|source| EnvironmentError { path: path.to_owned(), source })?;
            environment.add(&path.to_string_lossy(), &text);
        }
        Ok(environment)
    }

    fn add(&mut self, file: &str, text: &str) {
        let (parsed, diagnostics) = env_file::parse(file, text);
        self.variables.extend(parsed.iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        self.diagnostics.extend(diagnostics);
    }
}

/// What is set for this process. A variable that is not UTF-8 cannot stand in JSON.
fn process_variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

fn absent_is_none(read: io::Result<String>, path: &Path) -> Result<Option<String>, EnvironmentError> {
    match read {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(EnvironmentError { path: path.to_owned(), source }),
    }
}
