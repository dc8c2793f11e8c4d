use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::store::unavailable;
use crate::DataError;

/// The directory of an open database, and the path that the operator knows it by.
///
/// A deployment may move the directory away, delete it, or switch a link on the way to it, while the process goes on
/// with the open files. The next start would not find what was written there. So the committer refuses to write while
/// the path leads elsewhere, and goes on when it leads back.
#[derive(Debug)]
pub(super) struct Location {
    path: PathBuf,
    /// Held open so that the file system does not give its number to another directory.
    directory: File,
    /// Whether the path led elsewhere at the last check.
    is_astray: bool,
}

impl Location {
    /// The directory that was opened as `directory`, and that the next start looks for at `path`.
    pub(super) fn new(path: &Path, directory: &Path) -> Result<Self, DataError> {
        let directory = File::open(directory).map_err(|error| unavailable(&error))?;
        Ok(Self { path: path.to_owned(), directory, is_astray: false })
    }

    /// Fails unless the path leads to the directory that was opened. Logs when it stops doing so, and when it does again.
    pub(super) fn check(&mut self) -> Result<(), DataError> {
        let leads_there = self.directory.metadata().and_then(|opened| leads_to(&self.path, &opened));
        self.judge(leads_there)
    }

    /// As [`Location::check`], also for the store's file: somebody may have deleted or replaced it in its directory.
    pub(super) fn check_with(&mut self, file: &File) -> Result<(), DataError> {
        self.check()?;
        let leads_there = file.metadata().and_then(|opened| leads_to(&self.path.join("db"), &opened));
        self.judge(leads_there)
    }

    fn judge(&mut self, leads_there: io::Result<bool>) -> Result<(), DataError> {
        let path = self.path.display();
        let cause = match leads_there {
            Ok(true) => {
                if std::mem::take(&mut self.is_astray) {
                    tracing::info!("`{path}` leads to the open database again: writes go on");
                }
                return Ok(());
            }
            Ok(false) => "another directory or file is there now".to_owned(),
            Err(error) => error.to_string(),
        };
        let message = format!(
            "`{path}` no longer leads to the open database, which was moved, replaced or deleted ({cause}): bring it \
             back, or restart the program to use what is there now"
        );
        if !std::mem::replace(&mut self.is_astray, true) {
            tracing::error!(
                "{message}; writes stop until then. For deployments that replace the app's directory, keep data outside \
                 of it with `--data`"
            );
        }
        Err(DataError::Unavailable { message, retryable: true })
    }
}

#[cfg(unix)]
fn leads_to(path: &Path, opened: &Metadata) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let found = fs::metadata(path)?;
    Ok((found.dev(), found.ino()) == (opened.dev(), opened.ino()))
}

/// Where files have no numbers, an open directory cannot be moved or deleted either.
#[cfg(not(unix))]
fn leads_to(path: &Path, _: &Metadata) -> io::Result<bool> {
    fs::metadata(path).map(|_| true)
}
