use std::sync::Arc;

use mti_core::json::Pointer;
use mti_core::merge::{Layer, Layered, SourceRef};
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
    Layered::new(
        texts
            .iter()
            .map(|&(app, text)| Layer { origin: source(app, Some(text)), value: serde_json::from_str(text).unwrap() })
            .collect(),
    )
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

proptest! {
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
        let object = |value: &Value| value.as_object().unwrap().clone();
        let at_once = mti_core::merge::merge_objects(vec![object(&a), object(&b), object(&c)]);
        let lower = mti_core::merge::merge_objects(vec![object(&b), object(&c)]);
        prop_assert_eq!(mti_core::merge::merge_objects(vec![object(&a), lower]), at_once);
    }
}
