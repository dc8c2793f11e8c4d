//! `schema`: the schemas are schemas, take every file of the official and the example apps, and refuse what is wrong.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::{LOGIN, demo, mti, mti_in};

const WECHAT: &str = "auths.loginTypes.WeChatType";
const PASSWORD: &str = "auths.loginTypes.PasswordType";
const MODEL: &str = "models.NormalType";

fn schema(name: &str) -> Value {
    mti(&["schema", name]).ended_with(0).json()
}

fn validator(name: &str) -> Validator {
    jsonschema::options().build(&schema(name)).expect("a schema")
}

fn apps() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps")
}

/// The files of that name in all apps, with what is in them.
fn files_named(name: &str) -> Vec<(PathBuf, Value)> {
    let (mut found, mut directories) = (Vec::new(), vec![apps()]);
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let entry = entry.expect("an entry");
            let is_data = ["target", "appData"].iter().any(|data| entry.file_name() == *data);
            if entry.file_type().expect("a type").is_dir() && !is_data {
                directories.push(entry.path());
            } else if entry.file_name() == name {
                let text = fs::read_to_string(entry.path()).expect("a file");
                found.push((entry.path(), serde_json::from_str(&text).expect("JSON")));
            }
        }
    }
    found
}

#[track_caller]
fn takes(validator: &Validator, document: &Value, what: &str) {
    let errors: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{} at {}", error, error.instance_path())).collect();
    assert!(errors.is_empty(), "{what}: {errors:?}");
}

#[test]
fn every_schema_is_one_of_the_draft_that_it_names() {
    for name in ["app", "element", WECHAT, PASSWORD, MODEL, "databases.SledType", "databases.PgSqlType"] {
        let schema = schema(name);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert!(jsonschema::draft202012::meta::is_valid(&schema), "{name}");
        assert!(schema["title"].is_string() && schema["description"].is_string(), "{name}");
    }
}

#[test]
fn the_files_of_the_apps_fit() {
    for (schema, file, least) in [("app", "app.json", 2), ("element", "e.json", 20)] {
        let validator = validator(schema);
        let files = files_named(file);
        assert!(files.len() >= least, "{} files are not all", files.len());
        for (path, document) in &files {
            takes(&validator, document, &path.display().to_string());
        }
    }
    for (name, least) in [(WECHAT, 1), (MODEL, 8)] {
        let validator = validator(name);
        let mut count = 0;
        for (path, manifest) in files_named("e.json") {
            let directory = path.parent().expect("a directory");
            let config = directory.join(format!("{}.json", directory.file_name().expect("a name").display()));
            if manifest["type"] == name && config.is_file() {
                let text = fs::read_to_string(&config).expect("a file");
                takes(&validator, &serde_json::from_str(&text).expect("JSON"), &config.display().to_string());
                count += 1;
            }
        }
        assert!(count >= least, "{count} configs of {name} are not all");
    }
}

#[test]
fn what_is_wrong_does_not_fit() {
    let cases = [
        (
            "app",
            vec![
                json!([]),
                json!({"version": "1.0.0"}),
                json!({"appId": "acme.shop"}),
                json!({"appId": "shop", "version": "1.0.0"}),
                json!({"appId": "acme.shop", "version": "1.0"}),
                json!({"appId": "acme.shop", "version": "1.0.0", "title": 5}),
                json!({"appId": "acme.shop", "version": "1.0.0", "extends": "mti.base"}),
                json!({"appId": "acme.shop", "version": "1.0.0", "extends": [{"version": "^0.1"}]}),
            ],
        ),
        (
            "element",
            vec![
                json!({"title": 5}),
                json!({"type": "auths/loginTypes"}),
                json!({"backend": "java"}),
                json!({"accessModifier": "hidden"}),
                json!({"override": "merge"}),
                json!({"functionList": {"name": "a"}}),
                json!({"functionList": [{"title": "nameless"}]}),
                json!({"functionList": [{"name": "a", "loginRequired": 2}]}),
                json!({"functionList": [{"name": "a", "args": [{"name": " "}]}]}),
            ],
        ),
        (
            PASSWORD,
            vec![
                json!({"isActive": "yes"}),
                json!({"limit": {"minLength": 0}}),
                json!({"limit": {"requireNumber": 2}}),
                json!({"argon2": {"memoryKib": 1024}}),
                json!({"argon2": {"iterations": 1.5}}),
            ],
        ),
        (
            WECHAT,
            vec![
                json!({"authConfig": "wx0123456789abcdef"}),
                json!({"authConfig": {"appId": 5}}),
                json!({"authConfig": {"appSecret": ""}}),
                json!({"isActive": "yes"}),
                json!({"redirectUri": "auth/callback"}),
                json!({"endpoints": {"api": 5}}),
                json!({"endpoints": {"poll": "lp.open.weixin.qq.com"}}),
                json!({"codeDisplay": "mine"}),
                json!({"timeoutMs": 0}),
            ],
        ),
        (
            MODEL,
            vec![
                json!({"fields": []}),
                json!({"fields": [{"dataType": "AutoInt"}]}),
                json!({"fields": [{"name": "id", "dataType": "Int"}]}),
                json!({"fields": [{"name": "1d", "dataType": "AutoInt"}]}),
                json!({"fields": [{"name": "id", "dataType": "AutoInt", "primaryKey": "yes"}]}),
                json!({"uniqueList": ["id"]}),
                json!({"uniqueList": [["id", "id"]]}),
            ],
        ),
    ];
    for (name, documents) in cases {
        let validator = validator(name);
        for document in documents {
            assert!(!validator.is_valid(&document), "{name} takes {document}");
        }
    }
}

#[test]
fn the_schema_of_models_knows_every_data_type() {
    let schema = schema(MODEL);
    let known: Vec<&str> = schema["$defs"]["field"]["properties"]["dataType"]["enum"]
        .as_array()
        .expect("the types")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let names = mti::data::DataType::ALL.map(mti::data::DataType::name);
    let all: Vec<String> =
        names.iter().map(ToString::to_string).chain(names.iter().map(|name| format!("datatypes.{name}"))).collect();
    assert_eq!(known, all);
}

#[test]
fn an_element_has_the_schema_of_its_nearest_type_that_has_one() {
    let app = demo();
    app.write("words/Meta/e.json", r#"{"title": "Words", "type": ""}"#);
    app.write("words/PlainType/e.json", r#"{"title": "Plain", "type": "words.Meta"}"#);
    let of = |name: &str| mti_in(app.path(), &["schema", name], "").ended_with(0).json();
    assert_eq!(of(LOGIN)["properties"], schema(WECHAT)["properties"]);
    assert_eq!(of(LOGIN)["title"], json!(format!("Config of {LOGIN}")));
    assert_eq!(of("words.PlainType")["type"], "object");
    assert!(of("words.PlainType")["properties"].is_null());
    let unknown = mti_in(app.path(), &["schema", "words.PlaneType"], "").ended_with(1);
    assert!(unknown.stderr.contains("words.PlainType"), "{}", unknown.stderr);
}
