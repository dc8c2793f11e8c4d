//! Several operations that are one.

use mti_data::{Action, DataError, Operation, Order, Outcome};
use serde_json::json;

use super::contract::{Shared, find, ids, insert, names, people, prepare};
use super::fixtures::{filter, named, row};

/// A batch happens as a whole or not at all, over several models.
pub async fn a_batch_is_all_or_nothing(database: Shared) {
    let schema = people(&database, &[json!({"userId": "u1", "name": "Ann", "age": 1})]).await;
    let other = named(
        "shop.models.Other",
        &json!({"fields": [{"name": "code", "dataType": "Stext", "primaryKey": true}, {"name": "n", "dataType": "Integer"}]}),
    );
    prepare(&database, &other).await;
    let batch = vec![
        Operation::insert(&other, row(json!({"code": "c1"}))),
        Operation::update(&schema, filter(&schema, ""), row(json!({"name": "changed", "age": 2}))),
        Operation::insert(&schema, row(json!({"userId": "u2"}))),
        Operation::delete(&schema, filter(&schema, "Q(userId='u2')")),
        Operation::insert(&schema, row(json!({"userId": "u1"}))),
    ];
    assert!(matches!(database.execute(batch).await, Err(DataError::UniqueViolation { .. })));
    assert_eq!(find(&database, &other, "").await, []);
    assert_eq!(names(&find(&database, &schema, "Q(age=1)").await), ["Ann"]);
    assert_eq!(find(&database, &schema, "Q(name='changed')").await, []);
    // The numbers that the batch used up may be gone.
    assert!(insert(&database, &schema, json!({})).await.unwrap()["id"].as_i64() >= Some(2));
    let both = vec![
        Operation::insert(&other, row(json!({"code": "c1"}))),
        Operation::insert(&schema, row(json!({"userId": "u2"}))),
    ];
    assert_eq!(database.execute(both).await.unwrap().len(), 2);
    assert_eq!(find(&database, &other, "Q(code='c1')").await.len(), 1);
}

/// An operation of a batch sees what those before it did.
pub async fn operations_see_what_came_before_them(database: Shared) {
    let schema = people(&database, &[json!({"name": "Ann", "age": 1})]).await;
    let batch = vec![
        Operation::insert(&schema, row(json!({"name": "Bob", "age": 1}))),
        Operation::require(&schema, filter(&schema, "Q(age=1)"), 2..=2),
        Operation::update(&schema, filter(&schema, "Q(age=1)"), row(json!({"age": 2}))),
        Operation::require(&schema, filter(&schema, "Q(age=1)"), 0..=0),
        Operation::delete(&schema, filter(&schema, "Q(age=2) & Q(name='Ann')")),
        Operation::require(&schema, filter(&schema, "Q(age__gt=0)"), 1..=1),
    ];
    let outcomes = database.execute(batch).await.unwrap();
    assert_eq!(names(outcomes[2].rows()), ["Ann", "Bob"]);
    assert_eq!(names(outcomes[4].rows()), ["Ann"]);
    assert_eq!(names(&find(&database, &schema, "Q(age=2)").await), ["Bob"]);

    // However many there are.
    let come_and_go = [
        Operation::insert(&schema, row(json!({"name": "Cy", "age": 7}))),
        Operation::update(&schema, filter(&schema, "Q(age=7)"), row(json!({"age": 8}))),
        Operation::delete(&schema, filter(&schema, "Q(age=8)")),
    ];
    let outcomes = database.execute(come_and_go.iter().cycle().take(300).cloned().collect()).await.unwrap();
    assert!(outcomes.iter().all(|outcome| names(outcome.rows()) == ["Cy"]), "{outcomes:?}");
    assert_eq!(find(&database, &schema, "Q(name='Cy')").await, []);
}

/// A requirement that is not met takes the whole batch back.
pub async fn a_requirement_stops_the_batch(database: Shared) {
    let schema = people(&database, &[json!({"name": "Ann"})]).await;
    let batch = vec![
        Operation::insert(&schema, row(json!({"name": "Bob"}))),
        Operation::require(&schema, filter(&schema, ""), 3..=u64::MAX),
    ];
    assert_eq!(database.execute(batch).await, Err(DataError::PreconditionFailed { index: 1, found: 2 }));
    assert_eq!(names(&find(&database, &schema, "").await), ["Ann"]);
    let met = Operation::require(&schema, filter(&schema, "Q(name='Ann')"), 1..=1);
    assert_eq!(database.execute(vec![met]).await, Ok(vec![Outcome::Met { count: 1 }]));
}

/// `UpdateOrInsert` changes the first row of its order, or adds one.
pub async fn update_or_insert_changes_the_first_or_adds(database: Shared) {
    let schema = people(&database, &[json!({"name": "a", "age": 1}), json!({"name": "b", "age": 2})]).await;
    let operation = |text: &str| {
        let order = vec![Order::descending("age")];
        let (update, insert) = (row(json!({"height": 1})), row(json!({"name": "new", "age": 9})));
        Operation::update_or_insert(&schema, filter(&schema, text), order, update, insert)
    };
    let outcomes =
        database.execute(vec![operation("Q(age__lt=9)"), operation("Q(age=9)"), operation("Q(age=9)")]).await.unwrap();
    assert!(matches!(&outcomes[0], Outcome::Updated { rows } if names(rows) == ["b"]), "{outcomes:?}");
    assert!(matches!(&outcomes[1], Outcome::Inserted { row } if row["id"] == json!(3)), "{outcomes:?}");
    assert!(matches!(&outcomes[2], Outcome::Updated { rows } if names(rows) == ["new"]), "{outcomes:?}");
    assert_eq!(names(&find(&database, &schema, "Q(height=1)").await), ["b", "new"]);
}

/// A limited update changes the smallest keys.
pub async fn an_update_can_be_limited(database: Shared) {
    let schema = people(&database, &[json!({"age": 1}), json!({"age": 1}), json!({"age": 1})]).await;
    let action =
        Action::Update { filter: filter(&schema, "Q(age=1)"), changes: row(json!({"age": 2})), at_most: Some(2) };
    let outcome = database.execute(vec![Operation { schema: schema.clone(), action }]).await.unwrap();
    assert_eq!(ids(outcome[0].rows()), [1, 2]);
    assert_eq!(ids(&find(&database, &schema, "Q(age=1)").await), [3]);
}
