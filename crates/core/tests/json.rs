use mti_core::Code;
use mti_core::json::{DEPTH_LIMIT, JsonProblem, JsonProblemKind, Pointer, Position, decode, is_object, locate, parse};
use proptest::prelude::*;
use serde_json::{Value, json};

fn pointer(text: &str) -> Pointer {
    Pointer::parse(text).unwrap()
}

/// The kind of problem, and the line, column and text it points at.
fn problem(text: &str) -> (JsonProblemKind, u32, u32, &str) {
    let problem = parse(text).expect_err("the text should be refused");
    let text = text.trim_start_matches('\u{feff}');
    let at = Position::of(text, problem.span.start);
    (problem.kind, at.line, at.column, problem.span.of(text))
}

#[test]
fn values_are_those_of_serde_json() {
    let text = r#" {"a": [1, -2.5e3, true, null, "\u00e9\n"], "b": {"c": {}}, "big": 18446744073709551615} "#;
    assert_eq!(parse(text).unwrap().into_value(), serde_json::from_str::<Value>(text).unwrap());
}

#[test]
fn a_private_key_of_serde_json_means_nothing() {
    let text = r#"{"$serde_json::private::RawValue": "[1]"}"#;
    assert_eq!(parse(text).unwrap().value()["$serde_json::private::RawValue"], "[1]");
}

#[test]
fn a_byte_order_mark_is_tolerated_and_not_counted() {
    let text = decode("e.json", b"\xef\xbb\xbf{\"a\": 1}".to_vec()).unwrap();
    assert_eq!(text, "{\"a\": 1}");
    assert_eq!(parse("\u{feff}{\"a\": 1}").unwrap().value()["a"], 1);
    assert_eq!(Position::of("\u{feff}{}", 3), Position { line: 1, column: 1 });
}

#[test]
fn bytes_that_are_not_utf8_are_refused() {
    let finding = decode("e.json", b"{\n\"appSecret\": \"\xe4\xb8\xad\xff\"}".to_vec()).unwrap_err();
    assert_eq!(finding.code, Code::NotUtf8);
    let place = finding.location.unwrap();
    assert_eq!((place.line, place.column, place.excerpt.is_none()), (Some(2), Some(16), true));
}

#[test]
fn leniencies_are_refused_where_they_stand() {
    for (text, line, column, at) in [
        ("{\"a\": 1,}", 1, 9, "}"),
        ("{\n  \"a\": 1\n  \"b\": 2\n}", 3, 3, "\""),
        ("{a: 1}", 1, 2, "a"),
        ("{'a': 1}", 1, 2, "'"),
        ("{\"a\": 1} x", 1, 10, "x"),
        ("// no\n{}", 1, 1, "/"),
        ("{\"a\": .5}", 1, 7, "."),
        ("[\"中文\", x]", 1, 8, "x"),
    ] {
        let (kind, got_line, got_column, got) = problem(text);
        assert!(matches!(kind, JsonProblemKind::Syntax { .. }), "{text}: {kind:?}");
        assert_eq!((got_line, got_column, got), (line, column, at), "{text}");
    }
    assert_eq!(problem("").0, JsonProblemKind::Empty);
    assert_eq!(problem(" \n").0, JsonProblemKind::Empty);
}

#[test]
fn an_unclosed_string_is_reported_on_its_line() {
    let (_, line, _, _) = problem("{\n  \"a\": \"open,\n  \"b\": 2\n}");
    assert_eq!(line, 2);
    let (_, line, column, _) = problem("{\n  \"a\": [1, 2\n");
    assert_eq!((line, column), (2, 13));
}

#[test]
fn a_duplicate_key_points_at_its_second_naming() {
    let (kind, line, column, at) = problem("{\n  \"a\": {\"x\": 1},\n  \"b\": 2,\n  \"\\u0061\": 3\n}");
    assert_eq!(kind, JsonProblemKind::DuplicateKey { key: "a".to_owned() });
    assert_eq!((line, column, at), (4, 3, "\"\\u0061\""));
    let (_, line, column, _) = problem("[{\"k\": 1, \"l\": {\"k\": \"k\",\n\"m\": [], \"k\": 0}}]");
    assert_eq!((line, column), (2, 10));
    assert!(parse(r#"[{"a": {"a": "a"}}, {"a": 1}]"#).is_ok());
}

#[test]
fn nesting_is_bounded_exactly() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(DEPTH_LIMIT)).is_ok());
    let deep = nested(DEPTH_LIMIT + 1);
    let (kind, _, column, at) = problem(&deep);
    assert_eq!((kind, column, at), (JsonProblemKind::TooDeep, 129, "["));
    assert_eq!(parse(&nested(1_000_000)).unwrap_err().kind, JsonProblemKind::TooDeep);
    assert_eq!(parse(&"{\"a\":".repeat(1_000_000)).unwrap_err().kind, JsonProblemKind::TooDeep);
    let objects = format!("{}1{}", "{\"a\":".repeat(128), "}".repeat(128));
    assert!(parse(&objects).is_ok());
}

#[test]
fn places_are_found() {
    let text = r#"{"a/b": {"~": [10, {"deep": "x"}]}, "é": null, "esc\"aped": true}"#;
    let value = |at: &str| locate(text, &pointer(at)).map(|found| found.value.of(text));
    assert_eq!(value(""), Some(text));
    assert_eq!(value("/a~1b/~0/0"), Some("10"));
    assert_eq!(value("/a~1b/~0/1/deep"), Some("\"x\""));
    assert_eq!(value("/é"), Some("null"));
    assert_eq!(value("/esc\"aped"), Some("true"));
    assert_eq!(value("/a~1b/~0/2"), None);
    assert_eq!(value("/none"), None);
    assert_eq!(value("/é/more"), None);
    let key = locate(text, &pointer("/a~1b/~0")).unwrap().key.unwrap();
    assert_eq!(key.of(text), "\"~\"");
    assert!(locate(text, &pointer("/a~1b/~0/0")).unwrap().key.is_none());
}

#[test]
fn pointers_are_written_for_people_too() {
    let document = json!({"functionList": [{"name": "x"}]});
    let at = Pointer::ROOT.key("functionList").index(0).key("name");
    assert_eq!(at.as_str(), "/functionList/0/name");
    assert_eq!(at.dotted(&document), "functionList[0].name");
    assert!(Pointer::parse("a").is_none());
}

#[test]
fn columns_count_characters() {
    let text = "a\r\n\"微信\": 1";
    assert_eq!(Position::of(text, text.find('1').unwrap()), Position { line: 2, column: 7 });
    assert_eq!(Position::of(text, 999), Position { line: 2, column: 8 });
    assert_eq!(Position::of("a\u{feff}b", 4), Position { line: 1, column: 3 });
    assert_eq!(Position::of("", 0), Position { line: 1, column: 1 });
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-c~/é\"\\\\]{0,4}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn each_place(value: &Value, at: &Pointer, visit: &mut dyn FnMut(&Pointer, &Value)) {
    visit(at, value);
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| each_place(item, &at.index(index), visit));
        }
        Value::Object(members) => members.iter().for_each(|(key, member)| each_place(member, &at.key(key), visit)),
        _ => {}
    }
}

/// Whether the text only breaks a rule that `serde_json` does not have.
/// What [`is_object`] has to say of a text.
fn checked(text: &str) -> Result<bool, JsonProblem> {
    parse(text).map(|document| document.value().is_object())
}

#[test]
fn a_check_judges_as_parsing_does() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let (deep, too_deep) = (nested(DEPTH_LIMIT), nested(DEPTH_LIMIT + 1));
    let duplicates = r#"{"a": {"b": 1, "c": 2, "\u0062": 3}}"#;
    let lone_surrogate = r#"{"a": "\ud800"}"#;
    let texts = ["{}", "[]", "\u{feff}{\"a\": 1}", "{} {}", "", "1e999", lone_surrogate, duplicates, &deep, &too_deep];
    for text in texts {
        assert_eq!(is_object(text), checked(text), "{text}");
    }
    assert!(matches!(is_object(duplicates).unwrap_err().kind, JsonProblemKind::DuplicateKey { .. }));
}

fn breaks_our_rules_only(kind: &JsonProblemKind) -> bool {
    matches!(kind, JsonProblemKind::DuplicateKey { .. } | JsonProblemKind::TooDeep)
}

proptest! {
    #[test]
    fn every_place_of_every_document_is_found(value in any_json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
        let document = parse(&text).unwrap();
        prop_assert_eq!(document.value(), &value);
        prop_assert_eq!(is_object(&text), Ok(value.is_object()));
        each_place(&value, &Pointer::ROOT, &mut |at, here| {
            let found = locate(&text, at).unwrap_or_else(|| panic!("{at} in {text}"));
            let again: Value = serde_json::from_str(found.value.of(&text)).unwrap();
            assert_eq!(&again, here, "{at} in {text}");
        });
    }

    #[test]
    fn validity_is_that_of_serde_json(text in "[\\[\\]{}\",:0-9a-z\\\\ \\n.eE+-]{0,40}") {
        let theirs = serde_json::from_str::<Value>(&text);
        prop_assert_eq!(is_object(&text), checked(&text));
        match parse(&text) {
            Ok(document) => prop_assert_eq!(document.into_value(), theirs.unwrap()),
            Err(problem) => prop_assert!(theirs.is_err() || breaks_our_rules_only(&problem.kind), "{:?}", problem),
        }
    }

    #[test]
    fn damaged_documents_never_panic(value in any_json(), at in 0usize..400, with in any::<Option<char>>(), path in "(/[a-c0-3]){0,4}") {
        let text = value.to_string();
        let at = text.floor_char_boundary(at);
        let mut damaged = text[..at].to_owned();
        damaged.extend(with);
        damaged.extend(text[at..].chars().skip(1));
        let ours = parse(&damaged);
        prop_assert_eq!(is_object(&damaged), checked(&damaged));
        let theirs = serde_json::from_str::<Value>(&damaged);
        if let Err(problem) = &ours {
            prop_assert!(theirs.is_err() || breaks_our_rules_only(&problem.kind));
            prop_assert!(problem.span.start <= problem.span.end && problem.span.end <= damaged.len());
            prop_assert!(damaged.is_char_boundary(problem.span.start));
            prop_assert!(!problem.help().is_empty());
        } else {
            prop_assert!(theirs.is_ok());
        }
        let _ = locate(&damaged, &pointer(&path));
    }
}
