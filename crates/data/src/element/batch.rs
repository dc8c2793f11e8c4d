use std::ops::RangeInclusive;
use std::sync::Arc;

use mti_element::{AppHandle, Fail, Result, opaque_step_value};

use crate::{DataError, Database, Filter, Model, Operation, Outcome, Row};

/// Changes of one or several models that happen together or not at all, in order.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    changes: Vec<(String, Change)>,
}

/// What the changes of a [`Batch`] did, in order.
#[derive(Debug, Clone)]
pub struct Outcomes(pub Vec<Outcome>);

opaque_step_value!(Batch, Outcomes);

#[derive(Debug, Clone)]
enum Change {
    Insert(Row),
    Update(Filter, Row),
    Delete(Filter),
    UpdateOrInsert { filter: Filter, update: Row, insert: Row },
    Require(Filter, RangeInclusive<u64>),
}

impl Batch {
    /// No changes yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Adds a row.
    #[must_use]
    pub fn insert(self, model: &str, row: Row) -> Self {
        self.with(model, Change::Insert(row))
    }

    /// Changes every row that matches.
    #[must_use]
    pub fn update(self, model: &str, filter: Filter, changes: Row) -> Self {
        self.with(model, Change::Update(filter, changes))
    }

    /// Takes every row that matches out.
    #[must_use]
    pub fn delete(self, model: &str, filter: Filter) -> Self {
        self.with(model, Change::Delete(filter))
    }

    /// Changes the first row that matches, else adds one.
    #[must_use]
    pub fn update_or_insert(self, model: &str, filter: Filter, update: Row, insert: Row) -> Self {
        self.with(model, Change::UpdateOrInsert { filter, update, insert })
    }

    /// Fails the whole batch unless this many rows match.
    #[must_use]
    pub fn require(self, model: &str, filter: Filter, count: RangeInclusive<u64>) -> Self {
        self.with(model, Change::Require(filter, count))
    }

    /// Adds the changes of another batch after these.
    #[must_use]
    pub fn then(mut self, later: Self) -> Self {
        self.changes.extend(later.changes);
        self
    }

    /// Does the changes in the database of their models.
    pub(super) async fn run(self, app: AppHandle<'_>) -> Result<Outcomes> {
        let mut database: Option<Arc<dyn Database>> = None;
        let mut operations = Vec::with_capacity(self.changes.len());
        for (model, change) in self.changes {
            let table = app.get::<Model<'_>>(&model)?.table().await?;
            let shared = database.get_or_insert_with(|| Arc::clone(&table.database));
            if !Arc::ptr_eq(shared, &table.database) {
                return Err(Fail::ELEMENT_EXCEPTION
                    .failure()
                    .noting(format!("one batch changes models of two databases, the second one in `{model}`")));
            }
            let bind =
                |filter: Filter| filter.bind(&table.schema).map_err(|error| DataError::from(error).into_failure());
            operations.push(match change {
                Change::Insert(row) => Operation::insert(&table.schema, row),
                Change::Update(filter, changes) => Operation::update(&table.schema, bind(filter)?, changes),
                Change::Delete(filter) => Operation::delete(&table.schema, bind(filter)?),
                Change::UpdateOrInsert { filter, update, insert } => {
                    Operation::update_or_insert(&table.schema, bind(filter)?, Vec::new(), update, insert)
                }
                Change::Require(filter, count) => Operation::require(&table.schema, bind(filter)?, count),
            });
        }
        match database {
            Some(database) => database.execute(operations).await.map(Outcomes).map_err(DataError::into_failure),
            None => Ok(Outcomes(Vec::new())),
        }
    }

    fn with(mut self, model: &str, change: Change) -> Self {
        self.changes.push((model.to_owned(), change));
        self
    }
}
