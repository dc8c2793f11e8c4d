//! Names, kinds, merged definitions and config.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mti_element::Kind;
use mti_testkit::Tree;
use serde_json::json;

use crate::words::{BASE, CHILD, MarkA, builder, call, codes, tree};

#[test]
fn an_unknown_name_says_where_it_was_looked_for_and_what_is_near() {
    let tree = tree(&[BASE, CHILD]);
    let app = builder(&tree, "child").open().unwrap();
    let failure = app.get_element("words.Helo").unwrap_err();
    assert_eq!(failure.kind().name, "ELEMENT_NOT_FOUND");
    for part in ["`words.Helo`", "acme.child@1.0.0", "acme.base@1.2.0", "`words.Hello`"] {
        assert!(failure.message().contains(part), "{part} in {}", failure.message());
    }
    assert!(app.get_element("").is_err());
    assert!(app.get_element(&"x".repeat(100_000)).unwrap_err().message().len() < 1000);
}

#[tokio::test]
async fn a_name_is_one_name_however_it_is_composed() {
    let tree = tree(&[BASE]);
    let (composed, decomposed) = ("Caf\u{e9}", "Cafe\u{301}");
    tree.write(&format!("base/words/{decomposed}/e.json"), r#"{"title": "Caf\u00e9", "type": "words.PlainType"}"#);
    tree.write(&format!("base/words/{decomposed}/{decomposed}.json"), r#"{"word": "crema"}"#);
    tree.write("base/words/Below/e.json", format!(r#"{{"title": "Below", "type": "words.{decomposed}"}}"#));
    let app = builder(&tree, "base").open().unwrap();
    assert_eq!(codes(&app), [] as [&str; 0]);
    for typed in [composed, decomposed] {
        let element = app.get_element(&format!("words.{typed}")).unwrap();
        assert_eq!(element.name().as_str(), format!("words.{composed}"));
        assert_eq!(app.find_elements(&format!(".words.{typed}")).unwrap().len(), 1);
    }
    assert_eq!(call(&app, "words.Below", "say").await, "say crema");

    tree.write(&format!("base/words/{composed}/e.json"), r#"{"title": "Once more", "type": "words.PlainType"}"#);
    assert!(app.reload(None).is_ok());
    assert_eq!(codes(&app), ["duplicate-element", "duplicate-element"]);
}

#[tokio::test]
async fn the_code_of_a_type_serves_its_instances_and_not_the_type() {
    let app = builder(&tree(&[BASE]), "base").open().unwrap();
    let failure = app.get_element("words.PlainType").unwrap().call("say", json!({})).await.unwrap_err();
    assert_eq!(failure.kind().name, "FUNCTION_NOT_FOUND");
    assert!(failure.message().contains("the code of a type serves its instances"), "{}", failure.message());
}

#[test]
fn kinds_follow_from_the_manifests_alone() {
    let tree = tree(&[
        BASE,
        r#"
//- base/words/Base/e.json
{"title": "An instance that is used as a type", "type": "words.PlainType"}
//- base/words/Derived/e.json
{"title": "Derived", "type": "words.Base"}
"#,
    ]);
    let app = builder(&tree, "base").open().unwrap();
    let kind = |name| app.get_element_define(name).unwrap().kind;
    assert_eq!(kind("words.Meta"), Kind::Meta);
    assert_eq!(kind("words.PlainType"), Kind::Type);
    assert_eq!(kind("words.Base"), Kind::Type);
    assert_eq!(kind("words.Derived"), Kind::Instance);
    assert_eq!(kind("words.Hello"), Kind::Instance);
    let types: Vec<_> =
        app.get_element_define("words.Derived").unwrap().types.iter().map(ToString::to_string).collect();
    assert_eq!(types, ["words.Base", "words.PlainType", "words.Meta"]);
}

#[test]
fn config_is_merged_over_the_type_chain_and_over_what_the_process_adds() {
    let tree = tree(&[
        BASE,
        CHILD,
        r#"
//- base/words/PlainType/config.json
{"word": "nothing", "nested": {"a": 1, "b": [1, 2]}}
//- child/words/Hello/e.json
{}
//- child/words/Hello/Hello.json
{"nested": {"b": [3]}}
"#,
    ]);
    let app = builder(&tree, "child")
        .type_defaults("words.PlainType", json!({"word": "least", "endpoint": "http://127.0.0.1"}))
        .open()
        .unwrap();
    let definition = app.get_element_define("words.Hello").unwrap();
    assert_eq!(
        definition.config.value(),
        &json!({"word": "hello", "nested": {"a": 1, "b": [3]}, "endpoint": "http://127.0.0.1"})
    );
}

/// A base that names its config, and a child that has a file of that name and says nothing.
fn named_below(config_of_child: &str) -> Tree {
    let child = format!("//- child/words/Named/e.json\n{{}}\n//- child/words/Named/given.json\n{config_of_child}\n");
    tree(&[
        BASE,
        CHILD,
        r#"
//- base/words/Named/e.json
{"title": "Named", "type": "words.PlainType", "frontBundleEntry": "./given.json"}
//- base/words/Named/given.json
{"word": "given", "more": 1}
//- child/words/Named/notes.json
[]
//- child/words/Named/config.json
{"word": "unused"}
"#,
        &child,
    ])
}

#[test]
fn an_override_finds_its_config_by_the_entry_that_it_inherits() {
    let tree = named_below(r#"{"word": "mine"}"#);
    let app = builder(&tree, "child").open().unwrap();
    assert_eq!(codes(&app), [""; 0]);
    let config = || app.get_element_define("words.Named").unwrap().config.value().clone();
    assert_eq!(config(), json!({"word": "mine", "more": 1}));
    tree.write("child/words/Named/given.json", r#"{"word": "edited"}"#);
    let edited = tree.join("child/words/Named/given.json").canonicalize().unwrap();
    app.reload(Some(&[edited])).unwrap();
    assert_eq!(config(), json!({"word": "edited", "more": 1}));
}

#[test]
fn a_config_that_an_inherited_entry_names_must_be_an_object() {
    let tree = named_below("[]");
    let app = builder(&tree, "child").open().unwrap();
    assert_eq!(codes(&app), ["not-an-object"]);
    let finding = app.check().into_iter().next().unwrap();
    assert_eq!(finding.element.unwrap().as_str(), "words.Named");
    assert_eq!(&*finding.location.unwrap().file, "words/Named/given.json");
    assert!(app.get_element("words.Named").is_err());
}

#[test]
fn functions_are_inherited_and_the_nearer_keys_win() {
    let tree = tree(&[
        BASE,
        r#"
//- base/words/Hello/e.json
{"title": "Hello", "type": "words.PlainType", "functionList": [{"name": "say", "title": "Mine"}, {"name": "word", "title": "Word"}]}
"#,
    ]);
    let app = builder(&tree, "base").open().unwrap();
    let definition = app.get_element_define("words.Hello").unwrap();
    assert_eq!(definition.functions.len(), 2);
    let say = definition.function("say").unwrap();
    assert_eq!((say.title.as_deref(), say.login_required), (Some("Mine"), false));
    assert!(definition.function("word").unwrap().login_required);
    let of_type = app.get_element_define("words.PlainType").unwrap();
    assert_eq!(of_type.function("say").unwrap().title.as_deref(), Some("Say"));
}

#[tokio::test]
async fn placeholders_take_values_from_the_environment() {
    let tree = tree(&[
        BASE,
        r#"
//- base/words/Hello/Hello.json
{"word": "${GREETING} {{ NAME }} $${GREETING}"}
"#,
    ]);
    let environment =
        BTreeMap::from([("GREETING", "good day"), ("NAME", "${NAME}")].map(|(k, v)| (k.to_owned(), v.to_owned())));
    let app = builder(&tree, "base").environment(environment).open().unwrap();
    assert_eq!(call(&app, "words.Hello", "word").await, "good day ${NAME} ${GREETING}");
}

#[test]
fn a_missing_variable_names_itself_its_file_and_its_line() {
    let tree = tree(&[
        BASE,
        r#"
//- base/words/Hello/Hello.json
{
  "word": "${GREETING}"
}
"#,
    ]);
    let app = builder(&tree, "base").open().unwrap();
    let failure = app.get_element("words.Hello").unwrap_err();
    let finding = &failure.diagnostics()[0];
    assert!(finding.message.contains("`GREETING`"));
    let place = finding.location.as_ref().unwrap();
    assert_eq!((place.file.as_str(), place.line), ("words/Hello/Hello.json", Some(2)));
    assert_eq!(codes(&app), ["variable-missing"]);
}

#[tokio::test]
async fn diamonds_are_linearised() {
    let tree = tree(&[
        BASE,
        r#"
//- left/app.json
{"appId": "acme.left", "version": "1.0.0", "extends": [{"appId": "acme.base", "version": "1.2.0"}]}
//- left/words/PlainType/e.json
{"backend": "rust"}
//- right/app.json
{"appId": "acme.right", "version": "1.0.0", "extends": [{"appId": "acme.base", "version": "~1.2"}]}
//- right/words/PlainType/e.json
{"backend": "rust"}
//- both/app.json
{"appId": "acme.both", "version": "1.0.0", "extends": [{"appId": "acme.left", "version": "1.0.0"}, {"appId": "acme.right", "version": "1.0.0"}]}
"#,
    ]);
    let app = builder(&tree, "both")
        .level::<MarkA>("acme.left", "words.PlainType")
        .level::<crate::words::MarkB>("acme.right", "words.PlainType")
        .open()
        .unwrap();
    assert_eq!(call(&app, "words.Hello", "say").await, "say ABhello");
}

#[test]
fn a_type_chain_longer_than_a_stack_is_deep_links() {
    let mut text = BASE.to_owned();
    for index in 0..3000 {
        let parent = if index == 0 { "words.PlainType".to_owned() } else { format!("deep.T{}", index - 1) };
        writeln!(text, "//- base/deep/T{index}/e.json\n{{\"title\": \"T\", \"type\": \"{parent}\"}}").unwrap();
    }
    let tree = tree(&[&text]);
    let app = builder(&tree, "base").open().unwrap();
    assert_eq!(app.get_element_define("deep.T2999").unwrap().types.len(), 3001);
}

#[test]
fn an_override_adds_functions() {
    let tree = tree(&[
        BASE,
        CHILD,
        r#"
//- child/words/PlainType/e.json
{"functionList": [{"name": "word", "title": "Word"}]}
"#,
    ]);
    let app = builder(&tree, "child").open().unwrap();
    let names = |definition: &mti_element::ElementDefinition| -> Vec<String> {
        definition.functions.iter().map(|function| function.name.clone()).collect()
    };
    assert_eq!(names(&app.get_element_define("words.Hello").unwrap()), ["say", "word"]);
}

#[test]
fn a_malformed_placeholder_is_a_warning_and_stays_as_it_is() {
    let tree = tree(&[
        BASE,
        r#"
//- base/words/Hello/Hello.json
{"word": "${GREETING"}
"#,
    ]);
    let app = builder(&tree, "base").open().unwrap();
    assert_eq!(codes(&app), ["bad-placeholder"]);
}

#[test]
fn an_unknown_name_costs_a_search_for_similar_ones_only_where_it_is_shown() {
    let tree = tree(&[BASE]);
    for number in 0..500 {
        tree.write(&format!("base/shelf/Item{number}/e.json"), r#"{"title": "Item", "type": "words.PlainType"}"#);
    }
    let app = builder(&tree, "base").open().unwrap();
    let begin = std::time::Instant::now();
    let failures: Vec<_> =
        (0..1000).map(|number| app.get_element(&format!("shelf.Itme{number}")).unwrap_err()).collect();
    let asking = begin.elapsed();
    let begin = std::time::Instant::now();
    assert!(failures.iter().take(50).all(|failure| failure.message().contains("the nearest are `shelf.Item")));
    let showing = begin.elapsed();
    // Each of the 1000 would have taken as long as each of the 50.
    assert!(asking < showing, "{asking:?} for 1000 unknown names, {showing:?} to show 50 of them");
}
