use serde_json::Value;

use super::condition::{push_order, push_where, unknown};
use super::sql::{Bound, Sql};
use super::table::{Column, Table, decode, selection};
use crate::aggregate::Accumulator;
use crate::{Aggregate, BoundFilter, DataError, Page, Query};

/// A query as a statement.
pub(super) struct Find<'a> {
    query: &'a Query,
    columns: Vec<&'a Column>,
    pub(super) sql: Sql,
    /// Whether every row brings the number of all that match.
    counts: bool,
}

impl<'a> Find<'a> {
    pub(super) fn new(table: &'a Table, query: &'a Query) -> Result<Self, DataError> {
        let mut columns: Vec<&Column> = Vec::new();
        match &query.fields {
            None => columns.extend(&table.columns),
            Some(fields) => {
                for field in fields {
                    let column = table.column(field).ok_or_else(|| unknown(table, field))?;
                    if !columns.iter().any(|other| other.field == *field) {
                        columns.push(column);
                    }
                }
            }
        }
        // Without a limit, the rows that come are counted.
        let counts = query.count && query.limit.is_some();
        let mut sql = Sql::new("SELECT ");
        if query.fields.is_none() {
            sql.push(&table.selection);
        } else if columns.is_empty() {
            // A row without columns is a row all the same.
            sql.push("NULL::text");
        } else {
            sql.push(&selection(columns.iter().copied()));
        }
        if counts {
            // In the same statement, so that it counts what the rows were taken from.
            sql.push(", (SELECT count(*) FROM ").push(&table.name);
            push_where(&mut sql, table, &query.filter)?;
            sql.push(")");
        }
        sql.push(" FROM ").push(&table.name);
        push_where(&mut sql, table, &query.filter)?;
        push_order(&mut sql, table, &query.order)?;
        match query.limit {
            None => {}
            // The limit of every `get`: where it is known, the server need not plan the statement anew each time.
            Some(1) => {
                sql.push(" LIMIT 1");
            }
            Some(limit) => {
                sql.push(" LIMIT ").bind(whole(limit));
            }
        }
        if query.offset > 0 {
            sql.push(" OFFSET ").bind(whole(query.offset));
        }
        Ok(Self { query, columns, sql, counts })
    }

    /// The page that the statement answered, and whether its total is still to be asked for.
    pub(super) fn page(&self, answered: &[tokio_postgres::Row]) -> Result<(Page, bool), DataError> {
        let decoded = answered.iter().map(|row| decode(row, self.columns.iter().copied()));
        let rows = decoded.collect::<Result<Vec<_>, _>>()?;
        if !self.query.count {
            return Ok((Page { rows, total: None }, false));
        }
        let offset = self.query.offset as u64;
        let total = match answered.first() {
            Some(first) if self.counts => Some(count_in(first, self.columns.len().max(1))?),
            Some(_) => Some(offset + rows.len() as u64),
            None if offset == 0 && self.query.limit != Some(0) => Some(0),
            None => None,
        };
        Ok((Page { rows, total }, total.is_none()))
    }
}

/// How many rows match, as a statement.
pub(super) fn count(table: &Table, filter: &BoundFilter) -> Result<Sql, DataError> {
    let mut sql = Sql::new("SELECT count(*) FROM ");
    sql.push(&table.name);
    push_where(&mut sql, table, filter)?;
    Ok(sql)
}

/// The number in a column of a row.
pub(super) fn count_in(row: &tokio_postgres::Row, index: usize) -> Result<u64, DataError> {
    let count = row.try_get::<_, i64>(index).ok().and_then(|count| u64::try_from(count).ok());
    count.ok_or_else(|| DataError::corrupt("the server counted no number of rows"))
}

/// An aggregate as a statement.
pub(super) struct Aggregation<'a> {
    column: &'a Column,
    aggregate: Aggregate,
    pub(super) sql: Sql,
}

impl<'a> Aggregation<'a> {
    pub(super) fn new(
        table: &'a Table,
        filter: &BoundFilter,
        field: &str,
        aggregate: Aggregate,
    ) -> Result<Self, DataError> {
        let invalid = |error| DataError::FieldInvalid { model: table.schema.model().to_owned(), error };
        let declared = table.schema.field(field).ok_or_else(|| unknown(table, field))?;
        aggregate.check(declared).map_err(invalid)?;
        let column = table.column(field).ok_or_else(|| unknown(table, field))?;
        let name = &column.name;
        let text = match aggregate {
            Aggregate::Count => format!("SELECT count({name})"),
            Aggregate::Max | Aggregate::Min => {
                let function = if aggregate == Aggregate::Max { "max" } else { "min" };
                let text = if column.kind.is_read_as_text() { "::text" } else { "" };
                format!("SELECT {function}({name}){text}")
            }
            // Whole numbers are summed by themselves, exactly, as long as floats hold each of them.
            Aggregate::Sum | Aggregate::Average => {
                let whole = match declared.kind() {
                    crate::ValueKind::Integer => "TRUE".to_owned(),
                    _ => format!("{name} = floor({name}) AND abs({name}) <= 9007199254740992"),
                };
                format!(
                    "SELECT count({name}), sum(CASE WHEN {whole} THEN {name}::bigint END)::text, \
                     sum(CASE WHEN {whole} THEN NULL ELSE {name}::double precision END)"
                )
            }
        };
        let mut sql = Sql::new(&text);
        sql.push(" FROM ").push(&table.name);
        push_where(&mut sql, table, filter)?;
        Ok(Self { column, aggregate, sql })
    }

    /// The value that the statement answered.
    pub(super) fn value(&self, answered: &[tokio_postgres::Row]) -> Result<Value, DataError> {
        let row = answered.first().ok_or_else(|| DataError::corrupt("the server aggregated to nothing"))?;
        match self.aggregate {
            Aggregate::Count => count_in(row, 0).map(Value::from),
            Aggregate::Max | Aggregate::Min => self.column.decode(row, 0),
            Aggregate::Sum | Aggregate::Average => {
                let unreadable = |_| DataError::corrupt("the server's sum is no number");
                let whole = row.try_get::<_, Option<&str>>(1).map_err(unreadable)?.unwrap_or("0");
                let whole = whole.parse().map_err(|_| DataError::corrupt("the server's sum is no whole number"))?;
                let fraction = row.try_get::<_, Option<f64>>(2).map_err(unreadable)?.unwrap_or_default();
                let count = u32::try_from(count_in(row, 0)?).unwrap_or(u32::MAX);
                Ok(Accumulator::summed(self.aggregate, whole, fraction, count).answer())
            }
        }
    }
}

fn whole(number: usize) -> Bound {
    Bound::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}
