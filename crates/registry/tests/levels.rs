//! Which levels form a chain, and in which order.

use mti_registry::{App, AppError, RegistrationError};
use serde_json::json;

use crate::words::{BASE, CHILD, MarkA, MarkB, MarkC, Plain, Words, builder, call, codes, tree};

#[tokio::test]
async fn an_instance_answers_through_its_types_code_with_its_own_config() {
    let tree = tree(&[BASE]);
    let app = builder(&tree, "base").open().unwrap();
    assert_eq!(call(&app, "words.Hello", "say").await, "say hello");
    let words: Words<'_> = app.get("words.Hello").unwrap();
    assert_eq!(words.word().await.unwrap(), "hello");
    assert_eq!(codes(&app), [""; 0]);
}

#[tokio::test]
async fn a_type_below_a_type_overrides_one_step_and_inherits_the_rest() {
    let tree = tree(&[
        BASE,
        r#"
//- base/words/LoudType/e.json
{"title": "Loud", "type": "words.PlainType", "backend": "rust"}
//- base/words/Hey/e.json
{"title": "Hey", "type": "words.LoudType"}
//- base/words/Hey/config.json
{"word": "hey"}
"#,
    ]);
    let app = builder(&tree, "base").level::<MarkA>("acme.base", "words.LoudType").open().unwrap();
    assert_eq!(call(&app, "words.Hey", "say").await, "say Ahey");
    assert_eq!(call(&app, "words.Hello", "say").await, "say hello");
}

#[tokio::test]
async fn overriding_a_base_type_reaches_instances_that_the_parent_declares() {
    let tree = tree(&[
        BASE,
        CHILD,
        r#"
//- child/words/PlainType/e.json
{"backend": "rust"}
"#,
    ]);
    let app = builder(&tree, "child").level::<MarkA>("acme.child", "words.PlainType").open().unwrap();
    assert_eq!(call(&app, "words.Hello", "say").await, "say Ahello");
}

#[tokio::test]
async fn own_code_comes_first_then_the_types_with_their_overrides() {
    let tree = tree(&[
        BASE,
        CHILD,
        r#"
//- child/words/PlainType/e.json
{"backend": "rust"}
//- child/words/LoudType/e.json
{"title": "Loud", "type": "words.PlainType", "backend": "rust"}
//- child/words/Hey/e.json
{"title": "Hey", "type": "words.LoudType", "backend": "rust"}
"#,
    ]);
    let app = builder(&tree, "child")
        .level::<MarkA>("acme.child", "words.Hey")
        .level::<MarkB>("acme.child", "words.LoudType")
        .level::<MarkC>("acme.child", "words.PlainType")
        .open()
        .unwrap();
    assert_eq!(call(&app, "words.Hey", "say").await, "say ABCnothing");
    assert_eq!(
        app.app_hierarchy().iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["acme.child@1.0.0", "acme.base@1.2.0"]
    );
}

#[tokio::test]
async fn the_code_of_a_type_does_not_serve_the_type_itself() {
    let tree = tree(&[BASE]);
    let app = builder(&tree, "base").open().unwrap();
    let failure = app.get_element("words.PlainType").unwrap().call("say", json!({})).await.unwrap_err();
    assert_eq!(failure.kind().name, "FUNCTION_NOT_FOUND");
}

#[test]
fn a_pair_registered_twice_is_an_error() {
    let tree = tree(&[BASE]);
    let error = builder(&tree, "base").level::<Plain>("acme.base", "words.PlainType").open().unwrap_err();
    assert!(matches!(error, AppError::Registration(RegistrationError::Twice { .. })), "{error}");
}

#[test]
fn a_level_that_no_definition_declares_is_reported() {
    let tree = tree(&[BASE]);
    let app = builder(&tree, "base").level::<MarkA>("acme.base", "words.PlaneType").open().unwrap();
    assert_eq!(codes(&app), ["unused-level"]);
    let app = App::builder(tree.join("base"))
        .level::<Plain>("acme.base", "words.PlainType")
        .level::<MarkA>("acme.base", "words.Hello")
        .open()
        .unwrap();
    assert_eq!(codes(&app), ["unused-level"]);
}
