use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::iter;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mti_core::files::FILE_LIMIT;
use mti_core::{Diagnostic, env_file};

/// Where the environment of an app comes from. Its files are read anew at every reload.
pub(crate) struct EnvironmentSource {
    directory: PathBuf,
    extra_file: Option<PathBuf>,
    last: Mutex<Environment>,
}

/// The variables that placeholders in config take their values from.
struct Environment {
    variables: BTreeMap<String, String>,
    /// What is wrong with the environment files.
    diagnostics: Vec<Diagnostic>,
}

/// An environment file cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the environment file `{}`: {source}", path.display())]
pub struct EnvironmentError {
    path: PathBuf,
    source: io::Error,
}

impl EnvironmentSource {
    /// The environment of the app in `directory`. An extra file says more than the app's own `.env`, and that says
    /// more than the environment of the process.
    pub(crate) fn open(directory: &Path, extra_file: Option<&Path>) -> Result<Self, EnvironmentError> {
        let last = Environment::read(directory, extra_file)?;
        Ok(Self { directory: directory.to_owned(), extra_file: extra_file.map(Path::to_owned), last: Mutex::new(last) })
    }

    /// The files that it reads; the app's own need not exist.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        iter::once(self.directory.join(OWN_FILE)).chain(self.extra_file.clone()).collect()
    }

    /// What was wrong with the environment files when they were read last.
    pub(crate) fn diagnostics(&self) -> Vec<Diagnostic> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).diagnostics.clone()
    }

    /// Reads the variables anew and logs what has gone wrong since the last time. While a file cannot be read, everything stays as it was.
    pub(crate) fn variables(&self) -> BTreeMap<String, String> {
        let read = Environment::read(&self.directory, self.extra_file.as_deref());
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(read) => {
                let before = mem::replace(&mut *last, read);
                for finding in last.diagnostics.iter().filter(|finding| !before.diagnostics.contains(finding)) {
                    tracing::warn!(code = finding.code.id(), "{}", finding.message);
                }
            }
            Err(error) => tracing::error!("{error}: the environment stays as it was"),
        }
        last.variables.clone()
    }
}

impl Environment {
    fn read(directory: &Path, extra_file: Option<&Path>) -> Result<Self, EnvironmentError> {
        let mut environment = Self { variables: process_variables(), diagnostics: Vec::new() };
        let own_file = directory.join(OWN_FILE);
        if let Some(bytes) = absent_is_none(read_bounded(&own_file), &own_file)? {
            environment.add(OWN_FILE, &bytes);
        }
        if let Some(path) = extra_file {
            let bytes = read_bounded(path).map_err(|source| EnvironmentError { path: path.to_owned(), source })?;
            environment.add(&path.to_string_lossy(), &bytes);
        }
        Ok(environment)
    }

    fn add(&mut self, file: &str, bytes: &[u8]) {
        let (parsed, diagnostics) = env_file::parse_bytes(file, bytes);
        self.variables.extend(parsed.iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        self.diagnostics.extend(diagnostics);
    }
}

/// The environment file of an app.
const OWN_FILE: &str = ".env";

/// Reads a file of at most 1 MiB. What is no file (a pipe, a device) may never end, and is not opened.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    if about.len() > FILE_LIMIT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {FILE_LIMIT} bytes")));
    }
    fs::read(path)
}

/// What is set for this process. A variable that is not UTF-8 cannot stand in JSON.
fn process_variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

fn absent_is_none(read: io::Result<Vec<u8>>, path: &Path) -> Result<Option<Vec<u8>>, EnvironmentError> {
    match read {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(EnvironmentError { path: path.to_owned(), source }),
    }
}
