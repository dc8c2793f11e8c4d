//! Rows of model elements, as this family reads and writes them.

use mti_data::q::Operator;
use mti_data::{Batch, DataError, Filter, Model, Order, Outcome, Row};
use mti_element::{AppHandle, Fail, Failure, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Clock;
use crate::names::SESSIONS;
use crate::states::alive;

/// The first row that matches.
pub(crate) async fn one<T: DeserializeOwned>(app: &AppHandle<'_>, model: &str, filter: Filter) -> Result<Option<T>> {
    app.get::<Model<'_>>(model)?.get(filter, None).await?.map(|row| read(model, row)).transpose()
}

/// In how many seconds the first of the rows that match expires, if there is one: `longest` at most, also when a clock was
/// set back since.
pub(crate) async fn first_expiry(
    app: &AppHandle<'_>,
    model: &str,
    filter: Filter,
    longest: i64,
) -> Result<Option<u64>> {
    let now = Clock::of(app);
    let by_expiry = Some(vec![Order::ascending("expiresAt")]);
    let first = app.get::<Model<'_>>(model)?.get(filter & alive(now), by_expiry).await?;
    let expires_at = first.and_then(|row| row.get("expiresAt")?.as_i64());
    Ok(expires_at.and_then(|expires_at| u64::try_from((expires_at - now).min(longest)).ok()))
}

/// The rows that match, `most` at most.
pub(crate) async fn some<T: DeserializeOwned>(
    app: &AppHandle<'_>,
    model: &str,
    filter: Filter,
    most: u64,
) -> Result<Vec<T>> {
    let rows = app.get::<Model<'_>>(model)?.query(Some(filter), None, None, None, Some(most)).await?;
    rows.row_datas.into_iter().map(|row| read(model, row)).collect()
}

/// The rows whose `id` comes after one, by their `id`, `most` at most.
pub(crate) async fn after<T: DeserializeOwned>(app: &AppHandle<'_>, model: &str, id: i64, most: u64) -> Result<Vec<T>> {
    let later = Filter::compare("id", Operator::Greater, id);
    let by_id = vec![Order::ascending("id")];
    let rows = app.get::<Model<'_>>(model)?.query(Some(later), None, Some(by_id), None, Some(most)).await?;
    rows.row_datas.into_iter().map(|row| read(model, row)).collect()
}

/// The rows that match, the last ones made first, `most` at most.
pub(crate) async fn newest<T: DeserializeOwned>(
    app: &AppHandle<'_>,
    model: &str,
    filter: Filter,
    most: u64,
) -> Result<Vec<T>> {
    let last_first = vec![Order::descending("id")];
    let rows = app.get::<Model<'_>>(model)?.query(Some(filter), None, Some(last_first), None, Some(most)).await?;
    rows.row_datas.into_iter().map(|row| read(model, row)).collect()
}

/// The row that matches and was made as the `nth` last one, counted from 1, if there are that many.
pub(crate) async fn nth_newest<T: DeserializeOwned>(
    app: &AppHandle<'_>,
    model: &str,
    filter: Filter,
    nth: u64,
) -> Result<Option<T>> {
    let last_first = vec![Order::descending("id")];
    let rows = app.get::<Model<'_>>(model)?.query(Some(filter), None, Some(last_first), Some(nth), Some(1)).await?;
    rows.row_datas.into_iter().next().map(|row| read(model, row)).transpose()
}

/// How many rows match.
pub(crate) async fn count(app: &AppHandle<'_>, model: &str, filter: Filter) -> Result<u64> {
    let rows = app.get::<Model<'_>>(model)?.query(Some(filter), None, None, None, Some(1)).await?;
    Ok(rows.total_count)
}

/// Takes the rows that match out of the table: of several who try, one gets them.
pub(crate) async fn take<T: DeserializeOwned>(app: &AppHandle<'_>, model: &str, filter: Filter) -> Result<Vec<T>> {
    app.get::<Model<'_>>(model)?.take(filter).await?.into_iter().map(|row| read(model, row)).collect()
}

/// Does all that is in a batch, or nothing.
pub(crate) async fn run(app: &AppHandle<'_>, batch: Batch) -> Result<Vec<Outcome>> {
    // Which model is asked does not matter: the batch names those that it changes.
    Ok(app.get::<Model<'_>>(SESSIONS)?.execute(batch).await?.0)
}

/// What stood in the way of a batch, when it was another row rather than a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// A row with the same values is there already.
    Duplicate,
    /// The rows that were required are not there.
    Unmet,
}

impl Conflict {
    /// The conflict behind a failed batch.
    pub(crate) fn behind(failure: &Failure) -> Option<Self> {
        match DataError::behind(failure)? {
            DataError::UniqueViolation { .. } => Some(Self::Duplicate),
            DataError::PreconditionFailed { .. } => Some(Self::Unmet),
            _ => None,
        }
    }
}

/// Which requirement of a failed batch was not met: its place among all that the batch was to do, from 0.
pub(crate) fn unmet_requirement(failure: &Failure) -> Option<usize> {
    match DataError::behind(failure)? {
        DataError::PreconditionFailed { index, .. } => Some(*index),
        _ => None,
    }
}

/// A row from the object that a `json!` makes.
pub(crate) fn row(value: Value) -> Row {
    match value {
        Value::Object(row) => row,
        _ => Row::new(),
    }
}

/// Reads a row. A field that the model no longer has is never taken for one without a value: nobody would be told why
/// all users are disabled.
fn read<T: DeserializeOwned>(model: &str, row: Row) -> Result<T> {
    serde_json::from_value(Value::Object(row)).map_err(|error| {
        let note = format!("the rows of `{model}` are not what the login family reads");
        Fail::ELEMENT_EXCEPTION.failure().noting(note).caused_by(error)
    })
}
