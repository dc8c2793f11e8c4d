use mti_core::json::Pointer;
use mti_core::merge::{Layer, Layered, SourceRef};
use mti_core::placeholder::{Substitution, substitute};
use mti_core::{AppId, AppKey, parse_version};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixture::places;

/// Substitutes with `A` = "one", `B_2` = "${A}{{A}}", `c.d` = "".
fn run(text: &str) -> (String, Substitution) {
    let mut value = Value::from(text);
    let lookup = |name: &str| match name {
        "A" => Some("one".to_owned()),
        "B_2" => Some("${A}{{A}}".to_owned()),
        "c.d" => Some(String::new()),
        _ => None,
    };
    let substitution = substitute(&mut value, &lookup);
    (value.as_str().unwrap().to_owned(), substitution)
}

#[test]
fn both_forms_take_values() {
    for (text, expected) in [
        ("{{A}}", "one"),
        ("${A}", "one"),
        ("{{ A }}-${ A }", "one-one"),
        ("x{{A}}y${A}z", "xoneyonez"),
        ("{{A}}}", "one}"),
        ("{{{A}}}", "{one}"),
        ("$${A}", "${A}"),
        ("\\{{A}}", "{{A}}"),
        ("$$${A}", "$${A}"),
        ("[{{c.d}}]", "[]"),
        ("$A {A} $ { }", "$A {A} $ { }"),
        ("微{{A}}信", "微one信"),
    ] {
        let (got, substitution) = run(text);
        assert_eq!(got, expected, "{text}");
        assert!(substitution.missing.is_empty() && substitution.malformed.is_empty(), "{text}: {substitution:?}");
    }
}

#[test]
fn values_are_not_expanded_again() {
    assert_eq!(run("{{B_2}}").0, "${A}{{A}}");
}

#[test]
fn a_missing_variable_is_told_with_its_place() {
    let mut value = json!({"authConfig": {"appSecret": ["x", "id {{GONE}} ${GONE_TOO}"]}, "{{KEY}}": 1});
    let before = value.clone();
    let substitution = substitute(&mut value, &|_| None);
    let at = Pointer::ROOT.key("authConfig").key("appSecret").index(1);
    let missing: Vec<_> = substitution
        .missing
        .iter()
        .map(|missing| (missing.name.as_str(), missing.pointer.clone(), missing.offset))
        .collect();
    assert_eq!(missing, [("GONE", at.clone(), 3), ("GONE_TOO", at, 12)]);
    assert_eq!(substitution.used.into_iter().collect::<Vec<_>>(), ["GONE", "GONE_TOO"]);
    assert_eq!(value, before);
}

#[test]
fn malformed_placeholders_stay_and_are_told() {
    for text in ["{{A", "${A", "{{A}", "${}", "{{}}", "{{1A}}", "${A B}", "{{#if}}", "{{\u{e9}}}"] {
        let (got, substitution) = run(text);
        assert_eq!(got, text);
        assert_eq!(substitution.malformed.len(), 1, "{text}: {substitution:?}");
        assert!(substitution.used.is_empty());
    }
    assert_eq!(run("{{A ${A}").0, "{{A one");
}

#[test]
fn findings_name_the_variable_and_stand_where_the_placeholder_is_written() {
    let text = "{\n  \"a\": \"\\u00e9\\n {{GONE}}\",\n  \"b\": \"${\"\n}";
    let mut document = Layered::new(vec![Layer {
        origin: SourceRef {
            app: AppKey { id: AppId::parse("acme.shop").unwrap(), version: parse_version("1.0.0").unwrap() },
            file: "a/config.json".into(),
            text: Some(text.into()),
        },
        value: serde_json::from_str(text).unwrap(),
    }]);
    let substitution = substitute(document.value_mut(), &|_| None);
    let diagnostics = substitution.diagnostics(&document);
    assert_eq!(places(&diagnostics), ["variable-missing - a/config.json:2:18", "bad-placeholder - a/config.json:3:9"]);
    assert!(diagnostics[0].message.contains("`GONE`"));
    assert_eq!(diagnostics[0].app.as_ref().unwrap().as_str(), "acme.shop");
}

proptest! {
    #[test]
    fn text_without_openers_is_untouched(text in "[^{$]{0,40}") {
        let (got, substitution) = run(&text);
        prop_assert_eq!(got, text);
        prop_assert_eq!(substitution, Substitution::default());
    }

    #[test]
    fn any_text_can_be_expanded(text in "[{}$\\\\ A-B_.é0-9]{0,40}") {
        let (_, substitution) = run(&text);
        for missing in &substitution.missing {
            let opens = text[missing.offset..].starts_with(['$', '{']);
            prop_assert!(opens);
        }
        for malformed in &substitution.malformed {
            let opens = text[malformed.offset..].starts_with(['$', '{']);
            prop_assert!(opens);
        }
    }

    #[test]
    fn what_is_escaped_comes_out_as_it_was(text in "[a-z${ }]{0,20}") {
        let escaped = text.replace("${", "$${").replace("{{", "\\{{");
        prop_assume!(!text.contains("{{{") && !text.contains("$${") && !text.contains("${{"));
        prop_assert_eq!(run(&escaped).0, text);
    }
}
