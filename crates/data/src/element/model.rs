use std::sync::Arc;

use mti_element::{Value, opaque_step_value, steps};
use serde::{Deserialize, Serialize};

use crate::element::wire::{RelatedDepth, TriggerEvent};
use crate::{Aggregate, Batch, Database, Filter, ModelSchema, Order, Outcomes, Row};

steps! {
    /// A model element: rows of one shape, kept in the database that its `e.json` names.
    ///
    /// `level` says how deep related rows are followed, `triggerEvent` whether event handlers run. There are neither
    /// fields that relate to other models nor model events, so both are checked and change nothing.
    "models.NormalType": Model, ModelSteps {
        /// The first row that matches, or null.
        "get" fn get(
            filter: Filter,
            order_list: Option<Vec<Order>>;
            level: Option<RelatedDepth>,
        ) -> Option<Row>;
        /// The rows that match, `size` of them from page `page` (from 1), and how many match in all.
        "query" fn query(
            filter: Option<Filter>,
            field_list: Option<Vec<String>>,
            order_list: Option<Vec<Order>>,
            page: Option<u64>,
            size: Option<u64>;
            level: Option<RelatedDepth>,
        ) -> Rows;
        /// Adds a row and gives it back with its key and defaults.
        "create" fn create(row_data: Row; trigger_event: Option<TriggerEvent>) -> Row;
        /// Changes the rows of these primary keys and gives them back.
        "updateByPK" fn update_by_pk(
            pk_list: Vec<Value>,
            update_data: Row;
            trigger_event: Option<TriggerEvent>,
        ) -> Vec<Row>;
        /// Takes the rows of these primary keys out.
        "deleteByPK" fn delete_by_pk(pk_list: Vec<Value>; trigger_event: Option<TriggerEvent>);
        /// Changes every row that matches. A filter that was forgotten must not mean every row: that is written `""`.
        "updateByFilter" fn update_by_filter(filter: Option<Filter>, update_data: Row);
        /// Takes every row that matches out. Every row is written `""`.
        "deleteByFilter" fn delete_by_filter(filter: Option<Filter>);
        /// Changes the first row that matches, else adds one, and gives it back.
        "updateOrAdd" fn update_or_add(
            filter: Filter,
            order_list: Option<Vec<Order>>,
            update_data: Row,
            add_data: Row;
            trigger_event: Option<TriggerEvent>,
        ) -> Row;
        /// Adds the rows without a primary key, changes those with one, all or none, and gives them back.
        "createOrUpdateMany" fn create_or_update_many(
            row_data_list: Vec<Row>;
            trigger_event: Option<TriggerEvent>,
        ) -> Vec<Row>;
        /// One value made of all values of a field.
        "aggregate" fn aggregate(filter: Option<Filter>, aggr_field: String, aggr_type: Aggregate) -> Value;
        /// Takes the rows that match out and gives them back: of several that race for a row, one gets it.
        "take" fn take(filter: Filter) -> Vec<Row>;
        /// Does changes of several models in one transaction. The models must be kept in one database.
        "execute" fn execute(batch: Batch) -> Outcomes;
        /// The table of the model, ready for use.
        "table" fn table() -> Table;
        /// What the model declares. Nothing is made ready, and no database is touched.
        "declaration" fn declaration() -> Declaration;
    }
}

/// Rows that were found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rows {
    /// The rows.
    pub row_datas: Vec<Row>,
    /// How many match in all.
    pub total_count: u64,
}

/// The table of a model, in the database that keeps it.
#[derive(Debug, Clone)]
pub struct Table {
    /// The database.
    pub database: Arc<dyn Database>,
    /// What the rows are.
    pub schema: Arc<ModelSchema>,
}

/// What a model declares: its rows, the ones that it begins with, and the database that keeps them.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// The fullName of the database element.
    pub database_name: String,
    /// Its database.
    pub database: Arc<dyn Database>,
    /// What the rows are.
    pub schema: Arc<ModelSchema>,
    /// The rows that are inserted when the table is first made.
    pub initial_rows: Vec<Row>,
}

opaque_step_value!(Table, Declaration);
