use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;

use crate::{Aggregate, BoundFilter, DataError, ModelSchema, Operation, Order, Outcome, Row};

/// A future that a database answers with.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Keeps the rows of models.
///
/// What was answered with success survives the end of the process. Unique combinations hold however many callers
/// write at once. A call that is dropped before it answered may still take effect.
pub trait Database: Send + Sync + fmt::Debug {
    /// Makes the model's table ready. The first time, the table is made and the seed rows are inserted, in one
    /// transaction; of several that prepare the same model at once, one does. Later the stored indexes are brought in
    /// line with the model.
    fn prepare(&self, schema: Arc<ModelSchema>, seed: Vec<Row>) -> BoxFuture<'_, Result<Prepared, DataError>>;

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

    /// Ends: waits for what is being written, and gives up what is held. Later calls fail.
    fn close(&self) -> BoxFuture<'_, Result<(), DataError>>;
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
