//! What goes wrong between here and the server, and whether trying again can help.

use std::error::Error;
use std::io;
use std::time::Duration;

use deadpool_postgres::{HookError, PoolError, TimeoutType};
use tokio_postgres::error::{DbError, SqlState};

use super::connections::unknown_outcome;
use super::table::Table;
use crate::DataError;

/// Why an attempt failed.
#[derive(Debug)]
pub(super) struct Trouble {
    /// What the caller is told when no further attempt is made.
    pub(super) error: DataError,
    pub(super) remedy: Remedy,
    /// What the server called it, if it said something.
    pub(super) state: Option<SqlState>,
}

/// What can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Nothing.
    None,
    /// Another attempt: the server took all of this one back, because it got in the way of others.
    Again,
    /// Another attempt on another connection: this one is gone. Whether the server did what it was asked last is not
    /// known.
    Reconnect,
    /// Nothing, and the connection is gone.
    Abandon,
}

impl Trouble {
    pub(super) fn again(error: DataError) -> Self {
        Self { error, remedy: Remedy::Again, state: None }
    }

    /// The server did not answer in time.
    pub(super) fn silence(patience: Duration) -> Self {
        let message = format!("the server did not answer within {} ms", patience.as_millis());
        let error = DataError::Unavailable { message, retryable: true };
        Self { error, remedy: Remedy::Reconnect, state: None }
    }

    /// What a statement failed with; `table` is the one that it was about.
    pub(super) fn of_statement(error: &tokio_postgres::Error, table: Option<&Table>) -> Self {
        let Some(answer) = error.as_db_error() else { return Self::of_connection(error) };
        let code = answer.code();
        if *code == SqlState::UNIQUE_VIOLATION
            && let Some(table) = table
        {
            let fields = table.violated(answer.constraint().unwrap_or_default());
            return DataError::UniqueViolation { model: table.schema.model().to_owned(), fields }.into();
        }
        if is_conflict(code) {
            let message = if *code == SqlState::LOCK_NOT_AVAILABLE {
                "others have kept the table busy for too long"
            } else {
                "too many changes at once got in each other's way"
            };
            return Self::again(DataError::Unavailable { message: message.to_owned(), retryable: true });
        }
        let remedy = if is_outdated_plan(answer) {
            Remedy::Again
        } else if is_shutdown(code) {
            Remedy::Reconnect
        } else {
            Remedy::None
        };
        Self { error: refused(answer), remedy, state: Some(code.clone()) }
    }

    /// What a connection ended with, or could not be made for.
    pub(super) fn of_connection(error: &tokio_postgres::Error) -> Self {
        if let Some(answer) = error.as_db_error() {
            return Self { error: refused(answer), remedy: Remedy::None, state: Some(answer.code().clone()) };
        }
        // The driver's own errors are about the protocol, and never about values.
        let mut message = error.to_string();
        let mut lost = error.is_closed();
        let mut cause = error.source();
        while let Some(error) = cause {
            lost |= error.is::<io::Error>();
            let said = error.to_string();
            if !said.is_empty() && !message.contains(&said) {
                message = format!("{message}: {said}");
            }
            cause = error.source();
        }
        let remedy = if lost { Remedy::Reconnect } else { Remedy::None };
        Self { error: DataError::Unavailable { message, retryable: lost }, remedy, state: None }
    }

    /// What kept a connection from being had.
    pub(super) fn of_pool(error: PoolError, place: &str, timeout: Duration) -> Self {
        let unavailable = |message: String, retryable: bool| DataError::Unavailable { message, retryable };
        let milliseconds = timeout.as_millis();
        match error {
            PoolError::Closed => DataError::closed().into(),
            PoolError::Timeout(TimeoutType::Wait) => {
                unavailable(format!("no connection was free within {milliseconds} ms"), true).into()
            }
            PoolError::Timeout(_) => unavailable(late_connection(place, timeout), true).into(),
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                let Self { error, .. } = Self::of_connection(&error);
                match error {
                    DataError::Unavailable { message, retryable } => {
                        unavailable(format!("cannot connect to `{place}`: {message}"), retryable).into()
                    }
                    other => other.into(),
                }
            }
            PoolError::PostCreateHook(HookError::Message(message)) => unavailable(message.into_owned(), true).into(),
            PoolError::NoRuntimeSpecified => unavailable("there is no runtime".to_owned(), false).into(),
        }
    }
}

impl Trouble {
    /// The same, of a request that may have committed a transaction: when the connection was lost, whether it did is
    /// not known.
    pub(super) fn in_commit(self) -> Self {
        match self {
            Self { error, remedy: Remedy::Reconnect, state } => {
                Self { error: unknown_outcome(error), remedy: Remedy::Abandon, state }
            }
            other => other,
        }
    }

    /// The same, on a connection that nobody can use any more.
    pub(super) fn on_lost_connection(self) -> Self {
        let remedy = if self.remedy == Remedy::Again { Remedy::Reconnect } else { Remedy::Abandon };
        Self { remedy, ..self }
    }

    /// Whether something was made that was there already.
    pub(super) fn is_already_there(&self) -> bool {
        let states = [
            SqlState::DUPLICATE_TABLE,
            SqlState::DUPLICATE_SCHEMA,
            SqlState::DUPLICATE_OBJECT,
            SqlState::UNIQUE_VIOLATION,
        ];
        self.state.as_ref().is_some_and(|state| states.contains(state))
    }
}

impl From<DataError> for Trouble {
    fn from(error: DataError) -> Self {
        Self { error, remedy: Remedy::None, state: None }
    }
}

/// What is said of a server that takes too long to be connected to.
pub(super) fn late_connection(place: &str, timeout: Duration) -> String {
    format!("`{place}` did not take a connection within {} ms", timeout.as_millis())
}

/// Whether transactions got in each other's way, and this one was taken back.
fn is_conflict(code: &SqlState) -> bool {
    [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::LOCK_NOT_AVAILABLE].contains(code)
}

/// Whether the server is ending, or not there yet.
fn is_shutdown(code: &SqlState) -> bool {
    [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW].contains(code)
}

/// Whether a statement was prepared before its table changed.
fn is_outdated_plan(answer: &DbError) -> bool {
    *answer.code() == SqlState::FEATURE_NOT_SUPPORTED && answer.message().contains("cached plan")
}

/// What a server refused. Its details can show values of rows, and so can its messages about values: both are left
/// out.
fn refused(answer: &DbError) -> DataError {
    let code = answer.code();
    let number = code.code();
    let shows_values = number.starts_with("22") || number.starts_with("23");
    let said = if shows_values { String::new() } else { format!(": {}", answer.message()) };
    if *code == SqlState::PROGRAM_LIMIT_EXCEEDED {
        let message = "a value is too long for an index of the database: shorten it".to_owned();
        return DataError::TooLarge { message };
    }
    if *code == SqlState::SEQUENCE_GENERATOR_LIMIT_EXCEEDED {
        return DataError::TooLarge { message: "the model has assigned its largest number".to_owned() };
    }
    let message = if *code == SqlState::QUERY_CANCELED {
        "a statement took longer than `timeoutMs` allows".to_owned()
    } else if number.starts_with("28") {
        format!("the server does not let this user in ({number}): check user and password")
    } else {
        format!("PostgreSQL answered {number}{said}")
    };
    // Resources that are short, operators that intervene, and statements that were stopped: later it can go well.
    let retryable = ["53", "57", "08", "58"].iter().any(|class| number.starts_with(class));
    DataError::Unavailable { message, retryable }
}
