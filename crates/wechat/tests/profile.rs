use mti_wechat::{ErrorKind, UnavailableCause, WeChatError};

use crate::support::{OPEN_ID, Reply, UNION_ID, user_info};

fn with_nickname(nickname: &[u8]) -> Vec<u8> {
    let mut body = format!(r#"{{"openid":"{OPEN_ID}","nickname":""#).into_bytes();
    body.extend_from_slice(nickname);
    body.extend_from_slice(br#"","sex":0}"#);
    body
}

#[tokio::test]
async fn a_profile_is_taken_over() {
    let body = format!(
        r#"{{"openid":"{OPEN_ID}","nickname":"张三💤","sex":0,"language":"zh_CN","city":"","province":"","country":"",
        "headimgurl":"https:\/\/thirdwx.qlogo.cn\/mmopen\/a\/0","privilege":["chinaunicom"],"unionid":"{UNION_ID}"}}"#
    );
    let profile = user_info(vec![Reply::text(body)]).await.unwrap();
    assert_eq!(profile.open_id.as_str(), OPEN_ID);
    assert_eq!(profile.union_id.unwrap().as_str(), UNION_ID);
    assert_eq!(profile.nickname, "张三💤");
    assert_eq!(profile.avatar.as_deref(), Some("https://thirdwx.qlogo.cn/mmopen/a/0"));
    assert_eq!(profile.language, "zh_CN");
    assert_eq!(profile.privileges, ["chinaunicom"]);
}

#[tokio::test]
async fn a_profile_of_somebody_else_is_refused() {
    let body = r#"{"openid":"oSomebodyElse","nickname":"x"}"#;
    let error = user_info(vec![Reply::text(body)]).await.unwrap_err();
    assert!(matches!(error, WeChatError::IdentityMismatch { .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::CodeInvalid);
    assert!(error.is_security_event());
}

#[tokio::test]
async fn a_profile_without_an_open_id_is_refused() {
    for body in [r#"{"nickname":"x"}"#, r#"{"openid":"","nickname":"x"}"#, "{}", "[]", ""] {
        let error = user_info(vec![Reply::text(body)]).await.unwrap_err();
        let is_malformed = matches!(error, WeChatError::Unavailable { cause: UnavailableCause::Malformed(_), .. });
        assert!(is_malformed, "{body}: {error}");
    }
}

#[tokio::test]
async fn odd_nicknames_are_no_obstacle() {
    let long = "长".repeat(10_000);
    for (sent, expected) in [
        (&b""[..], ""),
        (b"<script>alert(1)<\\/script>", "<script>alert(1)</script>"),
        ("\u{202e}evil\u{200b}".as_bytes(), "\u{202e}evil\u{200b}"),
        (b"\\ud83d\\udca4", "💤"),
        (b"tab\there\x01\n", "tab here  "),
        (b"broken \xff\xfe", "broken \u{fffd}\u{fffd}"),
        (long.as_bytes(), long.as_str()),
    ] {
        let profile = user_info(vec![Reply::text(with_nickname(sent))]).await.unwrap();
        assert_eq!(profile.nickname, expected);
    }
}

#[tokio::test]
async fn fields_for_display_may_be_of_any_type() {
    let body =
        format!(r#"{{"openid":"{OPEN_ID}","nickname":null,"language":7,"city":[],"privilege":"x","headimgurl":{{}}}}"#);
    let profile = user_info(vec![Reply::text(body)]).await.unwrap();
    assert_eq!(profile.nickname, "");
    assert_eq!(profile.avatar, None);
    assert!(profile.privileges.is_empty());
}

#[tokio::test]
async fn an_avatar_is_a_web_address_or_none() {
    for avatar in ["", "javascript:alert(1)", "data:text/html,x", "//evil.example/a", "file:///etc/passwd"] {
        let body = format!(r#"{{"openid":"{OPEN_ID}","headimgurl":"{avatar}"}}"#);
        assert_eq!(user_info(vec![Reply::text(body)]).await.unwrap().avatar, None, "{avatar}");
    }
}
