//! Why an attempt at a server failed, whether a retry is safe, and which connections the failure spoils.

use std::error::Error;
use std::io;
use std::time::Duration;

use deadpool_postgres::{HookError, PoolError, TimeoutType};
use tokio_postgres::error::{DbError, SqlState};

use super::encryption;
use super::table::Table;
use crate::DataError;

/// Why an attempt failed.
#[derive(Debug)]
pub(super) struct AttemptError {
    /// What the caller gets if there is no further attempt.
    pub(super) error: DataError,
    pub(super) retry: Retry,
    pub(super) spoils: Spoils,
    /// The server's own code, if the server answered.
    pub(super) state: Option<SqlState>,
}

/// When another attempt is safe, and can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retry {
    /// Never: it would fail in the same way, or repeat what happened.
    Never,
    /// Always: nothing of this attempt took effect.
    Safe,
    /// Only if the attempt can have had no effect: the server may have done what it was last asked.
    IfNoEffect,
}

/// Which connections cannot be used any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoils {
    Nothing,
    /// The connection of the attempt.
    Connection,
    /// That one, and all that were made before: the node behind them ends, takes no writes, or says nothing.
    Node,
}

impl AttemptError {
    /// Another attempt may go well, on the same connection.
    pub(super) fn again(error: DataError) -> Self {
        Self { error, retry: Retry::Safe, spoils: Spoils::Nothing, state: None }
    }

    /// The server did not answer in time.
    pub(super) fn silence(patience: Duration) -> Self {
        let message = format!("the server did not answer within {} ms", patience.as_millis());
        let error = DataError::Unavailable { message, retryable: true };
        Self { error, retry: Retry::IfNoEffect, spoils: Spoils::Node, state: None }
    }

    /// The server takes no writes now: it is a standby, or its transactions are read-only.
    pub(super) fn read_only() -> Self {
        let state = SqlState::READ_ONLY_SQL_TRANSACTION;
        let message = format!("the server takes no writes ({}): it is a standby, or set to read-only", state.code());
        let error = DataError::Unavailable { message, retryable: true };
        Self { error, retry: Retry::Safe, spoils: Spoils::Node, state: Some(state) }
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
        if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
            return Self::read_only();
        }
        let (retry, spoils) = if is_outdated_plan(answer) {
            (Retry::Safe, Spoils::Nothing)
        } else if is_shutdown(code) {
            (Retry::Safe, Spoils::Node)
        } else if *code == SqlState::CRASH_SHUTDOWN {
            (Retry::IfNoEffect, Spoils::Node)
        } else if is_left_in_transaction(code) {
            (Retry::Safe, Spoils::Connection)
        } else if is_lost(code) {
            (Retry::IfNoEffect, Spoils::Connection)
        } else {
            (Retry::Never, Spoils::Nothing)
        };
        Self { error: refused(answer), retry, spoils, state: Some(code.clone()) }
    }

    /// What a connection ended with, or could not be made for.
    pub(super) fn of_connection(error: &tokio_postgres::Error) -> Self {
        if let Some(answer) = error.as_db_error() {
            let state = Some(answer.code().clone());
            return Self { error: refused(answer), retry: Retry::Never, spoils: Spoils::Nothing, state };
        }
        // The driver's own errors are about the protocol, and never about values.
        let mut message = error.to_string();
        let mut is_lost = error.is_closed();
        let mut cause = error.source();
        while let Some(error) = cause {
            let of_system = error.downcast_ref::<io::Error>();
            let of_encryption = of_system.and_then(encryption::explained);
            is_lost |= of_system.is_some() && of_encryption.is_none();
            let said = of_encryption.unwrap_or_else(|| error.to_string());
            if !said.is_empty() && !message.contains(&said) {
                message = format!("{message}: {said}");
            }
            cause = error.source();
        }
        if message.contains("server did not use channel binding") {
            message.push_str(
                "; `channel_binding=require` takes a connection with TLS, a user with a SCRAM password, and a \
                 certificate that is signed with SHA-2",
            );
        }
        let (retry, spoils) =
            if is_lost { (Retry::IfNoEffect, Spoils::Connection) } else { (Retry::Never, Spoils::Nothing) };
        Self { error: DataError::Unavailable { message, retryable: is_lost }, retry, spoils, state: None }
    }

    /// Why there is no connection.
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

impl AttemptError {
    /// The same, of a request that only prepared what was to be done: nothing of that happened.
    pub(super) fn before_execution(self) -> Self {
        match self.retry {
            Retry::IfNoEffect => Self { retry: Retry::Safe, ..self },
            Retry::Never | Retry::Safe => self,
        }
    }

    /// The same, of a change that was sent with its commit: if the connection was lost, the outcome is unknown.
    pub(super) fn beside_commit(self) -> Self {
        match self.retry {
            Retry::IfNoEffect => Self { error: unknown_outcome(self.error), retry: Retry::Never, ..self },
            Retry::Never | Retry::Safe => self,
        }
    }

    /// The same, of the commit itself. A server that shuts down may say so behind a commit that it did, before it says
    /// that it is ready.
    pub(super) fn in_commit(self) -> Self {
        if self.spoils == Spoils::Nothing { self } else { Self { retry: Retry::IfNoEffect, ..self }.beside_commit() }
    }

    /// The same, on a connection that cannot be used any more.
    pub(super) fn on_lost_connection(self) -> Self {
        let spoils = if self.spoils == Spoils::Nothing { Spoils::Connection } else { self.spoils };
        Self { spoils, ..self }
    }

    /// Whether the server takes no writes.
    pub(super) fn is_read_only(&self) -> bool {
        self.state == Some(SqlState::READ_ONLY_SQL_TRANSACTION)
    }

    /// Whether the server lacks a table, a column, or the schema of both, that the statement is about. The statement did
    /// nothing, nor did its transaction.
    pub(super) fn lacks_table(&self) -> bool {
        let states = [SqlState::UNDEFINED_TABLE, SqlState::UNDEFINED_COLUMN, SqlState::INVALID_SCHEMA_NAME];
        self.state.as_ref().is_some_and(|state| states.contains(state))
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

impl From<DataError> for AttemptError {
    fn from(error: DataError) -> Self {
        Self { error, retry: Retry::Never, spoils: Spoils::Nothing, state: None }
    }
}

/// The message for a server that takes too long to be connected to.
pub(super) fn late_connection(place: &str, timeout: Duration) -> String {
    format!("`{place}` did not take a connection within {} ms", timeout.as_millis())
}

/// The error of a write whose connection was lost.
pub(super) fn unknown_outcome(error: DataError) -> DataError {
    match error {
        DataError::Unavailable { message, .. } => DataError::Unavailable {
            message: format!("{message}; the connection was lost during a write, which may have taken effect"),
            retryable: false,
        },
        other => other,
    }
}

/// Whether transactions got in each other's way, and the server rolled this one back.
fn is_conflict(code: &SqlState) -> bool {
    [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::LOCK_NOT_AVAILABLE].contains(code)
}

/// Whether the server ends the connection, or is not up yet, and has not done the statement that it answers so. It ends
/// a session before a statement or within one, which it rolls back. Where a change may be done already (the server ends
/// at once, or a commit waits for a standby), it closes the connection without such an answer.
fn is_shutdown(code: &SqlState) -> bool {
    [SqlState::ADMIN_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW].contains(code)
}

/// Whether the connection was left in a transaction that failed: the statement was refused for that alone.
fn is_left_in_transaction(code: &SqlState) -> bool {
    *code == SqlState::IN_FAILED_SQL_TRANSACTION
}

/// Whether the server, or a proxy before it, ends the connection for another reason: a time limit, a database that was
/// dropped, a broken protocol.
fn is_lost(code: &SqlState) -> bool {
    const IDLE_SESSION_TIMEOUT: &str = "57P05";
    const TRANSACTION_TIMEOUT: &str = "25P04";
    let number = code.code();
    [SqlState::DATABASE_DROPPED, SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT].contains(code)
        || number == IDLE_SESSION_TIMEOUT
        || number == TRANSACTION_TIMEOUT
        || number.starts_with("08")
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
