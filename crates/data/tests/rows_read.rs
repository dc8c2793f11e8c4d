//! How many rows are read for an answer: those that an index leads to, not the table.

use std::sync::Arc;

use mti_data::{
    Aggregate, Database, Filter, MemoryDatabase, ModelSchema, Operation, Order, Query, SledDatabase, SledOptions, row,
};
use serde_json::json;

use crate::fixtures::{filter, schema};

const ROWS: i64 = 5_000;

fn indexed() -> Arc<ModelSchema> {
    schema(&json!({
        "fields": [
            {"name": "id", "dataType": "AutoInt", "primaryKey": true},
            {"name": "userId", "dataType": "Stext", "unique": true},
            {"name": "name", "dataType": "Stext"},
            {"name": "age", "dataType": "Integer"},
            {"name": "note", "dataType": "Stext"}
        ],
        "indexList": [["name", "age"], ["age"]]
    }))
}

async fn fill(database: &dyn Database, schema: &Arc<ModelSchema>) {
    database.prepare(Arc::clone(schema), Vec::new()).await.expect("prepares");
    let rows = (0..ROWS).map(|number| {
        let name = format!("n{:02}", number % 50);
        let row = row! { "userId": format!("u{number:05}"), "name": name, "age": number / 10, "note": "x" };
        Operation::insert(schema, row)
    });
    database.execute(rows.collect()).await.expect("writes");
}

/// Asks, and compares how many rows were found, counted and read.
async fn check(database: &dyn Database, schema: &Arc<ModelSchema>, read: impl Fn() -> u64) {
    let query = |text: &str| Query::new(filter(schema, text));
    let page = |size| Query { limit: Some(size), ..query("") };
    let by = |order: Vec<Order>, query: Query| Query { order, ..query };
    let counted = |query: Query| Query { count: true, ..query };
    for (what, query, found, total, most_read) in [
        ("a key", query("Q(id=7)"), 1, None, 1),
        ("keys", query("Q(id__in=[17, 18, 18])"), 2, None, 2),
        ("a range of keys", query("Q(id__range=(7, 9))"), 3, None, 3),
        ("both ends", query("Q(id__gte=7, id__lt=10)"), 3, None, 3),
        ("a unique value", query("Q(userId='u00007')"), 1, None, 1),
        ("unique values", query("Q(userId__in=('u00017', 'none'))"), 1, None, 1),
        ("no such value", query("Q(userId='none')"), 0, None, 0),
        ("a start", query("Q(userId__startswith='u0000')"), 10, None, 10),
        ("a pattern with a start", query("Q(userId__like='u0000%')"), 10, None, 10),
        ("an index", query("Q(name='n03', age__lt=100)"), 20, None, 20),
        ("alternatives", query("Q(userId='u00001') | Q(id=9)"), 2, None, 2),
        ("and more", query("Q(age=3) & ~Q(note='x')"), 0, None, 10),
        ("the first of a table", page(3), 3, None, 3),
        ("the last of a table", by(vec![Order::descending("id")], page(3)), 3, None, 3),
        ("the first by an index", by(vec![Order::ascending("age")], page(3)), 3, None, 3),
        ("the last by an index", by(vec![Order::descending("age")], page(3)), 3, None, 11),
        ("by a part of an index", by(vec![Order::ascending("name")], page(3)), 3, None, 101),
        (
            "behind a value",
            by(vec![Order::descending("age")], Query { limit: Some(2), ..query("Q(name='n03')") }),
            2,
            None,
            3,
        ),
        ("a page and a count", counted(page(3)), 3, Some(ROWS as u64), 3),
        ("a count by an index", counted(Query { limit: Some(1), ..query("Q(age__gt=9)") }), 1, Some(4_900), 1),
        ("what has no index", Query { limit: Some(1), ..query("Q(note='y')") }, 0, None, ROWS as u64),
    ] {
        let before = read();
        let page = database.find(Arc::clone(schema), query).await.expect("finds");
        assert_eq!((page.rows.len(), page.total), (found, total), "{what}");
        assert!(read() - before <= most_read, "{what}: {} rows read", read() - before);
    }
    let before = read();
    let all = Filter::All.bind(schema).expect("fits");
    let rows = database.aggregate(Arc::clone(schema), all, "id".to_owned(), Aggregate::Count).await;
    assert_eq!(rows, Ok(json!(ROWS)));
    let some = filter(schema, "Q(age__lte=9)");
    database.execute(vec![Operation::require(schema, some, 100..=100)]).await.expect("meets");
    assert_eq!(read(), before, "counting reads no row");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_leads_to_the_rows_in_memory() {
    let (database, schema) = (MemoryDatabase::new(), indexed());
    fill(&database, &schema).await;
    check(&database, &schema, || database.rows_read(&schema).expect("is prepared")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_leads_to_the_rows_in_sled() {
    let directory = tempfile::tempdir().expect("a directory");
    let options = SledOptions { directory: directory.path().to_owned(), program: "the tests".to_owned() };
    let (database, schema) = (SledDatabase::new(options), indexed());
    fill(&database, &schema).await;
    check(&database, &schema, || database.rows_read(&schema).expect("is prepared")).await;
    database.close().await.expect("closes");
}
