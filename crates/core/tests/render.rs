use mti_core::json::Span;
use mti_core::{AppId, Code, Diagnostic, ElementName, Location, Severity, render};
use proptest::prelude::*;
use serde_json::json;

fn duplicate_title() -> Diagnostic {
    let text = "{\n  \"type\": \"auths.loginTypes.WeChatType\",\n  \"title\": \"微信登录\", \"title\": \"WeChat\"\n}";
    let start = text.rfind("\"title\"").unwrap();
    Diagnostic::new(Code::DuplicateKey, "the key `title` is given twice")
        .with_element(ElementName::parse("auths.loginTypes.MyWeChatLogin").unwrap())
        .with_app(AppId::parse("acme.shop").unwrap())
        .with_location(Location::at("auths/loginTypes/MyWeChatLogin/e.json", text, Span::new(start, start + 7)))
        .with_help("keep one of the two")
}

#[test]
fn people_see_the_line_and_the_place() {
    let report = render::human(&[duplicate_title()], false);
    // The characters before the place are two columns wide each.
    let expected = "\
error[MTI0102]: the key `title` is given twice
 --> auths/loginTypes/MyWeChatLogin/e.json:3:20 (app acme.shop)
  |
3 |   \"title\": \"微信登录\", \"title\": \"WeChat\"
  |                        ^^^^^^^
  = help: keep one of the two
";
    assert_eq!(report, expected);
}

#[test]
fn colour_changes_nothing_but_colour() {
    let diagnostics = [duplicate_title(), Diagnostic::new(Code::UnknownAppKey, "a note")];
    let colored = render::human(&diagnostics, true);
    let mut plain = String::new();
    let mut rest = colored.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    plain.push_str(rest);
    assert!(colored.contains('\u{1b}'));
    assert_eq!(plain, render::human(&diagnostics, false));
}

#[test]
fn nothing_a_file_contains_reaches_the_terminal_raw() {
    let diagnostic = Diagnostic::new(Code::JsonSyntax, "bad \u{1b}[2J\nerror: fake")
        .with_location(Location::file("a\u{7}/e.json"))
        .with_help("try\u{202e}this");
    let report = render::human(&[diagnostic], false);
    assert_eq!(report.lines().count(), 3);
    assert!(!report.contains(['\u{1b}', '\u{7}', '\u{202e}']));
}

#[test]
fn programs_get_every_key() {
    let bare = Diagnostic::new(Code::AppManifestMissing, "no app").with_severity(Severity::Warning);
    assert_eq!(
        render::json(&[duplicate_title(), bare]),
        json!({"diagnostics": [
            {
                "code": "MTI0102",
                "severity": "error",
                "message": "the key `title` is given twice",
                "element": "auths.loginTypes.MyWeChatLogin",
                "file": "auths/loginTypes/MyWeChatLogin/e.json",
                "line": 3,
                "column": 20,
                "help": "keep one of the two"
            },
            {
                "code": "MTI0201",
                "severity": "warning",
                "message": "no app",
                "element": null,
                "file": ".",
                "line": null,
                "column": null,
                "help": null
            }
        ]})
    );
    assert_eq!(render::json(&[]), json!({"diagnostics": []}));
    assert_eq!(render::human(&[], true), "");
}

proptest! {
    #[test]
    fn rendering_never_panics(message in ".{0,60}", file in ".{0,30}", text in "[\\PC\\n]{0,300}", start in 0usize..400, length in 0usize..400, color in any::<bool>()) {
        let diagnostic = Diagnostic::new(Code::JsonSyntax, message).with_location(Location::at(file, &text, Span::new(start, start + length)));
        let report = render::human(std::slice::from_ref(&diagnostic), color);
        prop_assert_eq!(report.lines().count(), 5);
        let shown = render::json(&[diagnostic]);
        prop_assert_eq!(&shown["diagnostics"][0]["code"], "MTI0101");
    }
}
