//! What only a look at all elements together finds.

use crate::words::{BASE, CHILD, MarkA, WordSteps, builder, codes, tree};
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

#[test]
fn a_missing_key_is_told_with_the_file_that_it_belongs_in() {
    let tree = tree(&[
        BASE,
        r#"
//- base/words/PlainType/config.json
{}
//- base/words/Hello/Hello.json
{"colour": "red"}
//- base/words/Misspelt/e.json
{"title": "Misspelt", "type": "words.PlainType"}
//- base/words/Misspelt/Misspelt.json
{
  "wrod": "hello"}
//- base/words/Without/e.json
{"title": "Without", "type": "words.PlainType"}
"#,
    ]);
    let findings = builder(&tree, "base").open().unwrap().check();
    let told: Vec<_> = findings
        .iter()
        .map(|finding| {
            let place = finding.location.as_ref().unwrap();
            assert_eq!((finding.code.id(), &*finding.message), ("MTI0504", "`word` is missing in the config"));
            (&*place.file, place.line, finding.help.as_deref().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("words/Hello/Hello.json", Some(1), "add `word` to `words/Hello/Hello.json`"),
            ("words/Misspelt/Misspelt.json", Some(2), "did you mean `word` where it says `wrod`?"),
            ("words/Without/e.json", Some(1), "write `words/Without/Without.json` with `word`"),
        ]
    );
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

steps! {
    "words.PlainType": Louder, LouderSteps {
        /// As the base's, with an argument that the base does not take.
        "say" fn say(volume: u32) -> String;
    }
}

struct Loud;

impl Level for Loud {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl LouderSteps for Loud {
    async fn say(&self, this: Louder<'_>, volume: u32) -> Result<String> {
        this.sup().say(volume).await
    }
}

#[test]
fn an_override_with_other_arguments_is_a_warning() {
    let tree = tree(&[
        BASE,
        CHILD,
        r#"
//- child/words/PlainType/e.json
{"backend": "rust"}
"#,
    ]);
    let app = builder(&tree, "child").level::<Loud>("acme.child", "words.PlainType").open().unwrap();
    // And nobody who calls it as the base declares it can name the argument.
    assert_eq!(codes(&app), ["function-uncallable", "signature-differs"]);
}

#[test]
fn two_apps_that_override_one_step_are_noted() {
    let tree = tree(&[
        BASE,
        CHILD,
        r#"
//- child/words/PlainType/e.json
{"backend": "rust"}
//- grand/app.json
{"appId": "acme.grand", "version": "1.0.0", "extends": [{"appId": "acme.child", "version": "1.0.0"}]}
//- grand/words/PlainType/e.json
{"backend": "rust"}
"#,
    ]);
    let app = builder(&tree, "grand")
        .level::<MarkA>("acme.child", "words.PlainType")
        .level::<MarkA>("acme.grand", "words.PlainType")
        .open()
        .unwrap();
    let notes: Vec<_> =
        app.check().into_iter().map(|finding| (finding.code.name(), finding.app.unwrap().to_string())).collect();
    assert_eq!(notes, [("shadowed-override", "acme.grand".to_owned())]);
    assert_eq!(codes(&app), [""; 0]);
}

#[test]
fn rows_for_no_element_are_shown_at_the_name_with_the_one_that_was_meant() {
    let tree = tree(&[
        BASE,
        r#"
//- base/initData.json
{
  "words.Helo": [], "hello": []}
"#,
    ]);
    let findings = builder(&tree, "base").open().unwrap().check();
    let told: Vec<_> = findings
        .iter()
        .map(|finding| {
            let place = finding.location.as_ref().unwrap();
            (finding.code.id(), place.line.unwrap(), place.column.unwrap(), finding.help.as_deref().unwrap())
        })
        .collect();
    let help = "did you mean `words.Hello`?";
    assert_eq!(told, [("MTI0802", 2, 3, help), ("MTI0802", 2, 21, help)]);
}

#[test]
fn a_value_that_is_empty_because_a_variable_is_names_the_variable() {
    let tree = tree(&[
        BASE,
        r#"
//- base/words/Counted/e.json
{"title": "Counted", "type": "words.CountedType"}
//- base/words/CountedType/e.json
{"title": "Counted", "type": "words.Meta", "backend": "rust"}
//- base/words/Counted/Counted.json
{"count": "${COUNT}", "more": "x"}
"#,
    ]);
    let environment = [("COUNT".to_owned(), String::new())].into();
    let app = builder(&tree, "base").environment(environment).level::<Counted>("acme.base", "words.CountedType");
    let findings = app.open().unwrap().check();
    let told: Vec<_> = findings.iter().map(|finding| finding.help.as_deref().unwrap()).collect();
    let expected = [
        "give `COUNT` a value in `.env`, or in the environment: it is set, and has none",
        "Give the key a value of the kind that the message names.",
    ];
    assert_eq!(told, expected, "{findings:?}");
}

/// Counts words.
#[derive(Debug, serde::Deserialize)]
#[expect(dead_code, reason = "it is only read")]
struct Counted {
    count: u32,
    more: u32,
}

impl Level for Counted {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        context.config()
    }
}

#[level]
impl WordSteps for Counted {}
