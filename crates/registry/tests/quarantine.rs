//! One broken element never takes the app down, and never exposes what it hides.

use mti_registry::App;

use crate::words::{BASE, CHILD, MarkA, builder, call, codes, tree};

#[tokio::test]
async fn code_that_is_not_there_quarantines_and_everything_that_needs_it() {
    let tree = tree(&[
        BASE,
        CHILD,
        r#"
//- child/words/PlainType/e.json
{"backend": "rust"}
"#,
    ]);
    let app = builder(&tree, "child").open().unwrap();
    let failure = app.get_element("words.Hello").unwrap_err();
    assert_eq!(failure.kind().name, "ELEMENT_EXCEPTION");
    assert_eq!(failure.diagnostics()[0].code.name(), "quarantined-dependency");
    assert_eq!(codes(&app), ["quarantined-dependency", "missing-code"]);
}

#[tokio::test]
async fn python_without_an_interpreter_quarantines() {
    let tree = tree(&[
        BASE,
        r"
//- base/words/Hello/loader.py
class Loader: ...
",
    ]);
    let app = builder(&tree, "base").open().unwrap();
    assert_eq!(codes(&app), ["python-unavailable"]);
    assert!(
        app.get_element("words.Hello").unwrap_err().diagnostics()[0].help.as_ref().unwrap().contains("python -m mti")
    );
}

#[tokio::test]
async fn a_broken_override_does_not_expose_what_it_hides() {
    let tree = tree(&[
        BASE,
        CHILD,
        r#"
//- child/words/Hello/e.json
{"title": "Hello", }
"#,
    ]);
    let app = builder(&tree, "child").open().unwrap();
    assert!(app.get_element("words.Hello").is_err());
    assert_eq!(codes(&app), ["json-syntax"]);
}

#[tokio::test]
async fn the_rest_works() {
    let tree = tree(&[
        BASE,
        r#"
//- base/words/Broken/e.json
[]
//- base/words/Lost/e.json
{"title": "Lost", "type": "words.PlaneType"}
"#,
    ]);
    let app = builder(&tree, "base").open().unwrap();
    assert_eq!(call(&app, "words.Hello", "say").await, "say hello");
    let findings = app.check();
    assert_eq!(codes(&app), ["not-an-object", "unknown-type"]);
    let unknown = &findings[1];
    assert_eq!(unknown.location.as_ref().unwrap().file, "words/Lost/e.json");
    assert_eq!(unknown.location.as_ref().unwrap().line, Some(1));
    assert!(unknown.help.as_ref().unwrap().contains("words.PlainType"));
}

#[test]
fn a_type_cycle_is_printed_as_a_path() {
    let tree = tree(&[
        BASE,
        r#"
//- base/loop/A/e.json
{"title": "A", "type": "loop.B"}
//- base/loop/B/e.json
{"title": "B", "type": "loop.A"}
//- base/loop/Outside/e.json
{"title": "Outside", "type": "loop.A"}
"#,
    ]);
    let app = builder(&tree, "base").open().unwrap();
    assert_eq!(codes(&app), ["type-cycle", "type-cycle", "quarantined-dependency"]);
    assert!(app.check()[0].message.contains("loop.A → loop.B → loop.A"), "{}", app.check()[0].message);
}

#[test]
fn title_and_type_are_required_once_overrides_are_merged() {
    let tree = tree(&[
        BASE,
        CHILD,
        r#"
//- child/words/Hello/e.json
{"description": "only that"}
//- child/words/New/e.json
{}
"#,
    ]);
    let app = builder(&tree, "child").open().unwrap();
    assert_eq!(codes(&app), ["title-missing", "type-missing"]);
    assert_eq!(app.get_element_define("words.Hello").unwrap().title, "Hello");
}

#[test]
fn a_protected_element_cannot_be_overridden() {
    let tree = tree(&[
        BASE,
        CHILD,
        r#"
//- base/words/Guarded/e.json
{"title": "Guarded", "type": "words.PlainType", "accessModifier": "protect"}
//- child/words/Guarded/e.json
{"title": "Taken"}
"#,
    ]);
    let app = builder(&tree, "child").open().unwrap();
    assert_eq!(codes(&app), ["protected-override"]);
    assert!(app.get_element("words.Guarded").is_err());
}

#[test]
fn a_private_element_is_invisible_to_a_child_and_serves_its_own_app() {
    let tree = tree(&[
        BASE,
        CHILD,
        r#"
//- base/words/HiddenType/e.json
{"title": "Hidden", "type": "words.PlainType", "accessModifier": "private"}
//- base/words/Open/e.json
{"title": "Open", "type": "words.HiddenType"}
//- child/words/Wrong/e.json
{"title": "Wrong", "type": "words.HiddenType"}
"#,
    ]);
    let child = builder(&tree, "child").open().unwrap();
    assert_eq!(child.get_element("words.HiddenType").unwrap_err().kind().name, "ELEMENT_NOT_FOUND");
    assert!(child.get_element("words.Open").is_ok());
    assert_eq!(codes(&child), ["private-element"]);
    let base = builder(&tree, "base").open().unwrap();
    assert!(base.get_element("words.HiddenType").is_ok());
}

#[tokio::test]
async fn replace_cuts_off_the_lower_definitions_of_the_same_name_only() {
    let tree = tree(&[
        BASE,
        CHILD,
        r#"
//- child/words/Hello/e.json
{"title": "Other", "type": "words.PlainType", "override": "replace", "backend": "rust"}
"#,
    ]);
    let app = builder(&tree, "child").level::<MarkA>("acme.child", "words.Hello").open().unwrap();
    // The base's config file of this name is cut off; the Type's default remains.
    assert_eq!(call(&app, "words.Hello", "say").await, "say Anothing");
}

#[test]
fn no_app_at_all_is_an_error_with_diagnostics() {
    let tree = tree(&[BASE]);
    let error = App::open(tree.join("nowhere")).unwrap_err();
    assert_eq!(error.diagnostics()[0].code.name(), "app-manifest-missing");
}

#[test]
fn the_nearest_type_is_named_though_nothing_else_is_of_it() {
    let tree = tree(&[
        BASE,
        r#"
//- base/words/Hello/e.json
{"title": "Hello", "type": "words.PlaneType"}
"#,
    ]);
    let app = builder(&tree, "base").open().unwrap();
    assert!(app.check()[0].help.as_ref().unwrap().contains("words.PlainType"));
}

#[test]
fn an_override_of_a_private_element_says_what_is_wrong() {
    let tree = tree(&[
        BASE,
        CHILD,
        r#"
//- base/words/Hidden/e.json
{"title": "Hidden", "type": "words.PlainType", "accessModifier": "private"}
//- child/words/Hidden/e.json
{"title": "Taken"}
"#,
    ]);
    let app = builder(&tree, "child").open().unwrap();
    let failure = app.get_element("words.Hidden").unwrap_err();
    assert_eq!(failure.diagnostics()[0].code.name(), "protected-override");
}

#[test]
fn a_mistyped_key_is_named_where_the_right_one_is_missing() {
    let tree = tree(&[
        BASE,
        r#"
//- base/words/Odd/e.json
{"titel": "Odd", "type": "words.PlainType"}
"#,
    ]);
    let app = builder(&tree, "base").open().unwrap();
    let help = app.check()[0].help.clone().unwrap();
    assert!(help.contains("`title`") && help.contains("`titel`"), "{help}");
}

#[test]
fn elements_that_suffer_from_one_cause_are_one_finding() {
    let tree = tree(&[
        BASE,
        r#"
//- base/words/BrokenType/e.json
{"title": 5, "type": "words.Meta"}
//- base/words/MiddleType/e.json
{"title": "Middle", "type": "words.BrokenType"}
//- base/words/One/e.json
{"title": "One", "type": "words.MiddleType"}
//- base/words/Two/e.json
{"title": "Two", "type": "words.MiddleType"}
//- base/words/OtherType/e.json
{"title": 5, "type": "words.Meta"}
//- base/words/Alone/e.json
{"title": "Alone", "type": "words.OtherType"}
"#,
    ]);
    let app = builder(&tree, "base").open().unwrap();
    let findings = app.check();
    let sufferers: Vec<_> = findings.iter().filter(|finding| finding.code.id() == "MTI0406").collect();
    let [alone, gathered] = sufferers.as_slice() else { panic!("{sufferers:?}") };
    assert_eq!(alone.element.as_ref().unwrap().as_str(), "words.Alone");
    for name in ["words.BrokenType", "words.MiddleType", "words.One", "words.Two"] {
        assert!(gathered.message.contains(&format!("`{name}`")), "{}", gathered.message);
    }
    assert_eq!(findings.len(), 4, "{findings:?}");
    // Each of them says by itself what has to be mended.
    let failure = app.get_element("words.Two").unwrap_err();
    let [finding] = failure.diagnostics() else { panic!("{failure:?}") };
    let message = &finding.message;
    assert!(message.contains("`words.MiddleType`") && message.contains("`words.BrokenType`"), "{message}");
    assert!(message.ends_with("`title` must be a string, not a number"), "{message}");
}
