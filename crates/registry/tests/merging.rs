//! How lists merge: the functions of an element, and what the schema of a Type says.

use mti_core::manifest::Function;
use mti_element::{Level, Result, level, steps};
use mti_registry::{App, ExplainedValue};
use mti_testkit::Tree;
use serde_json::{Value, json};

use crate::words::{BASE, CHILD, builder, codes, tree};

steps! {
    "greetings.PlainType": Greeting, GreetingSteps {
        /// Greets somebody.
        "greet" fn greet(name: String, language: Option<String>) -> String;
    }
}

#[derive(Level)]
struct Greeter;

#[level]
impl GreetingSteps for Greeter {
    async fn greet(&self, _: Greeting<'_>, name: String, language: Option<String>) -> Result<String> {
        Ok(format!("{} {name}", language.unwrap_or_default()))
    }
}

const GREETINGS: &str = r#"
//- base/greetings/Meta/e.json
{"title": "Greetings", "type": "", "functionList": [{"name": "greet", "title": "Greet", "async": 1}]}
//- base/greetings/PlainType/e.json
{"title": "Greeting", "type": "greetings.Meta", "backend": "rust", "functionList": [
  {"name": "greet", "args": [{"name": "name"}, {"name": "language"}], "returnType": "Stext", "loginRequired": 0,
   "description": "Greets somebody."}]}
//- base/greetings/Inn/e.json
{"title": "Inn", "type": "greetings.PlainType"}
"#;

fn open(more: &str) -> (Tree, App) {
    let tree = tree(&[BASE, CHILD, GREETINGS, more]);
    let app = builder(&tree, "child").level::<Greeter>("acme.base", "greetings.PlainType").open().unwrap();
    (tree, app)
}

fn greet(app: &App) -> Function {
    app.get_element_define("greetings.Inn").unwrap().function("greet").unwrap().clone()
}

#[test]
fn what_an_entry_leaves_out_is_inherited_from_overridden_definitions_and_from_types() {
    let (_tree, app) = open(
        r#"
//- child/greetings/PlainType/e.json
{"functionList": [{"name": "greet", "desc": "Ours."}]}
//- child/greetings/Inn/e.json
{"functionList": [{"name": "greet", "title": "Welcome"}, {"name": "greetAll"}]}
"#,
    );
    let greet = greet(&app);
    let arguments: Vec<&str> = greet.args.iter().map(|argument| &*argument.name).collect();
    assert_eq!(arguments, ["name", "language"]);
    assert_eq!((greet.title.as_deref(), greet.desc.as_deref()), (Some("Welcome"), Some("Ours.")));
    assert_eq!((greet.return_type.as_deref(), greet.login_required, greet.is_async), (Some("Stext"), false, true));
    assert_eq!(codes(&app), ["declared-function-missing"]);
}

#[test]
fn arguments_that_are_given_replace_those_below() {
    let (_tree, app) = open(
        r#"
//- child/greetings/PlainType/e.json
{"functionList": [{"name": "greet", "args": [{"name": "name", "title": "Who"}], "loginRequired": 1}]}
"#,
    );
    let greet = greet(&app);
    assert_eq!(greet.args.len(), 1, "an optional argument may be taken out");
    assert!(greet.login_required);
    assert_eq!(codes(&app), [""; 0]);
}

#[test]
fn a_function_that_cannot_be_called_is_an_error_where_its_arguments_are_declared() {
    let (_tree, app) = open(
        r#"
//- child/greetings/PlainType/e.json
{"functionList": [
  {"name": "greet", "loginRequired": 1,
   "args": [{"name": "language"}]}]}
//- child/greetings/Inn/e.json
{"functionList": [{"name": "greet", "title": "Welcome"}]}
"#,
    );
    let findings = app.check();
    let [finding] = findings.as_slice() else { panic!("{findings:#?}") };
    let place = finding.location.as_ref().unwrap();
    assert_eq!((finding.code.id(), finding.is_error()), ("MTI0418", true));
    assert_eq!((&*place.file, place.line, place.column), ("greetings/PlainType/e.json", Some(3), Some(12)));
    assert_eq!(finding.app.as_ref().unwrap().as_str(), "acme.child");
    assert!(finding.message.contains("without `name`"), "{}", finding.message);
    assert!(finding.help.as_ref().unwrap().contains(r#"add {"name": "name"} to its `args`"#), "{finding:?}");
}

#[test]
fn an_instance_whose_type_declares_too_little_is_told_at_the_entry_that_decides() {
    let (_tree, app) = open(
        r#"
//- child/greetings/Inn/e.json
{"functionList": [{"name": "greet",
  "args": []}]}
"#,
    );
    let findings = app.check();
    let [finding] = findings.as_slice() else { panic!("{findings:#?}") };
    let place = finding.location.as_ref().unwrap();
    assert_eq!((finding.code.id(), &*place.file, place.line), ("MTI0418", "greetings/Inn/e.json", Some(2)));
}

#[test]
fn explain_says_which_definition_each_key_of_a_function_is_from() {
    let (_tree, app) = open(
        r#"
//- child/greetings/PlainType/e.json
{"functionList": [
  {"name": "greet", "loginRequired": 1}]}
"#,
    );
    let explanation = app.explain("greetings.Inn").unwrap();
    let function = &explanation.functions[0];
    let of =
        |pointer: &str| -> &ExplainedValue { function.values.iter().find(|value| value.pointer == pointer).unwrap() };
    assert_eq!(function.name, "greet");
    assert_eq!((&*of("/title").app_key, &*of("/title").file), ("acme.base@1.2.0", "greetings/Meta/e.json"));
    assert_eq!((&*of("/args").app_key, of("/args").line), ("acme.base@1.2.0", Some(2)));
    let login_required = of("/loginRequired");
    assert_eq!(
        (&*login_required.app_key, login_required.line, login_required.column),
        ("acme.child@1.0.0", Some(2), Some(38))
    );
    let of_type = app.explain("greetings.PlainType").unwrap();
    let merged = of_type.manifest.iter().find(|value| value.pointer == "/functionList/0/returnType").unwrap();
    assert_eq!(merged.app_key, "acme.base@1.2.0");
    assert!(explanation.to_string().contains("/loginRequired = 1  acme.child@1.0.0"), "{explanation}");
}

/// A Type whose schema says how its lists merge, and an instance of it in the base app.
const LISTS: &str = r#"
//- base/words/PlainType/config.schema.json
{"properties": {
  "synonyms": {"type": "array", "x-merge": "union"},
  "uses": {"type": "array", "x-merge": {"by": "name"}}
}}
//- base/words/Hello/Hello.json
{"word": "hello", "synonyms": ["hi"], "uses": [{"name": "shop", "rank": 1}], "letters": ["h"]}
//- child/words/Hello/e.json
{"title": "Hello"}
//- child/words/Hello/Hello.json
{"synonyms": ["hey", "hi"], "uses": [{"name": "inn"}, {"name": "shop", "title": "Shop"}], "letters": ["H"]}
"#;

fn config(app: &App, name: &str) -> Value {
    app.get_element_define(name).unwrap().config.value().clone()
}

#[test]
fn lists_of_a_config_merge_as_the_schema_of_the_type_says() {
    let (_tree, app) = open(LISTS);
    assert_eq!(
        config(&app, "words.Hello"),
        json!({
            "word": "hello",
            "synonyms": ["hi", "hey"],
            "uses": [{"name": "shop", "rank": 1, "title": "Shop"}, {"name": "inn"}],
            "letters": ["H"],
        })
    );
    let explanation = app.explain("words.Hello").unwrap();
    let of = |pointer: &str| explanation.config.iter().find(|value| value.pointer == pointer).unwrap();
    assert_eq!(of("/uses/0/rank").app_key, "acme.base@1.2.0");
    assert_eq!(of("/uses/0/title").app_key, "acme.child@1.0.0");
    assert_eq!((&*of("/synonyms/1").app_key, of("/synonyms/1").column), ("acme.child@1.0.0", Some(15)));
    assert_eq!(codes(&app), [""; 0]);
}

#[test]
fn a_derived_type_adds_rules_and_an_override_of_a_type_may_take_one_back() {
    let (_tree, app) = open(
        &[
            LISTS,
            r#"
//- child/words/PlainType/e.json
{"title": "Plain"}
//- child/words/PlainType/config.schema.json
{"properties": {"synonyms": {"x-merge": "replace"}}}
//- child/words/RareType/e.json
{"title": "Rare", "type": "words.PlainType"}
//- child/words/RareType/config.schema.json
{"properties": {"letters": {"x-merge": "union"}}}
//- child/words/RareType/config.json
{"synonyms": ["a"], "uses": [{"name": "inn", "rank": 3}], "letters": ["a"]}
//- child/words/Rare/e.json
{"title": "Rare", "type": "words.RareType"}
//- child/words/Rare/Rare.json
{"synonyms": ["b"], "uses": [{"name": "inn"}], "letters": ["b"]}
"#,
        ]
        .concat(),
    );
    let expected =
        json!({"word": "nothing", "synonyms": ["b"], "uses": [{"name": "inn", "rank": 3}], "letters": ["a", "b"]});
    assert_eq!(config(&app, "words.Rare"), expected);
    let schema = app.get_element_define("words.Rare").unwrap().config_schema.clone().unwrap();
    assert_eq!(&*schema.path, "words/RareType/config.schema.json");
}

#[test]
fn an_override_that_replaces_merges_with_nothing_of_that_name() {
    let (tree, app) = open(LISTS);
    tree.write("child/words/Hello/e.json", r#"{"title": "Hello", "type": "words.PlainType", "override": "replace"}"#);
    app.reload(None).unwrap();
    assert_eq!(config(&app, "words.Hello")["synonyms"], json!(["hey", "hi"]));
}

#[test]
fn a_type_with_a_schema_that_cannot_be_read_is_quarantined() {
    for (schema, code) in [("{", "MTI0101"), (r#"{"properties": {"uses": {"x-merge": "name"}}}"#, "MTI0311")] {
        let (tree, app) = open(LISTS);
        tree.write("base/words/PlainType/config.schema.json", schema);
        let reloaded = app.reload(None).unwrap();
        let finding = reloaded.diagnostics.iter().find(|finding| finding.code.id() == code).unwrap();
        assert_eq!(&*finding.location.as_ref().unwrap().file, "words/PlainType/config.schema.json");
        // The last good rules hold.
        assert_eq!(config(&app, "words.Hello")["synonyms"], json!(["hi", "hey"]));
        let fresh = builder(&tree, "child").level::<Greeter>("acme.base", "greetings.PlainType").open().unwrap();
        assert!(fresh.get_element("words.Hello").is_err());
    }
}

#[test]
fn a_schema_that_changes_merges_anew() {
    let (tree, app) = open(LISTS);
    let file = "base/words/PlainType/config.schema.json";
    tree.write(file, "{}");
    app.reload(Some(&[tree.join(file)])).unwrap();
    assert_eq!(config(&app, "words.Hello")["synonyms"], json!(["hey", "hi"]));
}
