//! Selectors find definitions and load nothing.

use crate::words::{BASE, builder, tree};

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
