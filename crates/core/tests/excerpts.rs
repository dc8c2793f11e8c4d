//! What is quoted of a file: cut, escaped, and without secrets.

use mti_core::json::Span;
use mti_core::{Excerpt, Location};
use proptest::prelude::*;

/// The line around `place`, quoted.
fn quote(text: &str, place: &str) -> Excerpt {
    let start = text.find(place).expect("the place should be in the text");
    Excerpt::of(text, Span::new(start, start + place.len()))
}

fn marked(excerpt: &Excerpt) -> String {
    excerpt.line_text.chars().skip(excerpt.start_column as usize - 1).take(excerpt.length as usize).collect()
}

#[test]
fn the_line_is_quoted_and_the_place_marked() {
    let excerpt = quote("{\r\n  \"标题\": 5,\r\n}", "5");
    assert_eq!(excerpt.line_text, "  \"标题\": 5,");
    assert_eq!((excerpt.start_column, excerpt.length), (9, 1));
}

#[test]
fn values_of_secrets_are_masked() {
    for (text, place) in [
        ("{\"appSecret\": \"s3cr3t\", \"x\": 1,}", "}"),
        ("{\"appSecret\" : \"s3cr3t\" \"x\": 1}", "\"x\""),
        ("{\"APPSECRET\":\"s3cr3t\"", "{"),
        ("{\"app\\u0053ecret\":\"s3cr3t\"", "{"),
        ("{\"dbPassword\": \"s3cr3t", "{"),
        ("{\"access_token\": s3cr3t, }", "{"),
        ("{\"apiKey\": \"s3cr3t\", \"private_key\": \"s3cr3t\"}", "{"),
        ("{appSecret: 's3cr3t'}", "{"),
        ("{'appSecret': 's3cr3t'}", "{"),
        ("{\"appSecret: \"s3cr3t\"}", "{"),
        ("{\"appSecret\" \"s3cr3t\"}", "{"),
        ("{\"appSecret: s3cr3t\"}", "{"),
        ("{\"appSecret\": {\"a\": [\"s3cr3t\", \"s3cr3t\"], \"b\": \"s3cr3t\"}", "{"),
        ("{\"tokens\": [\"s3cr3t\", 5, \"s3cr3t\"]}", "{"),
        ("{\"appSecret\": \"a\\\"s3cr3t\"}", "{"),
        ("{\"appSecret\": \"s3cr3t\\", "{"),
        ("{\"url\": \"postgres://me:s3cr3t@host/db?x=1\", \"y\": 1}", "{"),
        ("{\"secret\": \"s3cr3t\", \"password\": \"s3cr3t\"}", "{"),
    ] {
        let excerpt = quote(text, place);
        assert!(!excerpt.line_text.contains("s3cr3t"), "{text} is quoted as {}", excerpt.line_text);
        assert!(excerpt.line_text.contains("***"), "{text} is quoted as {}", excerpt.line_text);
    }
}

#[test]
fn a_value_on_the_line_after_its_key_is_masked() {
    let text = "{\n  \"appSecret\":\n    \"s3cr3t\",\n  \"title\": \"shown\"\n}";
    assert_eq!(quote(text, "s3cr3t").line_text, "    \"***\",");
    assert_eq!(quote(text, "title").line_text, "  \"title\": \"shown\"");
}

#[test]
fn other_values_are_quoted_as_they_are() {
    let text = "{\"appId\": \"wx1\", \"list\": [\"secret\", \"x\"], \"title\": \"token\", \"y\": \"z\"}";
    assert_eq!(quote(text, "wx1").line_text, text);
}

#[test]
fn a_masked_place_is_marked_as_its_mask() {
    let text = "{\"appSecret\": \"s3cr3t-and-long\", \"x\": 1}";
    let excerpt = quote(text, "\"s3cr3t-and-long\"");
    assert_eq!(excerpt.line_text, "{\"appSecret\": \"***\", \"x\": 1}");
    assert_eq!(marked(&excerpt), "\"***\"");
    assert_eq!(marked(&quote(text, "\"x\"")), "\"x\"");
}

#[test]
fn long_lines_are_cut_around_the_place() {
    let text = format!("{{\"a\": \"{}\", \"here\": 1, \"b\": \"{}\"}}", "x".repeat(500), "y".repeat(500));
    let excerpt = quote(&text, "\"here\"");
    assert_eq!(excerpt.line_text.chars().count(), 200);
    assert!(excerpt.line_text.starts_with('…') && excerpt.line_text.ends_with('…'));
    assert_eq!(marked(&excerpt), "\"here\"");
    let at_end = quote(&text, "}");
    assert_eq!(marked(&at_end), "}");
    let at_start = quote(&text, "{");
    assert!(at_start.line_text.starts_with('{'));
}

#[test]
fn control_characters_are_escaped() {
    let excerpt = quote("\u{1b}[31m\t\u{202e}here\u{7f}", "here");
    assert_eq!(excerpt.line_text, "\\u{1b}[31m\\t\\u{202e}here\\u{7f}");
    assert_eq!(marked(&excerpt), "here");
}

#[test]
fn a_place_beyond_the_end_is_the_end() {
    let location = Location::at("e.json", "{\n", Span::new(50, 60));
    assert_eq!((location.line, location.column), (Some(2), Some(1)));
}

proptest! {
    #[test]
    fn any_place_of_any_text_can_be_quoted(text in "[\\PC\\n\\r\\t\"{}:,]{0,400}", start in 0usize..500, length in 0usize..300) {
        let location = Location::at("f", &text, Span::new(start, start + length));
        let excerpt = location.excerpt.unwrap();
        let shown = excerpt.line_text.chars().count();
        prop_assert!(shown <= 200);
        prop_assert!(excerpt.length >= 1);
        prop_assert!(excerpt.start_column >= 1 && excerpt.start_column as usize <= shown + 1);
        prop_assert!(!excerpt.line_text.chars().any(char::is_control));
    }

    #[test]
    fn no_secret_is_ever_quoted(
        before in "[a-z\", :{}\\[\\]\\n]{0,30}",
        key in "[a-z]{0,4}([sS]ecret|PASSWORD|Token)[A-Z]{0,3}",
        after in "[a-z\", :{}\\[\\]\\n]{0,30}",
        cut in 0usize..200,
    ) {
        // Whatever surrounds a key and its value, as long as both are whole strings.
        let before = before.replace('"', "");
        let text = format!("{before}\"{key}\": \"hunter2\"{after}");
        let start = text.floor_char_boundary(cut.min(text.len()));
        let excerpt = Excerpt::of(&text, Span::new(start, start + 1));
        prop_assert!(!excerpt.line_text.contains("hunter2"), "{} is quoted as {}", text, excerpt.line_text);
    }
}

#[test]
fn a_text_with_a_typo_shows_no_secret_whatever_the_typo() {
    let sound = [
        r#"{"authConfig": {"appId": "wx0123456789abcdef", "appSecret": "CANARY-s3cret", "scope": "a"}}"#,
        "{\n  \"authConfig\": {\n    \"appId\": \"wx0123456789abcdef\",\n    \"appSecret\":\n      \"CANARY-s3cret\"\n  }\n}",
    ];
    for text in sound {
        let key = text.find("appSecret").unwrap();
        for at in (0..text.len()).filter(|&at| text.is_char_boundary(at) && text.is_char_boundary(at + 1)) {
            // With another name nobody can tell any more that the value is a secret.
            if (key..key + "appSecret".len()).contains(&at) {
                continue;
            }
            for typo in ["", "\"", "{", ",", ":", "\\", "\n"] {
                let broken = format!("{}{typo}{}", &text[..at], &text[at + 1..]);
                if !broken.contains("CANARY-s3cret") {
                    continue;
                }
                for place in 0..broken.len() {
                    let excerpt = Excerpt::of(&broken, Span::new(place, place + 1));
                    assert!(!excerpt.line_text.contains("CANARY"), "{broken}\nat {place}: {}", excerpt.line_text);
                }
            }
        }
    }
}
