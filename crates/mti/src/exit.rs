use std::io;
use std::process::ExitCode;

use mti_core::Diagnostic;
use mti_element::Failure;
use mti_registry::AppError;
use mti_server::ServerError;
use mti_wechat_sim::SimulatorError;

use crate::OpenError;

/// How a command that ran ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what it was asked to.
    Done,
    /// It did, and found something wrong.
    Findings,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Findings => Self::from(1),
        }
    }
}

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// It cannot be done as it was asked for, or not here: a wrong option, a port in use. Exit code 2.
    Usage(String),
    /// The app cannot be opened. Exit code 1.
    App(Vec<Diagnostic>),
    /// An element refused, or is not there. Exit code 1.
    Failed(Failure),
}

impl CommandError {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::App(_) | Self::Failed(_) => ExitCode::from(1),
        }
    }
}

impl From<Failure> for CommandError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<AppError> for CommandError {
    fn from(error: AppError) -> Self {
        match error.diagnostics() {
            [] => Self::Usage(error.to_string()),
            diagnostics => Self::App(diagnostics.to_vec()),
        }
    }
}

impl From<OpenError> for CommandError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::App(error) => error.into(),
            OpenError::Environment(error) => Self::Usage(error.to_string()),
        }
    }
}

impl From<ServerError> for CommandError {
    fn from(error: ServerError) -> Self {
        Self::Usage(in_one_sentence(&error))
    }
}

impl From<SimulatorError> for CommandError {
    fn from(error: SimulatorError) -> Self {
        match &error {
            SimulatorError::Bind { address, source } if source.kind() == io::ErrorKind::AddrInUse => {
                Self::Usage(format!(
                    "`{address}` is in use by another program: stop it, or choose another address for the simulator"
                ))
            }
            _ => Self::Usage(in_one_sentence(&error)),
        }
    }
}

/// An error with its causes.
pub(crate) fn in_one_sentence(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
