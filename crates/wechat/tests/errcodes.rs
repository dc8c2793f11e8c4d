use mti_wechat::ErrorKind::{self, CodeInvalid, Config, RateLimited, Unavailable, UserRefused};
use mti_wechat::Handling::{
    self, AlertOperator, BackOff, DropTokensAndRestart, FailClosed, ProceedWithoutProfile, RefreshThenRestart, Restart,
    RetryLater, TellUser,
};
use mti_wechat::WeChatError;

use crate::support::{Reply, check_token, exchange, refresh, user_info};

const RID: &str = "63b7a7f7-5d8e24a1-0bc4f6c2";

/// What the code exchange makes of every errcode that is known.
const EXCHANGE: &[(i64, ErrorKind, Handling)] = &[
    (-1, Unavailable, RetryLater),
    (40001, Config, AlertOperator),
    (40002, Config, AlertOperator),
    (40003, CodeInvalid, Restart),
    (40013, Config, AlertOperator),
    (40014, CodeInvalid, RefreshThenRestart),
    (40029, CodeInvalid, Restart),
    (40030, CodeInvalid, DropTokensAndRestart),
    (40125, Config, AlertOperator),
    (40163, CodeInvalid, Restart),
    (40164, Config, AlertOperator),
    (61004, Config, AlertOperator),
    (40243, Config, AlertOperator),
    (41001, Config, AlertOperator),
    (41002, Config, AlertOperator),
    (41003, Config, AlertOperator),
    (41004, Config, AlertOperator),
    (41008, CodeInvalid, Restart),
    (41009, Config, AlertOperator),
    (42001, CodeInvalid, RefreshThenRestart),
    (42002, CodeInvalid, Restart),
    (42003, CodeInvalid, Restart),
    (42007, CodeInvalid, DropTokensAndRestart),
    (43003, Config, AlertOperator),
    (45009, RateLimited, BackOff),
    (45011, RateLimited, BackOff),
    (48001, Config, AlertOperator),
    (48004, Config, AlertOperator),
    (50001, CodeInvalid, Restart),
    (50002, UserRefused, TellUser),
    (50005, UserRefused, TellUser),
    (1, Unavailable, FailClosed),
    (-2, Unavailable, FailClosed),
    (99999, Unavailable, FailClosed),
];

fn replies(errcode: i64) -> Vec<Reply> {
    vec![Reply::errcode(errcode); 2]
}

fn assert_refused(error: &WeChatError, errcode: i64, kind: ErrorKind, handling: Handling) {
    assert_eq!(error.errcode(), Some(errcode));
    assert_eq!(error.kind(), kind, "{errcode}");
    assert_eq!(error.handling(), handling, "{errcode}");
    assert_eq!(error.rid(), Some(RID), "{errcode}");
    let shown = error.to_string();
    assert!(shown.contains(&errcode.to_string()) && shown.contains(RID), "{shown}");
    assert!(!shown.contains("some text"), "WeChat's own text is not repeated: {shown}");
}

#[tokio::test]
async fn every_errcode_of_the_code_exchange_has_its_handling() {
    for &(errcode, kind, handling) in EXCHANGE {
        let error = exchange(replies(errcode)).await.unwrap_err();
        assert_refused(&error, errcode, kind, handling);
        assert_eq!(error.is_security_event(), matches!(errcode, 40003 | 40163), "{errcode}");
    }
}

#[tokio::test]
async fn user_information_reads_some_errcodes_otherwise() {
    for (errcode, kind, handling) in [
        (40001, CodeInvalid, RefreshThenRestart),
        (40003, CodeInvalid, Restart),
        (42001, CodeInvalid, RefreshThenRestart),
        (48001, Config, ProceedWithoutProfile),
        (50002, UserRefused, TellUser),
    ] {
        let error = user_info(replies(errcode)).await.unwrap_err();
        assert_refused(&error, errcode, kind, handling);
    }
}

#[tokio::test]
async fn refresh_and_check_report_errcodes_too() {
    let error = refresh(replies(40030)).await.unwrap_err();
    assert_refused(&error, 40030, CodeInvalid, DropTokensAndRestart);
    let error = check_token(replies(40003)).await.unwrap_err();
    assert_refused(&error, 40003, CodeInvalid, Restart);
    assert!(error.is_security_event());
}

#[tokio::test]
async fn the_request_id_is_found_in_all_its_forms() {
    for (errmsg, expected) in [
        ("invalid code, rid: 63b7a7f7-5d8e24a1-0bc4f6c2", Some("63b7a7f7-5d8e24a1-0bc4f6c2")),
        ("invalid code, hints: [ req_id: sd3vUA0983ns86 ]", Some("sd3vUA0983ns86")),
        ("rid: fake, rid: 1-2-3", Some("1-2-3")),
        ("rid: line\\nforged log", Some("line")),
        ("rid: ", None),
        ("invalid code", None),
        ("", None),
    ] {
        let body = format!(r#"{{"errcode":40029,"errmsg":"{errmsg}"}}"#);
        let error = exchange(vec![Reply::text(body)]).await.unwrap_err();
        assert_eq!(error.rid(), expected, "{errmsg}");
        assert_eq!(error.errcode(), Some(40029));
    }
    let endless = format!(r#"{{"errcode":40029,"errmsg":"rid: {}"}}"#, "a".repeat(5000));
    let error = exchange(vec![Reply::text(endless)]).await.unwrap_err();
    assert_eq!(error.rid().map(str::len), Some(40));
}
