use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mti_core::{Code, Diagnostic};
use notify::{Error, ErrorKind};

/// `EMFILE`: the process has too many open files, or the user too many inotify instances.
const TOO_MANY_FILES: i32 = 24;

/// Why something is not watched.
#[derive(Debug)]
pub(super) struct Problem {
    cause: Cause,
    watched: usize,
    wanted: usize,
}

#[derive(Debug)]
enum Cause {
    /// `fs.inotify.max_user_watches` is reached.
    Watches,
    /// `fs.inotify.max_user_instances` is reached.
    Instances,
    /// The process may open no more files.
    OpenFiles,
    /// The operating system refused something else.
    Refused { directory: Option<PathBuf>, reason: String },
}

impl Problem {
    /// A directory cannot be watched.
    pub(super) fn of_directory(directory: &Path, error: &Error) -> Self {
        Self::new(match error.kind {
            ErrorKind::MaxFilesWatch => Cause::Watches,
            _ => Cause::Refused { directory: Some(directory.to_owned()), reason: reason(error) },
        })
    }

    /// Nothing can be watched.
    pub(super) fn of_watcher(error: &Error) -> Self {
        Self::new(match &error.kind {
            ErrorKind::Io(error) if error.raw_os_error() == Some(TOO_MANY_FILES) => {
                // The system says the same of both limits.
                if File::open("/").is_ok() { Cause::Instances } else { Cause::OpenFiles }
            }
            _ => Cause::Refused { directory: None, reason: reason(error) },
        })
    }

    fn new(cause: Cause) -> Self {
        Self { cause, watched: 0, wanted: 0 }
    }

    /// Whether no other directory can be watched either.
    pub(super) fn is_limit(&self) -> bool {
        !matches!(self.cause, Cause::Refused { .. })
    }

    /// Notes how many directories are watched, and how many should be.
    pub(super) fn count(&mut self, watched: usize, wanted: usize) {
        (self.watched, self.wanted) = (watched, wanted);
    }

    /// The problem for people. The app is read again after every `period` instead.
    pub(super) fn finding(&self, period: Duration) -> Diagnostic {
        let (why, help) = match &self.cause {
            Cause::Watches => (
                format!(
                    "the system's limit of inotify watches is reached: {} of {} directories are watched",
                    self.watched, self.wanted
                ),
                "raise `fs.inotify.max_user_watches`, such as with `sysctl fs.inotify.max_user_watches=524288`, or exclude directories with `.mtiignore`",
            ),
            Cause::Instances => (
                "the system's limit of inotify instances is reached: no directory is watched".to_owned(),
                "raise `fs.inotify.max_user_instances`, such as with `sysctl fs.inotify.max_user_instances=512`",
            ),
            Cause::OpenFiles => (
                "the process has too many open files: no directory is watched".to_owned(),
                "raise the limit of open files, such as with `ulimit -n 4096`",
            ),
            Cause::Refused { directory: Some(directory), reason } => (
                format!("`{}` cannot be watched: {reason}", directory.display()),
                "check the permissions of the directory",
            ),
            Cause::Refused { directory: None, reason } => {
                (format!("no directory can be watched: {reason}"), "check the system's log")
            }
        };
        let instead = format!("the whole app is read every {} s instead", period.as_secs_f32().ceil());
        Diagnostic::new(Code::NotWatched, format!("{why}; {instead}")).with_help(help)
    }
}

fn reason(error: &Error) -> String {
    match &error.kind {
        ErrorKind::Io(error) => error.to_string(),
        ErrorKind::Generic(reason) => reason.clone(),
        _ => error.to_string(),
    }
}
