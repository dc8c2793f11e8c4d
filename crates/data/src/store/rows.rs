//! One row and everything that hangs on it: its index entries and the counter of its table.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;

use super::table::{Index, Table};
use super::{Keyspace, Overlay, keys};
use crate::{DataError, Row};

/// Reads a stored row.
pub(super) fn decode(table: &Table, bytes: &[u8]) -> Result<Row, DataError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let row = json.deserialize_map(RowVisitor { fields: table.fields }).and_then(|row| json.end().map(|()| row));
    row.map_err(|error| DataError::corrupt(format!("a row of model `{}` is no JSON object: {error}", table.model)))
}

/// Makes a row at the size that it will have.
struct RowVisitor {
    fields: usize,
}

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Row;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
        let mut row = Row::with_capacity(self.fields);
        while let Some((name, value)) = map.next_entry()? {
            row.insert(name, value);
        }
        Ok(row)
    }
}

/// The encoded primary key of a row.
pub(super) fn primary_key(table: &Table, row: &Row) -> Result<Vec<u8>, DataError> {
    let mut key = Vec::with_capacity(24);
    push(&mut key, table, &table.primary_key.name, table.primary_key.kind, row)?;
    Ok(key)
}

/// Adds a row that has been checked. Gives it its key when the table assigns keys and it has none.
pub(super) fn insert<K: Keyspace>(overlay: &mut Overlay<'_, K>, table: &Table, mut row: Row) -> Result<Row, DataError> {
    let is_new = table.assigns_keys && assign_key(overlay, table, &mut row)?;
    if row.get(&table.primary_key.name).is_none_or(Value::is_null) {
        let message = format!("its table does not assign `{}` any more, so a row needs one", table.primary_key.name);
        return Err(DataError::SchemaChanged { model: table.model.clone(), message });
    }
    let key = primary_key(table, &row)?;
    let row_key = keys::row(table.id, &key);
    if !is_new && overlay.get(&row_key)?.is_some() {
        return Err(DataError::UniqueViolation {
            model: table.model.clone(),
            fields: vec![table.primary_key.name.clone()],
        });
    }
    for index in &table.indexes {
        add_entry(overlay, table, index, &row, &key)?;
    }
    overlay.put(row_key, encode(table, &row)?);
    Ok(row)
}

/// Puts a row in the place of another with the same primary key.
pub(super) fn replace<K: Keyspace>(
    overlay: &mut Overlay<'_, K>,
    table: &Table,
    key: &[u8],
    old: &Row,
    new: &Row,
) -> Result<(), DataError> {
    for index in &table.indexes {
        if index.fields.iter().any(|field| old.get(&field.name) != new.get(&field.name)) {
            overlay.remove(entry(table, index, old, key)?.0);
            add_entry(overlay, table, index, new, key)?;
        }
    }
    overlay.put(keys::row(table.id, key), encode(table, new)?);
    Ok(())
}

/// Takes a row out.
pub(super) fn remove<K: Keyspace>(
    overlay: &mut Overlay<'_, K>,
    table: &Table,
    key: &[u8],
    row: &Row,
) -> Result<(), DataError> {
    for index in &table.indexes {
        overlay.remove(entry(table, index, row, key)?.0);
    }
    overlay.remove(keys::row(table.id, key));
    Ok(())
}

/// Adds the entry of a row to one index.
pub(super) fn add_entry<K: Keyspace>(
    overlay: &mut Overlay<'_, K>,
    table: &Table,
    index: &Index,
    row: &Row,
    key: &[u8],
) -> Result<(), DataError> {
    let (entry, exclusive) = entry(table, index, row, key)?;
    if exclusive && overlay.get(&entry)?.is_some() {
        return Err(DataError::UniqueViolation {
            model: table.model.clone(),
            fields: index.fields.iter().map(|field| field.name.clone()).collect(),
        });
    }
    overlay.put(entry, key.to_vec());
    Ok(())
}

/// The key of a row's entry in an index, and whether no other row may have it: with a null among the values another
/// may.
fn entry(table: &Table, index: &Index, row: &Row, key: &[u8]) -> Result<(Vec<u8>, bool), DataError> {
    let mut entry = keys::index(table.id, index.id);
    let mut exclusive = index.unique;
    for field in &index.fields {
        push(&mut entry, table, &field.name, field.kind, row)?;
        exclusive &= row.get(&field.name).is_some_and(|value| !value.is_null());
    }
    if !exclusive {
        entry.extend(key);
    }
    Ok((entry, exclusive))
}

fn push(key: &mut Vec<u8>, table: &Table, field: &str, kind: crate::ValueKind, row: &Row) -> Result<(), DataError> {
    if keys::push_value(key, kind, row.get(field).unwrap_or(&Value::Null)) {
        return Ok(());
    }
    let message = format!("a row of model `{}` has something else than {kind} in field `{field}`", table.model);
    Err(DataError::corrupt(message))
}

fn encode(table: &Table, row: &Row) -> Result<Vec<u8>, DataError> {
    serde_json::to_vec(row)
        .map_err(|error| DataError::corrupt(format!("a row of model `{}` is no JSON: {error}", table.model)))
}

/// Assigns the next number, or notes the one that was given, so that none is ever assigned twice. Says whether it is
/// larger than all that rows have had.
fn assign_key<K: Keyspace>(overlay: &mut Overlay<'_, K>, table: &Table, row: &mut Row) -> Result<bool, DataError> {
    let counter = keys::counter(table.id);
    let largest = match overlay.get(&counter)? {
        Some(bytes) => number(bytes.as_ref())?,
        None => 0,
    };
    let name = &table.primary_key.name;
    let used_up =
        || DataError::TooLarge { message: format!("model `{}` has assigned its largest number", table.model) };
    let key = match row.get(name).and_then(Value::as_i64) {
        Some(given) => given,
        None => largest.checked_add(1).ok_or_else(used_up)?,
    };
    let is_new = key > largest;
    if is_new {
        overlay.put(counter, key.to_be_bytes().to_vec());
    }
    row.insert(name.clone(), Value::from(key));
    Ok(is_new)
}

/// Sees to it that no number up to this one is assigned.
pub(super) fn raise_counter<K: Keyspace>(
    overlay: &mut Overlay<'_, K>,
    table: &Table,
    assigned: i64,
) -> Result<(), DataError> {
    let counter = keys::counter(table.id);
    let largest = match overlay.get(&counter)? {
        Some(bytes) => number(bytes.as_ref())?,
        None => 0,
    };
    if assigned > largest {
        overlay.put(counter, assigned.to_be_bytes().to_vec());
    }
    Ok(())
}

/// Reads a stored number.
pub(super) fn number(bytes: &[u8]) -> Result<i64, DataError> {
    let bytes = bytes.try_into().map_err(|_| DataError::corrupt("a number does not have 8 bytes"))?;
    Ok(i64::from_be_bytes(bytes))
}
