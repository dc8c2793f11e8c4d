use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::{BoundFilter, ModelSchema, Order, Row};

/// One step of a batch, on one model.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The model.
    pub schema: Arc<ModelSchema>,
    /// What to do with its rows.
    pub action: Action,
}

/// What to do with the rows of a model.
#[derive(Clone, Debug)]
pub enum Action {
    /// Adds a row. What it leaves out takes its default, else null; an `AutoInt` key is assigned.
    Insert {
        /// The row.
        row: Row,
    },
    /// Changes the rows that match.
    Update {
        /// Which rows.
        filter: BoundFilter,
        /// The new values.
        changes: Row,
        /// How many rows are changed at most, the smallest primary keys first.
        at_most: Option<usize>,
    },
    /// Takes the rows that match out of the table. Of several that take the same row, one gets it.
    Delete {
        /// Which rows.
        filter: BoundFilter,
    },
    /// Changes the first row that matches, else adds one.
    UpdateOrInsert {
        /// Which rows.
        filter: BoundFilter,
        /// Which of them is the first.
        order: Vec<Order>,
        /// The new values of the row that matches.
        update: Row,
        /// The row that is added when none does.
        insert: Row,
    },
    /// Fails the whole batch unless this many rows match.
    Require {
        /// Which rows.
        filter: BoundFilter,
        /// How many.
        count: RangeInclusive<u64>,
    },
}

/// What one operation of a batch did.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A row was added: this one, with its key and defaults.
    Inserted {
        /// The row.
        row: Row,
    },
    /// Rows were changed.
    Updated {
        /// As they are now.
        rows: Vec<Row>,
    },
    /// Rows were taken out.
    Deleted {
        /// As they were.
        rows: Vec<Row>,
    },
    /// The required number of rows matched.
    Met {
        /// How many.
        count: u64,
    },
}

impl Operation {
    /// Adds a row.
    pub fn insert(schema: &Arc<ModelSchema>, row: Row) -> Self {
        Self::new(schema, Action::Insert { row })
    }

    /// Changes every row that matches.
    pub fn update(schema: &Arc<ModelSchema>, filter: BoundFilter, changes: Row) -> Self {
        Self::new(schema, Action::Update { filter, changes, at_most: None })
    }

    /// Takes every row that matches out of the table.
    pub fn delete(schema: &Arc<ModelSchema>, filter: BoundFilter) -> Self {
        Self::new(schema, Action::Delete { filter })
    }

    /// Changes the first row that matches, else adds one.
    pub fn update_or_insert(
        schema: &Arc<ModelSchema>,
        filter: BoundFilter,
        order: Vec<Order>,
        update: Row,
        insert: Row,
    ) -> Self {
        Self::new(schema, Action::UpdateOrInsert { filter, order, update, insert })
    }

    /// Fails the batch unless this many rows match.
    pub fn require(schema: &Arc<ModelSchema>, filter: BoundFilter, count: RangeInclusive<u64>) -> Self {
        Self::new(schema, Action::Require { filter, count })
    }

    fn new(schema: &Arc<ModelSchema>, action: Action) -> Self {
        Self { schema: Arc::clone(schema), action }
    }
}

impl Outcome {
    /// The rows that were added, changed or taken out.
    pub fn rows(&self) -> &[Row] {
        match self {
            Self::Inserted { row } => std::slice::from_ref(row),
            Self::Updated { rows } | Self::Deleted { rows } => rows,
            Self::Met { .. } => &[],
        }
    }

    /// The rows that were added, changed or taken out.
    pub fn into_rows(self) -> Vec<Row> {
        match self {
            Self::Inserted { row } => vec![row],
            Self::Updated { rows } | Self::Deleted { rows } => rows,
            Self::Met { .. } => Vec::new(),
        }
    }
}
