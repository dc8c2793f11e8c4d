//! Whole tables on their way out of a server, or into it: each way one transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use deadpool_postgres::{Object, Transaction};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_postgres::IsolationLevel;

use super::attempt_error::AttemptError;
use super::condition::push_order;
use super::connections::Connections;
use super::execute::{Step, raised_counter, run, used_numbers};
use super::generations::{notify, raise_with};
use super::session::{LongTransaction, Session};
use super::sql::{Bound, Sql};
use super::table::Table;
use crate::transfer::{ROWS_OF_PART, next_part, nobody_takes, unknown_table};
use crate::{DataError, Delivery, TablePart};

/// Reads tables as they are at one moment.
pub(super) async fn export(
    connections: &Connections,
    connection: &mut Object,
    tables: &[Arc<Table>],
    parts: &mpsc::Sender<TablePart>,
) -> Result<(), AttemptError> {
    let transaction = begin(connections, connection, IsolationLevel::RepeatableRead).await?;
    let session = transaction.session();
    for (place, table) in tables.iter().enumerate() {
        let assigned = assigned(&session, table).await?;
        let mut behind: Option<Bound> = None;
        loop {
            let rows = rows_behind(&session, table, behind.take()).await?;
            let is_end = rows.len() < ROWS_OF_PART;
            behind = rows.last().and_then(|row| row.get(&table.key().field)).map(|key| table.key().bound(key));
            let part = TablePart { table: place, assigned, rows };
            parts.send(part).await.map_err(|_| nobody_takes())?;
            if is_end {
                break;
            }
        }
    }
    transaction.commit().await
}

/// Fills tables, all of them or none; of each is said whether its rows make place.
pub(super) async fn import(
    connections: &Connections,
    connection: &mut Object,
    tables: &[(Arc<Table>, bool)],
    deliveries: &mut mpsc::Receiver<Delivery>,
) -> Result<u64, AttemptError> {
    let transaction = begin(connections, connection, IsolationLevel::ReadCommitted).await?;
    let session = transaction.session();
    for (table, replace) in tables {
        if *replace {
            let delete = Sql::new(&format!("DELETE FROM {}", table.name));
            session.query(&delete, Some(table)).await?;
        } else {
            let any = Sql::new(&format!("SELECT 1 FROM {} LIMIT 1", table.name));
            if !session.query(&any, Some(table)).await?.is_empty() {
                return Err(DataError::TableNotEmpty { model: table.schema.model().to_owned() }.into());
            }
        }
    }
    let mut imported = 0;
    let mut largest: BTreeMap<usize, i64> = BTreeMap::new();
    while let Some(TablePart { table: place, assigned, rows }) = next_part(deliveries.recv().await)? {
        let (table, _) = tables.get(place).ok_or_else(unknown_table)?;
        imported += rows.len() as u64;
        let keys = rows.iter().filter_map(|row| row.get(&table.key().field).and_then(Value::as_i64));
        let newest = largest.entry(place).or_default();
        *newest = keys.chain([assigned, *newest]).max().unwrap_or_default();
        let stored = table.schema.relaxed();
        let steps = rows.iter().map(|row| Step::imported(table, &stored, row)).collect::<Result<Vec<_>, _>>()?;
        run(&session, &steps).await?;
    }
    for (place, newest) in largest {
        if let Some((table, _)) = tables.get(place)
            && let Some(sequence) = &table.sequence
            && newest > 0
        {
            session.query(&raised_counter(sequence, newest), Some(table)).await?;
        }
    }
    raise_with(&session).await?;
    transaction.commit().await?;
    notify(connections, connection).await;
    Ok(imported)
}

/// A transaction that also waits for the other side of the transfer.
async fn begin<'c>(
    connections: &Connections,
    connection: &'c mut Object,
    isolation: IsolationLevel,
) -> Result<LongTransaction<'c>, AttemptError> {
    connections.begin_long(connection, isolation, "; SET LOCAL idle_in_transaction_session_timeout = 0").await
}

/// The largest number that a table has assigned.
async fn assigned(session: &Session<'_, Transaction<'_>>, table: &Table) -> Result<i64, AttemptError> {
    let Some(sequence) = &table.sequence else { return Ok(0) };
    let answered = session.query(&Sql::new(&used_numbers(sequence)), Some(table)).await?;
    Ok(answered.first().and_then(|row| row.try_get(0).ok()).unwrap_or_default())
}

async fn rows_behind(
    session: &Session<'_, Transaction<'_>>,
    table: &Table,
    behind: Option<Bound>,
) -> Result<Vec<crate::Row>, AttemptError> {
    let mut sql = Sql::new(&format!("SELECT {} FROM {}", table.selection, table.name));
    if let Some(key) = behind {
        sql.push(" WHERE ").push(&table.key().name).push(" > ").bind(key);
    }
    push_order(&mut sql, table, &[])?;
    sql.push(&format!(" LIMIT {ROWS_OF_PART}"));
    let answered = session.query(&sql, Some(table)).await?;
    Ok(answered.iter().map(|row| table.decode(row)).collect::<Result<_, _>>()?)
}
