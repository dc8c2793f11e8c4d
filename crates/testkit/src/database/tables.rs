//! Tables: made once, seeded once, brought in line with their models.

use std::sync::Arc;

use mti_data::{DataError, ModelSchema, Operation, Prepared, Query};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::contract::{Shared, find, ids, insert, prepare};
use super::fixtures::{filter, named, person, row};

/// Of many that prepare a table, one makes it, with its first rows.
pub async fn seed_rows_are_inserted_once(database: Shared) {
    let schema = person();
    let seed = vec![row(json!({"userId": "u1"})), row(json!({"userId": "u2"}))];
    let mut nodes = JoinSet::new();
    for _ in 0..16 {
        let (database, schema, seed) = (Arc::clone(&database), Arc::clone(&schema), seed.clone());
        nodes.spawn(async move { database.prepare(schema, seed).await.expect("prepares") });
    }
    let prepared = nodes.join_all().await;
    assert_eq!(prepared.iter().filter(|prepared| prepared.created).count(), 1);
    assert_eq!(find(&database, &schema, "").await.len(), 2);
    database.execute(vec![Operation::delete(&schema, filter(&schema, ""))]).await.unwrap();
    assert_eq!(database.prepare(schema.clone(), seed).await, Ok(Prepared { created: false }));
    assert_eq!(find(&database, &schema, "").await, [], "an emptied table is not seeded again");
}

/// First rows that do not fit make no table.
pub async fn a_bad_seed_makes_no_table(database: Shared) {
    let schema = person();
    let seed = vec![row(json!({"userId": "u1"})), row(json!({"userId": "u1"}))];
    assert!(matches!(database.prepare(schema.clone(), seed).await, Err(DataError::UniqueViolation { .. })));
    let found = database.find(schema.clone(), Query::new(filter(&schema, ""))).await;
    assert!(matches!(found, Err(DataError::NotPrepared { .. })));
    let seed = vec![row(json!({"userId": "u1"}))];
    assert_eq!(database.prepare(schema.clone(), seed).await, Ok(Prepared { created: true }));
    assert_eq!(ids(&find(&database, &schema, "").await), [1]);
}

/// Two apps have two tables for one model.
pub async fn namespaces_are_apart(database: Shared) {
    let definition = json!({"fields": [{"name": "code", "dataType": "Stext", "primaryKey": true}]});
    let one = Arc::new(ModelSchema::parse("m", "acme.one", &definition).unwrap());
    let two = Arc::new(ModelSchema::parse("m", "acme.two", &definition).unwrap());
    prepare(&database, &one).await;
    prepare(&database, &two).await;
    insert(&database, &one, json!({"code": "x"})).await.unwrap();
    insert(&database, &two, json!({"code": "x"})).await.unwrap();
    database.execute(vec![Operation::delete(&one, filter(&one, ""))]).await.unwrap();
    assert_eq!((find(&database, &one, "").await.len(), find(&database, &two, "").await.len()), (0, 1));
}

/// Constraints follow the model.
pub async fn new_constraints_are_built_and_enforced(database: Shared) {
    let definition = |extra: Value| {
        let mut definition = json!({"fields": [
            {"name": "id", "dataType": "AutoInt", "primaryKey": true},
            {"name": "a", "dataType": "Stext"},
            {"name": "b", "dataType": "Integer"}
        ]});
        definition.as_object_mut().unwrap().extend(row(extra));
        named("shop.models.Changing", &definition)
    };
    let plain = definition(json!({}));
    prepare(&database, &plain).await;
    for (a, b) in [("x", 1), ("y", 1), ("x", 2)] {
        insert(&database, &plain, json!({"a": a, "b": b})).await.unwrap();
    }
    let unique_a = definition(json!({"uniqueList": [["a"]]}));
    let refused = database.prepare(unique_a.clone(), Vec::new()).await;
    assert!(matches!(refused, Err(DataError::UniqueViolation { .. })), "{refused:?}");

    let both = definition(json!({"uniqueList": [["a", "b"]], "indexList": [["b"]]}));
    assert_eq!(database.prepare(both.clone(), Vec::new()).await, Ok(Prepared { created: false }));
    assert_eq!(ids(&find(&database, &both, "Q(b=1)").await), [1, 2]);
    assert_eq!(ids(&find(&database, &both, "Q(a='x', b=2)").await), [3]);
    assert!(insert(&database, &both, json!({"a": "x", "b": 2})).await.is_err());

    prepare(&database, &plain).await;
    insert(&database, &plain, json!({"a": "x", "b": 2})).await.expect("no longer unique");
    assert_eq!(find(&database, &plain, "Q(b=2)").await.len(), 2);
    assert!(database.prepare(both.clone(), Vec::new()).await.is_err(), "the combination is there twice now");
}

/// A field that is in use keeps its type.
pub async fn changed_types_are_refused(database: Shared) {
    let of_type = |data_type: &str| {
        named(
            "shop.models.Changing",
            &json!({"fields": [
                {"name": "id", "dataType": "AutoInt", "primaryKey": true},
                {"name": "a", "dataType": data_type}
            ]}),
        )
    };
    let text = of_type("Stext");
    prepare(&database, &text).await;
    prepare(&database, &of_type("Integer")).await;
    prepare(&database, &text).await;
    insert(&database, &text, json!({"a": "x"})).await.unwrap();
    let refused = database.prepare(of_type("Integer"), Vec::new()).await;
    assert!(matches!(refused, Err(DataError::SchemaChanged { .. })), "{refused:?}");
    prepare(&database, &of_type("Ltext")).await;
    let other_key =
        named("shop.models.Changing", &json!({"fields": [{"name": "a", "dataType": "Stext", "primaryKey": true}]}));
    let refused = database.prepare(other_key, Vec::new()).await;
    assert!(matches!(refused, Err(DataError::SchemaChanged { .. })), "{refused:?}");
    assert_eq!(find(&database, &text, "Q(a='x')").await.len(), 1);
}
