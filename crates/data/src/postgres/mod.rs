//! PostgreSQL, and servers that speak its protocol: any number of processes share one database.
//!
//! Only what PostgreSQL, CockroachDB and YugabyteDB have in common is used.

mod attempt_error;
mod background;
mod condition;
mod connect;
mod connections;
mod encryption;
mod execute;
mod find;
mod generations;
mod options;
mod prepare;
mod retry;
mod session;
mod sql;
mod table;
mod transfer;
mod watcher;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use tokio::sync::{mpsc, watch};

use attempt_error::AttemptError;
use connections::Connections;
use execute::Step;
use find::{Aggregation, Find};
use generations::Listener;
use retry::Effect;
use sql::Sql;
use table::{Table, Tables};
use watcher::Watcher;

pub use options::{Encryption, PostgresOptions, PostgresOptionsError, SslMode};

use crate::open_databases::OpenDatabases;
use crate::store::MAX_OPERATIONS;
use crate::{
    Aggregate, BoundFilter, BoxFuture, DataError, Database, Delivery, Generations, ModelSchema, Operation, Outcome,
    Page, Prepared, Query, Row, TableChange, TablePart, TableToFill,
};

/// A database on a PostgreSQL server, which any number of processes may share.
///
/// It connects when it is first used, within a Tokio runtime. A batch is one transaction: a single statement on its
/// own, several as if they were alone (`SERIALIZABLE`), retried when they got in each other's way. Reads are retried
/// when the connection is lost; writes only when it is certain that nothing of them happened.
pub struct PostgresDatabase {
    connections: Arc<Connections>,
    tables: Tables,
    listener: Listener,
    watcher: Watcher,
    closed: AtomicBool,
}

/// The databases that elements of this process share.
static SHARED: OpenDatabases<PostgresDatabase> = OpenDatabases::new();

impl PostgresDatabase {
    /// The database that the options say. Nothing is connected yet.
    pub fn new(options: PostgresOptions) -> Self {
        Self {
            connections: Arc::new(Connections::new(options)),
            tables: Tables::default(),
            listener: Listener::default(),
            watcher: Watcher::default(),
            closed: AtomicBool::new(false),
        }
    }

    /// The database that the options say, the same one for all who ask for it in this process until the last of them
    /// drops it or [releases](PostgresDatabase::release) it.
    pub fn shared(options: &PostgresOptions) -> Arc<Self> {
        let is_wanted =
            |database: &Self| database.connections.options() == options && !database.closed.load(Ordering::Acquire);
        SHARED.get_or_add(is_wanted, || Self::new(options.clone()))
    }

    /// Closes a [shared](PostgresDatabase::shared) database if its caller is the last one to hold it.
    pub async fn release(self: &Arc<Self>) -> Result<(), DataError> {
        if SHARED.remove_last(self) { self.close().await } else { Ok(()) }
    }

    fn check_open(&self) -> Result<(), DataError> {
        if self.closed.load(Ordering::Acquire) { Err(DataError::closed()) } else { Ok(()) }
    }

    async fn make_ready(&self, schema: Arc<ModelSchema>, seed: Vec<Row>) -> Result<Prepared, DataError> {
        self.check_open()?;
        let table = prepare::table_of(&schema);
        let seed: Arc<[Step]> = prepare::seeds(&table, seed)?.into();
        self.watcher.start(&self.connections, &self.listener).await?;
        let is_again = self.tables.has(&schema);
        self.tables.begin(&schema);
        let created = self.bring_in_line(&table, &seed, is_again).await?;
        Ok(Prepared { created })
    }

    async fn bring_in_line(&self, table: &Arc<Table>, seed: &Arc<[Step]>, is_again: bool) -> Result<bool, DataError> {
        let is_outdated = || self.tables.is_outdated(&table.schema);
        let mut attempts = self.connections.attempts(Effect::None);
        loop {
            let mut lease = attempts.lease().await?;
            let migration = prepare::Wanted { table, seed, is_again, is_outdated: &is_outdated };
            let done = prepare::prepare(&self.connections, lease.connection(), migration).await;
            if let Some(created) = attempts.after(lease, done).await? {
                self.tables.put(table, seed);
                return Ok(created);
            }
        }
    }

    /// Makes tables ready again that a statement did not find as they were made ready: the server is a standby that was
    /// behind when it was promoted, or its database was dropped and made anew.
    async fn bring_back<'t>(&self, tables: impl Iterator<Item = &'t Arc<Table>>) -> Result<(), DataError> {
        self.connections.forget_statements();
        let mut done: Vec<Arc<Table>> = Vec::new();
        for table in tables {
            let Some((table, seed)) = self.tables.newest(&table.schema) else { continue };
            if done.iter().any(|other| Arc::ptr_eq(other, &table)) {
                continue;
            }
            let model = table.schema.model();
            if self.bring_in_line(&table, &seed, false).await? {
                tracing::error!(
                    model,
                    "the server no longer had the table of `{model}`, so it was made anew, with the rows of \
                     `initData.json`: rows that were in it are not on this server"
                );
            } else {
                tracing::warn!(model, "the server no longer had the table of `{model}` as it was made ready");
            }
            done.push(table);
        }
        Ok(())
    }

    async fn compare(&self, schema: Arc<ModelSchema>) -> Result<Vec<TableChange>, DataError> {
        self.check_open()?;
        if self.tables.is_outdated(&schema) {
            return Ok(Vec::new());
        }
        let table = prepare::table_of(&schema);
        let mut attempts = self.connections.attempts(Effect::None);
        loop {
            let mut lease = attempts.lease().await?;
            let done = prepare::changes(&self.connections, lease.connection(), &table).await;
            if let Some(changes) = attempts.after(lease, done).await? {
                return Ok(changes);
            }
        }
    }

    fn tables_of(&self, schemas: &[Arc<ModelSchema>]) -> Result<Vec<Arc<Table>>, DataError> {
        schemas.iter().map(|schema| self.tables.get(schema)).collect()
    }

    /// Runs a statement that changes nothing.
    async fn read(&self, sql: &Sql, table: &Arc<Table>) -> Result<Vec<tokio_postgres::Row>, DataError> {
        let mut attempts = self.connections.attempts(Effect::None);
        let mut was_brought_back = false;
        loop {
            let mut lease = attempts.lease().await?;
            let done = self.connections.session(lease.connection()).query(sql, Some(table)).await;
            if done.as_ref().is_err_and(AttemptError::lacks_table) && !was_brought_back {
                was_brought_back = true;
                drop(lease.end(done));
                self.bring_back(std::iter::once(table)).await?;
                continue;
            }
            if let Some(answered) = attempts.after(lease, done).await? {
                return Ok(answered);
            }
        }
    }

    async fn select(&self, schema: Arc<ModelSchema>, query: Query) -> Result<Page, DataError> {
        self.check_open()?;
        let table = self.tables.get(&schema)?;
        let find = Find::new(&table, &query)?;
        let (mut page, total_missing) = find.page(&self.read(&find.sql, &table).await?)?;
        if total_missing {
            let answered = self.read(&find::count(&table, &query.filter)?, &table).await?;
            page.total = answered.first().map(|row| find::count_in(row, 0)).transpose()?;
        }
        Ok(page)
    }

    async fn change(&self, operations: Vec<Operation>) -> Result<Vec<Outcome>, DataError> {
        self.check_open()?;
        if operations.len() > MAX_OPERATIONS {
            let message = format!("a batch has at most {MAX_OPERATIONS} operations; split it");
            return Err(DataError::TooLarge { message });
        }
        let steps = operations
            .into_iter()
            .map(|operation| Step::new(&self.tables, operation))
            .collect::<Result<Vec<_>, _>>()?;
        let is_one_statement = execute::is_one_statement(&steps);
        let effect = if is_one_statement { Effect::Unknown } else { Effect::None };
        let mut attempts = self.connections.attempts(effect);
        let mut was_brought_back = false;
        loop {
            let mut lease = attempts.lease().await?;
            let done = if steps.is_empty() {
                self.connections.session(lease.connection()).check_takes_writes().await.map(|()| Vec::new())
            } else if is_one_statement {
                execute::run(&self.connections.session(lease.connection()), &steps).await
            } else {
                let steps = &steps;
                lease
                    .transact(async |connection| execute::transact(&self.connections.session(connection), steps).await)
                    .await
            };
            if done.as_ref().is_err_and(AttemptError::lacks_table) && !was_brought_back {
                was_brought_back = true;
                drop(lease.end(done));
                self.bring_back(steps.iter().map(Step::table)).await?;
                continue;
            }
            if let Some(outcomes) = attempts.after(lease, done).await? {
                return Ok(outcomes);
            }
        }
    }

    async fn make_one(
        &self,
        schema: Arc<ModelSchema>,
        filter: BoundFilter,
        field: String,
        aggregate: Aggregate,
    ) -> Result<Value, DataError> {
        self.check_open()?;
        let table = self.tables.get(&schema)?;
        let aggregation = Aggregation::new(&table, &filter, &field, aggregate)?;
        aggregation.value(&self.read(&aggregation.sql, &table).await?)
    }
}

impl Database for PostgresDatabase {
    fn prepare(&self, schema: Arc<ModelSchema>, seed: Vec<Row>) -> BoxFuture<'_, Result<Prepared, DataError>> {
        Box::pin(self.make_ready(schema, seed))
    }

    fn changes(&self, schema: Arc<ModelSchema>) -> BoxFuture<'_, Result<Vec<TableChange>, DataError>> {
        Box::pin(self.compare(schema))
    }

    fn find(&self, schema: Arc<ModelSchema>, query: Query) -> BoxFuture<'_, Result<Page, DataError>> {
        Box::pin(self.select(schema, query))
    }

    fn execute(&self, operations: Vec<Operation>) -> BoxFuture<'_, Result<Vec<Outcome>, DataError>> {
        Box::pin(self.change(operations))
    }

    fn aggregate(
        &self,
        schema: Arc<ModelSchema>,
        filter: BoundFilter,
        field: String,
        aggregate: Aggregate,
    ) -> BoxFuture<'_, Result<Value, DataError>> {
        Box::pin(self.make_one(schema, filter, field, aggregate))
    }

    fn export(
        &self,
        schemas: Vec<Arc<ModelSchema>>,
        parts: mpsc::Sender<TablePart>,
    ) -> BoxFuture<'_, Result<(), DataError>> {
        Box::pin(async move {
            self.check_open()?;
            let tables = self.tables_of(&schemas)?;
            // What was sent cannot be taken back, so there is one attempt.
            let mut lease = self.connections.lease().await?;
            let exported = transfer::export(&self.connections, lease.connection(), &tables, &parts).await;
            lease.end(exported).map_err(|failed| failed.error)
        })
    }

    fn import(
        &self,
        tables: Vec<TableToFill>,
        mut deliveries: mpsc::Receiver<Delivery>,
    ) -> BoxFuture<'_, Result<u64, DataError>> {
        Box::pin(async move {
            self.check_open()?;
            let tables = tables
                .into_iter()
                .map(|TableToFill { schema, replace }| Ok((self.tables.get(&schema)?, replace)))
                .collect::<Result<Vec<_>, DataError>>()?;
            let mut lease = self.connections.lease().await?;
            let imported = transfer::import(&self.connections, lease.connection(), &tables, &mut deliveries).await;
            lease.end(imported).map_err(|failed| failed.error)
        })
    }

    fn generations(&self) -> Option<&dyn Generations> {
        Some(self)
    }

    fn epoch(&self) -> u64 {
        self.watcher.epoch()
    }

    fn close(&self) -> BoxFuture<'_, Result<(), DataError>> {
        Box::pin(async move {
            self.closed.store(true, Ordering::Release);
            self.watcher.stop();
            self.listener.stop();
            self.connections.close();
            Ok(())
        })
    }
}

impl Generations for PostgresDatabase {
    fn current(&self, topic: &str) -> BoxFuture<'_, Result<u64, DataError>> {
        let topic = topic.to_owned();
        Box::pin(async move {
            self.check_open()?;
            generations::current(&self.connections, &topic).await
        })
    }

    fn raise(&self, topic: &str) -> BoxFuture<'_, Result<u64, DataError>> {
        let topic = topic.to_owned();
        Box::pin(async move {
            self.check_open()?;
            generations::raise(&self.connections, &topic).await
        })
    }

    fn notices(&self) -> watch::Receiver<u64> {
        self.listener.notices(&self.connections)
    }
}

impl fmt::Debug for PostgresDatabase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PostgresDatabase").field("connections", &self.connections).finish_non_exhaustive()
    }
}
