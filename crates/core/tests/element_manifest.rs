use mti_core::ElementManifest;
use mti_core::manifest::{AccessModifier, Backend, ElementType, LoadTime};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::fixture::{app, assert_sane, places, tree};

/// What the property tests damage.
const WHOLE: &str = r#"{
  "title": "微信登录",
  "type": "auths.loginTypes.WeChatType",
  "appSecret": "s",
  "accessModifier": "protected",
  "functionList": [
    {"name": "f", "loginRequired": 0, "args": [{"name": "x", "dataType": "Stext", "required": true}]}
  ]
}"#;

fn read(document: Value) -> (ElementManifest, Vec<String>) {
    let Value::Object(document) = document else { panic!("not an object") };
    let (manifest, problems) = ElementManifest::read(&document);
    let problems = problems.iter().map(|problem| format!("{} {}", problem.code.name(), problem.pointer)).collect();
    (manifest, problems)
}

#[test]
fn every_key_is_typed() {
    let (manifest, problems) = read(json!({
        "title": "T",
        "type": "auths.loginTypes.Meta",
        "backend": "rust",
        "description": "D",
        "icon": "i",
        "tag": "a,b",
        "backendBundleEntry": ".",
        "frontBundleEntry": "./T.json",
        "backendLoadTime": "beforeHandleRequest",
        "accessModifier": "protect",
        "functionList": [{
            "name": "getLoginCode", "title": "F", "returnType": "JitDict", "description": "what it does", "async": true,
            "loginRequired": 0, "ignoreSign": 1,
            "args": [{"name": "code", "title": "C", "dataType": "Stext", "required": 1}, {"name": "state", "value": null}]
        }, {"name": "plain"}],
        "variables": [],
        "sort": 3,
        "default": 1,
        "override": "replace",
        "appSecret": "s",
        "allowRegister": 0
    }));
    assert_eq!(problems, [] as [&str; 0]);
    assert_eq!(manifest.title.as_deref(), Some("T"));
    assert_eq!(manifest.element_type.as_ref().unwrap().name().unwrap(), "auths.loginTypes.Meta");
    assert_eq!(manifest.backend, Some(Backend::Rust));
    assert_eq!(manifest.backend_load_time, LoadTime::BeforeHandleRequest);
    assert_eq!(manifest.access_modifier, AccessModifier::Protected);
    assert!(manifest.replaces);
    assert_eq!(manifest.sort, Some(3.0));
    assert_eq!(manifest.other.keys().collect::<Vec<_>>(), ["appSecret", "allowRegister"]);
    let function = manifest.function("getLoginCode").unwrap();
    assert_eq!(function.desc.as_deref(), Some("what it does"));
    assert!(function.is_async && function.ignore_sign && !function.login_required);
    assert_eq!(function.args[0].data_type.as_deref(), Some("Stext"));
    assert!(function.args[0].required && !function.args[1].required);
    assert_eq!((&function.args[0].value, &function.args[1].value), (&None, &Some(Value::Null)));
    let plain = manifest.function("plain").unwrap();
    assert!(plain.login_required && !plain.is_async && !plain.ignore_sign && plain.args.is_empty());
}

#[test]
fn nothing_is_required_of_one_definition() {
    let (manifest, problems) = read(json!({}));
    assert!(problems.is_empty());
    assert_eq!(manifest, ElementManifest::default());
    assert_eq!(manifest.access_modifier, AccessModifier::Public);
    assert_eq!(read(json!({"type": ""})).0.element_type, Some(ElementType::Meta));
}

#[test]
fn all_problems_are_reported_at_once() {
    let (_, problems) = read(json!({
        "title": 5,
        "type": "a..b",
        "backend": "go",
        "icon": null,
        "backendLoadTime": "never",
        "accessModifier": "Public",
        "sort": "1",
        "override": true,
        "functionList": [
            1,
            {"title": "no name"},
            {"name": ""},
            {"name": "f", "loginRequired": 2, "async": "yes", "args": {"name": "x"}},
            {"name": "f"},
            {"name": "g", "args": ["x", {"name": 7}, {"name": "y", "required": "yes"}, {"name": "y"}]}
        ]
    }));
    assert_eq!(
        problems,
        [
            "wrong-type /title",
            "bad-type-name /type",
            "unknown-word /backend",
            "wrong-type /icon",
            "unknown-word /backendLoadTime",
            "unknown-word /accessModifier",
            "wrong-type /sort",
            "wrong-type /override",
            "wrong-type /functionList/0",
            "function-unnamed /functionList/1",
            "function-unnamed /functionList/2",
            "wrong-type /functionList/3/async",
            "wrong-type /functionList/3/loginRequired",
            "wrong-type /functionList/3/args",
            "duplicate-function /functionList/4/name",
            "wrong-type /functionList/5/args/0",
            "wrong-type /functionList/5/args/1/name",
            "wrong-type /functionList/5/args/2/required",
            "duplicate-function /functionList/5/args/3/name",
        ]
    );
}

#[test]
fn problems_point_into_the_file() {
    let tree = tree(
        "//- a/e.json\n{\n  \"title\": \"A\",\n  \"type\": \"auths/Meta\",\n  \"backend\": \"rsut\",\n  \"functionList\": [\n    {\"name\": \"f\", \"async\": 2}\n  ]\n}\n",
    );
    assert_eq!(
        places(&tree.diagnostics),
        ["bad-type-name a a/e.json:3:11", "unknown-word a a/e.json:4:14", "wrong-type a a/e.json:6:28"]
    );
    let helps: Vec<_> = tree.diagnostics.iter().map(|diagnostic| diagnostic.help.clone().unwrap()).collect();
    assert_eq!(helps[..2], ["write `auths.Meta`", "did you mean `rust`?"]);
}

#[test]
fn many_problems_are_cut() {
    let entries: Vec<Value> = (0..1000).map(Value::from).collect();
    let (_, problems) = read(json!({"functionList": entries}));
    assert_eq!(problems.len(), 50);
}

fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z.]{0,6}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([{"name": "x", "args": [{"name": "y"}, 5]}, "x", null])),
        Just(json!({"name": ["x"]})),
    ]
}

proptest! {
    #[test]
    fn any_document_is_read(members in prop::collection::btree_map(
        prop::sample::select(vec![
            "title", "type", "backend", "description", "icon", "tag", "backendBundleEntry", "frontBundleEntry", "backendLoadTime",
            "accessModifier", "functionList", "variables", "sort", "default", "override", "other",
        ]),
        anything(),
        0..10,
    )) {
        let document: Map<String, Value> = members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let text = serde_json::to_string_pretty(&document).unwrap();
        let files = app(&format!("//- a/e.json\n{text}"));
        let (tree, diagnostics) = mti_core::discover(files.clone());
        assert_sane(&diagnostics, &*files);
        let sound = tree.unwrap().elements["a"].definition().is_some();
        prop_assert_eq!(sound, !diagnostics.iter().any(mti_core::Diagnostic::is_error));
    }

    #[test]
    fn damaged_files_are_reported(at in 0usize..300, with in prop::option::of(any::<char>()), drop in 0usize..4) {
        let at = WHOLE.floor_char_boundary(at.min(WHOLE.len()));
        let mut damaged = WHOLE[..at].to_owned();
        damaged.extend(with);
        damaged.extend(WHOLE[at..].chars().skip(drop));
        let damaged = damaged.replace("\n//- ", " ");
        let files = app(&format!("//- a/e.json\n{damaged}\n//- b/e.json\n{{\"type\": \"\", \"title\": \"B\"}}\n"));
        let (tree, diagnostics) = mti_core::discover(files.clone());
        assert_sane(&diagnostics, &*files);
        let elements = tree.unwrap().elements;
        prop_assert!(elements.contains_key("a"));
        prop_assert!(elements["b"].definition().is_some());
    }
}
