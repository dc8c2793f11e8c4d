//! The operations of a batch as statements.

use std::cmp::Ordering;
use std::ops::RangeInclusive;
use std::sync::Arc;

use deadpool_postgres::GenericClient;
use futures_util::future::join_all;
use serde_json::Value;
use tokio_postgres::IsolationLevel;

use super::condition::{push_order, push_where};
use super::connections::Connections;
use super::find::{count, count_in};
use super::sql::{Bound, Sql};
use super::table::{Table, Tables};
use super::trouble::Trouble;
use crate::scalar::compare_values;
use crate::{Action, BoundFilter, DataError, FieldError, ModelSchema, Operation, Outcome, Row};

/// One operation, checked, with the statements that it takes.
#[derive(Debug)]
pub(super) struct Step {
    table: Arc<Table>,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Insert(Insert),
    /// Changes or removes rows, and answers with them.
    Change {
        sql: Sql,
        removes: bool,
    },
    /// Changes a row, or adds one.
    ChangeOrInsert {
        change: Sql,
        insert: Insert,
    },
    Require {
        sql: Sql,
        count: RangeInclusive<u64>,
    },
}

/// A row that is added.
#[derive(Debug)]
struct Insert {
    row: Row,
    sql: Sql,
    /// Raises the counter of the table to the key that was given.
    counter: Option<Sql>,
}

impl Step {
    /// Checks an operation and writes its statements. Nothing is sent.
    pub(super) fn new(tables: &Tables, operation: Operation) -> Result<Self, DataError> {
        let Operation { schema, action } = operation;
        let table = tables.get(&schema)?;
        Self::on(table, action)
    }

    /// As [`Step::new`], for a row that a new table begins with.
    pub(super) fn seed(table: &Arc<Table>, row: Row) -> Result<Self, DataError> {
        Self::on(Arc::clone(table), Action::Insert { row })
    }

    /// As [`Step::seed`], for a row whose key is known to be given or not to matter: the counter of the table is left
    /// as it is.
    pub(super) fn imported(table: &Arc<Table>, row: &Row) -> Result<Self, DataError> {
        let insert = Insert { counter: None, ..Insert::new(table, row)? };
        Ok(Self { table: Arc::clone(table), work: Work::Insert(insert) })
    }

    fn on(table: Arc<Table>, action: Action) -> Result<Self, DataError> {
        let schema = &table.schema;
        let work = match action {
            Action::Insert { row } => Work::Insert(Insert::new(&table, &row)?),
            Action::Update { filter, changes, at_most } => {
                let changes = checked(schema, schema.check_changes(&changes))?;
                let sql = match at_most {
                    None => change(&table, &changes, &|sql| push_where(sql, &table, &filter))?,
                    Some(at_most) => change(&table, &changes, &|sql| {
                        let limit = i64::try_from(at_most).unwrap_or(i64::MAX);
                        push_among(sql, &table, &filter, &[], limit)
                    })?,
                };
                Work::Change { sql, removes: false }
            }
            Action::Delete { filter } => {
                let mut sql = Sql::new("DELETE FROM ");
                sql.push(&table.name);
                push_where(&mut sql, &table, &filter)?;
                sql.push(" RETURNING ").push(&table.selection);
                Work::Change { sql, removes: true }
            }
            Action::UpdateOrInsert { filter, order, update, insert } => {
                let changes = checked(schema, schema.check_changes(&update))?;
                let change = change(&table, &changes, &|sql| push_among(sql, &table, &filter, &order, 1))?;
                Work::ChangeOrInsert { change, insert: Insert::new(&table, &insert)? }
            }
            Action::Require { filter, count: required } => {
                Work::Require { sql: count(&table, &filter)?, count: required }
            }
        };
        Ok(Self { table, work })
    }

    /// Whether it is one statement, which takes effect whole or not at all without a transaction around it, and whose
    /// rows wait for those who change them.
    fn is_one_statement(&self) -> bool {
        match &self.work {
            Work::Insert(insert) => insert.counter.is_none(),
            Work::Change { .. } => true,
            Work::ChangeOrInsert { .. } | Work::Require { .. } => false,
        }
    }

    fn as_insert(&self) -> Option<&Insert> {
        match &self.work {
            Work::Insert(insert) => Some(insert),
            _ => None,
        }
    }
}

/// Whether a batch needs no transaction around it.
pub(super) fn is_one_statement(steps: &[Step]) -> bool {
    matches!(steps, [only] if only.is_one_statement())
}

/// How far a batch has to be kept apart from others. What only adds rows depends on nothing that others do; all else
/// goes by what it finds, and has to find what it would find if it were alone.
pub(super) fn isolation(steps: &[Step]) -> IsolationLevel {
    if steps.iter().all(|step| step.as_insert().is_some()) {
        IsolationLevel::ReadCommitted
    } else {
        IsolationLevel::Serializable
    }
}

/// Does the steps, one after another.
pub(super) async fn run(
    connections: &Connections,
    client: &impl GenericClient,
    steps: &[Step],
) -> Result<Vec<Outcome>, Trouble> {
    let mut outcomes = Vec::with_capacity(steps.len());
    let mut rest = steps;
    while let Some((step, behind)) = rest.split_first() {
        let inserts = rest.iter().take_while(|step| step.as_insert().is_some()).count();
        if inserts > 1 {
            let (run_of_inserts, behind) = rest.split_at(inserts);
            outcomes.extend(insert_all(connections, client, run_of_inserts).await?);
            rest = behind;
        } else {
            outcomes.push(step.run(connections, client, outcomes.len()).await?);
            rest = behind;
        }
    }
    Ok(outcomes)
}

/// Adds rows without waiting for each before the next is sent; the server does them in their order.
async fn insert_all(
    connections: &Connections,
    client: &impl GenericClient,
    steps: &[Step],
) -> Result<Vec<Outcome>, Trouble> {
    /// How many are on their way at once.
    const AT_ONCE: usize = 128;
    let mut outcomes = Vec::with_capacity(steps.len());
    for group in steps.chunks(AT_ONCE) {
        let inserted = group.iter().filter_map(|step| {
            let insert = step.as_insert()?;
            Some(insert.run(connections, client, &step.table))
        });
        // The first that failed is the reason; those behind it failed because of it.
        for outcome in join_all(inserted).await {
            outcomes.push(outcome?);
        }
    }
    Ok(outcomes)
}

impl Step {
    async fn run(
        &self,
        connections: &Connections,
        client: &impl GenericClient,
        index: usize,
    ) -> Result<Outcome, Trouble> {
        let table = &*self.table;
        match &self.work {
            Work::Insert(insert) => insert.run(connections, client, table).await,
            Work::Change { sql, removes } => {
                let rows = decoded(table, &connections.query(client, sql, Some(table)).await?)?;
                Ok(if *removes { Outcome::Deleted { rows } } else { Outcome::Updated { rows } })
            }
            Work::ChangeOrInsert { change, insert } => {
                let rows = decoded(table, &connections.query(client, change, Some(table)).await?)?;
                if !rows.is_empty() {
                    return Ok(Outcome::Updated { rows });
                }
                match insert.run(connections, client, table).await {
                    // Somebody added the row between the two statements, perhaps: then there is one to change now.
                    Err(Trouble { error: error @ DataError::UniqueViolation { .. }, .. }) => Err(Trouble::again(error)),
                    outcome => outcome,
                }
            }
            Work::Require { sql, count: required } => {
                let answered = connections.query(client, sql, Some(table)).await?;
                let found = answered.first().map_or(Ok(0), |row| count_in(row, 0))?;
                if required.contains(&found) {
                    Ok(Outcome::Met { count: found })
                } else {
                    Err(DataError::PreconditionFailed { index, found }.into())
                }
            }
        }
    }
}

impl Insert {
    fn new(table: &Table, row: &Row) -> Result<Self, DataError> {
        let schema = &table.schema;
        let row = checked(schema, schema.complete(row))?;
        let key = table.key();
        let given = row.get(&key.field).filter(|value| !value.is_null());
        let is_assigned = table.sequence.is_some() && given.is_none();
        let written = || table.columns.iter().filter(|column| !(is_assigned && column.field == key.field));
        let mut sql = Sql::new("INSERT INTO ");
        sql.push(&table.name);
        let mut separator = " (";
        for column in written() {
            sql.push(separator).push(&column.name);
            separator = ", ";
        }
        // A model of nothing but an assigned key.
        if separator == " (" {
            sql.push(" DEFAULT VALUES");
        } else {
            let mut separator = ") VALUES (";
            for column in written() {
                let value = row.get(&column.field).unwrap_or(&Value::Null);
                sql.push(separator).bind(column.bound(value));
                separator = ", ";
            }
            sql.push(")");
        }
        sql.push(" RETURNING ").push(&key.name);
        let counter = match (&table.sequence, given.and_then(Value::as_i64)) {
            (Some(sequence), Some(given)) => Some(raised_counter(sequence, given)),
            _ => None,
        };
        Ok(Self { row, sql, counter })
    }

    async fn run(
        &self,
        connections: &Connections,
        client: &impl GenericClient,
        table: &Table,
    ) -> Result<Outcome, Trouble> {
        if let Some(counter) = &self.counter {
            connections.query(client, counter, Some(table)).await?;
        }
        let answered = connections.query(client, &self.sql, Some(table)).await?;
        let mut row = self.row.clone();
        if let Some(answer) = answered.first() {
            let key = table.key();
            row.insert(key.field.clone(), key.decode(answer, 0)?);
        }
        Ok(Outcome::Inserted { row })
    }
}

/// Takes numbers from a sequence until it is past `given`, so that it is never assigned. Over a wide gap it leaps.
///
/// Taking numbers only ever moves a sequence forward, so callers that race here do not set each other back; a leap
/// could, but only past as many numbers as a gap has to have for one.
pub(super) fn raised_counter(sequence: &str, given: i64) -> Sql {
    const WIDE: i64 = 1000;
    let literal = format!("'{}'", sequence.replace('\'', "''"));
    let used = format!("({})", used_numbers(sequence));
    let mut sql = Sql::new("SELECT CASE WHEN ");
    sql.bind(Bound::Integer(given)).push("::bigint - ").push(&used).push(&format!(" > {WIDE} THEN setval({literal}, "));
    sql.bind(Bound::Integer(given)).push("::bigint) ELSE (SELECT max(nextval(");
    sql.push(&literal).push(")) FROM generate_series(1, ").bind(Bound::Integer(given)).push("::bigint - ");
    sql.push(&used).push(")) END");
    sql
}

/// The query for the largest number that a sequence has given.
pub(super) fn used_numbers(sequence: &str) -> String {
    format!("SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {sequence}")
}

/// `UPDATE … SET … RETURNING …`; without any change, the rows as they are.
fn change(
    table: &Table,
    changes: &Row,
    push_which: &dyn Fn(&mut Sql) -> Result<(), DataError>,
) -> Result<Sql, DataError> {
    if changes.is_empty() {
        let mut sql = Sql::new("SELECT ");
        sql.push(&table.selection).push(" FROM ").push(&table.name);
        push_which(&mut sql)?;
        return Ok(sql);
    }
    let mut sql = Sql::new("UPDATE ");
    sql.push(&table.name);
    let mut separator = " SET ";
    for (field, value) in changes {
        if let Some(column) = table.column(field) {
            sql.push(separator).push(&column.name).push(" = ").bind(column.bound(value));
            separator = ", ";
        }
    }
    push_which(&mut sql)?;
    sql.push(" RETURNING ").push(&table.selection);
    Ok(sql)
}

/// Adds ` WHERE` the row is among the first that match.
fn push_among(
    sql: &mut Sql,
    table: &Table,
    filter: &BoundFilter,
    order: &[crate::Order],
    at_most: i64,
) -> Result<(), DataError> {
    let key = &table.key().name;
    sql.push(" WHERE ").push(key).push(" IN (SELECT ").push(key).push(" FROM ").push(&table.name);
    push_where(sql, table, filter)?;
    push_order(sql, table, order)?;
    sql.push(" LIMIT ").bind(Bound::Integer(at_most)).push(" FOR UPDATE)");
    Ok(())
}

/// The rows of an answer, in the order of their keys.
fn decoded(table: &Table, answered: &[tokio_postgres::Row]) -> Result<Vec<Row>, DataError> {
    let mut rows = answered.iter().map(|row| table.decode(row)).collect::<Result<Vec<_>, _>>()?;
    let key = &table.key().field;
    rows.sort_by(|left, right| match (left.get(key), right.get(key)) {
        (Some(left), Some(right)) => compare_values(left, right),
        _ => Ordering::Equal,
    });
    Ok(rows)
}

fn checked(schema: &ModelSchema, result: Result<Row, FieldError>) -> Result<Row, DataError> {
    result.map_err(|error| DataError::FieldInvalid { model: schema.model().to_owned(), error })
}
