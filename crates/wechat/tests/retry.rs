use std::time::Duration;

use mti_wechat::{ErrorKind, Handling, UnavailableCause, WeChatError};

use crate::support::{AMPLE, OPEN_ID, Reply, ScriptedServer, exchange, exchange_at, good_tokens, user_info};

#[tokio::test]
async fn busy_once_is_no_failure() {
    let server = ScriptedServer::start(vec![Reply::errcode(-1), Reply::text(good_tokens())]).await;
    let tokens = exchange_at(&server, AMPLE).await.unwrap();
    assert_eq!(tokens.open_id.as_str(), OPEN_ID);
    let lines = server.request_lines();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0], lines[1], "the second attempt has the same code");
}

#[tokio::test]
async fn busy_twice_is_a_failure() {
    let replies = vec![Reply::errcode(-1), Reply::errcode(-1), Reply::text(good_tokens())];
    let server = ScriptedServer::start(replies).await;
    let error = exchange_at(&server, AMPLE).await.unwrap_err();
    assert_eq!(error.errcode(), Some(-1));
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.handling(), Handling::RetryLater);
    assert_eq!(server.request_lines().len(), 2);
}

#[tokio::test]
async fn a_code_used_up_by_the_first_attempt_is_no_security_event() {
    let error = exchange(vec![Reply::errcode(-1), Reply::errcode(40163)]).await.unwrap_err();
    assert_eq!(error.handling(), Handling::Restart);
    assert!(!error.is_security_event());

    let error = exchange(vec![Reply::errcode(40163)]).await.unwrap_err();
    assert!(error.is_security_event());
}

#[tokio::test]
async fn no_other_answer_is_retried() {
    for errcode in [40029, 40163, 45011, 99999] {
        let server = ScriptedServer::start(vec![Reply::errcode(errcode), Reply::text(good_tokens())]).await;
        assert_eq!(exchange_at(&server, AMPLE).await.unwrap_err().errcode(), Some(errcode));
        assert_eq!(server.request_lines().len(), 1, "{errcode}");
    }
}

#[tokio::test]
async fn the_second_attempt_shares_the_deadline() {
    // Each attempt alone would be in time, both together are not.
    let pause = Duration::from_millis(600);
    let server = ScriptedServer::start(vec![
        Reply::Late(pause, Box::new(Reply::errcode(-1))),
        Reply::Late(pause, Box::new(Reply::text(good_tokens()))),
    ])
    .await;
    let error = exchange_at(&server, Duration::from_secs(1)).await.unwrap_err();
    assert!(matches!(error, WeChatError::Unavailable { cause: UnavailableCause::Timeout, .. }), "{error}");
}

#[tokio::test]
async fn no_second_attempt_without_time_for_it() {
    let server = ScriptedServer::start(vec![Reply::errcode(-1), Reply::text(good_tokens())]).await;
    // The pause before a second attempt is longer than this.
    let error = exchange_at(&server, Duration::from_millis(45)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(server.request_lines().len() <= 1);
}

#[tokio::test]
async fn user_information_is_asked_for_again_too() {
    let body = format!(r#"{{"openid":"{OPEN_ID}","nickname":"x"}}"#);
    assert!(user_info(vec![Reply::errcode(-1), Reply::text(body)]).await.is_ok());
}
