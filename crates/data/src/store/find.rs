use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde_json::Value;

use super::plan::{Access, Keys, plan, single_key};
use super::table::Table;
use super::{Keyspace, keys, rows};
use crate::aggregate::Accumulator;
use crate::order::compare_rows;
use crate::{Aggregate, BoundFilter, DataError, ModelSchema, Order, Page, QError, Query, Row};

/// A stored row with its encoded primary key.
pub(super) struct Found {
    pub(super) key: Vec<u8>,
    pub(super) row: Row,
    /// Whether rows come in the order of their keys.
    in_key_order: bool,
}

/// Finds the rows of a query.
pub(crate) fn find(
    keyspace: &impl Keyspace,
    table: &Table,
    schema: &ModelSchema,
    query: &Query,
) -> Result<Page, DataError> {
    check_fields(schema, query)?;
    let mut total = 0;
    let wanted = query.limit.map(|limit| query.offset.saturating_add(limit));
    let mut selection = Selection::new(table, &query.order, wanted);
    visit(keyspace, table, schema, &query.filter, &mut |found| {
        total += 1;
        let more = selection.add(found);
        if query.count { ControlFlow::Continue(()) } else { more }
    })?;
    let rows = selection.into_sorted().into_iter().skip(query.offset);
    let rows = rows.take(query.limit.unwrap_or(usize::MAX)).map(|found| {
        let row = schema.project(found.row);
        match &query.fields {
            Some(fields) => only(&row, fields),
            None => row,
        }
    });
    Ok(Page { rows: rows.collect(), total: query.count.then_some(total) })
}

/// Makes one value of all the values of a field.
pub(crate) fn aggregate(
    keyspace: &impl Keyspace,
    table: &Table,
    schema: &ModelSchema,
    filter: &BoundFilter,
    field: &str,
    aggregate: Aggregate,
) -> Result<Value, DataError> {
    let invalid = |error| DataError::FieldInvalid { model: schema.model().to_owned(), error };
    let declared = schema.field(field).ok_or_else(|| invalid(schema.unknown_field(field)))?;
    aggregate.check(declared).map_err(invalid)?;
    let mut accumulator = Accumulator::new(aggregate);
    visit(keyspace, table, schema, filter, &mut |found| {
        accumulator.add(found.row.get(field).unwrap_or(&Value::Null));
        ControlFlow::Continue(())
    })?;
    Ok(accumulator.answer())
}

/// The rows that match, in the order asked for, and in that of their primary keys where they tie.
pub(super) fn matching(
    keyspace: &impl Keyspace,
    table: &Table,
    schema: &ModelSchema,
    filter: &BoundFilter,
    order: &[Order],
    at_most: Option<usize>,
) -> Result<Vec<Found>, DataError> {
    check_order(schema, order)?;
    let mut selection = Selection::new(table, order, at_most);
    visit(keyspace, table, schema, filter, &mut |found| selection.add(found))?;
    Ok(selection.into_sorted())
}

/// How many rows match.
pub(super) fn count(
    keyspace: &impl Keyspace,
    table: &Table,
    schema: &ModelSchema,
    filter: &BoundFilter,
) -> Result<u64, DataError> {
    let mut count = 0;
    visit(keyspace, table, schema, filter, &mut |_| {
        count += 1;
        ControlFlow::Continue(())
    })?;
    Ok(count)
}

/// Visits every row that matches once, in no order that is promised.
fn visit(
    keyspace: &impl Keyspace,
    table: &Table,
    schema: &ModelSchema,
    filter: &BoundFilter,
    visit: &mut dyn FnMut(Found) -> ControlFlow<()>,
) -> Result<(), DataError> {
    if filter.model() != schema.model() {
        let message = format!("the filter is for model `{}`, not for `{}`", filter.model(), schema.model());
        return Err(QError::new(1, message).into());
    }
    let mut tested = |key: &[u8], bytes: &[u8], in_key_order: bool| {
        let row = rows::decode(table, bytes)?;
        let matches = filter.matches(&row);
        let found = Found { key: key.to_vec(), row, in_key_order };
        Ok(if matches { visit(found) } else { ControlFlow::Continue(()) })
    };
    if let Some(key) = single_key(table, filter.condition()) {
        if let Some(bytes) = keyspace.get(&keys::row(table.id, &key))? {
            let _only: ControlFlow<()> = tested(&key, bytes.as_ref(), true)?;
        }
        return Ok(());
    }
    let accesses = plan(table, filter.condition());
    let row_prefix = keys::rows(table.id);
    let several = accesses.len() > 1;
    // A row can lie in several ranges.
    let mut seen = BTreeSet::new();
    for Access { keys, through_index } in accesses {
        let in_key_order = !several && !through_index;
        let mut entry = |key: &[u8], value: &[u8]| {
            let key = if through_index { value } else { key.get(row_prefix.len()..).unwrap_or_default() };
            if several && !seen.insert(key.to_vec()) {
                return Ok(ControlFlow::Continue(()));
            }
            if !through_index {
                return tested(key, value, in_key_order);
            }
            let row_key = keys::row(table.id, key);
            let Some(bytes) = keyspace.get(&row_key)? else {
                let message = format!("an index of model `{}` names a row that is not there", table.model);
                return Err(DataError::corrupt(message));
            };
            tested(key, bytes.as_ref(), in_key_order)
        };
        let flow = match &keys {
            Keys::Range(from, to) => keyspace.scan(from, to, &mut entry)?,
            Keys::One(key) => match keyspace.get(key)? {
                Some(value) => entry(key, value.as_ref())?,
                None => ControlFlow::Continue(()),
            },
        };
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

/// The first rows of an order, of all that are added.
struct Selection<'a> {
    order: &'a [Order],
    at_most: Option<usize>,
    rows: Vec<Found>,
}

impl<'a> Selection<'a> {
    fn new(table: &Table, order: &'a [Order], at_most: Option<usize>) -> Self {
        let by_key = |first: &Order| first.field == table.primary_key.name && !first.descending;
        let order = if order.first().is_some_and(by_key) { &[] } else { order };
        Self { order, at_most, rows: Vec::new() }
    }

    /// Breaks off when nothing can be wanted any more.
    fn add(&mut self, found: Found) -> ControlFlow<()> {
        const SLACK: usize = 256;
        if self.at_most == Some(0) {
            return ControlFlow::Break(());
        }
        let full = self.order.is_empty() && found.in_key_order && self.at_most == Some(self.rows.len() + 1);
        self.rows.push(found);
        if full {
            return ControlFlow::Break(());
        }
        if let Some(at_most) = self.at_most
            && self.rows.len() >= at_most.saturating_mul(2).saturating_add(SLACK)
        {
            self.sort();
            self.rows.truncate(at_most);
        }
        ControlFlow::Continue(())
    }

    fn into_sorted(mut self) -> Vec<Found> {
        self.sort();
        self.rows.truncate(self.at_most.unwrap_or(usize::MAX));
        self.rows
    }

    fn sort(&mut self) {
        let order = self.order;
        self.rows
            .sort_by(|left, right| compare_rows(order, &left.row, &right.row).then_with(|| left.key.cmp(&right.key)));
    }
}

fn check_fields(schema: &ModelSchema, query: &Query) -> Result<(), DataError> {
    check_order(schema, &query.order)?;
    match query.fields.iter().flatten().find(|name| schema.field(name).is_none()) {
        Some(name) => Err(invalid(schema, schema.unknown_field(name))),
        None => Ok(()),
    }
}

fn check_order(schema: &ModelSchema, order: &[Order]) -> Result<(), DataError> {
    for Order { field, .. } in order {
        match schema.field(field) {
            None => return Err(invalid(schema, schema.unknown_field(field))),
            Some(declared) if declared.kind() == crate::ValueKind::Json => {
                return Err(invalid(schema, crate::FieldError::new(field, "JSON has no order")));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn invalid(schema: &ModelSchema, error: crate::FieldError) -> DataError {
    DataError::FieldInvalid { model: schema.model().to_owned(), error }
}

fn only(row: &Row, fields: &[String]) -> Row {
    let value = |name: &String| row.get(name).cloned().unwrap_or(Value::Null);
    fields.iter().map(|name| (name.clone(), value(name))).collect()
}
