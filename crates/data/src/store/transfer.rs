//! Whole tables, out of a store and into it.

use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::Value;

use super::keys::{self, AFTER, DISCARDED};
use super::table::{Table, TableRecord, Tables};
use super::{Direction, Keyspace, Overlay, prepare, rows};
use crate::transfer::{ROWS_OF_PART, TablePart, TableToFill, unknown_table};
use crate::{DataError, ModelSchema};

/// How many keys of discarded tables one step removes.
const DISCARDED_AT_ONCE: usize = 10_000;

/// Reads whole tables; `take` says whether to go on.
pub(crate) fn export(
    keyspace: &impl Keyspace,
    tables: &Tables,
    schemas: &[Arc<ModelSchema>],
    take: &mut dyn FnMut(TablePart) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, DataError> {
    for (index, schema) in schemas.iter().enumerate() {
        let table = match tables.get(schema) {
            Ok(table) => table,
            // One that was not made ready is read as it is.
            Err(not_prepared @ DataError::NotPrepared { .. }) => match prepare::stored_record(keyspace, schema)? {
                Some(record) => Arc::new(Table::new(schema, &record)?),
                None => return Err(not_prepared),
            },
            Err(error) => return Err(error),
        };
        let assigned = match keyspace.get(&keys::counter(table.id))? {
            Some(bytes) => rows::number(bytes.as_ref())?,
            None => 0,
        };
        let part = || TablePart { table: index, assigned, rows: Vec::new() };
        let mut current = part();
        let from = keys::rows(table.id);
        let flow = keyspace.scan(&from, &[&from[..], &[AFTER]].concat(), Direction::Forward, &mut |_, bytes| {
            current.rows.push(schema.project(rows::decode(&table, bytes)?));
            if current.rows.len() < ROWS_OF_PART {
                return Ok(ControlFlow::Continue(()));
            }
            Ok(take(std::mem::replace(&mut current, part())))
        })?;
        if flow.is_break() || take(current).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Fills tables anew beside those that are in use, under numbers of their own, and puts them in their places at the
/// end: until then nothing of it shows, and what a broken off import leaves behind is only space.
pub(crate) struct Importer {
    schemas: Vec<Arc<ModelSchema>>,
    fresh: Vec<Fresh>,
}

struct Fresh {
    /// The number of the table that is in use.
    replaced: u32,
    record: TableRecord,
    table: Table,
    /// What its rows have to be.
    stored: ModelSchema,
}

impl Importer {
    pub(crate) fn begin<K: Keyspace>(
        overlay: &mut Overlay<'_, K>,
        tables: &Tables,
        to_fill: Vec<TableToFill>,
    ) -> Result<Self, DataError> {
        let mut schemas = Vec::with_capacity(to_fill.len());
        let mut fresh = Vec::with_capacity(to_fill.len());
        for TableToFill { schema, replace } in to_fill {
            let in_use = tables.get(&schema)?;
            if !replace && !is_empty(overlay, &keys::rows(in_use.id))? {
                return Err(DataError::TableNotEmpty { model: schema.model().to_owned() });
            }
            let mut record = prepare::stored_record(overlay, &schema)?
                .ok_or_else(|| DataError::NotPrepared { model: schema.model().to_owned() })?;
            record.id = prepare::new_table_number(overlay)?;
            let (table, stored) = (Table::new(&in_use.schema, &record)?, schema.relaxed());
            fresh.push(Fresh { replaced: in_use.id, table, record, stored });
            schemas.push(schema);
        }
        discard_later(overlay, &[], &fresh.iter().map(|fresh| fresh.record.id).collect::<Vec<_>>())?;
        Ok(Self { schemas, fresh })
    }

    /// Adds a part.
    pub(crate) fn add<K: Keyspace>(&self, overlay: &mut Overlay<'_, K>, part: TablePart) -> Result<(), DataError> {
        let TablePart { table, assigned, rows: added } = part;
        let (Some(schema), Some(fresh)) = (self.schemas.get(table), self.fresh.get(table)) else {
            return Err(unknown_table());
        };
        let invalid = |error| DataError::FieldInvalid { model: schema.model().to_owned(), error };
        for row in added {
            let row = fresh.stored.complete(&row).map_err(invalid)?;
            rows::insert(overlay, &fresh.table, row)?;
        }
        if fresh.table.assigns_keys {
            rows::raise_counter(overlay, &fresh.table, assigned)?;
        }
        Ok(())
    }

    /// Puts the new tables in the places of the old ones.
    pub(crate) fn finish<K: Keyspace>(
        self,
        overlay: &mut Overlay<'_, K>,
        tables: &mut Tables,
    ) -> Result<(), DataError> {
        let new: Vec<u32> = self.fresh.iter().map(|fresh| fresh.record.id).collect();
        let old: Vec<u32> = self.fresh.iter().map(|fresh| fresh.replaced).collect();
        for (schema, fresh) in self.schemas.iter().zip(&self.fresh) {
            prepare::put_record(overlay, schema, &fresh.record)?;
        }
        discard_later(overlay, &new, &old)?;
        self.fresh.into_iter().for_each(|fresh| tables.put(fresh.table));
        Ok(())
    }
}

/// Removes some keys of tables that are not in use. Says whether there may be more.
pub(crate) fn discard_some<K: Keyspace>(overlay: &mut Overlay<'_, K>) -> Result<bool, DataError> {
    let Some(table) = discarded(overlay)?.pop() else {
        return Ok(false);
    };
    let mut found = Vec::new();
    for prefix in keys::all_of_table(table) {
        let _all_or_enough: ControlFlow<()> =
            overlay.scan(&prefix, &[&prefix[..], &[AFTER]].concat(), Direction::Forward, &mut |key, _| {
                found.push(key.to_vec());
                let enough = found.len() >= DISCARDED_AT_ONCE;
                Ok(if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })?;
    }
    if found.is_empty() {
        discard_later(overlay, &[table], &[])?;
    }
    for key in found {
        overlay.remove(key);
    }
    Ok(true)
}

/// Notes which tables are to be removed: not those any more, but these too.
fn discard_later<K: Keyspace>(overlay: &mut Overlay<'_, K>, not: &[u32], too: &[u32]) -> Result<(), DataError> {
    let mut noted = discarded(overlay)?;
    noted.retain(|table| !not.contains(table));
    noted.extend(too);
    overlay.put(DISCARDED.to_vec(), Value::from(noted).to_string().into_bytes());
    Ok(())
}

fn discarded(keyspace: &impl Keyspace) -> Result<Vec<u32>, DataError> {
    match keyspace.get(DISCARDED)? {
        None => Ok(Vec::new()),
        Some(bytes) => serde_json::from_slice(bytes.as_ref())
            .map_err(|error| DataError::corrupt(format!("the list of tables to remove: {error}"))),
    }
}

fn is_empty(keyspace: &impl Keyspace, prefix: &[u8]) -> Result<bool, DataError> {
    let flow = keyspace
        .scan(prefix, &[prefix, &[AFTER]].concat(), Direction::Forward, &mut |_, _| Ok(ControlFlow::Break(())))?;
    Ok(flow.is_continue())
}
