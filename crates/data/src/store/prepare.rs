use std::ops::ControlFlow;
use std::sync::Arc;

use super::keys::{self, AFTER, NEWEST_TABLE};
use super::table::{IndexRecord, Table, TableRecord, Tables};
use super::{Direction, Keyspace, Overlay, rows};
use crate::{Constraint, DataError, ModelSchema, Prepared, Row, TableChange};

/// How many rows are read at once to index them.
const ROWS_AT_ONCE: usize = 1_000;

/// Makes a model's table, with its seed rows, or brings the indexes of the one that is there in line with the model. A
/// table that a newer schema was prepared for stays as it is: that is an error if the older one does not fit it.
pub(crate) fn prepare<K: Keyspace>(
    overlay: &mut Overlay<'_, K>,
    tables: &mut Tables,
    schema: &Arc<ModelSchema>,
    seed: &[Row],
) -> Result<Prepared, DataError> {
    if let Some(newer) = tables.newer(schema) {
        newer.check(schema)?;
        return Ok(Prepared { created: false });
    }
    let stored = stored_record(overlay, schema)?;
    let (record, created) = match &stored {
        Some(stored) => (adapted(overlay, schema, stored)?, false),
        None => (new_record(overlay, schema)?, true),
    };
    let table = Table::new(schema, &record)?;
    if created {
        for row in seed {
            let row = schema
                .complete(row)
                .map_err(|error| DataError::FieldInvalid { model: schema.model().to_owned(), error })?;
            rows::insert(overlay, &table, row)?;
        }
    } else if table.assigns_keys {
        skip_given_keys(overlay, &table)?;
    }
    if stored.as_ref() != Some(&record) {
        put_record(overlay, schema, &record)?;
        if !created {
            tables.raise_epoch();
        }
    }
    tables.put(table);
    Ok(Prepared { created })
}

/// Prepares the tables of a store anew that was opened again, as they were known before. One that the store does not
/// have, or that no longer fits, is left out: it is to be prepared by its callers.
pub(crate) fn prepare_again<K: Keyspace>(overlay: &mut Overlay<'_, K>, known: &Tables) -> Result<Tables, DataError> {
    let mut tables = Tables::succeeding(known);
    for schema in known.schemas() {
        let prepared = stored_record(overlay, schema).and_then(|stored| match stored {
            Some(_) => overlay.atomically(|overlay| prepare(overlay, &mut tables, schema, &[])).map(drop),
            None => Err(DataError::NotPrepared { model: schema.model().to_owned() }),
        });
        match prepared {
            Ok(()) => {}
            Err(error @ (DataError::Unavailable { .. } | DataError::Corrupt { .. })) => return Err(error),
            Err(error) => tracing::warn!(%error, "a table of a database that was opened again has to be prepared"),
        }
    }
    Ok(tables)
}

/// What [`prepare`] would change.
pub(crate) fn changes(
    keyspace: &impl Keyspace,
    tables: &Tables,
    schema: &ModelSchema,
) -> Result<Vec<TableChange>, DataError> {
    if let Some(newer) = tables.newer(schema) {
        return newer.check(schema).map(|()| Vec::new());
    }
    let Some(stored) = stored_record(keyspace, schema)? else {
        return Ok(vec![TableChange::Make]);
    };
    check_kinds(keyspace, schema, &stored)?;
    let mut changes = Vec::new();
    for (name, kind) in field_kinds(schema) {
        match stored.fields.iter().find(|(stored, _)| *stored == name) {
            None => changes.push(TableChange::AddField { name }),
            Some((_, stored)) if *stored != kind => changes.push(TableChange::ChangeField { name }),
            Some(_) if stored.hidden.contains(&name) => changes.push(TableChange::AddField { name }),
            Some(_) => {}
        }
    }
    let hidden = stored.not_declared(schema).into_iter().filter(|name| !stored.hidden.contains(name));
    changes.extend(hidden.map(|name| TableChange::HideField { name }));
    let added = schema.constraints().iter().filter(|constraint| !stored.indexes.iter().any(|at| at.serves(constraint)));
    changes.extend(
        added.map(|Constraint { fields, unique }| TableChange::AddIndex { fields: fields.clone(), unique: *unique }),
    );
    let dropped = stored.indexes.iter().filter(|index| !schema.constraints().iter().any(|at| index.serves(at)));
    changes.extend(
        dropped.map(|IndexRecord { fields, unique, .. }| TableChange::DropIndex {
            fields: fields.clone(),
            unique: *unique,
        }),
    );
    Ok(changes)
}

/// What is noted of a model's table, if there is one.
pub(super) fn stored_record(keyspace: &impl Keyspace, schema: &ModelSchema) -> Result<Option<TableRecord>, DataError> {
    match keyspace.get(&keys::table(schema.namespace(), schema.model()))? {
        Some(bytes) => read_record(schema, bytes.as_ref()).map(Some),
        None => Ok(None),
    }
}

pub(super) fn put_record<K: Keyspace>(
    overlay: &mut Overlay<'_, K>,
    schema: &ModelSchema,
    record: &TableRecord,
) -> Result<(), DataError> {
    let bytes = serde_json::to_vec(record).map_err(|error| DataError::corrupt(error.to_string()))?;
    overlay.put(keys::table(schema.namespace(), schema.model()), bytes);
    Ok(())
}

/// A number that no table has had.
pub(super) fn new_table_number<K: Keyspace>(overlay: &mut Overlay<'_, K>) -> Result<u32, DataError> {
    let newest = match overlay.get(NEWEST_TABLE)? {
        Some(bytes) => rows::number(bytes.as_ref())?,
        None => 0,
    };
    let id = newest + 1;
    overlay.put(NEWEST_TABLE.to_vec(), id.to_be_bytes().to_vec());
    u32::try_from(id).map_err(|_| DataError::TooLarge { message: "too many tables".to_owned() })
}

fn new_record<K: Keyspace>(overlay: &mut Overlay<'_, K>, schema: &ModelSchema) -> Result<TableRecord, DataError> {
    let mut record = TableRecord {
        id: new_table_number(overlay)?,
        key: schema.primary_key().name.clone(),
        fields: field_kinds(schema),
        hidden: Vec::new(),
        indexes: Vec::new(),
        newest_index: 0,
    };
    for constraint in schema.constraints() {
        record.add_index(constraint);
    }
    Ok(record)
}

/// The record of a table whose model may have changed: indexes that are no longer wanted are dropped, new ones built.
fn adapted<K: Keyspace>(
    overlay: &mut Overlay<'_, K>,
    schema: &Arc<ModelSchema>,
    stored: &TableRecord,
) -> Result<TableRecord, DataError> {
    check_kinds(overlay, schema, stored)?;
    let mut record = stored.clone();
    record.hidden = stored.not_declared(schema);
    record.fields.retain(|(name, _)| schema.field(name).is_none());
    record.fields.extend(field_kinds(schema));
    let (kept, dropped) = std::mem::take(&mut record.indexes)
        .into_iter()
        .partition(|index| schema.constraints().iter().any(|constraint| index.serves(constraint)));
    record.indexes = kept;
    for index in dropped {
        clear(overlay, &keys::index(record.id, index.id))?;
    }
    let mut added = Vec::new();
    for constraint in schema.constraints() {
        if !record.indexes.iter().any(|index| index.serves(constraint)) {
            added.push(record.add_index(constraint));
        }
    }
    if !added.is_empty() {
        build(overlay, &Table::new(schema, &record)?, &added)?;
    }
    Ok(record)
}

/// The stored values have to be of the kind that the model says now; a field is free to change while no row has it.
fn check_kinds(keyspace: &impl Keyspace, schema: &ModelSchema, stored: &TableRecord) -> Result<(), DataError> {
    let changed = |message: String| DataError::SchemaChanged { model: schema.model().to_owned(), message };
    let key = &schema.primary_key().name;
    if *key != stored.key {
        let message =
            format!("its primary key was `{}` and is now `{key}`; name the old one, or rename the model", stored.key);
        return Err(changed(message));
    }
    for (name, kind) in &stored.fields {
        let Some(field) = schema.field(name).filter(|field| field.kind().name() != kind) else {
            continue;
        };
        let mut used = false;
        each(keyspace, &keys::rows(stored.id), |_, bytes| {
            let row: Row = serde_json::from_slice(bytes).map_err(|error| DataError::corrupt(error.to_string()))?;
            used |= row.get(name).is_some_and(|value| !value.is_null());
            Ok(())
        })?;
        if used {
            let message =
                format!("`{name}` held {kind} and would now hold {}; give the new field another name", field.kind());
            return Err(changed(message));
        }
    }
    Ok(())
}

/// Makes the entries of new indexes for the rows that are there. Only some rows are in memory at a time; the entries all
/// are, since they take effect together.
fn build<K: Keyspace>(overlay: &mut Overlay<'_, K>, table: &Table, added: &[u32]) -> Result<(), DataError> {
    let mut from = keys::rows(table.id);
    let end = [&from[..], &[AFTER]].concat();
    loop {
        let mut read = Vec::with_capacity(ROWS_AT_ONCE);
        let flow = overlay.scan(&from, &end, Direction::Forward, &mut |key, bytes| {
            read.push((key.to_vec(), rows::decode(table, bytes)?));
            let enough = read.len() >= ROWS_AT_ONCE;
            Ok(if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        for (row_key, row) in &read {
            let key = row_key.get(keys::ROW_PREFIX..).unwrap_or_default();
            for index in table.indexes.iter().filter(|index| added.contains(&index.id)) {
                rows::add_entry(overlay, table, index, row, key)?;
            }
        }
        match read.pop() {
            // The next key is behind the last one.
            Some((last, _)) if flow.is_break() => from = [&last[..], &[0]].concat(),
            _ => return Ok(()),
        }
    }
}

/// Sees to it that no key is assigned that a row has already: the table may not have assigned keys before.
fn skip_given_keys<K: Keyspace>(overlay: &mut Overlay<'_, K>, table: &Table) -> Result<(), DataError> {
    let prefix = keys::rows(table.id);
    let end = [&prefix[..], &[AFTER]].concat();
    let mut largest = None;
    let _the_last_row: ControlFlow<()> = overlay.scan(&prefix, &end, Direction::Backward, &mut |_, bytes| {
        largest = rows::decode(table, bytes)?.get(&table.primary_key.name).and_then(serde_json::Value::as_i64);
        Ok(ControlFlow::Break(()))
    })?;
    largest.map_or(Ok(()), |largest| rows::raise_counter(overlay, table, largest))
}

fn clear<K: Keyspace>(overlay: &mut Overlay<'_, K>, prefix: &[u8]) -> Result<(), DataError> {
    let mut entries = Vec::new();
    each(overlay, prefix, |key, _| {
        entries.push(key.to_vec());
        Ok(())
    })?;
    for key in entries {
        overlay.remove(key);
    }
    Ok(())
}

/// Visits every key that begins so.
fn each(
    keyspace: &impl Keyspace,
    prefix: &[u8],
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let end = [prefix, &[AFTER]].concat();
    let _to_the_end: ControlFlow<()> = keyspace.scan(prefix, &end, Direction::Forward, &mut |key, value| {
        visit(key, value)?;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(())
}

fn field_kinds(schema: &ModelSchema) -> Vec<(String, String)> {
    schema.fields().iter().map(|field| (field.name.clone(), field.kind().name().to_owned())).collect()
}

fn read_record(schema: &ModelSchema, bytes: &[u8]) -> Result<TableRecord, DataError> {
    serde_json::from_slice(bytes)
        .map_err(|error| DataError::corrupt(format!("what is noted of model `{}`: {error}", schema.model())))
}

impl TableRecord {
    /// The names of the fields that the model does not declare.
    fn not_declared(&self, schema: &ModelSchema) -> Vec<String> {
        let names = self.fields.iter().map(|(name, _)| name);
        names.filter(|name| schema.field(name).is_none()).cloned().collect()
    }

    fn add_index(&mut self, constraint: &Constraint) -> u32 {
        self.newest_index += 1;
        let id = self.newest_index;
        self.indexes.push(IndexRecord { id, fields: constraint.fields.clone(), unique: constraint.unique });
        id
    }
}

impl IndexRecord {
    fn serves(&self, constraint: &Constraint) -> bool {
        self.fields == constraint.fields && self.unique == constraint.unique
    }
}
