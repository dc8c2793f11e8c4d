//! The operations of a batch as statements.

use std::cmp::Ordering;
use std::future::poll_fn;
use std::iter;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use deadpool_postgres::GenericClient;
use futures_util::future::{MaybeDone, join, join_all, maybe_done, try_join_all};
use serde_json::Value;
use tokio_postgres::Row as Answered;

use super::attempt_error::AttemptError;
use super::condition::{push_order, push_where};
use super::find::{count, count_in};
use super::session::{Ready, Session};
use super::sql::{Bound, Sql};
use super::table::{Table, Tables};
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

    /// As [`Step::seed`], for a row that was stored before: the counter of the table is left as it is.
    pub(super) fn imported(table: &Arc<Table>, stored: &ModelSchema, row: &Row) -> Result<Self, DataError> {
        let row = checked(&table.schema, stored.complete(row))?;
        let insert = Insert { counter: None, ..Insert::of(table, row) };
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

    /// The table that it is about.
    pub(super) fn table(&self) -> &Arc<Table> {
        &self.table
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

    /// Whether it is done when its statements are, whatever they answer: then those behind it can be sent with them.
    fn is_sent_at_once(&self) -> bool {
        matches!(self.work, Work::Insert(_) | Work::Change { .. })
    }

    fn is_requirement(&self) -> bool {
        matches!(self.work, Work::Require { .. })
    }

    /// What is sent for it, to begin with.
    fn statements(&self) -> impl Iterator<Item = (&Sql, &Table)> {
        let (first, second) = match &self.work {
            Work::Insert(Insert { sql, counter: Some(counter), .. }) => (counter, Some(sql)),
            Work::Insert(Insert { sql, .. })
            | Work::Change { sql, .. }
            | Work::Require { sql, .. }
            | Work::ChangeOrInsert { change: sql, .. } => (sql, None),
        };
        iter::once(first).chain(second).map(|sql| (sql, &*self.table))
    }
}

/// Whether a batch needs no transaction around it.
pub(super) fn is_one_statement(steps: &[Step]) -> bool {
    matches!(steps, [only] if only.is_one_statement())
}

/// The beginning of a transaction, kept as far apart from others as the batch has to be. What only adds rows depends on
/// nothing that others do; all else goes by what it finds, and has to find what it would find if it were alone.
fn beginning(steps: &[Step]) -> &'static str {
    if steps.iter().all(|step| matches!(step.work, Work::Insert(_))) {
        "START TRANSACTION ISOLATION LEVEL READ COMMITTED"
    } else {
        "START TRANSACTION ISOLATION LEVEL SERIALIZABLE"
    }
}

/// How many steps are on their way at once.
const AT_ONCE: usize = 128;

/// Does the steps in a transaction of their own, mostly in two round trips: one begins it and asks what the batch
/// requires, the other makes the changes and commits them.
pub(super) async fn transact(
    session: &Session<'_, impl GenericClient>,
    steps: &[Step],
) -> Result<Vec<Outcome>, AttemptError> {
    let (requirements, rest) = steps.split_at(steps.iter().take_while(|step| step.is_requirement()).count());
    let last = rest.iter().rev().take(AT_ONCE).take_while(|step| step.is_sent_at_once()).count();
    let (before, last) = rest.split_at(rest.len() - last);
    let begun = async {
        let mut outcomes = begin(session, beginning(steps), requirements).await?;
        run_behind(session, before, &mut outcomes).await?;
        Ok(outcomes)
    };
    match begun.await {
        Ok(mut outcomes) => {
            outcomes.extend(commit(session, last).await?);
            Ok(outcomes)
        }
        Err(failed) => Err(session.roll_back(failed).await),
    }
}

/// Begins a transaction and sees whether its requirements are met. They only read: should the beginning fail, they have
/// done nothing.
async fn begin(
    session: &Session<'_, impl GenericClient>,
    beginning: &str,
    requirements: &[Step],
) -> Result<Vec<Outcome>, AttemptError> {
    let ready = prepared(session, requirements).await?;
    let begun = session.begin(beginning);
    let answers = join_all(ready.iter().map(|ready| session.query_ready(ready)));
    let (begun, answers) = join(begun, answers).await;
    begun?;
    let steps = requirements.iter().zip(answers).enumerate();
    steps.map(|(index, (step, answered))| step.outcome(&answered?, index)).collect()
}

/// Makes the last changes of a transaction and commits it.
async fn commit(session: &Session<'_, impl GenericClient>, changes: &[Step]) -> Result<Vec<Outcome>, AttemptError> {
    let ready = match prepared(session, changes).await {
        Ok(ready) => ready,
        Err(failed) => return Err(session.roll_back(failed).await),
    };
    let mut answers = sent(ready.iter().map(|ready| session.query_ready(ready))).await;
    // What could not even be sent must not be left out of what is committed.
    if let Some(failed) = answers.iter_mut().find_map(refused) {
        return Err(session.roll_back(failed).await);
    }
    let answers = try_join_all(answers.into_iter().map(answer));
    match join(answers, session.commit()).await {
        (Ok(answers), committed) => {
            committed?;
            outcomes(changes, answers)
        }
        // After a change that failed, the server rolls back at the commit.
        (Err(failed), Ok(())) => Err(failed.beside_commit()),
        (Err(failed), Err(_)) => Err(failed.beside_commit().on_lost_connection()),
    }
}

/// A request that is on its way, or answered.
type Sent<F> = Pin<Box<MaybeDone<F>>>;

/// Sends requests in their order. One is on its way when it has been polled once; to wait for all of them together would not
/// do, as that may put off some of them.
async fn sent<F: Future>(requests: impl Iterator<Item = F>) -> Vec<Sent<F>> {
    let mut requests: Vec<_> = requests.map(|request| Box::pin(maybe_done(request))).collect();
    poll_fn(|context| {
        for request in &mut requests {
            // Whether it has been answered already is seen later.
            let _ = request.as_mut().poll(context);
        }
        Poll::Ready(())
    })
    .await;
    requests
}

/// Why a request was not sent.
fn refused<T>(request: &mut Sent<impl Future<Output = Result<T, AttemptError>>>) -> Option<AttemptError> {
    match request.as_ref().get_ref() {
        MaybeDone::Done(Err(_)) => request.as_mut().take_output()?.err(),
        _ => None,
    }
}

async fn answer<T>(mut request: Sent<impl Future<Output = Result<T, AttemptError>>>) -> Result<T, AttemptError> {
    request.as_mut().await;
    // It is taken only here.
    request.as_mut().take_output().unwrap_or_else(|| Err(DataError::closed().into()))
}

/// Does the steps, one after another.
pub(super) async fn run(
    session: &Session<'_, impl GenericClient>,
    steps: &[Step],
) -> Result<Vec<Outcome>, AttemptError> {
    let mut outcomes = Vec::with_capacity(steps.len());
    run_behind(session, steps, &mut outcomes).await?;
    Ok(outcomes)
}

/// Does the steps behind those whose outcomes are there. What can be is sent without waiting for what is before it; the
/// server does all in their order.
async fn run_behind(
    session: &Session<'_, impl GenericClient>,
    steps: &[Step],
    done: &mut Vec<Outcome>,
) -> Result<(), AttemptError> {
    let mut rest = steps;
    while let Some((step, behind)) = rest.split_first() {
        let at_once = rest.iter().take(AT_ONCE).take_while(|step| step.is_sent_at_once()).count();
        if at_once > 1 {
            let (changes, behind) = rest.split_at(at_once);
            let ready = prepared(session, changes).await?;
            // The first that fails is the reason; those behind it fail because of it.
            let answers = try_join_all(ready.iter().map(|ready| session.query_ready(ready))).await?;
            done.extend(outcomes(changes, answers)?);
            rest = behind;
        } else {
            done.push(step.run(session, done.len()).await?);
            rest = behind;
        }
    }
    Ok(())
}

async fn prepared<'s>(
    session: &Session<'_, impl GenericClient>,
    steps: &'s [Step],
) -> Result<Vec<Ready<'s>>, AttemptError> {
    session.prepare(steps.iter().flat_map(Step::statements)).await
}

/// What changes did whose statements have all been answered.
fn outcomes(changes: &[Step], answers: Vec<Vec<Answered>>) -> Result<Vec<Outcome>, AttemptError> {
    let mut answers = answers.into_iter();
    let outcome = |(index, step): (usize, &Step)| {
        let answered = answers.by_ref().take(step.statements().count()).last().unwrap_or_default();
        step.outcome(&answered, index)
    };
    changes.iter().enumerate().map(outcome).collect()
}

impl Step {
    async fn run(&self, session: &Session<'_, impl GenericClient>, index: usize) -> Result<Outcome, AttemptError> {
        let table = &*self.table;
        let mut answered = Vec::new();
        for (sql, table) in self.statements() {
            answered = session.query(sql, Some(table)).await?;
        }
        match &self.work {
            Work::ChangeOrInsert { insert, .. } if answered.is_empty() => insert.run(session, table).await,
            _ => self.outcome(&answered, index),
        }
    }

    /// What it did, from the answer to its last statement.
    fn outcome(&self, answered: &[Answered], index: usize) -> Result<Outcome, AttemptError> {
        let table = &*self.table;
        match &self.work {
            Work::Insert(insert) => Ok(insert.outcome(table, answered)?),
            Work::Change { removes: true, .. } => Ok(Outcome::Deleted { rows: decoded(table, answered)? }),
            Work::Change { .. } | Work::ChangeOrInsert { .. } => {
                Ok(Outcome::Updated { rows: decoded(table, answered)? })
            }
            Work::Require { count: required, .. } => {
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
        Ok(Self::of(table, checked(&table.schema, table.schema.complete(row))?))
    }

    /// As [`Insert::new`], for a row that has been checked.
    fn of(table: &Table, row: Row) -> Self {
        let given = row.get(&table.key().field).and_then(Value::as_i64);
        let counter = match (&table.sequence, given) {
            (Some(sequence), Some(given)) => Some(raised_counter(sequence, given)),
            _ => None,
        };
        Self { sql: addition(table, &row, ""), row, counter }
    }

    /// Adds the row where a serializable transaction found none to change.
    ///
    /// A row in its way may have been added by somebody else since the transaction began, perhaps one that could have
    /// been changed: with `ON CONFLICT DO NOTHING` the server then says that the transaction has to be made again
    /// (40001). If it does nothing instead, the row in the way was there before, and did not match. Then a plain insert
    /// says which fields are in the way.
    async fn run(&self, session: &Session<'_, impl GenericClient>, table: &Table) -> Result<Outcome, AttemptError> {
        if let Some(counter) = &self.counter {
            session.query(counter, Some(table)).await?;
        }
        let mut answered = session.query(&addition(table, &self.row, " ON CONFLICT DO NOTHING"), Some(table)).await?;
        if answered.is_empty() {
            answered = session.query(&self.sql, Some(table)).await?;
        }
        Ok(self.outcome(table, &answered)?)
    }

    fn outcome(&self, table: &Table, answered: &[Answered]) -> Result<Outcome, DataError> {
        let mut row = self.row.clone();
        if let Some(answer) = answered.first() {
            let key = table.key();
            row.insert(key.field.clone(), key.decode(answer, 0)?);
        }
        Ok(Outcome::Inserted { row })
    }
}

/// `INSERT INTO … RETURNING` the key, with what is to be done about a row in the way.
fn addition(table: &Table, row: &Row, on_conflict: &str) -> Sql {
    let key = table.key();
    let is_assigned = table.sequence.is_some() && row.get(&key.field).is_none_or(Value::is_null);
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
    sql.push(on_conflict).push(" RETURNING ").push(&key.name);
    sql
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
