use std::sync::Arc;

use mti_core::json::Pointer;
use mti_core::merge::{Layer, Layered, MergeRules, SourceRef};
use mti_core::{AppId, AppKey, parse_version};
use proptest::prelude::*;
use serde_json::{Value, json};

fn source(app: &str, text: Option<&str>) -> SourceRef {
    SourceRef {
        app: AppKey { id: AppId::parse(app).unwrap(), version: parse_version("1.0.0").unwrap() },
        file: Arc::from("a/e.json"),
        text: text.map(Arc::from),
    }
}

fn layered(texts: &[(&str, &str)]) -> Layered {
    layered_by(&MergeRules::default(), texts)
}

fn layered_by(rules: &MergeRules, texts: &[(&str, &str)]) -> Layered {
    let layer = |&(app, text): &(&str, &str)| Layer {
        origin: source(app, Some(text)),
        value: serde_json::from_str(text).unwrap(),
    };
    Layered::by(rules, texts.iter().map(layer).collect())
}

fn rules(schemas: &[Value]) -> MergeRules {
    MergeRules::new(schemas.iter().cloned().map(Arc::new).collect())
}

/// Fields by their names, each with options by their values; names that add up.
fn of_models() -> MergeRules {
    rules(&[json!({
        "properties": {
            "fields": {"x-merge": {"by": "name"}, "items": {"$ref": "#/$defs/field"}},
            "names": {"x-merge": "union"},
        },
        "$defs": {"field": {"allOf": [{"properties": {"options": {"x-merge": {"by": "value"}}}}]}},
    })])
}

/// The place that a value came from, as `app line:column`.
fn place(merged: &Layered, pointer: &str) -> String {
    let origin = merged.origin(&Pointer::parse(pointer).unwrap()).unwrap();
    let (line, column) = (origin.location.line.unwrap(), origin.location.column.unwrap());
    format!("{} {line}:{column}", origin.app.id)
}

#[test]
fn objects_are_merged_and_everything_else_replaced() {
    let merged = layered(&[
        ("a.near", r#"{"x": {"a": 1}, "list": [1], "n": null, "was": {"o": 1}}"#),
        ("a.mid", r#"{"x": {"a": 2, "b": 2}, "list": [2, 2], "was": 5}"#),
        ("a.far", r#"{"x": {"c": {"d": 3}}, "n": 3, "was": {"p": 3}, "only": true}"#),
    ]);
    assert_eq!(
        merged.value(),
        &json!({"x": {"a": 1, "b": 2, "c": {"d": 3}}, "list": [1], "n": null, "was": {"o": 1}, "only": true})
    );
}

#[test]
fn every_value_knows_where_it_came_from() {
    let merged = layered(&[
        ("a.near", "{\n  \"x\": {\"a\": 1}\n}"),
        ("a.far", "{\n  \"x\": {\"a\": 2,\n        \"b\": 2},\n  \"list\": [3, 4]\n}"),
    ]);
    let origins: Vec<_> = merged
        .origins()
        .map(|(pointer, value, origin)| {
            let at = origin.location;
            format!("{pointer} = {value} from {} {}:{}:{}", origin.app, at.file, at.line.unwrap(), at.column.unwrap())
        })
        .collect();
    assert_eq!(
        origins,
        [
            "/x/a = 1 from a.near@1.0.0 a/e.json:2:14",
            "/x/b = 2 from a.far@1.0.0 a/e.json:3:14",
            "/list = [3,4] from a.far@1.0.0 a/e.json:4:11",
        ]
    );
    assert!(merged.origin(&Pointer::ROOT.key("none")).is_none());
    let inside = Pointer::ROOT.key("list").index(1);
    assert_eq!(merged.origin(&inside).unwrap().location.column, Some(15));
}

#[test]
fn a_layer_without_a_file_has_an_origin_too() {
    let merged = Layered::new(vec![
        Layer { origin: source("a.cli", None), value: json!({"url": "x"}) },
        Layer {
            origin: source("a.base", Some(r#"{"url": "y", "host": "z"}"#)),
            value: json!({"url": "y", "host": "z"}),
        },
    ]);
    let origin = merged.origin(&Pointer::ROOT.key("url")).unwrap();
    assert_eq!((origin.app.id.as_str(), origin.location.line), ("a.cli", None));
    let origin = merged.origin(&Pointer::ROOT.key("host")).unwrap();
    assert_eq!((origin.app.id.as_str(), origin.location.line), ("a.base", Some(1)));
}

#[test]
fn lists_merge_as_the_schema_says() {
    let merged = layered_by(
        &of_models(),
        &[
            (
                "a.near",
                r#"{"fields": [{"name": "b", "title": "B!"}, {"name": "c"}], "names": [["x"], ["b"]], "plain": [3]}"#,
            ),
            ("a.mid", r#"{"fields": [{"name": "a", "options": [{"value": 1, "label": "one"}, {"value": 3}]}]}"#),
            (
                "a.far",
                r#"{"fields": [{"name": "a", "options": [{"value": 1}, {"value": 2}]}, {"name": "b", "type": "T"}],
                    "names": [["b"]], "plain": [1, 2]}"#,
            ),
        ],
    );
    assert_eq!(
        merged.value(),
        &json!({
            "fields": [
                {"name": "a", "options": [{"value": 1, "label": "one"}, {"value": 2}, {"value": 3}]},
                {"name": "b", "type": "T", "title": "B!"},
                {"name": "c"},
            ],
            "names": [["b"], ["x"]],
            "plain": [3],
        })
    );
}

#[test]
fn every_key_of_a_merged_item_knows_where_it_came_from() {
    let far =
        "{\"fields\": [{\"name\": \"a\", \"type\": \"T\"},\n{\"name\": \"b\", \"type\": \"T\"}], \"names\": [\"x\"]}";
    let near = "{\"fields\": [\n{\"name\": \"c\"},\n{\"name\": \"b\", \"title\": \"B\"}], \"names\": [\"y\",\"x\"]}";
    let merged = layered_by(&of_models(), &[("a.near", near), ("a.far", far)]);
    assert_eq!(place(&merged, "/fields"), "a.near 1:12");
    assert_eq!(place(&merged, "/fields/0/type"), "a.far 1:35");
    assert_eq!(place(&merged, "/fields/1"), "a.near 3:1");
    assert_eq!(place(&merged, "/fields/1/type"), "a.far 2:23");
    assert_eq!(place(&merged, "/fields/1/title"), "a.near 3:24");
    assert_eq!(place(&merged, "/fields/2/name"), "a.near 2:10");
    assert_eq!(place(&merged, "/names/0"), "a.near 3:45");
    assert_eq!(place(&merged, "/names/1"), "a.near 3:41");
    let leaves: Vec<_> = merged.origins().map(|(pointer, ..)| pointer.to_string()).collect();
    assert_eq!(
        leaves,
        [
            "/fields/0/name",
            "/fields/0/type",
            "/fields/1/name",
            "/fields/1/type",
            "/fields/1/title",
            "/fields/2/name",
            "/names/0",
            "/names/1"
        ]
    );
}

#[test]
fn what_one_document_says_twice_is_not_made_one() {
    let merged = layered_by(
        &of_models(),
        &[
            ("a.near", r#"{"fields": [{"name": "a", "n": 1}, {"name": "a", "n": 2}, 5, {"n": 3}]}"#),
            ("a.far", r#"{"fields": [{"name": "a"}, 5, {"n": 3}]}"#),
        ],
    );
    let expected = json!([{"name": "a", "n": 1}, 5, {"n": 3}, {"name": "a", "n": 2}, 5, {"n": 3}]);
    assert_eq!(merged.value()["fields"], expected);
    assert_eq!(place(&merged, "/fields/3/n"), "a.near 1:55");
}

#[test]
fn what_is_no_list_replaces_a_list_and_is_replaced_by_one() {
    let merged = layered_by(
        &of_models(),
        &[
            ("a.near", r#"{"fields": [{"name": "b"}]}"#),
            ("a.mid", r#"{"fields": "none"}"#),
            ("a.far", r#"{"fields": [{"name": "a"}, {"name": "b", "type": "T"}]}"#),
        ],
    );
    assert_eq!(merged.value(), &json!({"fields": [{"name": "b"}]}));
    assert_eq!(place(&merged, "/fields/0/name"), "a.near 1:22");
}

#[test]
fn of_two_schemas_the_nearer_one_decides_and_circles_end() {
    let circle = json!({"$ref": "#", "properties": {"list": {"x-merge": "union", "items": {"$ref": "#"}}}});
    let replacing = json!({"properties": {"other": {"x-merge": "replace"}}});
    let adding = json!({"properties": {"other": {"x-merge": "union"}}, "additionalProperties": {"x-merge": "union"}});
    let documents = [
        ("a.near", r#"{"list": [{"list": [1]}], "other": [1], "third": [1]}"#),
        ("a.far", r#"{"list": [2], "other": [2], "third": [2]}"#),
    ];
    let merged = layered_by(&rules(&[circle, replacing, adding]), &documents);
    assert_eq!(merged.value(), &json!({"list": [2, {"list": [1]}], "other": [1], "third": [2, 1]}));
}

#[test]
fn a_rule_that_cannot_be_is_found_where_it_stands() {
    let schema = json!({
        "properties": {
            "x-merge": {"default": {"x-merge": 7}, "x-merge": "union"},
            "a": {"items": {"x-merge": {"by": ""}}},
        },
        "$defs": {"b": {"anyOf": [{"x-merge": "merge"}]}},
    });
    let places: Vec<_> = MergeRules::problems(&schema).into_iter().map(|problem| problem.pointer.to_string()).collect();
    assert_eq!(places, ["/properties/a/items/x-merge", "/$defs/b/anyOf/0/x-merge"]);
}

#[test]
fn nothing_merged_is_null() {
    assert_eq!(Layered::new(Vec::new()).value(), &Value::Null);
}

fn small_object() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![(0..5i32).prop_map(Value::from), Just(Value::Null), Just(json!([1, 2])), Just(json!({}))];
    let inner = leaf.prop_recursive(3, 20, 3, |inner| {
        prop::collection::btree_map("[a-c]", inner, 0..4)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    });
    prop::collection::btree_map("[a-c]", inner, 0..4).prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// A document with lists that merge, lists that do not, and what is no list.
fn small_model() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![(0..3i32).prop_map(Value::from), Just(json!([1, 2])), Just(json!({"o": 1}))];
    let option = prop::collection::btree_map("value|label", 0..3i32, 0..3);
    let options = prop_oneof![prop::collection::vec(option, 0..3).prop_map(|options| json!(options)), leaf.clone()];
    let field =
        ("[a-c]", prop::option::of(options), prop::option::of(leaf.clone())).prop_map(|(name, options, more)| {
            let mut field = json!({"name": name});
            if let Some(options) = options {
                field["options"] = options;
            }
            if let Some(more) = more {
                field["more"] = more;
            }
            field
        });
    let fields = prop_oneof![
        4 => prop::collection::vec(field, 0..4).prop_map(Value::from),
        1 => leaf.clone()
    ];
    let names = prop::collection::vec(0..3i32, 0..4);
    (prop::option::of(fields), names).prop_map(|(fields, names)| {
        let mut model = json!({"names": names});
        if let Some(fields) = fields {
            model["fields"] = fields;
        }
        model
    })
}

proptest! {
    #[test]
    fn the_origin_of_what_lists_were_merged_of_has_it(values in prop::collection::vec(small_model(), 1..5)) {
        let apps = ["a.l0", "a.l1", "a.l2", "a.l3"];
        let texts: Vec<String> = values.iter().map(Value::to_string).collect();
        let layers: Vec<_> = texts.iter().zip(apps).map(|(text, app)| (app, text.as_str())).collect();
        let merged = layered_by(&of_models(), &layers);
        for (pointer, value, _) in merged.origins() {
            let (source, span) = merged.source(&pointer).unwrap();
            let written = span.unwrap().of(source.text.as_ref().unwrap());
            prop_assert_eq!(&serde_json::from_str::<Value>(written).unwrap(), value, "{}", pointer);
        }
        // Every name that the nearest list of fields has is in the merged one.
        for field in values[0]["fields"].as_array().into_iter().flatten() {
            let known = merged.value()["fields"].as_array().unwrap();
            prop_assert!(known.iter().any(|other| other["name"] == field["name"]));
        }
    }

    #[test]
    fn the_origin_of_a_leaf_has_that_leaf(values in prop::collection::vec(small_object(), 1..5)) {
        let apps = ["a.l0", "a.l1", "a.l2", "a.l3"];
        let texts: Vec<String> = values.iter().map(Value::to_string).collect();
        let layers: Vec<_> = texts.iter().zip(apps).map(|(text, app)| (app, text.as_str())).collect();
        let merged = layered(&layers);
        for (pointer, value, origin) in merged.origins() {
            let layer = apps.iter().position(|app| *app == origin.app.id.as_str()).unwrap();
            prop_assert_eq!(pointer.get(&values[layer]), Some(value));
            for nearer in &values[..layer] {
                prop_assert!(pointer.get(nearer).is_none());
            }
        }
    }

    #[test]
    fn merging_in_two_steps_is_merging_in_one(a in small_object(), b in small_object(), c in small_object()) {
        let merged = |values: &[&Value]| {
            let layer = |value: &&Value| Layer { origin: source("a.app", None), value: (*value).clone() };
            Layered::new(values.iter().map(layer).collect()).into_value()
        };
        prop_assert_eq!(merged(&[&a, &merged(&[&b, &c])]), merged(&[&a, &b, &c]));
    }
}
