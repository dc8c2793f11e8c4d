//! Selectors find definitions and load nothing.

use crate::words::{BASE, builder, tree};

#[test]
fn the_instances_of_a_type_or_of_a_family_are_found_by_name() {
    let tree = tree(&[
        BASE,
        r#"
//- base/words/Broken/e.json
{"title": "Broken", "type": "words.PlainType", "backend": "rust"}
"#,
    ]);
    let app = builder(&tree, "base").open().unwrap();
    for family in ["words.PlainType", "words.Meta"] {
        assert_eq!(app.instances_of(family), ["words.Broken", "words.Hello"], "instances of {family}, and no Types");
    }
    assert!(app.instances_of("words.Hello").is_empty());
}

#[test]
fn every_form_of_selector() {
    let tree = tree(&[
        BASE,
        r#"
//- base/words/Hey/e.json
{"title": "Hey", "type": "words.PlainType", "sort": 3}
//- base/words/Hey/Inner/e.json
{"title": "Inner", "type": "words.PlainType", "sort": 7}
"#,
    ]);
    let app = builder(&tree, "base").open().unwrap();
    let find = |selector: &str| -> Vec<String> {
        app.find_elements_define(selector).unwrap().iter().map(|definition| definition.name.to_string()).collect()
    };
    assert_eq!(find("words.Hey"), ["words.Hey"]);
    assert_eq!(find("words.Nothing"), [""; 0]);
    assert_eq!(find(".words.PlainType"), ["words.Hello", "words.Hey", "words.Hey.Inner"]);
    assert_eq!(find(".words.Meta"), ["words.Hello", "words.Hey", "words.Hey.Inner", "words.PlainType"]);
    assert_eq!(find("#title=Hey"), ["words.Hey"]);
    assert_eq!(find("#sort>3"), ["words.Hey.Inner"]);
    assert_eq!(find("#sort<7"), ["words.Hey"]);
    assert_eq!(find(".words.PlainType:#title!=Hey"), ["words.Hello", "words.Hey.Inner"]);
    assert_eq!(find("*words.Hello"), ["words.Meta", "words.PlainType"]);
    assert_eq!(find("words.Hey*"), ["words.Hey.Inner"]);
    assert_eq!(find("words.Hello, #title=Inner"), ["words.Hello", "words.Hey.Inner"]);
    assert_eq!(app.find_elements(".words.PlainType").unwrap().len(), 3);
    for bad in ["", "#title", "a..b", "words.Hello,"] {
        assert_eq!(app.find_elements(bad).unwrap_err().kind().name, "API_PARAMS_ERROR", "{bad}");
    }
}
