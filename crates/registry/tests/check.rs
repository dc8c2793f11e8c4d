//! What only a look at all elements together finds.

use crate::words::{BASE, CHILD, MarkA, builder, codes, tree};
use mti_element::{Level, OpenContext, Result, level, steps};

#[test]
fn declared_functions_and_levels_must_agree() {
    let tree = tree(&[
        BASE,
        r#"
//- base/words/Hello/e.json
{"title": "Hello", "type": "words.PlainType", "functionList": [
  {"name": "shout", "title": "Shout"},
  {"name": "say", "title": "Say", "args": [{"name": "loud", "title": "Loud", "dataType": "Boolean"}]}
]}
"#,
    ]);
    let app = builder(&tree, "base").open().unwrap();
    assert_eq!(codes(&app), ["declared-function-missing", "function-differs"]);
}

#[test]
fn an_instance_that_does_not_load_is_found() {
    let tree = tree(&[
        BASE,
        r#"
//- base/words/Hello/Hello.json
{"word": "unspeakable"}
//- base/words/Wrong/e.json
{"title": "Wrong", "type": "words.PlainType"}
//- base/words/Wrong/Wrong.json
{"word": 7}
"#,
    ]);
    let app = builder(&tree, "base").open().unwrap();
    assert_eq!(codes(&app), ["loader-failed", "config-wrong-type"]);
}

steps! {
    "words.PlainType": Renamed, RenamedSteps {
        /// A step that the base has no more.
        "oldWord" fn old_word() -> String;
    }
}

struct Outdated;

impl Level for Outdated {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl RenamedSteps for Outdated {
    async fn old_word(&self, this: Renamed<'_>) -> Result<String> {
        this.sup().old_word().await
    }
}

#[test]
fn an_override_of_nothing_is_a_warning() {
    let tree = tree(&[
        BASE,
        CHILD,
        r#"
//- child/words/PlainType/e.json
{"backend": "rust"}
"#,
    ]);
    let app = builder(&tree, "child").level::<Outdated>("acme.child", "words.PlainType").open().unwrap();
    assert_eq!(codes(&app), ["orphan-override"]);
    let app = builder(&tree, "child").level::<MarkA>("acme.child", "words.PlainType").open().unwrap();
    assert_eq!(codes(&app), [""; 0]);
}
