use std::collections::{BTreeSet, BinaryHeap};
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use serde_json::Value;

use super::plan::{Access, Keys, Plan};
use super::table::Table;
use super::{Keyspace, keys, rows};
use crate::aggregate::Accumulator;
use crate::order::compare_rows;
use crate::{Aggregate, BoundFilter, DataError, ModelSchema, Order, Page, QError, Query, Row};

/// A stored row with its encoded primary key.
pub(super) struct Found {
    pub(super) key: Vec<u8>,
    pub(super) row: Row,
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
    let mut plan = Plan::new(table, query.filter.condition(), &query.order, wanted.is_some());
    // Where every row has to be looked at to count them, going by an index is only a detour.
    let counts_on_the_way = query.count && !(plan.is_exact && wanted.is_some());
    if counts_on_the_way && wanted.is_some() {
        plan = Plan::new(table, query.filter.condition(), &query.order, false);
    }
    if let Some(wanted) = wanted
        && query.order.is_empty()
        && plan.finds_keys_out_of_order()
    {
        check_model(schema, &query.filter)?;
        return by_smallest_keys(keyspace, table, schema, query, &plan, wanted);
    }
    let mut selection = Selection::new(&plan, &query.order, wanted);
    visit(keyspace, table, schema, &query.filter, &plan, &mut |found| {
        total += 1;
        let more = selection.add(found);
        if counts_on_the_way { ControlFlow::Continue(()) } else { more }
    })?;
    if query.count && !counts_on_the_way {
        total = count_keys(keyspace, &plan)?;
    }
    let found = selection.into_sorted();
    let mut rows = Vec::with_capacity(found.len().saturating_sub(query.offset));
    let wanted = found.into_iter().skip(query.offset).take(query.limit.unwrap_or(usize::MAX));
    rows.extend(wanted.map(|found| shown(schema, query, found.row)));
    Ok(Page { rows, total: query.count.then_some(total) })
}

/// The first rows in the order of their primary keys, found through an index that has the keys in another order: only
/// the rows that are wanted are read.
fn by_smallest_keys(
    keyspace: &impl Keyspace,
    table: &Table,
    schema: &ModelSchema,
    query: &Query,
    plan: &Plan,
    wanted: usize,
) -> Result<Page, DataError> {
    let mut smallest = BinaryHeap::new();
    let mut total = 0;
    let mut entry = |key: &[u8]| {
        total += 1;
        if smallest.len() < wanted {
            smallest.push(key.to_vec());
        } else if let Some(mut largest) = smallest.peek_mut()
            && key < largest.as_slice()
        {
            *largest = key.to_vec();
        }
    };
    for Access { keys, .. } in &plan.accesses {
        match keys {
            Keys::One(key) => {
                if let Some(value) = keyspace.get(key)? {
                    entry(value.as_ref());
                }
            }
            Keys::Range(from, to) => {
                let _to_the_end = keyspace.scan(from, to, plan.direction, &mut |_, value| {
                    entry(value);
                    Ok(ControlFlow::Continue(()))
                })?;
            }
        }
    }
    let keys = smallest.into_sorted_vec().into_iter().skip(query.offset);
    let rows = keys.map(|key| {
        let key = keys::row(table.id, &key);
        let bytes = keyspace.get(&key)?.ok_or_else(|| row_is_missing(table))?;
        Ok(shown(schema, query, rows::decode(table, bytes.as_ref())?))
    });
    let rows = rows.collect::<Result<Vec<_>, DataError>>()?;
    table.rows_read.fetch_add(rows.len() as u64, Ordering::Relaxed);
    Ok(Page { rows, total: query.count.then_some(total) })
}

/// A row as the query wants to see it.
fn shown(schema: &ModelSchema, query: &Query, row: Row) -> Row {
    let row = schema.project(row);
    match &query.fields {
        Some(fields) => only(&row, fields),
        None => row,
    }
}

fn row_is_missing(table: &Table) -> DataError {
    DataError::corrupt(format!("an index of model `{}` names a row that is not there", table.model))
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
    if aggregate == Aggregate::Count && declared.primary_key {
        return count(keyspace, table, schema, filter).map(Value::from);
    }
    let mut accumulator = Accumulator::new(aggregate);
    let plan = Plan::new(table, filter.condition(), &[], false);
    visit(keyspace, table, schema, filter, &plan, &mut |found| {
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
    let plan = Plan::new(table, filter.condition(), order, at_most.is_some());
    let mut selection = Selection::new(&plan, order, at_most);
    visit(keyspace, table, schema, filter, &plan, &mut |found| selection.add(found))?;
    Ok(selection.into_sorted())
}

/// How many rows match.
pub(super) fn count(
    keyspace: &impl Keyspace,
    table: &Table,
    schema: &ModelSchema,
    filter: &BoundFilter,
) -> Result<u64, DataError> {
    let plan = Plan::new(table, filter.condition(), &[], false);
    check_model(schema, filter)?;
    if plan.is_exact {
        return count_keys(keyspace, &plan);
    }
    let mut count = 0;
    visit(keyspace, table, schema, filter, &plan, &mut |_| {
        count += 1;
        ControlFlow::Continue(())
    })?;
    Ok(count)
}

/// How many keys an exact plan finds. No row is read for that.
fn count_keys(keyspace: &impl Keyspace, plan: &Plan) -> Result<u64, DataError> {
    let mut count = 0;
    for Access { keys, .. } in &plan.accesses {
        match keys {
            Keys::One(key) => count += u64::from(keyspace.get(key)?.is_some()),
            Keys::Range(from, to) => {
                let _to_the_end = keyspace.scan(from, to, plan.direction, &mut |_, _| {
                    count += 1;
                    Ok(ControlFlow::Continue(()))
                })?;
            }
        }
    }
    Ok(count)
}

fn check_model(schema: &ModelSchema, filter: &BoundFilter) -> Result<(), DataError> {
    if filter.model() == schema.model() {
        return Ok(());
    }
    let message = format!("the filter is for model `{}`, not for `{}`", filter.model(), schema.model());
    Err(QError::new(1, message).into())
}

/// Visits every row that matches once, in the order that the plan says.
fn visit(
    keyspace: &impl Keyspace,
    table: &Table,
    schema: &ModelSchema,
    filter: &BoundFilter,
    plan: &Plan,
    visit: &mut dyn FnMut(Found) -> ControlFlow<()>,
) -> Result<(), DataError> {
    check_model(schema, filter)?;
    let mut read = 0;
    let mut tested = |key: &[u8], bytes: &[u8]| {
        read += 1;
        let row = rows::decode(table, bytes)?;
        let matches = plan.is_exact || filter.matches(&row);
        Ok(if matches { visit(Found { key: key.to_vec(), row }) } else { ControlFlow::Continue(()) })
    };
    let several = plan.accesses.len() > 1 && !plan.is_exact;
    // A row can lie in several ranges.
    let mut seen = BTreeSet::new();
    for Access { keys, through_index } in &plan.accesses {
        let mut entry = |key: &[u8], value: &[u8]| {
            let key = if *through_index { value } else { key.get(keys::ROW_PREFIX..).unwrap_or_default() };
            if several && !seen.insert(key.to_vec()) {
                return Ok(ControlFlow::Continue(()));
            }
            if !through_index {
                return tested(key, value);
            }
            let row_key = keys::row(table.id, key);
            let bytes = keyspace.get(&row_key)?.ok_or_else(|| row_is_missing(table))?;
            tested(key, bytes.as_ref())
        };
        let flow = match keys {
            Keys::Range(from, to) => keyspace.scan(from, to, plan.direction, &mut entry)?,
            Keys::One(key) => match keyspace.get(key)? {
                Some(value) => entry(key, value.as_ref())?,
                None => ControlFlow::Continue(()),
            },
        };
        if flow.is_break() {
            break;
        }
    }
    table.rows_read.fetch_add(read, Ordering::Relaxed);
    Ok(())
}

/// The first rows of an order, of all that are added.
struct Selection<'a> {
    order: &'a [Order],
    at_most: Option<usize>,
    rows: Vec<Found>,
    is_sorted: bool,
    /// The keys of the order by which rows come sorted.
    sorted_by: &'a [Order],
    /// The row that came last, when rows come sorted by some keys of the order.
    last: Option<Row>,
}

impl<'a> Selection<'a> {
    fn new(plan: &Plan, order: &'a [Order], at_most: Option<usize>) -> Self {
        const ROOM: usize = 4;
        let one_range = plan.accesses.len() == 1;
        let sorted_by = if one_range { order.get(..plan.sorted_by.min(order.len())).unwrap_or_default() } else { &[] };
        // Room for a few: mostly one is looked for.
        let rows = Vec::with_capacity(at_most.unwrap_or_default().min(ROOM));
        Self { order, at_most, rows, is_sorted: one_range && plan.is_sorted, sorted_by, last: None }
    }

    /// Breaks off when nothing can be wanted any more.
    fn add(&mut self, found: Found) -> ControlFlow<()> {
        const SLACK: usize = 256;
        let Some(at_most) = self.at_most else {
            self.rows.push(found);
            return ControlFlow::Continue(());
        };
        if at_most == 0 {
            return ControlFlow::Break(());
        }
        if self.is_sorted {
            self.rows.push(found);
            let full = self.rows.len() >= at_most;
            return if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        }
        if !self.sorted_by.is_empty() {
            let ties = |last: &Row| compare_rows(self.sorted_by, last, &found.row).is_eq();
            if self.rows.len() >= at_most && !self.last.as_ref().is_some_and(ties) {
                return ControlFlow::Break(());
            }
            self.last = Some(found.row.clone());
        }
        self.rows.push(found);
        if self.rows.len() >= at_most.saturating_mul(2).saturating_add(SLACK) {
            self.sort();
            self.rows.truncate(at_most);
        }
        ControlFlow::Continue(())
    }

    fn into_sorted(mut self) -> Vec<Found> {
        if !self.is_sorted {
            self.sort();
        }
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
