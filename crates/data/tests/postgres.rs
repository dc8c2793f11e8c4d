//! What the PostgreSQL driver adds to the contract: many nodes, servers that fail, and who is let in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mti_data::{
    DataError, Delivery, ModelSchema, Operation, PostgresDatabase, PostgresOptions, Prepared, Query, TableChange,
    TableToFill,
};
use mti_element::Secret;
use mti_testkit::database::{PostgresServer, PostgresSettings, TestDatabase};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

use crate::contract::{Shared, find, insert, prepare};
use crate::fixtures::{filter, named, person, row, schema as model};

pub(crate) fn temporary() -> (Shared, TestDatabase) {
    let database = TestDatabase::new();
    (database.node(), database)
}

pub(crate) fn options(url: &str) -> PostgresOptions {
    PostgresOptions::from_url(&Secret::new(url)).unwrap()
}

pub(crate) fn database(options: PostgresOptions) -> Shared {
    Arc::new(PostgresDatabase::new(options))
}

/// How many are on watch in the test of batches that get in each other's way.
const WATCHES: usize = 8;

/// A connection of somebody else's, to the same tables.
async fn bystander(database: &TestDatabase) -> Client {
    let (client, connection) = tokio_postgres::connect(database.server_url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("SET search_path = {}", database.schema())).await.unwrap();
    client
}

#[track_caller]
pub(crate) fn unavailable(result: Result<impl std::fmt::Debug, DataError>) -> (String, bool) {
    match result {
        Err(DataError::Unavailable { message, retryable }) => (message, retryable),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_crash_and_the_database_goes_on() {
    let mut server = tokio::task::block_in_place(|| PostgresServer::start(&PostgresSettings::default()));
    let database = database(options(&server.url()).timeout(Duration::from_mins(1)).unwrap());
    let schema = person();
    prepare(&database, &schema).await;
    let ann = insert(&database, &schema, json!({"userId": "微信", "name": "Ann", "extra": {"b": [1.5], "a": null}}))
        .await
        .unwrap();
    let batch = [json!({"userId": "u2"}), json!({"userId": "u3"})];
    let batch = batch.map(|value| Operation::insert(&schema, row(value)));
    database.execute(batch.to_vec()).await.unwrap();

    tokio::task::block_in_place(|| server.crash());
    let (message, retryable) = unavailable(insert(&database, &schema, json!({})).await);
    assert!(!message.contains(server.password()), "{message}");
    let found = database.find(schema.clone(), Query::new(filter(&schema, ""))).await;
    assert!(unavailable(found).1, "reading can go well later");
    drop((message, retryable));

    tokio::task::block_in_place(|| server.resume());
    assert_eq!(find(&database, &schema, "Q(userId='微信')").await, [ann]);
    assert_eq!(find(&database, &schema, "Q(userId__in=['u2', 'u3'])").await.len(), 2);
    assert!(insert(&database, &schema, json!({"userId": "u2"})).await.is_err());
    assert!(insert(&database, &schema, json!({})).await.unwrap()["id"].as_i64() > Some(3), "numbers stay used");
    let seed = vec![row(json!({"userId": "seed"}))];
    assert_eq!(database.prepare(schema.clone(), seed).await, Ok(Prepared { created: false }));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_were_cut_are_replaced() {
    let place = TestDatabase::new();
    let database = database(options(&format!("{}&application_name={}", place.url(), place.schema())));
    let schema = person();
    prepare(&database, &schema).await;
    insert(&database, &schema, json!({"userId": "u1"})).await.unwrap();
    let bystander = bystander(&place).await;
    for round in 0..20 {
        let cut = "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE application_name = $1";
        let cut: i64 = bystander.query_one(cut, &[&place.schema()]).await.unwrap().get(0);
        assert!(cut >= 1);
        // The pool may not have heard yet that they ended.
        insert(&database, &schema, json!({"userId": format!("cut{round}")})).await.unwrap();
        assert_eq!(find(&database, &schema, "Q(userId='u1')").await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_nodes_make_a_table_and_its_first_rows_once() {
    let place = TestDatabase::new();
    let seed = vec![row(json!({"userId": "u1"})), row(json!({"userId": "u2"}))];
    let mut nodes = JoinSet::new();
    for _ in 0..8 {
        let (node, seed) = (place.node(), seed.clone());
        nodes.spawn(async move {
            let schema = person();
            let prepared = node.prepare(schema.clone(), seed).await.expect("prepares");
            // What one node knows to be there, it finds.
            assert_eq!(find(&node, &schema, "").await.len(), 2);
            prepared
        });
    }
    let prepared = nodes.join_all().await;
    assert_eq!(prepared.iter().filter(|prepared| prepared.created).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unique_value_and_a_row_to_take_have_one_winner_among_nodes() {
    let place = TestDatabase::new();
    let schema = person();
    prepare(&place.node(), &schema).await;
    let mut nodes = JoinSet::new();
    for age in 0..8 {
        let (node, schema) = (place.node(), schema.clone());
        nodes.spawn(async move {
            prepare(&node, &schema).await;
            let won = insert(&node, &schema, json!({"userId": "code", "age": age})).await;
            assert!(matches!(won, Ok(_) | Err(DataError::UniqueViolation { .. })), "{won:?}");
            let take = Operation::delete(&schema, filter(&schema, "Q(userId='code')"));
            let taken = node.execute(vec![take]).await.expect("takes").remove(0).into_rows().len();
            (usize::from(won.is_ok()), taken)
        });
    }
    let results = nodes.join_all().await;
    let (won, taken) = results.into_iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let left = find_at(&place, &schema).await;
    assert!(won >= 1);
    assert_eq!(won, taken + left, "every row was taken once, or is there");
}

async fn find_at(place: &TestDatabase, schema: &Arc<ModelSchema>) -> usize {
    let node = place.node();
    prepare(&node, schema).await;
    find(&node, schema, "").await.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_that_get_in_each_others_way_are_done_one_after_another() {
    let place = TestDatabase::new();
    let schema = person();
    let node = place.node();
    prepare(&node, &schema).await;
    for number in 0..WATCHES {
        insert(&node, &schema, json!({"userId": format!("u{number}"), "active": true})).await.unwrap();
    }
    // Each may leave while somebody else stays.
    let mut leaving = JoinSet::new();
    for number in 0..WATCHES {
        let (node, schema) = (place.node(), schema.clone());
        leaving.spawn(async move {
            prepare(&node, &schema).await;
            let leave = vec![
                Operation::require(&schema, filter(&schema, "Q(active=True)"), 2..=u64::MAX),
                Operation::update(
                    &schema,
                    filter(&schema, &format!("Q(userId='u{number}')")),
                    row(json!({"active": false})),
                ),
            ];
            node.execute(leave).await
        });
    }
    let results = leaving.join_all().await;
    let left = results.iter().filter(|result| result.is_ok()).count();
    let stayed = results.iter().filter(|result| matches!(result, Err(DataError::PreconditionFailed { found: 1, .. })));
    assert_eq!((left, stayed.count()), (WATCHES - 1, 1), "{results:?}");
    assert_eq!(find(&node, &schema, "Q(active=True)").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_update_or_insert_one_inserts() {
    let place = TestDatabase::new();
    let schema = person();
    let node = place.node();
    prepare(&node, &schema).await;
    let mut writers = JoinSet::new();
    for age in 0..16 {
        let (node, schema) = (Arc::clone(&node), schema.clone());
        writers.spawn(async move {
            let either = Operation::update_or_insert(
                &schema,
                filter(&schema, "Q(userId='one')"),
                Vec::new(),
                row(json!({"age": age})),
                row(json!({"userId": "one", "age": age})),
            );
            node.execute(vec![either]).await.expect("one or the other")
        });
    }
    let outcomes = writers.join_all().await;
    let inserted = outcomes.iter().flatten().filter(|outcome| matches!(outcome, mti_data::Outcome::Inserted { .. }));
    assert_eq!(inserted.count(), 1);
    assert_eq!(find(&node, &schema, "").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_given_and_keys_that_are_assigned_do_not_meet() {
    let place = TestDatabase::new();
    let schema = person();
    let node = place.node();
    prepare(&node, &schema).await;
    let mut writers = JoinSet::new();
    for number in 0..64 {
        let (node, schema) = (Arc::clone(&node), schema.clone());
        let given = if number % 4 == 0 { json!({"id": 1000 + 3000 * number}) } else { json!({}) };
        writers.spawn(async move { insert(&node, &schema, given).await });
    }
    let results = writers.join_all().await;
    let refused = results.iter().filter(|result| result.is_err()).count();
    assert_eq!(refused, 0, "{results:?}");
    let largest = 1000 + 3000 * 60;
    let next = insert(&node, &schema, json!({})).await.unwrap()["id"].as_i64().unwrap();
    assert!(next > largest, "{next}");
    insert(&node, &schema, json!({"id": i64::MAX})).await.unwrap();
    let used_up = insert(&node, &schema, json!({})).await;
    assert!(matches!(used_up, Err(DataError::TooLarge { .. })), "{used_up:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_is_stopped() {
    let place = TestDatabase::new();
    let quick = place.options().timeout(Duration::from_secs(2)).unwrap();
    let (database, schema) = (database(quick), person());
    prepare(&database, &schema).await;
    insert(&database, &schema, json!({"userId": "u1"})).await.unwrap();
    let bystander = bystander(&place).await;
    bystander.batch_execute("BEGIN; LOCK TABLE \"acme.shop:shop.models.Person\"").await.unwrap();
    let found = database.find(schema.clone(), Query::new(filter(&schema, ""))).await;
    let (message, retryable) = unavailable(found);
    assert!(message.contains("timeoutMs") && retryable, "{message}");
    assert!(unavailable(insert(&database, &schema, json!({})).await).1);
    bystander.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(find(&database, &schema, "").await.len(), 1, "what was stopped did not happen");
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_connection_ends() {
    let place = TestDatabase::new();
    let schema = person();
    prepare(&place.node(), &schema).await;
    let one = place.options().pool_size(1).unwrap().timeout(Duration::from_secs(2)).unwrap();
    let database = database(one);
    prepare(&database, &schema).await;
    let bystander = bystander(&place).await;
    bystander.batch_execute("BEGIN; LOCK TABLE \"acme.shop:shop.models.Person\"").await.unwrap();
    let mut readers = JoinSet::new();
    for _ in 0..4 {
        let (database, schema) = (Arc::clone(&database), schema.clone());
        readers.spawn(async move { database.find(schema.clone(), Query::new(filter(&schema, ""))).await });
    }
    let messages: Vec<String> = readers.join_all().await.into_iter().map(|found| unavailable(found).0).collect();
    assert!(messages.iter().any(|message| message.contains("no connection was free within 2000 ms")), "{messages:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_follow_their_models_and_lose_nothing() {
    let place = TestDatabase::new();
    let node = place.node();
    let model = |fields: Value, more: Value| {
        let mut definition = json!({"fields": [{"name": "id", "dataType": "AutoInt", "primaryKey": true}]});
        definition["fields"].as_array_mut().unwrap().extend(fields.as_array().unwrap().clone());
        definition.as_object_mut().unwrap().extend(row(more));
        named("shop.models.Growing", &definition)
    };
    let text = json!({"name": "a", "dataType": "Stext"});
    let number = json!({"name": "b", "dataType": "Integer"});
    let before = model(json!([text]), json!({}));
    let after = model(json!([text, number]), json!({"indexList": [["b"]]}));
    let without = model(json!([number]), json!({}));
    assert_eq!(node.changes(before.clone()).await, Ok(vec![TableChange::Make]));
    prepare(&node, &before).await;
    assert_eq!(node.changes(before.clone()).await, Ok(vec![]));
    insert(&node, &before, json!({"a": "x"})).await.unwrap();

    let added = vec![
        TableChange::AddField { name: "b".to_owned() },
        TableChange::AddIndex { fields: vec!["b".to_owned()], unique: false },
    ];
    assert_eq!(node.changes(after.clone()).await, Ok(added));
    prepare(&node, &after).await;
    insert(&node, &after, json!({"a": "y", "b": 2})).await.unwrap();
    // A node that still has the old model goes on.
    let old = place.node();
    prepare(&old, &before).await;
    insert(&old, &before, json!({"a": "z"})).await.unwrap();
    // As it was just started, it had the indexes its way; so has the next one that is started.
    let node = place.node();
    prepare(&node, &after).await;
    assert_eq!(find(&node, &after, "Q(b=None)").await.len(), 2);

    let hidden = vec![
        TableChange::HideField { name: "a".to_owned() },
        TableChange::DropIndex { fields: vec!["b".to_owned()], unique: false },
    ];
    assert_eq!(node.changes(without.clone()).await, Ok(hidden));
    prepare(&node, &without).await;
    assert_eq!(node.changes(without.clone()).await, Ok(vec![]));
    assert_eq!(find(&node, &without, "Q(b=2)").await, [row(json!({"id": 2, "b": 2}))]);
    prepare(&node, &after).await;
    assert_eq!(
        find(&node, &after, "Q(a='y')").await,
        [row(json!({"id": 2, "a": "y", "b": 2}))],
        "what was hidden is there"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_every_kind_are_names() {
    let place = TestDatabase::new();
    let node = place.node();
    let long = "models.".to_owned() + &"L".repeat(80);
    let schemas: Vec<_> = [format!("{long}One"), format!("{long}Two"), "models.选择\"'$1".to_owned()]
        .iter()
        .map(|name| {
            named(
                name,
                &json!({"fields": [
                    {"name": "xmin", "dataType": "AutoInt", "primaryKey": true},
                    {"name": "select", "dataType": "Stext"},
                    {"name": "用户", "dataType": "Stext"},
                    {"name": "Camel", "dataType": "Stext"},
                    {"name": "camel", "dataType": "Stext"}
                ], "uniqueList": [["select", "用户"], ["Camel"], ["camel"]]}),
            )
        })
        .collect();
    for schema in &schemas {
        prepare(&node, schema).await;
        let value = json!({"select": "a", "用户": "'; DROP TABLE x; --", "Camel": "C", "camel": "c"});
        insert(&node, schema, value.clone()).await.unwrap();
        let again = insert(&node, schema, value).await.unwrap_err();
        let fields = vec!["select".to_owned(), "用户".to_owned()];
        assert_eq!(again, DataError::UniqueViolation { model: schema.model().to_owned(), fields });
        assert_eq!(find(&node, schema, "Q(Camel='C') & Q(camel='c') & Q(用户__endswith='--')").await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_no_index_takes_is_too_large() {
    let place = TestDatabase::new();
    let node = place.node();
    let schema = named(
        "shop.models.Long",
        &json!({"fields": [
            {"name": "id", "dataType": "AutoInt", "primaryKey": true},
            {"name": "text", "dataType": "Ltext", "maxLen": 100_000, "unique": true}
        ]}),
    );
    prepare(&node, &schema).await;
    // Random enough not to be compressed.
    let long: String =
        (0..20_000_u32).map(|n| char::from_u32(0x4e00 + n.wrapping_mul(2_654_435_761) % 20_000).unwrap()).collect();
    let refused = insert(&node, &schema, json!({"text": long})).await;
    assert!(matches!(refused, Err(DataError::TooLarge { .. })), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_tell_each_other_of_changes() {
    let place = TestDatabase::new();
    let (one, other) = (place.node(), place.node());
    let (one, other) = (one.generations().unwrap(), other.generations().unwrap());
    assert_eq!(one.current("users").await, Ok(0));
    // The first time it is heard that the server is listened to.
    let mut notices = other.notices();
    notices.changed().await.unwrap();
    assert_eq!(one.raise("users").await, Ok(1));
    notices.changed().await.unwrap();
    assert_eq!(other.current("users").await, Ok(1));
    assert_eq!(other.raise("users").await, Ok(2));
    assert_eq!(one.current("users").await, Ok(2));
    assert_eq!(one.current("corps").await, Ok(0));
}

/// Waits until a node has seen that another one changed something.
async fn seen(node: &Shared, before: u64) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while node.epoch() == before {
        assert!(Instant::now() < deadline, "the node never sees the change");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A model of one version of an app: the type of its second field, and more.
fn version(data_type: &str, more: Value) -> Arc<ModelSchema> {
    let mut definition = json!({"fields": [
        {"name": "id", "dataType": "AutoInt", "primaryKey": true},
        {"name": "size", "dataType": data_type}
    ]});
    definition.as_object_mut().unwrap().extend(row(more));
    named("shop.models.Shared", &definition)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_drops_what_it_remembers_when_another_changes_a_table_notified_or_not() {
    for listens in [true, false] {
        let place = TestDatabase::new();
        let old: Shared = Arc::new(PostgresDatabase::new(place.options().listening(listens)));
        let (before, after) = (version("Stext", json!({})), version("Integer", json!({"indexList": [["size"]]})));
        prepare(&old, &before).await;
        insert(&old, &before, json!({})).await.unwrap();
        let epoch = old.epoch();
        let new = place.node();
        prepare(&new, &after).await;
        seen(&old, epoch).await;
        // Its model does not fit any more, which it says, and does not turn back what the newer one did.
        let refused = old.prepare(before.clone(), Vec::new()).await.unwrap_err();
        assert!(
            matches!(&refused, DataError::SchemaChanged { message, .. } if message.contains("`bigint`")),
            "{refused}"
        );
        assert_eq!(new.changes(after.clone()).await, Ok(vec![]));
        insert(&new, &after, json!({"size": 7})).await.unwrap();
        prepare(&old, &after).await;
        assert_eq!(find(&old, &after, "Q(size=7)").await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_two_versions_do_not_change_a_table_back_and_forth() {
    let place = TestDatabase::new();
    let (old, new) = (place.node(), place.node());
    let (before, after) = (version("Integer", json!({})), version("Integer", json!({"uniqueList": [["size"]]})));
    prepare(&old, &before).await;
    let epoch = old.epoch();
    prepare(&new, &after).await;
    seen(&old, epoch).await;
    prepare(&old, &before).await;
    assert_eq!(new.changes(after.clone()).await, Ok(vec![]));
    insert(&old, &before, json!({"size": 1})).await.unwrap();
    assert!(matches!(insert(&old, &before, json!({"size": 1})).await, Err(DataError::UniqueViolation { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_is_seen_by_the_other_nodes() {
    let place = TestDatabase::new();
    let (one, other) = (place.node(), place.node());
    let schema = version("Integer", json!({}));
    prepare(&one, &schema).await;
    prepare(&other, &schema).await;
    insert(&other, &schema, json!({"size": 1})).await.unwrap();
    let epoch = other.epoch();
    let (send, deliveries) = tokio::sync::mpsc::channel(1);
    send.send(Delivery::End).await.unwrap();
    one.import(vec![TableToFill { schema: schema.clone(), replace: true }], deliveries).await.unwrap();
    seen(&other, epoch).await;
    prepare(&other, &schema).await;
    assert_eq!(find(&other, &schema, "").await, []);
}

/// Keeps others from the table for longer than a statement of the test's database may take.
const HELD_UP: &str = "BEGIN; LOCK TABLE \"acme.shop:shop.models.Shared\"; SELECT pg_sleep(3.5); COMMIT";

/// Does something that begins while the table is kept from it.
async fn while_held_up<T>(holder: &Client, watcher: &Client, work: impl Future<Output = T>) -> T {
    let work = async {
        let sleeps = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        while watcher.query(sleeps, &[]).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        work.await
    };
    let (held, done) = futures_util::future::join(holder.batch_execute(HELD_UP), work).await;
    held.unwrap();
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn what_moves_or_changes_a_whole_table_takes_longer_than_statements_may() {
    let place = TestDatabase::new();
    // With the time that an answer may be late, statements get three seconds.
    let node = database(place.options().timeout(Duration::from_secs(1)).unwrap());
    let before = version("Stext", json!({}));
    let indexed = version("Stext", json!({"indexList": [["size"]]}));
    let retyped = version("Integer", json!({"indexList": [["size"]]}));
    prepare(&node, &before).await;
    insert(&node, &before, json!({})).await.unwrap();
    let (bystander, watcher) = (bystander(&place).await, bystander(&place).await);

    let other = async {
        let found = node.find(before.clone(), Query::new(filter(&before, ""))).await;
        assert!(unavailable(found).0.contains("timeoutMs"), "other statements keep their limit");
    };
    let indexing = prepare(&node, &indexed);
    while_held_up(&bystander, &watcher, futures_util::future::join(other, indexing)).await;
    let changes = while_held_up(&bystander, &watcher, node.changes(retyped.clone())).await;
    assert_eq!(changes.unwrap().len(), 1, "the column is looked at");
    while_held_up(&bystander, &watcher, prepare(&node, &retyped)).await;

    let slow_delete = "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS \
                       $$ BEGIN PERFORM pg_sleep(3.5); RETURN OLD; END $$; \
                       CREATE TRIGGER slowly BEFORE DELETE ON \"acme.shop:shop.models.Shared\" \
                       FOR EACH ROW EXECUTE FUNCTION slowly()";
    bystander.batch_execute(slow_delete).await.unwrap();
    let (send, deliveries) = tokio::sync::mpsc::channel(1);
    send.send(Delivery::End).await.unwrap();
    node.import(vec![TableToFill { schema: retyped.clone(), replace: true }], deliveries).await.unwrap();
    assert_eq!(find(&node, &retyped, "").await, []);
}

/// As a standby has it that was behind when it was promoted, and a database that was dropped and made anew.
#[tokio::test(flavor = "multi_thread")]
async fn tables_that_the_server_lost_are_made_again_at_their_next_use() {
    let place = TestDatabase::new();
    let (node, schema) = (place.node(), person());
    let seed = vec![row(json!({"userId": "seed"}))];
    node.prepare(schema.clone(), seed).await.unwrap();
    let bystander = bystander(&place).await;
    let lose = async || {
        insert(&node, &schema, json!({"userId": "lost"})).await.unwrap();
        bystander.batch_execute(&format!("DROP SCHEMA {} CASCADE", place.schema())).await.unwrap();
    };

    lose().await;
    let found = find(&node, &schema, "").await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["userId"], "seed");

    lose().await;
    insert(&node, &schema, json!({"userId": "one statement"})).await.expect("makes the table and inserts");
    assert_eq!(find(&node, &schema, "").await.len(), 2);

    lose().await;
    let batch = ["a", "b"].map(|name| Operation::insert(&schema, row(json!({"userId": name}))));
    node.execute(batch.to_vec()).await.expect("makes the table and does the batch");
    assert_eq!(find(&node, &schema, "").await.len(), 3);

    // Many callers at once make it once.
    lose().await;
    let mut callers = JoinSet::new();
    for number in 0..8 {
        let (node, schema) = (Arc::clone(&node), schema.clone());
        callers.spawn(async move { insert(&node, &schema, json!({"userId": format!("u{number}")})).await });
    }
    assert!(callers.join_all().await.into_iter().all(|inserted| inserted.is_ok()));
    assert_eq!(find(&node, &schema, "").await.len(), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_the_server_lost_are_added_again() {
    let place = TestDatabase::new();
    let (node, schema) = (place.node(), person());
    prepare(&node, &schema).await;
    let bystander = bystander(&place).await;
    bystander.batch_execute(&format!("DROP SCHEMA {} CASCADE", place.schema())).await.unwrap();
    // Where a node of the version before made the table.
    let before = model(&json!({"fields": [
        {"name": "id", "title": "Key", "dataType": "AutoInt", "primaryKey": true},
        {"name": "userId", "title": "User", "dataType": "Stext", "unique": true}
    ]}));
    let older = place.node();
    prepare(&older, &before).await;
    insert(&older, &before, json!({"userId": "before"})).await.unwrap();

    insert(&node, &schema, json!({"userId": "u1", "age": 7})).await.expect("adds the column");
    assert_eq!(find(&node, &schema, "Q(age=7)").await.len(), 1);
    assert_eq!(find(&node, &schema, "").await.len(), 2, "rows of the other version stay");
}
