//! `db`, and what a process finds where its data should be.

use std::fs;
use std::path::{Path, PathBuf};

use mti_testkit::database::TestDatabase;
use serde_json::{Value, json};

use crate::support::{Browser, Server, Tree, demo, mti_in};

const USERS: &str = "auths.models.UserModel";

fn query(app: &Tree, data: &str, model: &str) -> Value {
    mti_in(app.path(), &["call", model, "query", "--data", data], "").ended_with(0).json()
}

fn create(app: &Tree, data: &str, model: &str, row: &Value) -> Value {
    let arguments = json!({ "rowData": row }).to_string();
    mti_in(app.path(), &["call", model, "create", &arguments, "--data", data], "").ended_with(0).json()
}

/// An app with rows in two tables, and with one that was taken out again.
fn used() -> Tree {
    let app = demo();
    create(&app, "data", USERS, &json!({"userId": "微信", "nick": "it's \"quoted\"\n"}));
    create(&app, "data", USERS, &json!({"userId": "gone", "nick": "gone"}));
    create(&app, "data", "corps.models.CorpModel", &json!({"corpId": "panda", "corpName": "熊猫"}));
    let delete = r#"{"filter": "Q(userId='gone')"}"#;
    mti_in(app.path(), &["call", USERS, "deleteByFilter", delete, "--data", "data"], "").ended_with(0);
    app
}

#[test]
fn every_method_of_a_model_is_called_by_its_documented_arguments() {
    let app = Tree::new(
        r#"
//- app.json
{"appId": "acme.shop", "title": "Shop", "version": "1.0.0"}
//- models/Customer/e.json
{"type": "models.NormalType", "title": "Customers"}
//- models/Customer/Customer.json
{"fields": [{"name": "id", "title": "Id", "dataType": "AutoInt", "primaryKey": true},
            {"name": "name", "title": "Name", "dataType": "Stext", "maxLen": 5},
            {"name": "age", "title": "Age", "dataType": "Integer"}], "uniqueList": [["name"]]}
"#,
    );
    let call = |method: &str, arguments: Value| {
        mti_in(app.path(), &["call", "models.Customer", method, "-"], &arguments.to_string())
    };
    let row = |id: i64, name: &str, age: i64| json!({"id": id, "name": name, "age": age});
    for (method, arguments, answer) in [
        ("create", json!({"rowData": {"name": "Ada", "age": 36}, "triggerEvent": 1}), row(1, "Ada", 36)),
        (
            "createOrUpdateMany",
            json!({"rowDataList": [{"id": 1, "age": 37}, {"name": "微信", "age": 7}], "triggerEvent": 0}),
            json!([row(1, "Ada", 37), row(2, "微信", 7)]),
        ),
        (
            "updateOrAdd",
            json!({"filter": "Q(name='Cy')", "orderList": [["id", 1]], "updateData": {"age": 1},
                   "addData": {"name": "Cy", "age": 20}, "triggerEvent": 1}),
            row(3, "Cy", 20),
        ),
        ("get", json!({"filter": "Q('age', '<', 30)", "orderList": [["age", -1]], "level": 2}), row(3, "Cy", 20)),
        ("get", json!({"filter": "Q(name='nobody')", "orderList": null}), json!(null)),
        (
            "query",
            json!({"filter": "Q(Q(age__gte=7), Q.AND, ~Q(name__like='A%'))", "fieldList": ["name"],
                   "orderList": [["name", 0]], "page": 1, "size": 1, "level": 2}),
            json!({"rowDatas": [{"name": "微信"}], "totalCount": 2}),
        ),
        ("updateByPK", json!({"pkList": [2], "updateData": {"age": 8}, "triggerEvent": 1}), json!([row(2, "微信", 8)])),
        ("updateByFilter", json!({"filter": "Q(age__in=(8, 20))", "updateData": {"age": 9}}), json!(null)),
        ("aggregate", json!({"filter": "", "aggrField": "age", "aggrType": "SUM"}), json!(37 + 9 + 9)),
        ("aggregate", json!({"filter": "", "aggrField": "id", "aggrType": "COUNT"}), json!(3)),
        ("deleteByPK", json!({"pkList": [1], "triggerEvent": 1}), json!(null)),
        ("deleteByFilter", json!({"filter": "Q(name='Cy')"}), json!(null)),
        ("query", json!({}), json!({"rowDatas": [row(2, "微信", 9)], "totalCount": 1})),
    ] {
        assert_eq!(call(method, arguments).ended_with(0).json(), answer, "{method}");
    }
    for (method, arguments, part) in [
        ("create", json!({"rowData": {"name": "longer"}}), "field `name`: 6 characters, at most 5"),
        ("create", json!({"rowData": {"age": "7"}}), "field `age`: expected a whole number"),
        ("create", json!({"rowData": {"name": "微信"}}), "the same `name`"),
        ("query", json!({"filter": "Q(age=)"}), "column 7: expected a value"),
        ("query", json!({"filter": "Q(agee=1)"}), "did you mean `age`?"),
        ("query", json!({"orderList": [["age", 2]]}), "-1 is descending"),
        ("deleteByFilter", json!({}), "`filter` is missing"),
    ] {
        let refused = call(method, arguments).ended_with(1);
        assert!(refused.stderr.starts_with("error: API_PARAMS_ERROR: "), "{}", refused.stderr);
        assert!(refused.stderr.contains(part), "{part} in {}", refused.stderr);
    }
}

#[test]
fn a_backup_restores_into_another_database() {
    let app = used();
    let made = mti_in(app.path(), &["db", "backup", "b.jsonl", "--data", "data"], "").ended_with(0);
    assert_eq!(made.stdout, "backed up 2 tables with 5 rows to `b.jsonl`\n");
    assert_eq!(made.stderr, "", "no progress where there is no terminal");
    let restore = ["--format", "json", "db", "restore", "b.jsonl", "--data", "other"];
    let restored = mti_in(app.path(), &restore, "").ended_with(0).json();
    assert_eq!(
        restored,
        json!({"file": "b.jsonl", "rows": 5, "tables": [
            {"model": USERS, "rows": 3},
            {"model": "corps.models.CorpModel", "rows": 2}
        ]})
    );
    for model in [USERS, "corps.models.CorpModel"] {
        assert_eq!(query(&app, "data", model), query(&app, "other", model));
    }
    let next = create(&app, "other", USERS, &json!({"userId": "next", "nick": "next"}));
    assert_eq!(next["id"], 5, "a number that was taken out stays used");
    let again = ["call", USERS, "create", r#"{"rowData": {"userId": "user123"}}"#, "--data", "other"];
    assert!(mti_in(app.path(), &again, "").ended_with(1).stderr.contains("`userId`"), "unique combinations hold");
}

/// Backs a database up, and gives every row of every table and the number that it assigned last: each line but the
/// first, which says when the backup was made, and the last, which sums up the others.
fn backed_up(app: &Tree, file: &str, place: &[&str]) -> Vec<String> {
    let arguments = [&["db", "backup", file], place].concat();
    mti_in(app.path(), &arguments, "").ended_with(0);
    let whole = fs::read_to_string(app.join(file)).expect("a file");
    let lines: Vec<String> = whole.lines().map(str::to_owned).collect();
    lines[1..lines.len() - 1].to_vec()
}

/// The number that a table of a backup assigned last.
fn assigned(lines: &[String], model: &str) -> i64 {
    let tables = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok()?.get("table").cloned());
    let mut tables = tables.filter(|table| table["model"] == model);
    tables.next().and_then(|table| table["assigned"].as_i64()).expect("the table is in the backup")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_moves_to_a_server_and_back_with_its_people_and_its_numbers() {
    let app = used();
    let simulator = Server::start(app.path(), &["wechat-sim", "--bind", "127.0.0.1:0"]);
    let endpoints = json!({
        "authConfig": {"appId": "wx0123456789abcdef", "appSecret": "0123456789abcdef0123456789abcdef"},
        "endpoints": {"open": simulator.origin(), "api": simulator.origin()},
    });
    app.write("auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json", &endpoints.to_string());
    let database = TestDatabase::new();
    let url = database.url();
    let (here, there, back) = (["--data", "data"], ["--database-url", url.as_str()], ["--data", "back"]);
    let serve =
        |place: [&str; 2]| Server::start(app.path(), &[&["serve", "--bind", "127.0.0.1:0"], &place[..]].concat());
    let restore = |file: &str, place: [&str; 2]| {
        mti_in(app.path(), &[&["db", "restore", file], &place[..]].concat(), "").ended_with(0);
    };

    let server = serve(here);
    let registered = Browser::at(&server).using(&simulator).register("zhang-san").await;
    assert_eq!(server.terminate().code, Some(0));
    // The newest user goes, so that what was assigned last is not what the largest row has.
    create(&app, "data", USERS, &json!({"userId": "gone again"}));
    let delete = r#"{"filter": "Q(userId='gone again')"}"#;
    mti_in(app.path(), &["call", USERS, "deleteByFilter", delete, "--data", "data"], "").ended_with(0);
    let kept = backed_up(&app, "here.jsonl", &here);
    assert!(kept.iter().any(|line| line.contains("熊猫")) && kept.len() > 8, "{kept:?}");

    restore("here.jsonl", there);
    assert_eq!(backed_up(&app, "there.jsonl", &there), kept);
    let server = serve(there);
    let mut browser = Browser::at(&server).using(&simulator);
    let login = browser.login_code("zhang-san").await.data();
    assert_eq!(browser.sign_in(&login, "").await["userId"], registered["userId"]);
    let newcomer = Browser::at(&server).using(&simulator).register("li-si").await;
    assert_eq!(server.terminate().code, Some(0));

    let kept_there = backed_up(&app, "there-later.jsonl", &there);
    assert_eq!(assigned(&kept_there, USERS), assigned(&kept, USERS) + 1, "the newcomer has the next number");
    restore("there-later.jsonl", back);
    assert_eq!(backed_up(&app, "back.jsonl", &back), kept_there);
    let server = serve(back);
    for (person, user) in [("zhang-san", &registered), ("li-si", &newcomer)] {
        let mut browser = Browser::at(&server).using(&simulator);
        let login = browser.login_code(person).await.data();
        assert_eq!(browser.sign_in(&login, "").await["userId"], user["userId"]);
    }
    assert_eq!(server.terminate().code, Some(0));
    let next = create(&app, "back", USERS, &json!({"userId": "next"}));
    assert_eq!(next["id"], assigned(&kept_there, USERS) + 1);
}

#[test]
fn a_backup_is_for_its_owner_and_never_written_over() {
    use std::os::unix::fs::PermissionsExt as _;

    let app = used();
    mti_in(app.path(), &["db", "backup", "b.jsonl", "--data", "data"], "").ended_with(0);
    assert_eq!(fs::metadata(app.join("b.jsonl")).expect("a file").permissions().mode() & 0o777, 0o600);
    let before = fs::read(app.join("b.jsonl")).expect("a file");
    let again = mti_in(app.path(), &["db", "backup", "b.jsonl", "--data", "data"], "").ended_with(2);
    assert!(again.stderr.contains("`b.jsonl` is there already"), "{}", again.stderr);
    assert_eq!(fs::read(app.join("b.jsonl")).expect("a file"), before);
    let nowhere = mti_in(app.path(), &["db", "backup", "no/b.jsonl", "--data", "data"], "").ended_with(2);
    assert!(nowhere.stderr.contains("cannot write `no/b.jsonl`"), "{}", nowhere.stderr);
}

#[test]
fn a_table_with_rows_is_replaced_only_when_told() {
    let app = used();
    mti_in(app.path(), &["db", "backup", "b.jsonl", "--data", "data"], "").ended_with(0);
    let before = query(&app, "data", USERS);
    create(&app, "data", USERS, &json!({"userId": "later"}));
    let refused = mti_in(app.path(), &["db", "restore", "b.jsonl", "--data", "data"], "").ended_with(2);
    assert!(refused.stderr.contains(USERS) && refused.stderr.contains("--replace"), "{}", refused.stderr);
    assert_eq!(query(&app, "data", USERS)["totalCount"], 4);
    let replaced = mti_in(app.path(), &["db", "restore", "b.jsonl", "--data", "data", "--replace"], "").ended_with(0);
    assert_eq!(replaced.stdout, "restored 2 tables with 5 rows from `b.jsonl`\n");
    assert_eq!(query(&app, "data", USERS), before);
}

#[test]
fn a_backup_leaves_nothing_out_unseen() {
    let app = used();
    app.write("shop/Order/e.json", r#"{"title": "Order", "type": "models.NormlType"}"#);
    let refused = mti_in(app.path(), &["db", "backup", "b.jsonl", "--data", "data"], "").ended_with(2);
    assert!(refused.stderr.contains("`shop.Order` cannot be loaded"), "{}", refused.stderr);
    assert!(!app.join("b.jsonl").exists());
    let partial = mti_in(app.path(), &["db", "backup", "b.jsonl", "--data", "data", "--partial"], "").ended_with(0);
    assert!(partial.stderr.contains("`shop.Order`"), "{}", partial.stderr);
}

#[test]
fn a_restore_brings_back_what_was_there_though_the_model_is_stricter_now() {
    let model = |name: &str, price: &str, more: &str| {
        format!(
            r#"{{"fields": [{{"name": "id", "title": "Id", "dataType": "AutoInt", "primaryKey": true}},
                {{"name": "name", "title": "Name", "dataType": "Stext"{name}}},
                {{"name": "price", "title": "Price", "dataType": "Money"{price}}}{more}]}}"#
        )
    };
    let app = used();
    app.write(
        "shop/Order/e.json",
        r#"{"title": "Order", "type": "models.NormalType", "frontBundleEntry": "./Order.json"}"#,
    );
    app.write("shop/Order/Order.json", &model("", r#", "decimal": 2"#, ""));
    create(&app, "data", "shop.Order", &json!({"name": "long name", "price": 1.25}));
    let stricter = r#", {"name": "note", "title": "Note", "dataType": "Stext", "required": true}"#;
    app.write("shop/Order/Order.json", &model(r#", "maxLen": 3"#, r#", "decimal": 0"#, stricter));
    mti_in(app.path(), &["db", "migrate", "--data", "data"], "").ended_with(0);
    mti_in(app.path(), &["db", "backup", "b.jsonl", "--data", "data"], "").ended_with(0);
    mti_in(app.path(), &["db", "restore", "b.jsonl", "--data", "other"], "").ended_with(0);
    let row = &query(&app, "other", "shop.Order")["rowDatas"][0];
    assert_eq!(row, &json!({"id": 1, "name": "long name", "price": 1.25, "note": null}));
    // Tables that the backup has nothing of are named.
    app.write(
        "shop/Note/e.json",
        r#"{"title": "Note", "type": "models.NormalType", "frontBundleEntry": "./Note.json"}"#,
    );
    app.write("shop/Note/Note.json", &model("", "", ""));
    create(&app, "data", "shop.Note", &json!({"name": "kept"}));
    let replaced = mti_in(app.path(), &["db", "restore", "b.jsonl", "--data", "data", "--replace"], "").ended_with(0);
    assert!(
        replaced.stderr.contains("left as they are") && replaced.stderr.contains("`shop.Note`"),
        "{}",
        replaced.stderr
    );
}

#[test]
fn a_migration_that_rows_stand_in_the_way_of_says_which() {
    let model = |more: &str| {
        format!(
            r#"{{"fields": [{{"name": "id", "title": "Id", "dataType": "AutoInt", "primaryKey": true}},
                {{"name": "name", "title": "Name", "dataType": "Stext"}}]{more}}}"#
        )
    };
    let app = used();
    app.write(
        "shop/Order/e.json",
        r#"{"title": "Order", "type": "models.NormalType", "frontBundleEntry": "./Order.json"}"#,
    );
    app.write("shop/Order/Order.json", &model(""));
    for _ in 0..2 {
        create(&app, "data", "shop.Order", &json!({"name": "twice"}));
    }
    app.write("shop/Order/Order.json", &model(r#", "uniqueList": [["name"]]"#));
    let stopped = mti_in(app.path(), &["db", "migrate", "--data", "data"], "").ended_with(1);
    assert!(
        stopped.stderr.contains("`shop.Order` does not fit its stored rows: some of them have the same `name`"),
        "{}",
        stopped.stderr
    );
    let asked = mti_in(app.path(), &["call", "shop.Order", "query", "--data", "data"], "").ended_with(1);
    assert!(asked.stderr.starts_with("error: ELEMENT_EXCEPTION"), "{}", asked.stderr);
}

#[test]
fn a_restore_that_fails_late_leaves_tables_as_they_begin() {
    let fields = r#""fields": [{"name": "id", "title": "Id", "dataType": "AutoInt", "primaryKey": true},
                               {"name": "name", "title": "Name", "dataType": "Stext"}]"#;
    let app = Tree::new(&format!(
        r#"
//- app.json
{{"appId": "acme.shop", "title": "Shop", "version": "1.0.0"}}
//- models/Customer/e.json
{{"type": "models.NormalType", "title": "Customers"}}
//- models/Customer/Customer.json
{{{fields}}}
//- initData.json
{{"models.Customer": [{{"name": "Ada"}}, {{"name": "Bo"}}]}}
"#
    ));
    create(&app, "data", "models.Customer", &json!({"name": "Ada"}));
    mti_in(app.path(), &["db", "backup", "b.jsonl", "--data", "data"], "").ended_with(0);
    app.write("models/Customer/Customer.json", &format!(r#"{{{fields}, "uniqueList": [["name"]]}}"#));
    let refused = mti_in(app.path(), &["db", "restore", "b.jsonl", "--data", "fresh"], "").ended_with(2);
    assert!(refused.stderr.contains("nothing of it was restored"), "{}", refused.stderr);
    assert_eq!(query(&app, "fresh", "models.Customer")["totalCount"], 2, "those of initData.json");

    app.write("models/Customer/Customer.json", &format!("{{{fields}}}"));
    let again = mti_in(app.path(), &["db", "restore", "b.jsonl", "--data", "other"], "").ended_with(0);
    assert_eq!(again.stdout, "restored 1 tables with 3 rows from `b.jsonl`\n");
    assert_eq!(query(&app, "other", "models.Customer")["totalCount"], 3, "and none of initData.json besides");
}

#[test]
fn a_damaged_backup_changes_nothing() {
    let app = used();
    mti_in(app.path(), &["db", "backup", "b.jsonl", "--data", "data"], "").ended_with(0);
    let whole = fs::read_to_string(app.join("b.jsonl")).expect("a file");
    let lines: Vec<&str> = whole.lines().collect();
    let without_the_end = lines[..lines.len() - 1].join("\n") + "\n";
    for (damaged, part) in [
        (without_the_end, "ends before its end"),
        (whole.replace("熊猫", "熊熊"), "damaged"),
        (whole.replace("\"nick\"", "\"nck\""), "`nck`"),
        (whole.replace("{\"row\":", "{\"row\""), "damaged"),
        (whole.replace("\"format\":1", "\"format\":2"), "newer program"),
        (whole.replace("\"appId\":\"acme.demo\"", "\"appId\":\"acme.other\""), "`acme.other`"),
        (whole.replace("{\"table\":{\"model\":\"auths", "{\"table\":{\"model\":\"aths"), "no model"),
        (format!("{whole}{whole}"), "behind the end"),
        (String::new(), "no backup"),
        ("{}".to_owned(), "no backup"),
    ] {
        app.write("damaged.jsonl", &damaged);
        let restore = ["db", "restore", "damaged.jsonl", "--data", "data", "--replace"];
        let refused = mti_in(app.path(), &restore, "").ended_with(2);
        assert!(refused.stderr.contains(part), "{part} in {}", refused.stderr);
    }
    assert_eq!(query(&app, "data", USERS)["totalCount"], 3);
    assert_eq!(query(&app, "data", "corps.models.CorpModel")["rowDatas"][1]["corpName"], "熊猫");
}

#[test]
fn migrate_says_what_it_changes_and_does_it() {
    let app = Tree::new(
        r#"
//- app.json
{"appId": "acme.shop", "title": "Shop", "version": "1.0.0"}
//- models/Customer/e.json
{"type": "models.NormalType", "title": "Customers"}
//- models/Customer/Customer.json
{"fields": [{"name": "id", "title": "Id", "dataType": "AutoInt", "primaryKey": true},
            {"name": "name", "title": "Name", "dataType": "Stext"}]}
//- initData.json
{"models.Customer": [{"name": "Ada"}, {"name": "Bo"}]}
"#,
    );
    let foretold = mti_in(app.path(), &["db", "migrate", "--dry-run"], "").ended_with(0).stdout;
    assert!(foretold.contains("models.Customer (in databases.Default)\n  make the table\n"), "{foretold}");
    let made = mti_in(app.path(), &["db", "migrate"], "").ended_with(0).stdout;
    assert_eq!(made.replace("changed", "would change"), foretold);
    let quiet = mti_in(app.path(), &["db", "migrate"], "").ended_with(0).stdout;
    assert_eq!(quiet, "every table fits its model: there is nothing to change\n");

    app.write(
        "models/Customer/Customer.json",
        r#"{"fields": [{"name": "id", "title": "Id", "dataType": "AutoInt", "primaryKey": true},
                       {"name": "name", "title": "Name", "dataType": "Stext"},
                       {"name": "age", "title": "Age", "dataType": "Integer"}], "uniqueList": [["name"]]}"#,
    );
    let changed = mti_in(app.path(), &["--format", "json", "db", "migrate"], "").ended_with(0).json();
    let customer = changed["models"].as_array().expect("models").iter().find(|at| at["model"] == "models.Customer");
    assert_eq!(
        customer.expect("the model"),
        &json!({"model": "models.Customer", "database": "databases.Default",
                "changes": ["add field `age`", "add unique combination (name)"]})
    );
    let again = mti_in(app.path(), &["call", "models.Customer", "create", r#"{"rowData": {"name": "Bo"}}"#], "");
    assert!(again.ended_with(1).stderr.contains("`name`"));

    app.write("initData.json", "{}");
    app.write(
        "models/Customer/Customer.json",
        r#"{"fields": [{"name": "id", "title": "Id", "dataType": "AutoInt", "primaryKey": true},
                       {"name": "name", "title": "Name", "dataType": "Integer"}]}"#,
    );
    let refused = mti_in(app.path(), &["db", "migrate"], "").ended_with(1);
    assert!(refused.stderr.contains("`name` held text"), "{}", refused.stderr);
}

#[test]
fn a_second_process_is_told_who_has_the_data() {
    let app = demo();
    let server = Server::dev(app.path());
    for arguments in [
        &["call", USERS, "query"][..],
        &["db", "backup", "b.jsonl"],
        &["db", "migrate"],
        &["serve", "--bind", "127.0.0.1:0"],
    ] {
        let refused = mti_in(app.path(), arguments, "").ended_with(2);
        assert!(refused.stderr.contains("held by `mti` (process "), "{arguments:?}: {}", refused.stderr);
    }
    assert!(!app.join("b.jsonl").exists(), "a backup that failed leaves no file");
    server.terminate();
}

/// The files in which the embedded database has its rows.
fn files_of_store(app: &Tree) -> Vec<PathBuf> {
    fn below(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).expect("a directory").flatten() {
            let path = entry.path();
            if path.is_dir() {
                below(&path, found);
            } else if path.file_name().is_some_and(|name| name != "holder" && name != "acknowledged") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    below(&app.join("appData/databases/Default"), &mut found);
    found.sort();
    found
}

#[test]
fn a_damaged_store_is_refused_with_what_to_do_or_read_as_it_was() {
    let app = demo();
    // What would be made anew were it lost is no proof that it is there.
    create(&app, "appData", USERS, &json!({"userId": "later"}));
    let read = || mti_in(app.path(), &["call", USERS, "query"], "");
    let good = read().ended_with(0).json();
    let mut refused = 0;
    for file in files_of_store(&app) {
        let whole = fs::read(&file).expect("a file");
        let length = whole.len();
        let flipped = |at: usize| {
            let mut bytes = whole.clone();
            if let Some(bytes) = bytes.get_mut(at..(at + 64).min(length)) {
                for byte in bytes {
                    *byte ^= 0xff;
                }
            }
            bytes
        };
        let damaged = [whole[..length / 2].to_vec(), Vec::new(), flipped(0), flipped(length / 3), flipped(length / 2)];
        for bytes in damaged {
            fs::write(&file, bytes).expect("writes");
            let answer = read();
            if answer.code == 0 {
                let rows = &answer.json()["rowDatas"];
                assert_eq!(rows, &good["rowDatas"], "nothing else is ever answered: {}", file.display());
            } else {
                refused += 1;
                assert!(answer.stderr.contains("damaged") && answer.stderr.contains("backup"), "{}", answer.stderr);
                assert!(!answer.stderr.contains("panicked"), "{}", answer.stderr);
            }
            fs::write(&file, &whole).expect("writes");
        }
    }
    assert!(refused > 0, "no damage was noticed");
    assert_eq!(read().ended_with(0).json(), good);
}
