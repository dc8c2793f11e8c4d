use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::{mpsc, watch};

use crate::{
    Aggregate, BoundFilter, DataError, Delivery, ModelSchema, Operation, Order, Outcome, Row, TableChange, TablePart,
    TableToFill, transfer,
};

/// A future that a database answers with.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Keeps the rows of models.
///
/// What was answered with success survives the end of the process. Unique combinations hold however many callers
/// write at once. A call that is dropped before it answered may still take effect.
pub trait Database: Send + Sync + fmt::Debug {
    /// Makes the model's table ready. The first time, the table is made and the seed rows are inserted, in one
    /// transaction; of several that prepare the same model at once, one does. Later the stored indexes are brought in
    /// line with the model; not when this value did so before: what another process changed since then stays, and is an
    /// error where the model cannot live with it.
    ///
    /// From the moment of the answer, every caller writes to and reads from the table as this schema has it, whatever
    /// older schema they hold. The schema of an older [generation](ModelSchema::generation) changes nothing about the
    /// table. Calls with it go on if their fields still mean the same, else they fail with
    /// [`DataError::SchemaChanged`].
    fn prepare(&self, schema: Arc<ModelSchema>, seed: Vec<Row>) -> BoxFuture<'_, Result<Prepared, DataError>>;

    /// What [`Database::prepare`] would change about the model's table. Changes nothing.
    fn changes(&self, schema: Arc<ModelSchema>) -> BoxFuture<'_, Result<Vec<TableChange>, DataError>>;

    /// Finds rows.
    fn find(&self, schema: Arc<ModelSchema>, query: Query) -> BoxFuture<'_, Result<Page, DataError>>;

    /// Does every operation, one after another, or none: each sees what those before it did, nobody else sees
    /// anything between.
    fn execute(&self, operations: Vec<Operation>) -> BoxFuture<'_, Result<Vec<Outcome>, DataError>>;

    /// Makes one value of all the values of a field.
    fn aggregate(
        &self,
        schema: Arc<ModelSchema>,
        filter: BoundFilter,
        field: String,
        aggregate: Aggregate,
    ) -> BoxFuture<'_, Result<Value, DataError>>;

    /// Reads whole tables that have been prepared, as they are at one moment where the database can do that. They
    /// come one after another, each in at least one part, its rows in the order of their primary keys.
    fn export(
        &self,
        schemas: Vec<Arc<ModelSchema>>,
        parts: mpsc::Sender<TablePart>,
    ) -> BoxFuture<'_, Result<(), DataError>> {
        Box::pin(transfer::export_by_queries(self, schemas, parts))
    }

    /// Fills tables that have been prepared, all of them or none, and answers how many rows came. A table with rows is
    /// [`DataError::TableNotEmpty`], unless they are to be replaced. Keys that a table has assigned before, here or
    /// where the rows come from, are not assigned again.
    fn import(
        &self,
        tables: Vec<TableToFill>,
        deliveries: mpsc::Receiver<Delivery>,
    ) -> BoxFuture<'_, Result<u64, DataError>> {
        Box::pin(transfer::import_as_one_batch(self, tables, deliveries))
    }

    /// The numbers by which the processes that share the database tell each other of changes. `None` for a database
    /// that one process has to itself.
    fn generations(&self) -> Option<&dyn Generations> {
        None
    }

    /// A number that changes when what was prepared has to be prepared again, since a table was changed, by whichever
    /// process that shares the database, or other rows were put in.
    fn epoch(&self) -> u64 {
        0
    }

    /// Ends: waits for what is being written, and gives up what is held. Later calls fail.
    fn close(&self) -> BoxFuture<'_, Result<(), DataError>>;
}

/// Numbers that the processes which share a database see, and that any of them raises to say that what the others
/// remember of a topic may be outdated.
pub trait Generations: Send + Sync {
    /// The number of a topic; 0 when nobody has raised it.
    fn current(&self, topic: &str) -> BoxFuture<'_, Result<u64, DataError>>;

    /// Raises the number of a topic and answers the new one. When it fails, it may have been raised all the same.
    fn raise(&self, topic: &str) -> BoxFuture<'_, Result<u64, DataError>>;

    /// Changes when the server says that a number was raised, or may have said so unheard. Within a Tokio runtime. It
    /// is a hint to look at once: some servers say nothing, so who has to know looks from time to time anyway. It is
    /// closed with the database.
    fn notices(&self) -> watch::Receiver<u64>;
}

/// What [`Database::prepare`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Whether the table was made just now, and the seed rows with it.
    pub created: bool,
}

/// Which rows to find.
#[derive(Clone, Debug)]
pub struct Query {
    /// What they are like.
    pub filter: BoundFilter,
    /// In which order they come; those that tie come in the order of their primary keys.
    pub order: Vec<Order>,
    /// How many to leave out at the start.
    pub offset: usize,
    /// How many at most.
    pub limit: Option<usize>,
    /// Which fields, in this order; all when absent.
    pub fields: Option<Vec<String>>,
    /// Whether to count all that match: [`Page::total`].
    pub count: bool,
}

/// Rows that were found.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// How many match, without offset and limit, when the query asked for it.
    pub total: Option<u64>,
}

impl Query {
    /// All rows that match, in the order of their primary keys.
    pub fn new(filter: BoundFilter) -> Self {
        Self { filter, order: Vec::new(), offset: 0, limit: None, fields: None, count: false }
    }

    /// The first row that matches.
    pub fn first(filter: BoundFilter) -> Self {
        Self { limit: Some(1), ..Self::new(filter) }
    }
}
