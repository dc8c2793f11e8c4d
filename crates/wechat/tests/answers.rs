//! Which bodies count as a success, and that nothing else does.

use std::time::Duration;

use mti_wechat::{ErrorKind, UnavailableCause, WeChatError};
use proptest::prelude::*;

use crate::support::{
    ACCESS_TOKEN, OPEN_ID, REFRESH_TOKEN, Reply, UNION_ID, check_token, exchange, good_tokens, refresh,
};

async fn assert_malformed(body: impl AsRef<[u8]>) {
    let body = body.as_ref();
    let error = exchange(vec![Reply::text(body)]).await.unwrap_err();
    let shown = String::from_utf8_lossy(&body[..body.len().min(100)]);
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{shown}");
    let is_malformed = matches!(error, WeChatError::Unavailable { cause: UnavailableCause::Malformed(_), .. });
    assert!(is_malformed, "{error}: {shown}");
}

#[tokio::test]
async fn tokens_are_taken_over() {
    let tokens = exchange(vec![Reply::text(good_tokens())]).await.unwrap();
    assert_eq!(tokens.access_token.reveal(), ACCESS_TOKEN);
    assert_eq!(tokens.refresh_token.unwrap().reveal(), REFRESH_TOKEN);
    assert_eq!(tokens.expires_in, Some(Duration::from_hours(2)));
    assert_eq!(tokens.open_id.as_str(), OPEN_ID);
    assert_eq!(tokens.union_id.unwrap().as_str(), UNION_ID);
    assert_eq!(tokens.scope, "snsapi_login");
    assert!(!tokens.is_snapshot_user);
}

#[tokio::test]
async fn a_token_and_an_open_id_are_enough() {
    for body in [
        r#"{"access_token":"t","openid":"o"}"#,
        r#"{"access_token":"t","openid":"o","unionid":""}"#,
        r#"{"access_token":"t","openid":"o","unionid":null,"refresh_token":null}"#,
        r#"{"errcode":0,"errmsg":"ok","access_token":"t","openid":"o"}"#,
        r#"{"errcode":"0","access_token":"t","openid":"o","future":{"a":[1,{}]}}"#,
        " \r\n{\"access_token\":\"t\",\n\"openid\":\"o\"}\n",
    ] {
        let tokens = exchange(vec![Reply::text(body)]).await.unwrap();
        assert_eq!(tokens.open_id.as_str(), "o", "{body}");
        assert!(tokens.union_id.is_none(), "{body}");
        assert!(tokens.refresh_token.is_none(), "{body}");
        assert!(tokens.expires_in.is_none(), "{body}");
    }
}

#[tokio::test]
async fn the_content_type_does_not_matter() {
    for headers in [
        "",
        "Content-Type: application/json; charset=utf-8\r\n",
        "Content-Type: text/html; charset=ISO-8859-1\r\n",
        "Content-Type: image/png\r\n",
    ] {
        let reply = Reply::with("200 OK", headers, good_tokens());
        assert!(exchange(vec![reply]).await.is_ok(), "{headers}");
    }
}

#[tokio::test]
async fn numbers_may_come_in_quotes() {
    let body = r#"{"access_token":"t","openid":"o","expires_in":"60","is_snapshotuser":"1"}"#;
    let tokens = exchange(vec![Reply::text(body)]).await.unwrap();
    assert_eq!(tokens.expires_in, Some(Duration::from_mins(1)));
    assert!(tokens.is_snapshot_user);

    let error = exchange(vec![Reply::text(r#"{"errcode":"40029"}"#)]).await.unwrap_err();
    assert_eq!(error.errcode(), Some(40029));
}

#[tokio::test]
async fn a_snapshot_user_is_marked() {
    for (flag, expected) in [("1", true), ("2", true), ("true", true), ("0", false), ("false", false), ("null", false)]
    {
        let body = format!(r#"{{"access_token":"t","openid":"o","is_snapshotuser":{flag}}}"#);
        let tokens = exchange(vec![Reply::text(body)]).await.unwrap();
        assert_eq!(tokens.is_snapshot_user, expected, "{flag}");
    }
    for flag in [r#""yes""#, "[]", "{}", "0.5"] {
        assert_malformed(format!(r#"{{"access_token":"t","openid":"o","is_snapshotuser":{flag}}}"#)).await;
    }
}

#[tokio::test]
async fn an_error_wins_over_tokens() {
    let body = r#"{"access_token":"t","openid":"o","errcode":40029}"#;
    let error = exchange(vec![Reply::text(body)]).await.unwrap_err();
    assert_eq!(error.errcode(), Some(40029));
}

#[tokio::test]
async fn half_a_success_is_none() {
    for body in [
        "{}",
        r#"{"errcode":0,"errmsg":"ok"}"#,
        r#"{"access_token":"t"}"#,
        r#"{"openid":"o"}"#,
        r#"{"access_token":"","openid":"o"}"#,
        r#"{"access_token":"t","openid":""}"#,
        r#"{"access_token":"t","openid":" "}"#,
        r#"{"access_token":"t","openid":"o\u0000"}"#,
        r#"{"access_token":"t","openid":"o\n"}"#,
        r#"{"access_token":"t","openid":12}"#,
        r#"{"access_token":["t"],"openid":"o"}"#,
        r#"{"access_token":null,"openid":"o"}"#,
        r#"{"access_token":"t","openid":"o","unionid":7}"#,
        r#"{"access_token":"t","openid":"o","unionid":" "}"#,
        r#"{"access_token":"t","openid":"o","refresh_token":7}"#,
        r#"{"access_token":"t","openid":"o","expires_in":-1}"#,
        r#"{"access_token":"t","openid":"o","expires_in":1.5}"#,
        r#"{"Access_Token":"t","OpenID":"o"}"#,
        r#"{"errmsg":"system error"}"#,
    ] {
        assert_malformed(body).await;
    }
    let long = format!(r#"{{"access_token":"t","openid":"{}"}}"#, "o".repeat(129));
    assert_malformed(long).await;
}

#[tokio::test]
async fn an_errcode_that_is_no_integer_is_no_success() {
    for errcode in ["null", "true", "false", "1.5", "\"\"", "\"ok\"", "[0]", "{}", "99999999999999999999", "1e3"] {
        assert_malformed(format!(r#"{{"access_token":"t","openid":"o","errcode":{errcode}}}"#)).await;
    }
}

#[tokio::test]
async fn what_is_no_json_object_is_refused() {
    for body in [
        "",
        " ",
        "null",
        "true",
        "0",
        "\"ok\"",
        "[]",
        r#"[{"access_token":"t","openid":"o"}]"#,
        "access_token=t&openid=o",
        "callback({\"access_token\":\"t\",\"openid\":\"o\"})",
        r#"{"access_token":"t","openid":"o"} x"#,
        r#"{"access_token":"t","openid":"o"}{"errcode":1}"#,
        r#"{"access_token":"t","openid":"o""#,
        r#"{"access_token":"t","openid":"o",}"#,
        r"{'access_token':'t','openid':'o'}",
        "\u{feff}{\"access_token\":\"t\",\"openid\":\"o\"}",
        "{\"access_token\":\"t\",\"openid\":\"o\u{1}\"}",
        "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
    ] {
        assert_malformed(body).await;
    }
    assert_malformed(b"{\"access_token\":\"t\",\"openid\":\"o\xff\"}").await;
    assert_malformed(b"\x1f\x8b\x08\x00\x00\x00\x00\x00").await;
}

#[tokio::test]
async fn keys_must_not_occur_twice() {
    for body in [
        r#"{"access_token":"t","openid":"o","openid":"p"}"#,
        r#"{"access_token":"t","openid":"o","openid":"o"}"#,
        r#"{"access_token":"t","openid":"o","\u006fpenid":"p"}"#,
        r#"{"errcode":0,"errcode":40029,"access_token":"t","openid":"o"}"#,
        r#"{"access_token":"t","openid":"o","x":1,"x":2}"#,
    ] {
        assert_malformed(body).await;
    }
}

#[tokio::test]
async fn depth_and_numbers_are_bounded() {
    let deep = format!(r#"{{"access_token":"t","openid":"o","x":{}{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    assert_malformed(deep).await;
    assert_malformed(r#"{"access_token":"t","openid":"o","expires_in":1e999}"#).await;
    let digits = format!(r#"{{"access_token":"t","openid":"o","expires_in":{}}}"#, "9".repeat(5000));
    assert_malformed(digits).await;
}

#[tokio::test]
async fn a_compressed_body_is_not_unpacked() {
    let headers = "Content-Encoding: gzip\r\nContent-Type: text/plain\r\n";
    let reply = Reply::with("200 OK", headers, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff");
    let error = exchange(vec![reply]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn refresh_takes_over_tokens() {
    let tokens = refresh(vec![Reply::text(good_tokens())]).await.unwrap();
    assert_eq!(tokens.access_token.reveal(), ACCESS_TOKEN);
    assert_eq!(tokens.open_id.as_str(), OPEN_ID);
}

#[tokio::test]
async fn a_token_is_good_only_when_wechat_says_so() {
    assert!(check_token(vec![Reply::text(r#"{"errcode":0,"errmsg":"ok"}"#)]).await.is_ok());
    for body in ["{}", r#"{"errmsg":"ok"}"#, "", r#"{"errcode":null}"#] {
        let error = check_token(vec![Reply::text(body)]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{body}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_body_makes_the_client_panic_or_succeed_by_chance(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let error = runtime.block_on(exchange(vec![Reply::text(body)])).unwrap_err();
        prop_assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
}
