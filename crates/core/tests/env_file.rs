use mti_core::Code;
use mti_core::env_file::{parse, parse_bytes};
use proptest::prelude::*;

#[test]
fn lines_are_read() {
    let text = "\u{feff}# comment\n\nA=1\nexport B = two words # comment\r\nC='$raw # \\n'\nD=\"a\\n\\\"b\\\" \\$x \\q\" # c\nE=\nF=x#y\nG.h=1\nA=last\n";
    let (env, diagnostics) = parse(".env", text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let all: Vec<_> = env.iter().collect();
    assert_eq!(
        all,
        [
            ("A", "last"),
            ("B", "two words"),
            ("C", "$raw # \\n"),
            ("D", "a\n\"b\" $x \\q"),
            ("E", ""),
            ("F", "x#y"),
            ("G.h", "1"),
        ]
    );
    assert_eq!(env.get("NONE"), None);
}

#[test]
fn bad_lines_are_told_without_their_values() {
    let text = "OK=1\nhunter2\n1BAD=hunter2\nQ=\"hunter2\n  R='x' hunter2\n=hunter2\n";
    let (env, diagnostics) = parse("conf/.env", text);
    assert_eq!(env.len(), 1);
    let lines: Vec<_> =
        diagnostics.iter().map(|diagnostic| diagnostic.location.as_ref().unwrap().line.unwrap()).collect();
    assert_eq!(lines, [2, 3, 4, 5, 6]);
    for diagnostic in &diagnostics {
        assert_eq!(diagnostic.code, Code::BadEnvLine);
        assert!(!format!("{diagnostic:?}").contains("hunter2"), "{diagnostic:?}");
    }
    assert_eq!(diagnostics[2].location.as_ref().unwrap().excerpt.as_ref().unwrap().line_text, "Q=***");
}

#[test]
fn values_are_not_printed() {
    assert_eq!(format!("{:?}", parse(".env", "A=hunter2").0), "{\"A\"}");
}

proptest! {
    #[test]
    fn any_text_is_read_or_reported(text in "[\\PC\\n\\r=\"'#\\\\]{0,200}") {
        let (_, diagnostics) = parse(".env", &text);
        for diagnostic in diagnostics {
            let line = diagnostic.location.unwrap().line.unwrap() as usize;
            prop_assert!(line >= 1 && line <= text.split('\n').count());
        }
    }

    #[test]
    fn quoted_values_come_out_as_they_were(value in "[\\PC\\n\\r\\t]{0,40}") {
        let quoted = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "\\r");
        let (env, diagnostics) = parse(".env", &format!("X=\"{quoted}\"\n"));
        prop_assert!(diagnostics.is_empty());
        prop_assert_eq!(env.get("X"), Some(value.as_str()));
    }
}

#[test]
fn a_line_that_is_not_utf8_is_passed_over_and_reported_without_its_value() {
    let (env, diagnostics) =
        parse_bytes(".env", b"\xef\xbb\xbfA=1\r\nB=\xffcanary\n# \xe9t\xe9\nC=\xe4\xb8\xad\n\xff=2");
    assert_eq!(env.iter().collect::<Vec<_>>(), [("A", "1"), ("C", "\u{4e2d}")]);
    let places: Vec<_> = diagnostics.iter().map(|found| found.location.as_ref().unwrap().line).collect();
    assert_eq!(places, [Some(2), Some(5)]);
    assert!(!format!("{diagnostics:?}").contains("canary"));
}
