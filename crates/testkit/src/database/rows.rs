//! Rows and their values.

use mti_data::{DataError, Filter, Operation, Order, Outcome, Query};
use serde_json::{Value, json};

use super::contract::{Shared, find, ids, insert, names, people};
use super::fixtures::{filter, named, person, row};

/// The life of a row.
pub async fn rows_are_inserted_found_changed_and_deleted(database: Shared) {
    let schema = people(&database, &[json!({"name": "Ann", "age": 30}), json!({"name": "Bob", "age": 40})]).await;
    assert_eq!(names(&find(&database, &schema, "").await), ["Ann", "Bob"]);
    assert_eq!(names(&find(&database, &schema, "Q(age__gt=35)").await), ["Bob"]);

    let update =
        Operation::update(&schema, filter(&schema, "Q(name='Ann')"), row(json!({"age": 31, "extra": {"a": 1}})));
    let outcomes = database.execute(vec![update]).await.unwrap();
    let [Outcome::Updated { rows }] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    assert_eq!((&rows[0]["age"], &rows[0]["extra"]), (&json!(31), &json!({"a": 1})));
    assert_eq!(find(&database, &schema, "Q(name='Ann')").await, *rows);
    assert_eq!(find(&database, &schema, "Q(age=30)").await, [], "the index follows");
    assert_eq!(names(&find(&database, &schema, "Q(age=31)").await), ["Ann"]);

    let delete = Operation::delete(&schema, filter(&schema, "Q(age__gte=31)"));
    let deleted = database.execute(vec![delete]).await.unwrap().remove(0);
    let Outcome::Deleted { rows } = &deleted else { panic!("{deleted:?}") };
    assert_eq!(names(rows), ["Ann", "Bob"]);
    assert_eq!(find(&database, &schema, "").await, []);
    let nothing = Operation::delete(&schema, filter(&schema, ""));
    assert_eq!(database.execute(vec![nothing]).await.unwrap(), [Outcome::Deleted { rows: Vec::new() }]);
}

/// What a row leaves out is null, or its default.
pub async fn missing_values_are_null_or_their_default(database: Shared) {
    let schema = people(&database, &[]).await;
    let inserted = insert(&database, &schema, json!({"name": "Ann", "active": null})).await.unwrap();
    let expected = json!({"id": 1, "userId": null, "name": "Ann", "age": null, "height": null, "active": null, "born": null, "extra": null});
    assert_eq!(Value::Object(inserted.clone()), expected);
    assert_eq!(find(&database, &schema, "").await, [inserted]);
    assert_eq!(insert(&database, &schema, json!({})).await.unwrap()["active"], json!(true));
}

/// Rows and changes that do not fit the model are refused.
pub async fn bad_rows_are_refused(database: Shared) {
    let schema = people(&database, &[json!({"name": "Ann"})]).await;
    for value in [json!({"nam": "x"}), json!({"age": "x"}), json!({"id": 0}), json!({"name": "a\u{0}"})] {
        let error = insert(&database, &schema, value.clone()).await.unwrap_err();
        assert!(matches!(error, DataError::FieldInvalid { .. }), "{value}: {error}");
    }
    for changes in [json!({"id": 2}), json!({"nam": "x"}), json!({"age": true})] {
        let update = Operation::update(&schema, filter(&schema, ""), row(changes));
        assert!(matches!(database.execute(vec![update]).await, Err(DataError::FieldInvalid { .. })));
    }
    let order = Query { order: vec![Order::ascending("extra")], ..Query::new(filter(&schema, "")) };
    assert!(matches!(database.find(schema.clone(), order).await, Err(DataError::FieldInvalid { .. })));
    assert_eq!(find(&database, &schema, "").await.len(), 1);
}

/// A model that was not prepared has no table.
pub async fn a_model_has_to_be_prepared(database: Shared) {
    let schema = person();
    let error = insert(&database, &schema, json!({})).await.unwrap_err();
    assert_eq!(error, DataError::NotPrepared { model: "shop.models.Person".to_owned() });
    let found = database.find(schema.clone(), Query::new(filter(&schema, ""))).await;
    assert_eq!(found, Err(error));
}

/// A filter is for its own model.
pub async fn filters_of_another_model_are_refused(database: Shared) {
    let schema = people(&database, &[json!({"name": "Ann"})]).await;
    let other =
        named("shop.models.Other", &json!({"fields": [{"name": "id", "dataType": "AutoInt", "primaryKey": true}]}));
    let delete = Operation::delete(&schema, filter(&other, ""));
    assert!(matches!(database.execute(vec![delete]).await, Err(DataError::BadFilter(_))));
    assert_eq!(find(&database, &schema, "").await.len(), 1);
}

/// Text of every kind comes back as it was, and is ordered by code points.
pub async fn text_is_kept_and_ordered_by_code_points(database: Shared) {
    let texts =
        ["z", "Z", "é", "e\u{301}", "微信", "微信登录", "😀", "\u{ffff}", "a'b\"c\\d%", "\n\t", "\u{1}", "ÿ", "~"];
    let rows: Vec<_> = texts.iter().map(|text| json!({"userId": text, "name": text})).collect();
    let schema = people(&database, &rows).await;
    let mut sorted = texts.to_vec();
    sorted.sort_unstable();
    let query = Query { order: vec![Order::ascending("userId")], ..Query::new(filter(&schema, "")) };
    assert_eq!(names(&database.find(schema.clone(), query).await.unwrap().rows), sorted);
    for text in texts {
        for text_filter in [Filter::equal("userId", text), Filter::equal("name", text)] {
            let query = Query::new(text_filter.bind(&schema).unwrap());
            assert_eq!(names(&database.find(schema.clone(), query).await.unwrap().rows), [text]);
        }
    }
    assert_eq!(names(&find(&database, &schema, "Q(userId__startswith='微信')").await), ["微信", "微信登录"]);
    assert_eq!(find(&database, &schema, "Q(userId__gt='~')").await.len(), 6);
}

/// Numbers come back exactly.
pub async fn numbers_come_back_as_they_were(database: Shared) {
    let schema = people(&database, &[]).await;
    let numbers = [-1.5, -0.1, 0.1, 0.2, 0.3, 1.0 / 3.0, 5e-324, 123_456_789.123_456_79, 4_503_599_627_370_497.5];
    for (age, height) in numbers.into_iter().enumerate() {
        insert(&database, &schema, json!({"age": age, "height": height})).await.unwrap();
    }
    insert(&database, &schema, json!({"age": i64::MAX})).await.unwrap();
    insert(&database, &schema, json!({"age": i64::MIN})).await.unwrap();
    let found = find(&database, &schema, "Q(height__isnull=False)").await;
    assert_eq!(found.iter().map(|row| row["height"].as_f64().unwrap()).collect::<Vec<_>>(), numbers);
    assert_eq!(ids(&find(&database, &schema, &format!("Q(age={})", i64::MAX)).await), [10]);
    assert_eq!(ids(&find(&database, &schema, "Q(age__lt=0)").await), [11]);
    assert_eq!(ids(&find(&database, &schema, "Q(height__lt=0.1)").await), [1, 2, 7]);
}

/// A number that was assigned is not assigned again.
pub async fn assigned_numbers_are_never_used_again(database: Shared) {
    let schema = people(&database, &[json!({}), json!({}), json!({})]).await;
    let delete = Operation::delete(&schema, filter(&schema, "Q(id__gte=2)"));
    database.execute(vec![delete]).await.unwrap();
    assert_eq!(insert(&database, &schema, json!({})).await.unwrap()["id"], json!(4));
    database.execute(vec![Operation::delete(&schema, filter(&schema, ""))]).await.unwrap();
    assert_eq!(insert(&database, &schema, json!({})).await.unwrap()["id"], json!(5));
}

/// A key that was given is not assigned afterwards.
pub async fn given_keys_are_skipped(database: Shared) {
    let schema = people(&database, &[json!({"id": 7}), json!({}), json!({"id": 3}), json!({})]).await;
    assert_eq!(ids(&find(&database, &schema, "").await), [3, 7, 8, 9]);
}

/// A database that was closed refuses calls.
pub async fn a_closed_database_says_so(database: Shared) {
    let schema = people(&database, &[json!({})]).await;
    database.close().await.unwrap();
    database.close().await.expect("closing twice is fine");
    let error = insert(&database, &schema, json!({})).await.unwrap_err();
    assert!(matches!(error, DataError::Unavailable { retryable: false, .. }), "{error}");
    let found = database.find(schema.clone(), Query::new(filter(&schema, ""))).await;
    assert!(matches!(found, Err(DataError::Unavailable { retryable: false, .. })), "{found:?}");
}
