use super::find::{Found, count, matching};
use super::table::{Table, Tables};
use super::{Keyspace, Overlay, rows};
use crate::{Action, BoundFilter, DataError, FieldError, ModelSchema, Operation, Order, Outcome, Row};

/// How many operations a batch may have.
pub(crate) const MAX_OPERATIONS: usize = 10_000;

/// Does every operation of a batch; the caller takes all of it back when one fails.
pub(crate) fn execute<K: Keyspace>(
    overlay: &mut Overlay<'_, K>,
    tables: &Tables,
    operations: Vec<Operation>,
) -> Result<Vec<Outcome>, DataError> {
    if operations.len() > MAX_OPERATIONS {
        let message = format!("a batch has at most {MAX_OPERATIONS} operations; split it");
        return Err(DataError::TooLarge { message });
    }
    let mut outcomes = Vec::with_capacity(operations.len());
    for (index, Operation { schema, action }) in operations.into_iter().enumerate() {
        let table = tables.get(&schema)?;
        let step = Step { table: &table, schema: &schema, index };
        outcomes.push(step.run(overlay, action)?);
    }
    Ok(outcomes)
}

/// One operation of a batch.
struct Step<'a> {
    table: &'a Table,
    schema: &'a ModelSchema,
    index: usize,
}

impl Step<'_> {
    fn run<K: Keyspace>(&self, overlay: &mut Overlay<'_, K>, action: Action) -> Result<Outcome, DataError> {
        match action {
            Action::Insert { row } => self.insert(overlay, &row),
            Action::Update { filter, changes, at_most } => {
                let changes = self.checked(self.schema.check_changes(&changes))?;
                let found = self.matching(overlay, &filter, &[], at_most)?;
                let rows = found.into_iter().map(|found| self.change(overlay, &found, &changes));
                Ok(Outcome::Updated { rows: rows.collect::<Result<_, _>>()? })
            }
            Action::Delete { filter } => {
                let found = self.matching(overlay, &filter, &[], None)?;
                for Found { key, row, .. } in &found {
                    rows::remove(overlay, self.table, key, row)?;
                }
                let rows = found.into_iter().map(|found| self.schema.project(found.row));
                Ok(Outcome::Deleted { rows: rows.collect() })
            }
            Action::UpdateOrInsert { filter, order, update, insert } => {
                let changes = self.checked(self.schema.check_changes(&update))?;
                match self.matching(overlay, &filter, &order, Some(1))?.pop() {
                    Some(found) => Ok(Outcome::Updated { rows: vec![self.change(overlay, &found, &changes)?] }),
                    None => self.insert(overlay, &insert),
                }
            }
            Action::Require { filter, count: required } => {
                let found = count(overlay, self.table, self.schema, &filter)?;
                if required.contains(&found) {
                    Ok(Outcome::Met { count: found })
                } else {
                    Err(DataError::PreconditionFailed { index: self.index, found })
                }
            }
        }
    }

    fn insert<K: Keyspace>(&self, overlay: &mut Overlay<'_, K>, row: &Row) -> Result<Outcome, DataError> {
        let row = self.checked(self.schema.complete(row))?;
        Ok(Outcome::Inserted { row: rows::insert(overlay, self.table, row)? })
    }

    fn change<K: Keyspace>(
        &self,
        overlay: &mut Overlay<'_, K>,
        found: &Found,
        changes: &Row,
    ) -> Result<Row, DataError> {
        let mut row = found.row.clone();
        for (name, value) in changes {
            row.insert(name.clone(), value.clone());
        }
        if row != found.row {
            rows::replace(overlay, self.table, &found.key, &found.row, &row)?;
        }
        Ok(self.schema.project(row))
    }

    fn matching<K: Keyspace>(
        &self,
        overlay: &Overlay<'_, K>,
        filter: &BoundFilter,
        order: &[Order],
        at_most: Option<usize>,
    ) -> Result<Vec<Found>, DataError> {
        matching(overlay, self.table, self.schema, filter, order, at_most)
    }

    fn checked(&self, result: Result<Row, FieldError>) -> Result<Row, DataError> {
        result.map_err(|error| DataError::FieldInvalid { model: self.schema.model().to_owned(), error })
    }
}
