//! Schemas that change while rows are written, over and over. What every database has to do is in its contract.

use std::sync::Arc;

use mti_data::MemoryDatabase;
use mti_testkit::database::checks::unique_index_knows_rows_written_beside_it;

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
