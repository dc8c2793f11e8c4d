//! Unique combinations, and callers that write at once.

use std::sync::Arc;

use mti_data::{DataError, Operation};
use serde_json::json;
use tokio::task::JoinSet;

use super::contract::{Shared, find, ids, insert, people};
use super::fixtures::{filter, row};

/// How many callers write at once in the checks of races.
const WRITERS: i64 = 64;

/// Unique combinations hold, and what violates one is told its fields.
pub async fn unique_combinations_hold(database: Shared) {
    let schema = people(&database, &[json!({"userId": "u1", "name": "Ann", "age": 30})]).await;
    let violation = |fields: &[&str]| DataError::UniqueViolation {
        model: "shop.models.Person".to_owned(),
        fields: fields.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(insert(&database, &schema, json!({"userId": "u1"})).await, Err(violation(&["userId"])));
    assert_eq!(insert(&database, &schema, json!({"name": "Ann", "age": 30})).await, Err(violation(&["name", "age"])));
    assert_eq!(insert(&database, &schema, json!({"id": 1})).await, Err(violation(&["id"])));
    insert(&database, &schema, json!({"userId": "u2", "name": "Ann", "age": 31})).await.unwrap();

    let clash = Operation::update(&schema, filter(&schema, "Q(userId='u2')"), row(json!({"age": 30})));
    assert_eq!(database.execute(vec![clash]).await, Err(violation(&["name", "age"])));
    let both = Operation::update(&schema, filter(&schema, ""), row(json!({"userId": "u3"})));
    assert_eq!(database.execute(vec![both]).await, Err(violation(&["userId"])));
    assert_eq!(find(&database, &schema, "Q(userId__in=['u1', 'u2'])").await.len(), 2, "nothing was changed");

    let itself = Operation::update(&schema, filter(&schema, "Q(userId='u1')"), row(json!({"userId": "u1", "age": 30})));
    database.execute(vec![itself]).await.expect("a row does not collide with itself");
    let moved = vec![
        Operation::delete(&schema, filter(&schema, "Q(userId='u1')")),
        Operation::insert(&schema, row(json!({"userId": "u1", "name": "Ann", "age": 30}))),
    ];
    database.execute(moved).await.expect("what was given up in the batch is free");
}

/// Null collides with nothing, the empty text with itself.
pub async fn null_does_not_collide_but_the_empty_text_does(database: Shared) {
    let schema =
        people(&database, &[json!({"name": "Ann"}), json!({"name": "Ann"}), json!({"age": 1}), json!({"age": 1})])
            .await;
    assert_eq!(find(&database, &schema, "Q(name='Ann', age=None)").await.len(), 2);
    insert(&database, &schema, json!({"userId": "", "name": "", "age": 1})).await.unwrap();
    assert!(insert(&database, &schema, json!({"userId": ""})).await.is_err());
    assert!(insert(&database, &schema, json!({"name": "", "age": 1})).await.is_err());
}

/// Of many that write one value, one does.
pub async fn one_of_many_writers_wins_a_unique_value(database: Shared) {
    let schema = people(&database, &[]).await;
    let mut writers = JoinSet::new();
    for age in 0..WRITERS {
        let (database, schema) = (Arc::clone(&database), Arc::clone(&schema));
        writers
            .spawn(async move { insert(&database, &schema, json!({"userId": "same", "name": "x", "age": age})).await });
    }
    let results = writers.join_all().await;
    let won: Vec<_> = results.iter().flatten().collect();
    assert_eq!(won.len(), 1);
    assert!(results.iter().all(|result| matches!(result, Ok(_) | Err(DataError::UniqueViolation { .. }))));
    let found = find(&database, &schema, "").await;
    assert_eq!(found.iter().collect::<Vec<_>>(), won);
}

/// Of many that take one row, one gets it.
pub async fn one_of_many_takers_gets_the_row(database: Shared) {
    let schema = people(&database, &[json!({"userId": "code"}), json!({"userId": "other"})]).await;
    let mut takers = JoinSet::new();
    for _ in 0..WRITERS {
        let (database, schema) = (Arc::clone(&database), Arc::clone(&schema));
        takers.spawn(async move {
            let take = Operation::delete(&schema, filter(&schema, "Q(userId='code')"));
            database.execute(vec![take]).await.expect("takes").remove(0).into_rows().len()
        });
    }
    assert_eq!(takers.join_all().await.into_iter().sum::<usize>(), 1);
    assert_eq!(find(&database, &schema, "").await.len(), 1);
}

/// Compare and swap loses no update.
pub async fn counters_lose_no_update(database: Shared) {
    let schema = people(&database, &[json!({"userId": "counter", "age": 0})]).await;
    let mut writers = JoinSet::new();
    for _ in 0..8 {
        let (database, schema) = (Arc::clone(&database), Arc::clone(&schema));
        writers.spawn(async move {
            let mut added = 0;
            while added < 8 {
                let age = find(&database, &schema, "Q(userId='counter')").await[0]["age"].as_i64().unwrap();
                let compare = filter(&schema, &format!("Q(userId='counter', age={age})"));
                let swap = Operation::update(&schema, compare, row(json!({"age": age + 1})));
                added += database.execute(vec![swap]).await.unwrap()[0].rows().len();
            }
        });
    }
    writers.join_all().await;
    assert_eq!(find(&database, &schema, "Q(userId='counter')").await[0]["age"], json!(64));
}

/// What many write at once is all there.
pub async fn many_small_batches_from_many_writers_are_all_there(database: Shared) {
    let schema = people(&database, &[]).await;
    let mut writers = JoinSet::new();
    for writer in 0..16 {
        let (database, schema) = (Arc::clone(&database), Arc::clone(&schema));
        writers.spawn(async move {
            for number in 0..10 {
                let user = format!("u{writer}-{number}");
                insert(&database, &schema, json!({"userId": user, "age": writer})).await.expect("inserts");
                if number % 3 == 0 {
                    let again = insert(&database, &schema, json!({"userId": user})).await;
                    assert!(matches!(again, Err(DataError::UniqueViolation { .. })));
                }
            }
        });
    }
    writers.join_all().await;
    let found = find(&database, &schema, "").await;
    assert_eq!(found.len(), 160);
    assert!(ids(&found).is_sorted_by(|left, right| left < right), "no number is assigned twice");
    assert_eq!(find(&database, &schema, "Q(age=7)").await.len(), 10);
}
