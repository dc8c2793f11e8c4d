//! What a body may be.

use serde_json::json;

use crate::client::post;
use crate::shop::{PROBE, shop};

async fn refusals(function: &str, bodies: &[&[u8]]) {
    let shop = shop().await;
    for body in bodies {
        let answer = post(&format!("{PROBE}{function}"), *body).send(shop.address).await;
        let shown = String::from_utf8_lossy(body).chars().take(60).collect::<String>();
        assert_eq!((answer.status, answer.error().as_str()), (400, "API_PARAMS_ERROR"), "{shown}");
        assert_eq!(answer.json()["data"], json!({}), "{shown}");
    }
}

#[tokio::test]
async fn an_empty_body_is_no_arguments() {
    let shop = shop().await;
    for body in ["", " \n", "{}", "\u{feff}{}"] {
        let answer = post(&format!("{PROBE}whoAmI"), body).send(shop.address).await;
        assert_eq!((answer.status, &answer.json()["data"]), (200, &json!(null)), "{body:?}");
    }
}

#[tokio::test]
async fn a_body_is_one_object() {
    refusals("whoAmI", &[b"[]", b"null", b"3", b"\"text\"", b"{} {}", b"{", b"{'a': 1}", b"{\"a\": 1,}", b"a=b"]).await;
}

#[tokio::test]
async fn a_body_is_not_compressed() {
    let shop = shop().await;
    let echo = || post(&format!("{PROBE}echo"), r#"{"text": "a"}"#);
    for encoding in ["gzip", "br", "GZIP", "identity, gzip"] {
        let answer = echo().with("Content-Encoding", encoding).send(shop.address).await;
        assert_eq!((answer.status, answer.error().as_str()), (415, "API_PARAMS_ERROR"), "{encoding}");
        assert_eq!(answer.header("accept-encoding"), Some("identity"));
    }
    assert_eq!(echo().with("Content-Encoding", "Identity").send(shop.address).await.status, 200);
}

#[tokio::test]
async fn a_body_is_utf8() {
    refusals("echo", &[b"{\"text\": \"\xff\"}", b"{\"text\": \"\xed\xa0\x80\"}"]).await;
}

#[tokio::test]
async fn keys_are_given_once_at_any_depth() {
    refusals(
        "echo",
        &[br#"{"text": "a", "text": "b"}"#, br#"{"text": {"a": 1, "a": 2}}"#, br#"{"text": "a", "t\u0065xt": "b"}"#],
    )
    .await;
}

#[tokio::test]
async fn nesting_has_an_end() {
    let deep = format!("{{\"text\": {}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    refusals("echo", &[deep.as_bytes()]).await;
}

#[tokio::test]
async fn undeclared_arguments_are_refused() {
    refusals("echo", &[br#"{"text": "a", "extra": 1}"#, br#"{"Text": "a"}"#]).await;
    refusals("whoAmI", &[br#"{"userId": "alice"}"#]).await;
}

#[tokio::test]
async fn required_arguments_must_be_there_and_fit() {
    refusals(
        "echo",
        &[b"{}", br#"{"times": 2}"#, br#"{"text": 3}"#, br#"{"text": null}"#, br#"{"text": "a", "times": -1}"#],
    )
    .await;
}

#[tokio::test]
async fn an_argument_that_is_left_out_has_its_declared_value() {
    let shop = shop().await;
    let answer = post(&format!("{PROBE}echo"), r#"{"text": "once"}"#).send(shop.address).await;
    assert_eq!(answer.json()["data"], "once");
}

#[tokio::test]
async fn a_name_from_outside_is_shown_cut_and_without_control_characters() {
    let shop = shop().await;
    let body = json!({ format!("\u{1b}[31m{}", "x".repeat(500)): 1 }).to_string();
    let answer = post(&format!("{PROBE}echo"), body).send(shop.address).await;
    let message = answer.json()["errmsg"].as_str().unwrap().to_owned();
    assert!(message.len() < 200 && !message.contains('\u{1b}'), "{message:?}");
}
