//! Models as elements of an app, through the app's door.

use mti_data::{Batch, DataDirectory, DataError, DataType, Filter, Model, NeededFields, Row};
use mti_element::{AppHandle, Element, Level, OpenContext, Result, level, steps};
use mti_registry::{App, AppBuilder};
use mti_testkit::Tree;
use serde_json::{Value, json};

use crate::fixtures;

const APP: &str = r#"
//- app/app.json
{"appId": "acme.shop", "version": "1.0.0"}
//- app/models/Meta/e.json
{"title": "Models", "type": ""}
//- app/models/NormalType/e.json
{"title": "Models", "type": "models.Meta", "backend": "rust"}
//- app/databases/Meta/e.json
{"title": "Databases", "type": ""}
//- app/databases/SledType/e.json
{"title": "Embedded", "type": "databases.Meta", "backend": "rust"}
//- app/databases/PgSqlType/e.json
{"title": "PostgreSQL", "type": "databases.Meta", "backend": "rust"}
//- app/databases/Default/e.json
{"title": "Default", "type": "databases.SledType"}
//- app/models/Customer/e.json
{"title": "Customers", "type": "models.NormalType"}
//- app/models/Customer/Customer.json
{"fields": [
  {"name": "id", "title": "Id", "dataType": "AutoInt", "primaryKey": true},
  {"name": "name", "title": "Name", "dataType": "Stext"},
  {"name": "age", "title": "Age", "dataType": "Integer"}
 ], "uniqueList": [["name"]]}
//- app/initData.json
{"models.Customer": [{"name": "Ada", "age": 36}, {"name": "Bo", "age": 7}]}
"#;

/// An app with one model, in a directory of its own.
pub(crate) struct Shop {
    pub(crate) tree: Tree,
}

impl Shop {
    pub(crate) fn new(more: &str) -> Self {
        Self { tree: Tree::new(&[APP, more].concat()) }
    }

    pub(crate) fn open(&self) -> App {
        self.builder().open().unwrap()
    }

    fn builder(&self) -> AppBuilder {
        let builder = App::builder(self.tree.join("app")).resource(DataDirectory(self.tree.join("data")));
        mti_data::levels()
            .into_iter()
            .fold(builder, |builder, (element, code)| builder.code("acme.shop", element, code))
    }
}

async fn call(element: Element, method: &str, arguments: Value) -> Value {
    element.call(method, arguments).await.unwrap()
}

#[tokio::test]
async fn rows_are_written_found_changed_and_removed() {
    let shop = Shop::new("");
    let app = shop.open();
    let customers = app.get_element("models.Customer").unwrap();
    let cy = call(customers, "create", json!({"rowData": {"name": "Cy", "age": 20}})).await;
    assert_eq!(cy, json!({"id": 3, "name": "Cy", "age": 20}));
    let found = call(customers, "get", json!({"filter": "Q(name='Ada')", "orderList": []})).await;
    assert_eq!(found, json!({"id": 1, "name": "Ada", "age": 36}));
    let page =
        json!({"filter": "Q(age__gte=7)", "orderList": [["age", -1]], "page": 2, "size": 2, "fieldList": ["name"]});
    assert_eq!(call(customers, "query", page).await, json!({"rowDatas": [{"name": "Bo"}], "totalCount": 3}));
    let whole = call(customers, "query", json!({"filter": "Q(name='Cy')", "fieldList": []})).await;
    assert_eq!(whole["rowDatas"], json!([{"id": 3, "name": "Cy", "age": 20}]), "no fields are all fields");
    let changed = call(customers, "updateByPK", json!({"pkList": [1, 2], "updateData": {"age": 1}})).await;
    assert_eq!(changed.as_array().unwrap().len(), 2);
    let sum = json!({"filter": "", "aggrField": "age", "aggrType": "SUM"});
    assert_eq!(call(customers, "aggregate", sum).await, json!(22));
    let added =
        json!({"filter": "Q(name='Di')", "orderList": null, "updateData": {"age": 2}, "addData": {"name": "Di"}});
    assert_eq!(call(customers, "updateOrAdd", added).await["name"], "Di");
    call(customers, "createOrUpdateMany", json!({"rowDataList": [{"id": 1, "age": 50}, {"name": "Ed"}]})).await;
    call(customers, "deleteByFilter", json!({"filter": "Q(name__in=['Bo', 'Cy'])"})).await;
    call(customers, "deleteByPK", json!({"pkList": [4]})).await;
    let left = call(customers, "query", json!({})).await;
    assert_eq!(left["rowDatas"], json!([{"id": 1, "name": "Ada", "age": 50}, {"id": 5, "name": "Ed", "age": null}]));
    assert_eq!(call(customers, "get", json!({"filter": "Q(name='Bo')"})).await, Value::Null);
}

#[tokio::test]
async fn mistakes_name_the_field_and_the_column() {
    let shop = Shop::new("");
    let app = shop.open();
    let customers = app.get_element("models.Customer").unwrap();
    for (method, arguments, part) in [
        ("create", json!({"rowData": {"name": "Ada"}}), "`name`"),
        ("create", json!({"rowData": {"nick": "Ada"}}), "`nick`"),
        ("get", json!({"filter": "Q(nam='Ada')"}), "column 3"),
        ("query", json!({"page": 2}), "`size`"),
        ("aggregate", json!({"aggrField": "name", "aggrType": "SUM"}), "field `name`: text cannot be added up"),
        ("query", json!({"orderList": [["name"]]}), "`orderList` must be an array of 2 items"),
        ("query", json!({"orderList": [["name", 1, 1]]}), "`orderList` is an array with too many items"),
        ("query", json!({"orderList": "name"}), "`orderList` must be an array"),
        ("create", json!({"rowData": ["Ada"]}), "`rowData` must be an object"),
    ] {
        let failure = customers.call(method, arguments).await.unwrap_err();
        assert_eq!(failure.kind().name, "API_PARAMS_ERROR", "{failure:?}");
        assert!(failure.message().contains(part), "{part} in {}", failure.message());
    }
}

#[tokio::test]
async fn values_of_every_type_are_kept_and_what_does_not_fit_names_its_field() {
    let shop = Shop::new(
        r#"
//- app/models/All/e.json
{"title": "All", "type": "models.NormalType"}
//- app/models/All/All.json
{"fields": [
  {"name": "id", "dataType": "AutoInt", "primaryKey": true},
  {"name": "stext", "dataType": "Stext", "minLen": 2, "maxLen": 3}, {"name": "ltext", "dataType": "Ltext"},
  {"name": "numeric", "dataType": "Numeric", "decimal": 1, "maxDigits": 3}, {"name": "money", "dataType": "Money"},
  {"name": "percent", "dataType": "Percent"}, {"name": "integer", "dataType": "Integer"},
  {"name": "boolean", "dataType": "Boolean"}, {"name": "checkbox", "dataType": "Checkbox"},
  {"name": "date", "dataType": "Date"}, {"name": "datetime", "dataType": "Datetime"}, {"name": "time", "dataType": "Time"},
  {"name": "json", "dataType": "Json"}, {"name": "phone", "dataType": "Phone"},
  {"name": "radio", "dataType": "Radio", "options": [{"label": "A", "value": "a"}]},
  {"name": "dropdown", "dataType": "Dropdown", "options": [{"label": "B", "value": "b"}]}
]}
"#,
    );
    let app = shop.open();
    let all = app.get_element("models.All").unwrap();
    let good = json!({
        "stext": "微信", "ltext": "x".repeat(1024), "numeric": 999.9, "money": 0.1, "percent": 12.5, "integer": i64::MAX,
        "boolean": true, "checkbox": 1, "date": "2024-02-29", "datetime": "2026-11-22 18:30:00", "time": "18:30:00",
        "json": {"a": [1, null, "\u{1F600}"]}, "phone": "+86 (28) 1234-5678", "radio": "a", "dropdown": "b"
    });
    let mut kept = call(all, "create", json!({"rowData": good})).await;
    assert_eq!(kept.as_object_mut().unwrap().shift_remove("id"), Some(json!(1)));
    assert_eq!(kept, good);
    for (field, bad) in [
        ("stext", json!("x")),
        ("stext", json!("four")),
        ("stext", json!(7)),
        ("stext", json!("a\u{0}")),
        ("ltext", json!("x".repeat(1025))),
        ("numeric", json!(1000)),
        ("numeric", json!("1")),
        ("money", json!([])),
        ("percent", json!({})),
        ("integer", json!(1.5)),
        ("integer", json!(1e19)),
        ("boolean", json!(2)),
        ("boolean", json!("true")),
        ("checkbox", json!(-1)),
        ("date", json!("2026-02-29")),
        ("date", json!("22.11.2026")),
        ("datetime", json!("2026-11-22")),
        ("time", json!("24:00")),
        ("phone", json!("ring me")),
        ("radio", json!("b")),
        ("dropdown", json!("B")),
        ("id", json!(0)),
    ] {
        let failure = all.call("create", json!({"rowData": {field: bad}})).await.unwrap_err();
        assert_eq!(failure.kind().name, "API_PARAMS_ERROR", "{field} {bad}");
        assert!(failure.message().contains(&format!("field `{field}`: ")), "{}", failure.message());
    }
}

#[tokio::test]
async fn documented_arguments_without_an_effect_are_taken_and_checked() {
    let shop = Shop::new("");
    let app = shop.open();
    let customers = app.get_element("models.Customer").unwrap();
    let row = json!({"name": "Cy"});
    for (method, arguments) in [
        ("get", json!({"filter": "", "orderList": [["id", 0]], "level": 2})),
        (
            "query",
            json!({"filter": null, "fieldList": null, "orderList": null, "page": null, "size": null, "level": 1}),
        ),
        ("create", json!({"rowData": row, "triggerEvent": 1})),
        ("updateByPK", json!({"pkList": [3], "updateData": row, "triggerEvent": 0})),
        (
            "updateOrAdd",
            json!({"filter": "Q(id=3)", "orderList": [], "updateData": row, "addData": row, "triggerEvent": true}),
        ),
        ("createOrUpdateMany", json!({"rowDataList": [], "triggerEvent": null})),
        ("deleteByPK", json!({"pkList": [3], "triggerEvent": 0})),
    ] {
        call(customers, method, arguments).await;
    }
    for (method, arguments, part) in [
        ("get", json!({"filter": "", "level": -1}), "`level`"),
        ("create", json!({"rowData": row, "triggerEvent": 2}), "`triggerEvent`"),
        ("updateByFilter", json!({"updateData": {"age": 1}}), "`filter`"),
        ("deleteByFilter", json!({}), "`filter`"),
        ("deleteByFilter", json!({"filter": "", "triggerEvent": 1}), "`triggerEvent`"),
    ] {
        let failure = customers.call(method, arguments).await.unwrap_err();
        assert_eq!(failure.kind().name, "API_PARAMS_ERROR", "{failure:?}");
        assert!(failure.message().contains(part), "{part} in {}", failure.message());
    }
    assert_eq!(call(customers, "query", json!({})).await["totalCount"], 2, "a forgotten filter deletes nothing");
}

#[tokio::test]
async fn a_batch_is_all_or_nothing_and_a_take_has_one_winner() {
    let shop = Shop::new("");
    let app = shop.open();
    let customers: Model<'_> = app.get("models.Customer").unwrap();
    let row = |name: &str| json!({"name": name}).as_object().unwrap().clone();
    let batch =
        Batch::new().delete("models.Customer", Filter::equal("name", "Ada")).insert("models.Customer", row("Bo"));
    let failure = customers.execute(batch).await.unwrap_err();
    assert!(matches!(DataError::behind(&failure), Some(DataError::UniqueViolation { .. })), "{failure:?}");
    let takes = (0..64).map(|_| {
        let customers = customers.clone();
        tokio::spawn(async move { customers.take(Filter::equal("name", "Ada")).await.unwrap().len() })
    });
    let mut winners = 0;
    for take in takes.collect::<Vec<_>>() {
        winners += take.await.unwrap();
    }
    assert_eq!(winners, 1);
}

#[tokio::test]
async fn rows_survive_and_initial_rows_are_inserted_once() {
    let shop = Shop::new("");
    let app = shop.open();
    let customers = app.get_element("models.Customer").unwrap();
    call(customers, "deleteByFilter", json!({"filter": "Q(name='Ada')"})).await;
    let database: mti_data::DatabaseElement<'_> = app.get("databases.Default").unwrap();
    database.connect().await.unwrap().0.close().await.unwrap();
    drop(app);
    let app = shop.open();
    let rows = call(app.get_element("models.Customer").unwrap(), "query", json!({})).await;
    assert_eq!(rows["rowDatas"], json!([{"id": 2, "name": "Bo", "age": 7}]));
}

#[test]
fn check_reads_models_and_initial_rows() {
    let shop = Shop::new(
        r#"
//- app/models/Bad/e.json
{"title": "Bad", "type": "models.NormalType"}
//- app/models/Bad/Bad.json
{"fields": [{"name": "id", "dataType": "AutoInt", "primaryKey": true}, {"name": "x", "dataType": "Strext"}]}
//- app/initData.json
{"models.Customer": [{"nick": "Ada"}, 7],
 "models.Nothing": [],
 "models.Bad": {}}
"#,
    );
    let findings = shop.open().check();
    let found: Vec<_> =
        findings.iter().map(|finding| (finding.code.name(), finding.location.as_ref().unwrap().line)).collect();
    assert_eq!(
        found,
        [
            ("init-data-field", Some(1)),
            ("bad-init-data", Some(1)),
            ("init-data-model-not-found", Some(2)),
            ("bad-init-data", Some(3)),
            ("bad-field", Some(1)),
        ]
    );
}

#[tokio::test]
async fn models_that_name_no_database_are_in_the_apps_default_one() {
    let shop = Shop::new(
        r#"
//- app/app.json
{"appId": "acme.shop", "version": "1.0.0", "settings": {"defaultElement": {"defaultDatabase": "databases.Main"}}}
//- app/databases/Main/e.json
{"title": "Main", "type": "databases.SledType"}
//- app/models/Old/e.json
{"title": "Old", "type": "models.NormalType", "db": "databases.Default"}
//- app/models/Old/Old.json
{"fields": [{"name": "id", "dataType": "AutoInt", "primaryKey": true}]}
"#,
    );
    let app = shop.open();
    for (model, database) in [("models.Customer", "databases.Main"), ("models.Old", "databases.Default")] {
        let declaration = app.get::<Model<'_>>(model).unwrap().declaration().await.unwrap();
        assert_eq!(declaration.database_name, database, "{model}");
    }
    call(app.get_element("models.Customer").unwrap(), "query", json!({})).await;
    assert!(shop.tree.join("data/databases/Main").exists());
    assert!(!shop.tree.join("data/databases/Default").exists());
}

#[test]
fn check_finds_rows_for_what_is_no_model() {
    let rows = r#"
//- app/initData.json
{"models.Customer": [],
 "databases.Default": [{"a": 1}],
 "models.NormalType": [{"a": 1}]}
"#;
    let found: Vec<_> = Shop::new(rows)
        .open()
        .check()
        .iter()
        .map(|finding| (finding.code.name(), finding.location.as_ref().unwrap().line))
        .collect();
    assert_eq!(found, [("init-data-model-not-found", Some(2)), ("init-data-model-not-found", Some(3))]);
}

#[test]
fn check_finds_databases_that_are_not_there() {
    let shop = Shop::new(
        r#"
//- app/app.json
{"appId": "acme.shop", "version": "1.0.0",
 "settings": {"defaultElement": {"defaultDatabase": "databases.Defalt", "defaultCache": "caches.Default"}}}
//- app/models/Stray/e.json
{"title": "Stray", "type": "models.NormalType",
 "db": "databases.Mian"}
//- app/models/Stray/Stray.json
{"fields": [{"name": "id", "dataType": "AutoInt", "primaryKey": true}]}
//- app/models/Odd/e.json
{"title": "Odd", "type": "models.NormalType", "db": "models.Customer"}
//- app/models/Odd/Odd.json
{"fields": [{"name": "id", "dataType": "AutoInt", "primaryKey": true}]}
//- app/models/Typed/e.json
{"title": "Typed", "type": "models.NormalType", "db": "databases.SledType"}
//- app/models/Typed/Typed.json
{"fields": [{"name": "id", "dataType": "AutoInt", "primaryKey": true}]}
"#,
    );
    let found: Vec<_> = shop
        .open()
        .check()
        .iter()
        .map(|finding| {
            let location = finding.location.as_ref().unwrap();
            (finding.code.id(), format!("{}:{:?}", location.file, location.line), finding.message.clone())
        })
        .collect();
    let expected = [
        ("app.json:Some(2)", "there is no element `databases.Defalt`"),
        ("models/Odd/e.json:Some(1)", "`models.Customer` is no element of `databases.Meta`"),
        ("models/Stray/e.json:Some(2)", "there is no element `databases.Mian`"),
        (
            "models/Typed/e.json:Some(1)",
            "`databases.SledType` is no instance of `databases.Meta`: only instances are called",
        ),
    ];
    assert_eq!(found, expected.map(|(place, message)| ("MTI0705", place.to_owned(), message.to_owned())));
}

/// Models and their database work; then an edit breaks what one needs of the other.
#[tokio::test]
async fn a_broken_edit_takes_no_database_away_from_its_models() {
    let shop = Shop::new("");
    let app = shop.open();
    let customers = app.get_element("models.Customer").unwrap();
    let count = async || call(customers, "query", json!({})).await["totalCount"].clone();
    assert_eq!(count().await, 2);
    for (file, broken, outdated) in [
        // The database is no database any more, or cannot be opened.
        ("databases/Default/e.json", r#"{"title": "Default", "type": "models.NormalType"}"#, "databases.Default"),
        ("databases/Default/e.json", r#"{"title": "Default", "type": "databases.Meta"}"#, "databases.Default"),
        ("databases/Default/Default.json", "[]", "databases.Default"),
        // The model names another one.
        (
            "models/Customer/e.json",
            r#"{"title": "C", "type": "models.NormalType", "db": "databases.No"}"#,
            "models.Customer",
        ),
        (
            "models/Customer/e.json",
            r#"{"title": "C", "type": "models.NormalType", "db": "models.Customer"}"#,
            "models.Customer",
        ),
    ] {
        shop.tree.write(&format!("app/{file}"), broken);
        let reloaded = app.reload(None).unwrap();
        assert_eq!(reloaded.outdated.iter().map(ToString::to_string).collect::<Vec<_>>(), [outdated], "{broken}");
        assert!(reloaded.diagnostics.iter().any(mti_core::Diagnostic::is_error), "{broken}");
        assert_eq!(count().await, 2, "{broken}");
        shop.tree.write_all(APP);
        if file.ends_with("Default.json") {
            shop.tree.remove("app/databases/Default/Default.json");
        }
        assert!(app.reload(None).unwrap().outdated.is_empty(), "{broken}");
        assert_eq!(count().await, 2, "{broken}");
    }
    // The app as a whole names another default: nothing of the edit is taken in.
    for database in ["databases.No", "models.Customer"] {
        let settings = json!({"defaultElement": {"defaultDatabase": database}});
        let manifest = json!({"appId": "acme.shop", "version": "1.0.0", "settings": settings});
        shop.tree.write("app/app.json", manifest.to_string());
        let findings = app.reload(None).unwrap_err();
        assert_eq!(findings[0].code.name(), "database-not-found", "{database}");
        assert_eq!(app.reload_failure(), findings);
        assert_eq!(count().await, 2, "{database}");
        shop.tree.write_all(APP);
        app.reload(None).unwrap();
    }
    // An element that is removed is meant to go, also if others need it.
    shop.tree.remove("app/databases/Default");
    assert!(app.reload(None).unwrap().outdated.is_empty());
    assert_eq!(customers.call("query", json!({})).await.unwrap_err().kind().name, "ELEMENT_NOT_FOUND");
}

/// A call that began before a reload, and asks for the model first afterwards, takes nothing back.
#[tokio::test]
async fn a_call_on_an_older_snapshot_leaves_the_newer_model_as_it_is() {
    const MODEL: &str = "app/models/Customer/Customer.json";
    let fields = |more: &str, unique: &str| {
        format!(
            r#"{{"fields": [
                {{"name": "id", "dataType": "AutoInt", "primaryKey": true}},
                {{"name": "name", "dataType": "Stext"}}{more}
            ], "uniqueList": [{unique}]}}"#
        )
    };
    let age = r#", {"name": "age", "dataType": "Integer"}"#;
    let shop = Shop::new("");
    shop.tree.write(MODEL, fields(age, ""));
    shop.tree.remove("app/initData.json");
    let app = shop.open();
    let (before, customers) = (app.view(), app.get_element("models.Customer").unwrap());
    shop.tree.write(MODEL, fields(age, r#"["name"]"#));
    app.reload(None).unwrap();
    call(customers, "create", json!({"rowData": {"name": "Cy"}})).await;
    let older: Model<'_> = AppHandle::outside(&before).get("models.Customer").unwrap();
    older.create(fixtures::row(json!({"name": "Di", "age": 7}))).await.expect("the older model fits");
    for _ in 0..2 {
        let again = older.create(fixtures::row(json!({"name": "Cy"}))).await.unwrap_err();
        assert!(matches!(DataError::behind(&again), Some(DataError::UniqueViolation { .. })), "{again:?}");
        let again = customers.call("create", json!({"rowData": {"name": "Di"}})).await.unwrap_err();
        assert!(matches!(DataError::behind(&again), Some(DataError::UniqueViolation { .. })), "{again:?}");
    }
    shop.tree.write(MODEL, fields(r#", {"name": "note", "dataType": "Stext"}"#, ""));
    app.reload(None).unwrap();
    call(customers, "create", json!({"rowData": {"name": "Cy", "note": "again"}})).await;
    older.create(fixtures::row(json!({"name": "Cy", "age": 8}))).await.expect("no longer unique");
    let found = call(customers, "query", json!({"filter": "Q(name='Cy')", "orderList": [["id", 1]]})).await;
    assert_eq!(found["totalCount"], 3);
}

steps! {
    "reports.Type": Report, ReportSteps {
        /// Who there is.
        "names" fn names() -> Vec<Row>;
    }
}

struct Reporting;

impl Level for Reporting {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        NeededFields::of("models.Customer")
            .field("name", DataType::Stext)
            .field("age", DataType::Integer)
            .field("isPaying", DataType::Boolean)
            .declare(context);
        NeededFields::of("models.Nobody").field("name", DataType::Stext).declare(context);
        Ok(Self)
    }
}

#[level]
impl ReportSteps for Reporting {}

#[test]
fn check_finds_models_without_the_fields_that_a_level_needs() {
    let shop = Shop::new(
        r#"
//- app/reports/Meta/e.json
{"title": "Reports", "type": ""}
//- app/reports/Type/e.json
{"title": "Report", "type": "reports.Meta", "backend": "rust"}
//- app/reports/Daily/e.json
{"title": "Daily", "type": "reports.Type"}
//- app/initData.json
{}
"#,
    );
    let findings = |customer: &str| {
        shop.tree.write("app/models/Customer/Customer.json", customer);
        let app = shop.builder().level::<Reporting>("acme.shop", "reports.Type").open().unwrap();
        let told = |finding: &mti_core::Diagnostic| {
            let place = finding.location.as_ref().unwrap();
            (finding.code.id(), format!("{}:{}", place.file, place.line.unwrap()), finding.message.clone())
        };
        app.check().iter().map(told).collect::<Vec<_>>()
    };
    let nobody = ("MTI0410", "reports/Daily/e.json:1".to_owned(), "there is no element `models.Nobody`".to_owned());
    let key = r#"{"name": "id", "dataType": "AutoInt", "primaryKey": true}"#;
    let place = |line: u32| format!("models/Customer/Customer.json:{line}");
    assert_eq!(
        findings(&format!("{{\"fields\": [{key},\n{{\"name\": \"name\", \"dataType\": \"Stext\"}},\n{{\"name\": \"age\", \"dataType\": \"Numeric\"}}]}}")),
        [
            (
                "MTI0708",
                place(1),
                "`models.Customer` has no field `isPaying`; `reports.Daily` needs it".to_owned()
            ),
            (
                "MTI0708",
                place(3),
                "`models.Customer` has a field `age` of numbers (`Numeric`) instead of whole numbers; `reports.Daily` needs it".to_owned()
            ),
            nobody.clone(),
        ]
    );
    let complete = format!(
        r#"{{"fields": [{key}, {{"name": "name", "dataType": "Ltext"}}, {{"name": "age", "dataType": "Checkbox"}},
            {{"name": "isPaying", "dataType": "Boolean"}}]}}"#
    );
    assert_eq!(findings(&complete), [nobody]);
}
