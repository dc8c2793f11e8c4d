//! Order, pages and aggregates.

use std::sync::Arc;

use mti_data::{Aggregate, DataError, Order, Page, Query};
use serde_json::{Value, json};

use super::contract::{Shared, ids, people};
use super::fixtures::filter;

/// Null comes before every value, and rows that tie come in the order of their keys.
pub async fn null_comes_first(database: Shared) {
    let schema = people(
        &database,
        &[json!({"name": "b"}), json!({}), json!({"name": ""}), json!({"name": "a"}), json!({"age": 1})],
    )
    .await;
    let ordered = |order: Vec<Order>| {
        let query = Query { order, ..Query::new(filter(&schema, "")) };
        let found = database.find(Arc::clone(&schema), query);
        async move { ids(&found.await.expect("finds").rows) }
    };
    assert_eq!(ordered(vec![Order::ascending("name")]).await, [2, 5, 3, 4, 1]);
    assert_eq!(ordered(vec![Order::descending("name")]).await, [1, 4, 3, 2, 5], "rows that tie stay in key order");
    assert_eq!(ordered(vec![Order::ascending("name"), Order::descending("id")]).await, [5, 2, 3, 4, 1]);
    assert_eq!(ordered(vec![Order::descending("id")]).await, [5, 4, 3, 2, 1]);
    assert_eq!(ordered(Vec::new()).await, [1, 2, 3, 4, 5]);
}

/// Pages and totals, also beyond the last row.
pub async fn pages_and_totals(database: Shared) {
    let rows: Vec<_> = (0..25).map(|number| json!({"name": format!("n{number:02}"), "age": number % 5})).collect();
    let schema = people(&database, &rows).await;
    let page = |text: &str, order: Vec<Order>, offset: usize, limit: usize| {
        let query = Query { order, offset, limit: Some(limit), count: true, ..Query::new(filter(&schema, text)) };
        let found = database.find(Arc::clone(&schema), query);
        async move {
            let Page { rows, total } = found.await.expect("finds");
            (ids(&rows), total)
        }
    };
    assert_eq!(page("", Vec::new(), 0, 3).await, (vec![1, 2, 3], Some(25)));
    assert_eq!(page("", Vec::new(), 24, 3).await, (vec![25], Some(25)));
    assert_eq!(page("", Vec::new(), 30, 3).await, (vec![], Some(25)));
    assert_eq!(page("", Vec::new(), 0, 0).await, (vec![], Some(25)));
    assert_eq!(page("Q(age=2)", Vec::new(), 1, 2).await, (vec![8, 13], Some(5)));
    assert_eq!(page("Q(age__gte=3)", vec![Order::descending("name")], 2, 2).await, (vec![20, 19], Some(10)));
    let first = database.find(schema.clone(), Query::first(filter(&schema, "Q(age=4)"))).await.unwrap();
    assert_eq!((ids(&first.rows), first.total), (vec![5], None));
}

/// Only the fields that were asked for come, in that order.
pub async fn fields_are_chosen(database: Shared) {
    let schema = people(&database, &[json!({"name": "Ann", "age": 30})]).await;
    let chosen = |fields: &[&str]| {
        let fields = Some(fields.iter().map(ToString::to_string).collect());
        database.find(Arc::clone(&schema), Query { fields, ..Query::new(filter(&schema, "")) })
    };
    let rows = chosen(&["age", "name"]).await.unwrap().rows;
    assert_eq!(serde_json::to_string(&rows).unwrap(), r#"[{"age":30,"name":"Ann"}]"#);
    assert!(matches!(chosen(&["agee"]).await, Err(DataError::FieldInvalid { .. })));
}

/// Aggregates, with and without values.
pub async fn values_are_aggregated(database: Shared) {
    let schema = people(
        &database,
        &[
            json!({"name": "b", "age": 1, "height": 0.5}),
            json!({"name": "a", "age": 2, "height": 1.5}),
            json!({"name": null, "age": 4}),
        ],
    )
    .await;
    let made = |text: &str, field: &str, aggregate: Aggregate| {
        database.aggregate(Arc::clone(&schema), filter(&schema, text), field.to_owned(), aggregate)
    };
    assert_eq!(made("", "age", Aggregate::Sum).await, Ok(json!(7)));
    assert_eq!(made("", "height", Aggregate::Sum).await, Ok(json!(2)));
    assert_eq!(made("Q(age__lt=3)", "age", Aggregate::Average).await, Ok(json!(1.5)));
    assert_eq!(made("", "name", Aggregate::Count).await, Ok(json!(2)));
    assert_eq!(made("", "name", Aggregate::Min).await, Ok(json!("a")));
    assert_eq!(made("", "height", Aggregate::Max).await, Ok(json!(1.5)));
    assert_eq!(made("Q(age=9)", "age", Aggregate::Sum).await, Ok(Value::Null));
    assert_eq!(made("Q(age=9)", "age", Aggregate::Count).await, Ok(json!(0)));
    assert!(matches!(made("", "name", Aggregate::Sum).await, Err(DataError::FieldInvalid { .. })));
    assert!(matches!(made("", "nam", Aggregate::Count).await, Err(DataError::FieldInvalid { .. })));
}
