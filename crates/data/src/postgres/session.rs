//! Statements on one connection, with the time that each may take.

use std::time::Duration;

use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Row, Statement};

use super::attempt_error::{AttemptError, Spoils};
use super::sql::Sql;
use super::table::Table;
use crate::DataError;

/// The most values that the protocol lets a statement have.
const MAX_VALUES: usize = u16::MAX as usize;

/// A connection, or a transaction on one, with the time to wait for each of its answers.
///
/// How long a statement may take is a property of its transaction: the server is given the same limit, less some grace.
pub(super) struct Session<'c, C> {
    client: &'c C,
    patience: Duration,
}

/// A statement that was prepared on a connection.
pub(super) struct Ready<'s> {
    statement: Statement,
    sql: &'s Sql,
    table: &'s Table,
}

impl<'c, C: GenericClient> Session<'c, C> {
    pub(super) fn new(client: &'c C, patience: Duration) -> Self {
        Self { client, patience }
    }

    /// Runs a statement.
    pub(super) async fn query(&self, sql: &Sql, table: Option<&Table>) -> Result<Vec<Row>, AttemptError> {
        let statement = self.prepare_one(sql, table).await?;
        answered(self.patience, self.client.query(&statement, &sql.values()), table).await
    }

    /// Prepares statements. A query with one of them is sent as soon as it is first polled, so several run in the
    /// order in which they are polled.
    pub(super) async fn prepare<'s>(
        &self,
        statements: impl Iterator<Item = (&'s Sql, &'s Table)>,
    ) -> Result<Vec<Ready<'s>>, AttemptError> {
        let mut ready = Vec::with_capacity(statements.size_hint().0);
        for (sql, table) in statements {
            let statement = self.prepare_one(sql, Some(table)).await?;
            ready.push(Ready { statement, sql, table });
        }
        Ok(ready)
    }

    /// Runs a statement that was prepared.
    pub(super) async fn query_ready(
        &self,
        Ready { statement, sql, table }: &Ready<'_>,
    ) -> Result<Vec<Row>, AttemptError> {
        let values = sql.values();
        answered(self.patience, self.client.query(statement, &values), Some(table)).await
    }

    /// Runs text with statements in it, none of which has values.
    pub(super) async fn run(&self, text: &str, table: Option<&Table>) -> Result<(), AttemptError> {
        answered(self.patience, self.client.batch_execute(text), table).await
    }

    /// Fails unless the server answers, and takes writes.
    pub(super) async fn check_takes_writes(&self) -> Result<(), AttemptError> {
        let answered = self.query(&Sql::new("SHOW transaction_read_only"), None).await?;
        let is_read_only = answered.first().and_then(|row| row.try_get::<_, &str>(0).ok()) == Some("on");
        if is_read_only { Err(AttemptError::read_only()) } else { Ok(()) }
    }

    /// Begins a transaction by this statement.
    pub(super) async fn begin(&self, beginning: &str) -> Result<(), AttemptError> {
        self.run(beginning, None).await.map_err(|failed| {
            // A standby has no serializable transactions. Every server that is not one has.
            if failed.state == Some(SqlState::FEATURE_NOT_SUPPORTED) { AttemptError::read_only() } else { failed }
        })
    }

    /// Sends the end of a transaction. If the connection is lost now, the outcome is unknown.
    pub(super) async fn commit(&self) -> Result<(), AttemptError> {
        self.run("COMMIT", None).await.map_err(AttemptError::in_commit)
    }

    /// Rolls a transaction back that failed, and returns why it did.
    pub(super) async fn roll_back(&self, failed: AttemptError) -> AttemptError {
        if failed.spoils != Spoils::Nothing {
            return failed;
        }
        match self.run("ROLLBACK", None).await {
            Ok(()) => failed,
            Err(_) => failed.on_lost_connection(),
        }
    }

    async fn prepare_one(&self, sql: &Sql, table: Option<&Table>) -> Result<Statement, AttemptError> {
        if sql.value_count() > MAX_VALUES {
            let message = format!("a filter has at most {MAX_VALUES} values; split it");
            return Err(DataError::TooLarge { message }.into());
        }
        let prepared = self.client.prepare_cached(sql.text());
        answered(self.patience, prepared, table).await.map_err(AttemptError::before_execution)
    }
}

/// A transaction whose statements may take long: one that changes tables, or moves all of their rows.
pub(super) struct LongTransaction<'c> {
    transaction: Transaction<'c>,
    patience: Duration,
}

impl<'c> LongTransaction<'c> {
    pub(super) fn new(transaction: Transaction<'c>, patience: Duration) -> Self {
        Self { transaction, patience }
    }

    pub(super) fn session(&self) -> Session<'_, Transaction<'c>> {
        Session::new(&self.transaction, self.patience)
    }

    /// Commits it. If the connection is lost now, the outcome is unknown.
    pub(super) async fn commit(self) -> Result<(), AttemptError> {
        answered(self.patience, self.transaction.commit(), None).await.map_err(AttemptError::in_commit)
    }
}

/// Waits for an answer, for so long.
pub(super) async fn answered<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    table: Option<&Table>,
) -> Result<T, AttemptError> {
    match tokio::time::timeout(patience, answer).await {
        Ok(answer) => answer.map_err(|error| AttemptError::of_statement(&error, table)),
        Err(_) => Err(AttemptError::silence(patience)),
    }
}
