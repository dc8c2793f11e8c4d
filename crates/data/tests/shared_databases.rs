//! A database is one for the whole process, however many elements, snapshots and apps name it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mti_data::{DataError, Database, Model, PostgresDatabase, PostgresOptions, SledDatabase, SledOptions};
use mti_element::{AppHandle, Secret};
use mti_testkit::database::TestDatabase;
use serde_json::json;
use tokio::task::JoinSet;

use crate::contract::{Shared, find, insert, prepare};
use crate::elements::Shop;
use crate::fixtures::{person, row};

/// How often a database is given up and asked for again at the same time.
const ROUNDS: usize = 40;

/// How often a database element is replaced under calls.
const RELOADS: usize = 10;

/// How many callers there are meanwhile.
const CALLERS: usize = 4;

fn shared(directory: &Path) -> Arc<SledDatabase> {
    SledDatabase::shared(&SledOptions { directory: directory.to_owned(), program: "the tests".to_owned() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_has_one_database_whatever_path_leads_there() {
    let parent = tempfile::tempdir().unwrap();
    let first = shared(&parent.path().join("data/main"));
    assert!(Arc::ptr_eq(&first, &shared(&parent.path().join("data/main/"))), "before it is there");
    first.prepare(person(), Vec::new()).await.unwrap();
    assert!(Arc::ptr_eq(&first, &shared(&parent.path().join("data/main"))), "and afterwards");
    assert!(!Arc::ptr_eq(&first, &shared(&parent.path().join("data/other"))));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(parent.path().join("data"), parent.path().join("link")).unwrap();
        assert!(Arc::ptr_eq(&first, &shared(&parent.path().join("link/main"))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_holder_closes_a_database() {
    let directory = tempfile::tempdir().unwrap();
    let (first, second) = (shared(directory.path()), shared(directory.path()));
    first.prepare(person(), Vec::new()).await.unwrap();
    first.release().await.unwrap();
    drop(first);
    let kept: Shared = second.clone();
    insert(&kept, &person(), json!({"userId": "u1"})).await.expect("it has another holder");
    drop(kept);
    second.release().await.unwrap();
    assert!(matches!(second.execute(Vec::new()).await, Err(DataError::Unavailable { .. })), "it is closed");
    let third: Shared = shared(directory.path());
    prepare(&third, &person()).await;
    assert_eq!(find(&third, &person(), "Q(userId='u1')").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opener_waits_for_a_database_that_is_closing() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..ROUNDS {
        let last = shared(directory.path());
        let database: Shared = last.clone();
        prepare(&database, &person()).await;
        insert(&database, &person(), json!({"userId": format!("u{round}")})).await.unwrap();
        drop(database);
        let closing =
            tokio::spawn(
                async move { if round % 2 == 0 { last.release().await.expect("closes") } else { drop(last) } },
            );
        let next: Shared = shared(directory.path());
        prepare(&next, &person()).await;
        assert_eq!(find(&next, &person(), "").await.len(), round + 1);
        closing.await.unwrap();
    }
}

#[test]
fn a_server_has_one_database_for_the_same_options() {
    let options = || PostgresOptions::at("db.example.com", 5432, "shop", "ann", Some(&Secret::new("secret")));
    let first = PostgresDatabase::shared(&options());
    assert!(Arc::ptr_eq(&first, &PostgresDatabase::shared(&options())));
    assert!(!Arc::ptr_eq(&first, &PostgresDatabase::shared(&options().pool_size(2).unwrap())));
    assert!(!Arc::ptr_eq(&first, &PostgresDatabase::shared(&options().schema("other").unwrap())));
    let other_password = PostgresOptions::at("db.example.com", 5432, "shop", "ann", Some(&Secret::new("other")));
    assert!(!Arc::ptr_eq(&first, &PostgresDatabase::shared(&other_password)));
}

/// Calls that hold the old element, calls that begin meanwhile, and another element of the same directory: all of them
/// use one database.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_element_is_replaced_under_calls() {
    let shop = Shop::new(
        r#"
//- app/archive/Default/e.json
{"title": "The same directory", "type": "databases.SledType"}
//- app/models/Archived/e.json
{"title": "Archived", "type": "models.NormalType", "db": "archive.Default"}
//- app/models/Archived/Archived.json
{"fields": [{"name": "id", "dataType": "AutoInt", "primaryKey": true}, {"name": "note", "dataType": "Stext"}]}
"#,
    );
    let app = Arc::new(shop.open());
    let is_over = Arc::new(AtomicBool::new(false));
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (app, is_over) = (Arc::clone(&app), Arc::clone(&is_over));
        callers.spawn(async move {
            let mut written = 0;
            let begun_before = app.view();
            while !is_over.load(Ordering::Acquire) {
                let now = app.view();
                for view in [&begun_before, &now] {
                    let app = AppHandle::outside(view);
                    let customers: Model<'_> = app.get("models.Customer").unwrap();
                    customers.create(row(json!({"name": format!("{caller}-{written}")}))).await.expect("writes");
                    let archived: Model<'_> = app.get("models.Archived").unwrap();
                    archived.create(row(json!({"note": "x"}))).await.expect("writes to the same directory");
                    written += 1;
                }
            }
            written
        });
    }
    let view = app.view();
    let customers: Model<'_> = AppHandle::outside(&view).get("models.Customer").unwrap();
    customers.query(None, None, None, None, None).await.expect("loads the elements");
    for reload in 0..RELOADS {
        shop.tree.write("app/databases/Default/Default.json", json!({"reload": reload}).to_string());
        let reloaded = app.reload(None).unwrap();
        assert!(reloaded.remade.iter().any(|name| name.as_str() == "databases.Default"), "{reloaded:?}");
        let view = app.view();
        let customers: Model<'_> = AppHandle::outside(&view).get("models.Customer").unwrap();
        customers.create(row(json!({"name": format!("reload {reload}")}))).await.expect("writes at once");
    }
    is_over.store(true, Ordering::Release);
    let written: usize = callers.join_all().await.into_iter().sum();
    let view = app.view();
    let customers: Model<'_> = AppHandle::outside(&view).get("models.Customer").unwrap();
    let found = customers.query(None, None, None, None, None).await.unwrap();
    assert_eq!(found.row_datas.len(), written + RELOADS + 2, "every row, and the two that the table began with");
}

/// Two apps of one process, and one that is opened again while the calls of the first are not over.
#[tokio::test(flavor = "multi_thread")]
async fn several_apps_share_a_database() {
    let shop = Shop::new("");
    let (first, second) = (shop.open(), shop.open());
    for (app, name) in [(&first, "one"), (&second, "two")] {
        let view = app.view();
        let customers: Model<'_> = AppHandle::outside(&view).get("models.Customer").unwrap();
        customers.create(row(json!({"name": name}))).await.expect("writes");
    }
    let view = second.view();
    drop((first, second));
    let third = shop.open();
    for view in [view, third.view()] {
        let customers: Model<'_> = AppHandle::outside(&view).get("models.Customer").unwrap();
        assert_eq!(customers.query(None, None, None, None, None).await.unwrap().total_count, 4);
    }
}

/// As in a program whose runtimes follow one another, while the process keeps its elements.
#[test]
fn a_shared_database_sees_changes_after_the_runtime_that_used_it_first_ended() {
    const DEADLINE: Duration = Duration::from_secs(30);
    let place = TestDatabase::new();
    let database = PostgresDatabase::shared(&place.options());
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let first = runtime();
    first.block_on(database.prepare(person(), Vec::new())).unwrap();
    drop(first);

    runtime().block_on(async {
        let epoch = database.epoch();
        let node = place.node();
        prepare(&node, &person()).await;
        node.generations().expect("it is shared").raise("tables").await.unwrap();
        let seen = async {
            while database.epoch() == epoch {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(DEADLINE, seen).await.expect("the change is seen");
        let shared: Shared = database.clone();
        insert(&shared, &person(), json!({"userId": "u1"})).await.unwrap();
        database.close().await.unwrap();
    });
}
