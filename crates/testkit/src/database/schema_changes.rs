//! Schemas that change while callers read and write, and callers that still have an older one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mti_data::{DataError, ModelSchema, Operation, Prepared, Query, TableChange};
use serde_json::{Value, json};

use super::contract::{Shared, find, ids, insert, prepare};
use super::fixtures::{filter, row};

/// How often a schema changes beside a writer in the check of that.
const ROUNDS: usize = 20;

/// A model with a text and a number, and more as the test says.
fn changing(model: &str, generation: u64, more: Value) -> Arc<ModelSchema> {
    let mut definition = json!({"fields": [
        {"name": "id", "dataType": "AutoInt", "primaryKey": true},
        {"name": "name", "dataType": "Stext"},
        {"name": "age", "dataType": "Integer"}
    ]});
    definition.as_object_mut().unwrap().extend(row(more));
    Arc::new(ModelSchema::parse(model, "acme.shop", &definition).expect("a good schema").of_generation(generation))
}

fn unique_name() -> Value {
    json!({"uniqueList": [["name"]]})
}

/// Prepares a schema with a unique combination beside a writer that has a schema without one, over and over: whichever
/// comes first, the combination knows every row, and allows no second one.
pub async fn unique_index_knows_rows_written_beside_it(database: Shared, rounds: usize) {
    for round in 0..rounds {
        let model = format!("shop.models.Race{round}");
        let (plain, unique) = (changing(&model, 1, json!({})), changing(&model, 2, unique_name()));
        prepare(&database, &plain).await;
        let beside = insert(&database, &plain, json!({"name": "ann"}));
        let (prepared, written) = if round % 2 == 0 {
            tokio::join!(database.prepare(unique.clone(), Vec::new()), beside)
        } else {
            let (written, prepared) = tokio::join!(beside, database.prepare(unique.clone(), Vec::new()));
            (prepared, written)
        };
        assert_eq!(prepared, Ok(Prepared { created: false }), "round {round}");
        written.unwrap_or_else(|error| panic!("round {round}: {error}"));
        assert_eq!(ids(&find(&database, &unique, "Q(name='ann')").await), [1], "round {round}");
        for schema in [&plain, &unique] {
            let second = insert(&database, schema, json!({"name": "ann"})).await;
            assert!(matches!(second, Err(DataError::UniqueViolation { .. })), "round {round}: {second:?}");
        }
    }
}

/// See [`unique_index_knows_rows_written_beside_it`].
pub async fn writers_beside_a_schema_change_keep_unique_values_unique(database: Shared) {
    unique_index_knows_rows_written_beside_it(database, ROUNDS).await;
}

/// Indexes come and go beside readers, who find every row at any time.
pub async fn readers_beside_schema_changes_miss_no_row(database: Shared) {
    const ROWS: i64 = 40;
    const CHANGES: u64 = 12;
    let model = "shop.models.Read";
    let first = changing(model, 1, json!({"indexList": [["age"]]}));
    prepare(&database, &first).await;
    for age in 0..ROWS {
        insert(&database, &first, json!({"name": format!("p{age}"), "age": age % 2})).await.unwrap();
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let readers = [0, 1].map(|age| {
        let (database, schema, is_over) = (Arc::clone(&database), Arc::clone(&first), Arc::clone(&is_over));
        tokio::spawn(async move {
            let mut reads = 0;
            while !is_over.load(Ordering::Acquire) {
                let rows = find(&database, &schema, &format!("Q(age={age})")).await;
                assert_eq!(rows.len(), 20, "after {reads} reads");
                reads += 1;
            }
        })
    });
    for generation in 2..CHANGES {
        let more = match generation % 3 {
            0 => json!({"indexList": [["age"]]}),
            1 => json!({"indexList": [["age", "name"]], "uniqueList": [["name"]]}),
            _ => json!({}),
        };
        prepare(&database, &changing(model, generation, more)).await;
    }
    is_over.store(true, Ordering::Release);
    for reader in readers {
        reader.await.expect("a reader missed no row");
    }
}

/// Preparing an older schema last changes nothing.
pub async fn an_older_schema_takes_nothing_back(database: Shared) {
    let model = "shop.models.Kept";
    let (old, new) = (changing(model, 1, json!({})), changing(model, 2, unique_name()));
    prepare(&database, &old).await;
    insert(&database, &old, json!({"name": "ann"})).await.unwrap();
    prepare(&database, &new).await;
    assert_eq!(database.changes(new.clone()).await, Ok(Vec::new()));
    for _ in 0..2 {
        assert_eq!(database.prepare(old.clone(), Vec::new()).await, Ok(Prepared { created: false }));
        for schema in [&new, &old] {
            let second = insert(&database, schema, json!({"name": "ann"})).await;
            assert!(matches!(second, Err(DataError::UniqueViolation { .. })), "{second:?}");
        }
    }
    assert_eq!(database.changes(new.clone()).await, Ok(Vec::new()), "the combination is still there");
    // The newest one does, also when it says what an older one did.
    let newest = changing(model, 3, json!({}));
    let dropped = TableChange::DropIndex { fields: vec!["name".to_owned()], unique: true };
    assert_eq!(database.changes(newest.clone()).await, Ok(vec![dropped]));
    prepare(&database, &newest).await;
    insert(&database, &new, json!({"name": "ann"})).await.expect("no longer unique");
}

/// Callers with an older schema read and write the table as the newer one has it.
pub async fn callers_with_an_older_schema_keep_what_the_newer_one_says(database: Shared) {
    let model = "shop.models.Older";
    let old = changing(model, 1, json!({"indexList": [["age"]]}));
    let new = changing(
        model,
        2,
        json!({"fields": [
            {"name": "id", "dataType": "AutoInt", "primaryKey": true},
            {"name": "name", "dataType": "Stext"},
            {"name": "note", "dataType": "Stext"}
        ], "uniqueList": [["name", "note"]], "indexList": [["note"]]}),
    );
    prepare(&database, &old).await;
    insert(&database, &old, json!({"name": "ann", "age": 1})).await.unwrap();
    prepare(&database, &new).await;
    insert(&database, &new, json!({"name": "bob", "note": "x"})).await.unwrap();
    insert(&database, &old, json!({"name": "cyd", "age": 1})).await.expect("a field that is no longer shown stays");
    assert_eq!(ids(&find(&database, &old, "Q(age=1)").await), [1, 3]);
    assert_eq!(ids(&find(&database, &new, "Q(note__isnull=True)").await), [1, 3]);
    assert_eq!(find(&database, &old, "Q(name='bob')").await[0]["age"], Value::Null);

    let rename = Operation::update(&old, filter(&old, "Q(name='bob')"), row(json!({"name": "dan"})));
    database.execute(vec![rename]).await.unwrap();
    let dan = find(&database, &new, "Q(note='x')").await;
    assert_eq!((dan.len(), &dan[0]["name"]), (1, &json!("dan")), "what the older schema does not know is kept");
    insert(&database, &new, json!({"name": "eve", "note": "x"})).await.unwrap();
    let clash = Operation::update(&old, filter(&old, "Q(name='eve')"), row(json!({"name": "dan"})));
    assert_eq!(
        database.execute(vec![clash]).await,
        Err(DataError::UniqueViolation { model: model.to_owned(), fields: vec!["name".to_owned(), "note".to_owned()] })
    );
    database.execute(vec![Operation::delete(&old, filter(&old, "Q(name='dan')"))]).await.unwrap();
    insert(&database, &new, json!({"name": "dan", "note": "x"})).await.expect("its entries went with the row");
}

/// An older schema whose fields mean something else now is refused, and spoils nothing.
pub async fn an_older_schema_that_does_not_fit_is_refused(database: Shared) {
    let model = "shop.models.Misfit";
    let of_type = |generation, data_type: &str| {
        changing(
            model,
            generation,
            json!({"fields": [
                {"name": "id", "dataType": "AutoInt", "primaryKey": true},
                {"name": "name", "dataType": data_type}
            ], "indexList": [["name"]]}),
        )
    };
    let (old, new) = (of_type(1, "Stext"), of_type(2, "Integer"));
    prepare(&database, &old).await;
    prepare(&database, &new).await;
    let refused = database.prepare(old.clone(), Vec::new()).await;
    assert!(matches!(refused, Err(DataError::SchemaChanged { .. })), "{refused:?}");
    let refused = insert(&database, &old, json!({"name": "ann"})).await;
    assert!(refused.is_err(), "{refused:?}");
    let refused = database.find(old.clone(), Query::new(filter(&old, "Q(name='ann')"))).await;
    assert!(refused.is_err(), "{refused:?}");
    insert(&database, &new, json!({"name": 7})).await.unwrap();
    assert_eq!(ids(&find(&database, &new, "Q(name=7)").await), [1]);
}

/// A field that is no longer declared, and has values, comes back as what it was.
pub async fn a_hidden_field_keeps_its_type(database: Shared) {
    let model = "shop.models.Hidden";
    let without = json!({"fields": [{"name": "id", "dataType": "AutoInt", "primaryKey": true}]});
    let with = changing(model, 1, json!({}));
    prepare(&database, &with).await;
    insert(&database, &with, json!({"name": "ann"})).await.unwrap();
    let hide = |name: &str| TableChange::HideField { name: name.to_owned() };
    let without = |generation| changing(model, generation, without.clone());
    assert_eq!(database.changes(without(2)).await, Ok(vec![hide("name"), hide("age")]));
    prepare(&database, &without(2)).await;
    assert_eq!(database.changes(without(3)).await, Ok(Vec::new()));
    let as_number = changing(
        model,
        4,
        json!({"fields": [
            {"name": "id", "dataType": "AutoInt", "primaryKey": true},
            {"name": "name", "dataType": "Integer"}
        ]}),
    );
    let refused = database.prepare(as_number, Vec::new()).await;
    assert!(matches!(refused, Err(DataError::SchemaChanged { .. })), "{refused:?}");
    let add = |name: &str| TableChange::AddField { name: name.to_owned() };
    let again = changing(model, 5, json!({}));
    assert_eq!(database.changes(again.clone()).await, Ok(vec![add("name"), add("age")]));
    prepare(&database, &again).await;
    assert_eq!(find(&database, &again, "Q(name='ann')").await.len(), 1);
}
