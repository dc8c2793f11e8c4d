//! What processes that share a database tell each other.

use mti_element::{CallCount, SharedCalls as _};
use mti_login_types::CallTable;

use crate::support::World;

async fn heard(table: &CallTable, world: &World, counted: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let counted = counted.iter().map(|(client, calls)| CallCount { client: *client, calls: *calls }).collect();
    let news = table.exchange(world.app.view(), counted).await.unwrap();
    let mut news: Vec<_> = news.into_iter().map(|count| (count.client, count.calls)).collect();
    news.sort_unstable();
    news
}

#[tokio::test]
async fn each_process_hears_what_the_others_count_once() {
    let world = World::new().await;
    let (a, b, c) = (CallTable::new(), CallTable::new(), CallTable::new());
    for table in [&a, &b, &c] {
        assert_eq!(heard(table, &world, &[]).await, []);
    }
    assert_eq!(heard(&a, &world, &[(7, 30), (u64::MAX, 1)]).await, []);
    assert_eq!(heard(&b, &world, &[(7, 5)]).await, [(7, 30), (u64::MAX, 1)]);
    assert_eq!(heard(&c, &world, &[]).await, [(7, 5), (7, 30), (u64::MAX, 1)]);
    assert_eq!(heard(&a, &world, &[(7, 2)]).await, [(7, 5)]);
    assert_eq!(heard(&b, &world, &[]).await, [(7, 2)]);
    assert_eq!(heard(&b, &world, &[]).await, []);
}

#[tokio::test]
async fn who_comes_later_does_not_hear_what_is_past() {
    let world = World::new().await;
    let (a, b) = (CallTable::new(), CallTable::new());
    heard(&a, &world, &[(7, 30)]).await;
    assert_eq!(heard(&b, &world, &[]).await, []);
    heard(&a, &world, &[(7, 4), (8, 1)]).await;
    assert_eq!(heard(&b, &world, &[]).await, [(7, 4), (8, 1)]);
}

#[tokio::test]
async fn a_row_that_falls_out_of_what_is_read_and_comes_back_is_not_counted_again() {
    let world = World::new().await;
    let (a, b, crowd) = (CallTable::new(), CallTable::new(), CallTable::new());
    heard(&a, &world, &[]).await;
    heard(&b, &world, &[(7, 30)]).await;
    assert_eq!(heard(&a, &world, &[]).await, [(7, 30)]);
    for thousand in 0..5 {
        let clients: Vec<_> = (0..1000).map(|client| (100 + thousand * 1000 + client, 1)).collect();
        heard(&crowd, &world, &clients).await;
    }
    assert_eq!(heard(&a, &world, &[]).await.len(), 5000, "the newest rows are read, and that of `b` is not among them");
    let of_crowd = serde_json::json!({ "filter": "Q(client__gte=100)" });
    world.element("auths.models.CallCountModel").call("deleteByFilter", of_crowd).await.unwrap();
    heard(&b, &world, &[(7, 1)]).await;
    assert_eq!(heard(&a, &world, &[]).await, []);
    heard(&b, &world, &[(7, 2)]).await;
    assert_eq!(heard(&a, &world, &[]).await, [(7, 2)]);
}

#[tokio::test]
async fn counts_expire_swept_or_not() {
    let world = World::new().await;
    let (a, b) = (CallTable::new(), CallTable::new());
    heard(&b, &world, &[]).await;
    heard(&a, &world, &[(7, 30)]).await;
    world.advance(120);
    assert_eq!(heard(&b, &world, &[]).await, []);
    heard(&a, &world, &[(7, 3)]).await;
    assert_eq!(heard(&b, &world, &[]).await, [(7, 3)]);
    world.advance(120);
    world.sweep().await;
    assert_eq!(world.rows("auths.models.CallCountModel").await.len(), 0);
    heard(&a, &world, &[(7, 2)]).await;
    assert_eq!(heard(&b, &world, &[]).await, [(7, 2)]);
}
