//! Reading a model's JSON.

use mti_data::{Constraint, DataType, ModelSchema, SchemaProblem};
use serde_json::{Value, json};

use crate::fixtures::row;

fn problems(definition: &Value) -> Vec<SchemaProblem> {
    ModelSchema::parse("m", "a.b", definition).expect_err("has problems")
}

fn key() -> Value {
    json!({"name": "id", "dataType": "AutoInt", "primaryKey": true})
}

#[test]
fn a_schema_is_read() {
    let schema = ModelSchema::parse(
        "auths.loginTypes.WeChatType.WeChatAuthModel",
        "mti.base",
        &json!({
            "fields": [
                {"name": "id", "title": "Key", "dataType": "AutoInt", "primaryKey": 1, "readOnly": 1},
                {"name": "appId", "title": "App", "dataType": "Stext"},
                {"name": "openId", "title": "Open", "dataType": "datatypes.Stext", "maxLen": 64, "unique": 1}
            ],
            "uniqueList": [["appId", "openId"]],
            "indexList": [{"name": "abcdef", "title": "x", "fieldNameList": ["openId"]}, {"fields": ["appId"]}]
        }),
    )
    .expect("a good schema");
    assert_eq!((schema.model(), schema.namespace()), ("auths.loginTypes.WeChatType.WeChatAuthModel", "mti.base"));
    assert_eq!(schema.primary_key().name, "id");
    assert!(schema.primary_key().read_only);
    assert_eq!(
        schema.field("openId").map(|field| (field.data_type, field.limits.max_length)),
        Some((DataType::Stext, 64))
    );
    let constraint =
        |fields: &[&str], unique| Constraint { fields: fields.iter().map(ToString::to_string).collect(), unique };
    assert_eq!(
        schema.constraints(),
        [
            constraint(&["openId"], true),
            constraint(&["appId", "openId"], true),
            constraint(&["openId"], false),
            constraint(&["appId"], false)
        ]
    );
}

#[test]
fn problems_point_into_the_json() {
    for (definition, pointer) in [
        (json!([]), ""),
        (json!({}), ""),
        (json!({"fields": {}}), "/fields"),
        (json!({"fields": []}), "/fields"),
        (json!({"fields": [key(), 1]}), "/fields/1"),
        (json!({"fields": [key(), {"dataType": "Stext"}]}), "/fields/1"),
        (json!({"fields": [key(), {"name": "a"}]}), "/fields/1"),
        (json!({"fields": [key(), {"name": 1, "dataType": "Stext"}]}), "/fields/1/name"),
        (json!({"fields": [key(), {"name": "a b", "dataType": "Stext"}]}), "/fields/1/name"),
        (json!({"fields": [key(), {"name": "a__like", "dataType": "Stext"}]}), "/fields/1/name"),
        (json!({"fields": [key(), {"name": "a".repeat(64), "dataType": "Stext"}]}), "/fields/1/name"),
        (json!({"fields": [key(), {"name": "a", "dataType": "Text"}]}), "/fields/1/dataType"),
        (json!({"fields": [key(), {"name": "a", "dataType": "AutoInt"}]}), "/fields/1/dataType"),
        (json!({"fields": [key(), {"name": "a", "dataType": "Stext", "maxLen": "x"}]}), "/fields/1/maxLen"),
        (json!({"fields": [key(), {"name": "a", "dataType": "Stext", "maxLen": 1, "minLen": 2}]}), "/fields/1/minLen"),
        (json!({"fields": [key(), {"name": "a", "dataType": "Stext", "unique": 2}]}), "/fields/1/unique"),
        (json!({"fields": [key(), {"name": "a", "dataType": "Json", "unique": 1}]}), "/fields/1/unique"),
        (json!({"fields": [key(), {"name": "a", "dataType": "Integer", "default": "x"}]}), "/fields/1/default"),
        (
            json!({"fields": [key(), {"name": "a", "dataType": "Radio", "options": [{"label": "x"}]}]}),
            "/fields/1/options/0",
        ),
        (json!({"fields": [key(), key()]}), "/fields/1/name"),
        (json!({"fields": [{"name": "a", "dataType": "Stext"}]}), "/fields"),
        (json!({"fields": [{"name": "a", "dataType": "Json", "primaryKey": true}]}), "/fields"),
        (json!({"fields": [key()], "uniqueList": 1}), "/uniqueList"),
        (json!({"fields": [key()], "uniqueList": [["x"]]}), "/uniqueList/0"),
        (json!({"fields": [key()], "indexList": [["id"], []]}), "/indexList/1"),
        (json!({"fields": [key()], "indexList": [["id", "id"]]}), "/indexList/0"),
    ] {
        let problems = problems(&definition);
        assert_eq!(
            problems.iter().map(|problem| problem.pointer.as_str()).collect::<Vec<_>>(),
            [pointer],
            "{definition}"
        );
    }
}

#[test]
fn all_problems_are_reported_with_help() {
    let problems = problems(&json!({
        "fields": [key(), {"name": "openId", "dataType": "Stex"}, {"name": "b", "dataType": "Stext"}],
        "uniqueList": [["bb"]]
    }));
    let help: Vec<_> = problems.iter().map(|problem| problem.help.as_deref()).collect();
    assert_eq!(help, [Some("did you mean `Stext`?"), Some("did you mean `b`?")]);
}

#[test]
fn rows_are_completed_and_checked() {
    let schema = crate::fixtures::person();
    let complete = schema.complete(&row(json!({"name": "Ann", "height": 2.0}))).unwrap();
    assert_eq!(
        Value::Object(complete),
        json!({"id": null, "userId": null, "name": "Ann", "age": null, "height": 2, "active": true, "born": null, "extra": null})
    );
    assert_eq!(schema.complete(&row(json!({"nam": 1}))).unwrap_err().field, "nam");
    assert_eq!(schema.check_changes(&row(json!({"id": 1}))).unwrap_err().field, "id");
    assert_eq!(schema.check_changes(&row(json!({"age": "x"}))).unwrap_err().field, "age");
}
