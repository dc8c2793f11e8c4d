//! What every database has to do. Each check gets a database of its own.

use std::sync::Arc;

use mti_data::{DataError, Database, ModelSchema, Operation, Query, Row};
use serde_json::Value;

use super::fixtures::{filter, person, row};

/// A database, as checks share it.
pub type Shared = Arc<dyn Database>;

/// Makes a test of every check; `$open` makes an empty database and gives what keeps it alive.
///
/// ```ignore
/// mod memory {
///     mti_testkit::database_contract! { (Arc::new(MemoryDatabase::new()), ()) }
/// }
/// ```
#[macro_export]
macro_rules! database_contract {
    ($open:expr; $($check:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                let (database, _kept) = $open;
                $crate::database::checks::$check(database).await;
            }
        )*
    };
    ($open:expr) => {
        $crate::database_contract! { $open;
            rows_are_inserted_found_changed_and_deleted
            missing_values_are_null_or_their_default
            bad_rows_are_refused
            a_model_has_to_be_prepared
            filters_of_another_model_are_refused
            unique_combinations_hold
            null_does_not_collide_but_the_empty_text_does
            one_of_many_writers_wins_a_unique_value
            one_of_many_takers_gets_the_row
            counters_lose_no_update
            null_comes_first
            pages_and_totals
            fields_are_chosen
            text_is_kept_and_ordered_by_code_points
            numbers_come_back_as_they_were
            a_batch_is_all_or_nothing
            operations_see_what_came_before_them
            a_requirement_stops_the_batch
            update_or_insert_changes_the_first_or_adds
            an_update_can_be_limited
            assigned_numbers_are_never_used_again
            given_keys_are_skipped
            seed_rows_are_inserted_once
            a_bad_seed_makes_no_table
            namespaces_are_apart
            new_constraints_are_built_and_enforced
            changed_types_are_refused
            a_hidden_field_keeps_its_type
            writers_beside_a_schema_change_keep_unique_values_unique
            readers_beside_schema_changes_miss_no_row
            an_older_schema_takes_nothing_back
            callers_with_an_older_schema_keep_what_the_newer_one_says
            an_older_schema_that_does_not_fit_is_refused
            values_are_aggregated
            many_small_batches_from_many_writers_are_all_there
            a_closed_database_says_so
        }
    };
}

/// Makes a model's table ready, without any rows.
pub async fn prepare(database: &Shared, schema: &Arc<ModelSchema>) {
    database.prepare(Arc::clone(schema), Vec::new()).await.expect("prepares");
}

/// Adds a row and gives it back.
pub async fn insert(database: &Shared, schema: &Arc<ModelSchema>, value: Value) -> Result<Row, DataError> {
    let mut outcomes = database.execute(vec![Operation::insert(schema, row(value))]).await?;
    Ok(outcomes.remove(0).into_rows().remove(0))
}

/// The rows that match.
pub async fn find(database: &Shared, schema: &Arc<ModelSchema>, text: &str) -> Vec<Row> {
    let query = Query::new(filter(schema, text));
    database.find(Arc::clone(schema), query).await.expect("finds").rows
}

/// The table of people, with rows.
pub(super) async fn people(database: &Shared, rows: &[Value]) -> Arc<ModelSchema> {
    let schema = person();
    prepare(database, &schema).await;
    for value in rows {
        insert(database, &schema, value.clone()).await.expect("inserts");
    }
    schema
}

pub(super) fn names(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row["name"].as_str().unwrap_or("-")).collect()
}

pub(super) fn ids(rows: &[Row]) -> Vec<i64> {
    rows.iter().map(|row| row["id"].as_i64().expect("a key")).collect()
}
