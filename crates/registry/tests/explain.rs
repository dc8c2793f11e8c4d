//! Everything that decides what an element is, on sound and on broken trees.

use mti_registry::DefinitionRole;
use serde_json::json;

use crate::words::{BASE, CHILD, MarkA, builder, tree};

#[test]
fn it_tells_definitions_levels_and_origins() {
    let tree = tree(&[
        BASE,
        CHILD,
        r#"
//- child/words/PlainType/e.json
{"backend": "rust"}
//- child/words/Hello/e.json
{"title": "Grüezi"}
//- child/words/Hello/Hello.json
{"appSecret": "canary", "maps": {"apiKey": "canary"}, "url": "postgres://me:canary@host/db"}
"#,
    ]);
    let app = builder(&tree, "child").level::<MarkA>("acme.child", "words.PlainType").open().unwrap();
    let explanation = app.explain("words.Hello").unwrap();
    let roles: Vec<_> = explanation.definitions.iter().map(|d| (d.app_key.as_str(), d.role)).collect();
    assert_eq!(roles, [("acme.child@1.0.0", DefinitionRole::Won), ("acme.base@1.2.0", DefinitionRole::Merged)]);
    let word = explanation.methods.iter().find(|method| method.name == "word").unwrap();
    let levels: Vec<_> = word.levels.iter().map(|level| level.app_key.as_str()).collect();
    assert_eq!(levels, ["acme.child@1.0.0", "acme.base@1.2.0"]);
    let value = |pointer: &str| explanation.config.iter().find(|value| value.pointer == pointer).unwrap();
    assert_eq!((value("/word").app_key.as_str(), value("/word").line), ("acme.base@1.2.0", Some(1)));
    assert_eq!(value("/appSecret").value, json!("<redacted>"));
    let printed = format!("{explanation}{}", serde_json::to_string(&explanation).unwrap());
    assert!(!printed.contains("canary"), "{printed}");
}

#[test]
fn it_works_on_a_broken_element() {
    let tree = tree(&[
        BASE,
        CHILD,
        r#"
//- child/words/Hello/e.json
{"title": "Hello"
"#,
    ]);
    let app = builder(&tree, "child").open().unwrap();
    let explanation = app.explain("words.Hello").unwrap();
    assert!(explanation.quarantined);
    assert_eq!(explanation.definitions[0].role, DefinitionRole::Broken);
    assert!(explanation.to_string().contains("MTI0101"), "{explanation}");
}

#[test]
fn a_definition_whose_config_is_broken_is_shown_with_its_file_and_title() {
    let tree = tree(&[BASE]);
    tree.write("base/words/Hello/Hello.json", "{");
    let explanation = builder(&tree, "base").open().unwrap().explain("words.Hello").unwrap();
    let definition = &explanation.definitions[0];
    assert_eq!(
        (definition.app_key.as_str(), definition.file.as_str(), definition.title.as_deref(), definition.role),
        ("acme.base@1.2.0", "words/Hello/e.json", Some("Hello"), DefinitionRole::Broken)
    );
}
