use mti_wechat::{AuthorizationCode, CodeDefect, ErrorKind, Handling, MAX_CODE_LENGTH, WeChatError};
use proptest::prelude::*;

fn defect(code: &str) -> CodeDefect {
    let error = AuthorizationCode::parse(code).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CodeInvalid);
    assert_eq!(error.handling(), Handling::Restart);
    match error {
        WeChatError::MalformedCode(defect) => defect,
        other => panic!("{other}"),
    }
}

#[test]
fn what_cannot_be_a_code_is_refused() {
    assert_eq!(defect(""), CodeDefect::Empty);
    assert_eq!(defect(&"a".repeat(MAX_CODE_LENGTH + 1)), CodeDefect::TooLong);
    for code in [" ", "a b", "a\n", "a\0", "\u{7f}", "é", "code\u{200b}", "\t"] {
        assert_eq!(defect(code), CodeDefect::NotPrintableAscii, "{code:?}");
    }
}

#[test]
fn the_longest_code_is_accepted() {
    let longest = "a".repeat(MAX_CODE_LENGTH);
    assert_eq!(AuthorizationCode::parse(&longest).unwrap().reveal(), longest);
}

#[test]
fn a_refusal_is_not_a_code() {
    let error = AuthorizationCode::parse("authdeny").unwrap_err();
    assert!(matches!(error, WeChatError::Denied));
    assert_eq!(error.kind(), ErrorKind::UserRefused);
    assert_eq!(error.handling(), Handling::TellUser);
    assert!(!error.is_security_event());
    assert!(AuthorizationCode::parse("authdeny2").is_ok());
}

proptest! {
    #[test]
    fn exactly_printable_ascii_is_accepted(code in "\\PC{0,40}|[ -~]{1,40}") {
        let expected = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_graphic()) && code != "authdeny";
        prop_assert_eq!(AuthorizationCode::parse(&code).is_ok(), expected);
    }

    #[test]
    fn no_code_shows_itself(code in "[!-~]{12,40}") {
        let shown = format!("{:?}", AuthorizationCode::parse(&code).unwrap());
        prop_assert!(!shown.contains(&code));
    }
}
