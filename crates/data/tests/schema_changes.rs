//! Schemas that change while rows are written, over and over. What every database has to do is in its contract.

use std::sync::Arc;

use mti_data::{MemoryDatabase, Operation};
use mti_testkit::database::checks::unique_index_knows_rows_written_beside_it;
use serde_json::json;

use crate::contract::{Shared, find, prepare};
use crate::fixtures::{row, schema};

/// How often a schema changes beside a writer.
const ROUNDS: usize = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unique_index_knows_what_is_written_beside_it_in_memory() {
    unique_index_knows_rows_written_beside_it(Arc::new(MemoryDatabase::new()), ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unique_index_knows_what_is_written_beside_it_in_sled() {
    let (database, _directory) = crate::sled_store::temporary();
    unique_index_knows_rows_written_beside_it(database, ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unique_index_knows_what_is_written_beside_it_on_postgres() {
    let (database, _kept) = crate::postgres::temporary();
    unique_index_knows_rows_written_beside_it(database, ROUNDS / 5).await;
}

#[tokio::test]
async fn an_index_of_many_rows_has_all_of_them() {
    const ROWS: usize = 2_500;
    let database: Shared = Arc::new(MemoryDatabase::new());
    let versions = [json!({}), json!({"uniqueList": [["name"]]})].map(|more| {
        let mut definition = json!({"fields": [
            {"name": "name", "dataType": "Stext"},
            {"name": "key", "dataType": "Stext", "primaryKey": true}
        ]});
        definition.as_object_mut().unwrap().extend(row(more));
        schema(&definition)
    });
    prepare(&database, &versions[0]).await;
    let insert = |number: usize| {
        Operation::insert(
            &versions[0],
            row(json!({"name": format!("n{number}"), "key": "k".repeat(number % 7) + &number.to_string()})),
        )
    };
    database.execute((0..ROWS).map(insert).collect()).await.unwrap();
    prepare(&database, &versions[1]).await;
    for number in 0..ROWS {
        assert_eq!(find(&database, &versions[1], &format!("Q(name='n{number}')")).await.len(), 1, "{number}");
    }
}
