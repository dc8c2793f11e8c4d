//! Whole tables from one database to another.

use std::sync::Arc;

use mti_data::{
    DataError, Delivery, Filter, MemoryDatabase, ModelSchema, Operation, Prepared, Query, Row, TableChange, TablePart,
    TableToFill, row as fields,
};
use mti_testkit::database::TestDatabase;
use serde_json::json;
use tokio::sync::mpsc;

use crate::contract::{Shared, find, insert, prepare};
use crate::fixtures::{filter, named, person, row, schema};
use crate::sled_store::{open, temporary};

fn note() -> Arc<ModelSchema> {
    named(
        "shop.models.Note",
        &json!({"fields": [
            {"name": "code", "dataType": "Stext", "primaryKey": true},
            {"name": "text", "dataType": "Ltext"}
        ]}),
    )
}

async fn exported(database: &Shared, schemas: &[Arc<ModelSchema>]) -> Result<Vec<TablePart>, DataError> {
    let (send, mut receive) = mpsc::channel(1);
    let export = database.export(schemas.to_vec(), send);
    let collect = async {
        let mut parts = Vec::new();
        while let Some(part) = receive.recv().await {
            parts.push(part);
        }
        parts
    };
    let (done, parts) = tokio::join!(export, collect);
    done.map(|()| parts)
}

async fn import(
    database: &Shared,
    schemas: &[Arc<ModelSchema>],
    replace: bool,
    deliveries: Vec<Delivery>,
) -> Result<u64, DataError> {
    let (send, receive) = mpsc::channel(1);
    let tables = schemas.iter().map(|schema| TableToFill { schema: schema.clone(), replace });
    let import = database.import(tables.collect(), receive);
    let deliver = async move {
        for delivery in deliveries {
            // An import that failed takes no more.
            let _taken = send.send(delivery).await;
        }
    };
    tokio::join!(import, deliver).0
}

fn delivered(parts: &[TablePart]) -> Vec<Delivery> {
    parts.iter().cloned().map(Delivery::Part).chain([Delivery::End]).collect()
}

async fn filled(database: &Shared) -> Vec<Arc<ModelSchema>> {
    let schemas = vec![person(), note()];
    for schema in &schemas {
        prepare(database, schema).await;
    }
    for start in [0, 700] {
        let rows = (start..start + 700).map(|number| {
            Operation::insert(&schemas[0], row(json!({"userId": format!("u{number}"), "name": "微信", "age": number})))
        });
        database.execute(rows.collect()).await.expect("writes");
    }
    insert(database, &schemas[1], json!({"code": "a", "text": "x"})).await.expect("writes");
    database
        .execute(vec![Operation::delete(&schemas[0], filter(&schemas[0], "Q(id__gt=1390)"))])
        .await
        .expect("deletes");
    schemas
}

/// One of each, with what keeps it alive.
fn databases() -> Vec<(Shared, Option<tempfile::TempDir>, Option<TestDatabase>)> {
    let (sled, directory) = temporary();
    let (server, place) = crate::postgres::temporary();
    vec![
        (Arc::new(MemoryDatabase::new()) as Shared, None, None),
        (sled, Some(directory), None),
        (server, None, Some(place)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_come_out_as_they_go_in_and_numbers_stay_used() {
    for (from, _kept, _place) in databases() {
        let schemas = filled(&from).await;
        let parts = exported(&from, &schemas).await.unwrap();
        let rows = |table: usize| parts.iter().filter(|part| part.table == table).flat_map(|part| &part.rows).count();
        assert_eq!((rows(0), rows(1)), (1390, 1));
        assert!(parts.iter().all(|part| part.rows.len() <= 500), "large tables come in parts");
        for (into, _kept, _place) in databases() {
            for schema in &schemas {
                prepare(&into, schema).await;
            }
            assert_eq!(import(&into, &schemas, false, delivered(&parts)).await, Ok(1391));
            assert_eq!(exported(&into, &schemas).await.unwrap(), parts);
            assert_eq!(find(&into, &schemas[0], "Q(userId='u700')").await[0]["id"], json!(701), "indexes are there");
            let next = insert(&into, &schemas[0], json!({"userId": "new"})).await.unwrap();
            assert_eq!(next["id"], json!(1401), "deleted numbers stay used");
            assert!(insert(&into, &schemas[0], json!({"userId": "u700"})).await.is_err());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_with_rows_is_only_replaced_when_told() {
    for (database, _kept, _place) in databases() {
        let schemas = filled(&database).await;
        let part = TablePart { table: 1, assigned: 0, rows: vec![row(json!({"code": "b"}))] };
        let refused = import(&database, &schemas, false, delivered(std::slice::from_ref(&part))).await.unwrap_err();
        assert_eq!(refused, DataError::TableNotEmpty { model: "shop.models.Person".to_owned() });
        assert_eq!(import(&database, &schemas, true, delivered(&[part])).await, Ok(1));
        assert_eq!(find(&database, &schemas[0], "").await, [] as [Row; 0]);
        assert_eq!(find(&database, &schemas[1], "").await, [row(json!({"code": "b", "text": null}))]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_all_or_nothing() {
    for (database, kept, _place) in databases() {
        let schemas = filled(&database).await;
        let before = exported(&database, &schemas).await.unwrap();
        let good = TablePart { table: 0, assigned: 0, rows: vec![fields! { "id": 1, "userId": "other" }] };
        let bad = |value| TablePart { table: 1, assigned: 0, rows: vec![row(value)] };
        for deliveries in [
            vec![Delivery::Part(good.clone())],
            delivered(&[good.clone(), bad(json!({"code": "a", "txt": "no such field"}))]),
            delivered(&[good.clone(), bad(json!({"code": "a"})), bad(json!({"code": "a"}))]),
        ] {
            assert!(import(&database, &schemas, true, deliveries).await.is_err());
            assert_eq!(exported(&database, &schemas).await.unwrap(), before);
        }
        if let Some(directory) = kept {
            database.close().await.unwrap();
            let database = open(directory.path());
            for schema in &schemas {
                assert_eq!(database.prepare(schema.clone(), Vec::new()).await, Ok(Prepared { created: false }));
            }
            assert_eq!(exported(&database, &schemas).await.unwrap(), before);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_foretold() {
    let text = |name: &str| json!({"name": name, "dataType": "Stext"});
    let key = json!({"name": "id", "dataType": "AutoInt", "primaryKey": true});
    let old = schema(&json!({"fields": [key, text("a"), text("b"), text("c")], "indexList": [["a"], ["b"]]}));
    let number = json!({"name": "c", "dataType": "Integer"});
    let new =
        schema(&json!({"fields": [key, text("a"), number, text("d")], "indexList": [["a"]], "uniqueList": [["d"]]}));
    for (database, _kept, _place) in databases() {
        assert_eq!(database.changes(old.clone()).await, Ok(vec![TableChange::Make]));
        prepare(&database, &old).await;
        assert_eq!(database.changes(old.clone()).await, Ok(Vec::new()));
        let foretold: Vec<_> = database.changes(new.clone()).await.unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(
            foretold,
            [
                "change the type of the empty field `c`",
                "add field `d`",
                "hide field `b`, keeping what is stored",
                "add unique combination (d)",
                "drop index (b)"
            ]
        );
        prepare(&database, &new).await;
        assert_eq!(database.changes(new.clone()).await, Ok(Vec::new()));
        insert(&database, &new, json!({"c": 1})).await.unwrap();
        assert!(matches!(database.changes(old.clone()).await, Err(DataError::SchemaChanged { .. })));
        let all = Query::new(Filter::All.bind(&new).unwrap());
        assert_eq!(database.find(new.clone(), all).await.unwrap().rows.len(), 1);
    }
}
