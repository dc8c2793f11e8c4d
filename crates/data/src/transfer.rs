//! Whole tables on their way out of a database, or into one.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;

use crate::{BoundFilter, DataError, Database, Filter, ModelSchema, Operation, Order, Query, Row};

/// How many rows a part has at most.
pub(crate) const ROWS_OF_PART: usize = 500;

/// A part of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TablePart {
    /// Which table: its place in the list of them.
    pub table: usize,
    /// The largest number that the table has ever assigned as a key; 0 when there is none.
    pub assigned: i64,
    /// Some of its rows.
    pub rows: Vec<Row>,
}

/// A table that is filled.
#[derive(Clone, Debug)]
pub struct TableToFill {
    /// What its rows are.
    pub schema: Arc<ModelSchema>,
    /// Whether the rows that it has make place for those that come.
    pub replace: bool,
}

/// What is brought into a database.
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery {
    /// A part of a table.
    Part(TablePart),
    /// That was all. A delivery that ends without it was broken off, and nothing of it is kept.
    End,
}

/// An export by queries: each table is one that was there, but another writer may come between two of its parts.
pub(crate) async fn export_by_queries<D: Database + ?Sized>(
    database: &D,
    schemas: Vec<Arc<ModelSchema>>,
    parts: mpsc::Sender<TablePart>,
) -> Result<(), DataError> {
    for (table, schema) in schemas.iter().enumerate() {
        let key = schema.primary_key().name.clone();
        let mut filter = Filter::All;
        loop {
            let mut query = Query::new(filter.bind(schema)?);
            query.order = vec![Order::ascending(&key)];
            query.limit = Some(ROWS_OF_PART);
            let rows = database.find(Arc::clone(schema), query).await?.rows;
            let last = rows.last().and_then(|row| row.get(&key)).cloned();
            let is_end = rows.len() < ROWS_OF_PART;
            let assigned = last.as_ref().and_then(Value::as_i64).unwrap_or_default();
            parts.send(TablePart { table, assigned, rows }).await.map_err(|_| nobody_takes())?;
            filter = match last {
                Some(Value::String(text)) if !is_end => Filter::compare(&key, crate::q::Operator::Greater, text),
                Some(Value::Number(number)) if !is_end => {
                    Filter::compare(&key, crate::q::Operator::Greater, number.as_i64().unwrap_or_default())
                }
                _ => break,
            };
        }
    }
    Ok(())
}

/// An import as one batch, which the database does as a whole or not at all.
pub(crate) async fn import_as_one_batch<D: Database + ?Sized>(
    database: &D,
    tables: Vec<TableToFill>,
    mut deliveries: mpsc::Receiver<Delivery>,
) -> Result<u64, DataError> {
    let mut operations = Vec::new();
    for TableToFill { schema, replace } in &tables {
        let all: BoundFilter = Filter::All.bind(schema)?;
        if *replace {
            operations.push(Operation::delete(schema, all));
        } else if !database.find(Arc::clone(schema), Query::first(all.clone())).await?.rows.is_empty() {
            return Err(DataError::TableNotEmpty { model: schema.model().to_owned() });
        } else {
            operations.push(Operation::require(schema, all, 0..=0));
        }
    }
    let mut imported = 0;
    while let Some(part) = next_part(deliveries.recv().await)? {
        let TableToFill { schema, .. } = tables.get(part.table).ok_or_else(unknown_table)?;
        imported += part.rows.len() as u64;
        operations.extend(part.rows.into_iter().map(|row| Operation::insert(schema, row)));
    }
    database.execute(operations).await?;
    Ok(imported)
}

/// The next part, `None` at the end.
pub(crate) fn next_part(delivery: Option<Delivery>) -> Result<Option<TablePart>, DataError> {
    match delivery {
        Some(Delivery::Part(part)) => Ok(Some(part)),
        Some(Delivery::End) => Ok(None),
        None => Err(DataError::Unavailable { message: "the import was broken off".to_owned(), retryable: false }),
    }
}

pub(crate) fn nobody_takes() -> DataError {
    DataError::Unavailable { message: "the export was broken off".to_owned(), retryable: false }
}

pub(crate) fn unknown_table() -> DataError {
    DataError::corrupt("a part of an import is of a table that was not named")
}
