//! What is no request, or two at once.

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};

use crate::client::{Answer, get, post, raw};
use crate::shop::{PROBE, Shop, shop};

fn answers(received: &[u8]) -> usize {
    String::from_utf8_lossy(received).matches("HTTP/1.1 ").count()
}

async fn is_alive(shop: &Shop) -> bool {
    get("/healthz").send(shop.address).await.status == 200
}

#[tokio::test]
async fn requests_may_follow_each_other_without_waiting() {
    let shop = shop().await;
    let body = r#"{"text": "a"}"#;
    let call = format!("POST {PROBE}echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let last = String::from_utf8(get("/healthz").bytes()).unwrap();
    let received = raw(shop.address, format!("{call}{call}{last}").as_bytes()).await;
    assert_eq!(answers(&received), 3);
}

#[tokio::test]
async fn what_follows_a_request_and_is_none_ends_the_connection() {
    let shop = shop().await;
    let received = raw(shop.address, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n\x00\x01 garbage\r\n\r\n").await;
    assert_eq!(Answer::parse(&received).status, 200);
    assert!(String::from_utf8_lossy(&received).contains("HTTP/1.1 400"));
    assert!(is_alive(&shop).await);
}

#[tokio::test]
async fn two_lengths_of_one_body_do_not_smuggle_a_request() {
    let shop = shop().await;
    let smuggled = format!("POST {PROBE}echo HTTP/1.1\r\nHost: a\r\n\r\n");
    let both = format!(
        "POST {PROBE}whoAmI HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}",
        5 + smuggled.len()
    );
    assert!(answers(&raw(shop.address, both.as_bytes()).await) <= 1);
    let differing =
        format!("POST {PROBE}whoAmI HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 9\r\n\r\n{smuggled}");
    let received = raw(shop.address, differing.as_bytes()).await;
    assert_eq!((Answer::parse(&received).status, answers(&received)), (400, 1));
    let disguised =
        format!("POST {PROBE}whoAmI HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{smuggled}");
    let received = raw(shop.address, disguised.as_bytes()).await;
    assert_eq!((Answer::parse(&received).status, answers(&received)), (400, 1));
}

#[tokio::test]
async fn a_request_names_one_host() {
    let shop = shop().await;
    let status = async |lines: &str, version: &str| {
        let request = format!("GET /healthz HTTP/{version}\r\n{lines}Connection: close\r\n\r\n");
        Answer::parse(&raw(shop.address, request.as_bytes()).await).status
    };
    for bad in
        ["", "Host: a\r\nHost: a\r\n", "Host: a\r\nHost: b\r\n", "Host: a b\r\n", "Host: u@a\r\n", "Host: \u{e4}\r\n"]
    {
        assert_eq!(status(bad, "1.1").await, 400, "{bad:?}");
    }
    for good in ["Host: a\r\n", "Host: [::1]:80\r\n", "Host:\r\n"] {
        assert_eq!(status(good, "1.1").await, 200, "{good:?}");
    }
    assert_eq!(status("", "1.0").await, 200, "HTTP/1.0 asks for none");
    assert_eq!(status("Host: a\r\nHost: a\r\n", "1.0").await, 400);
    let call = format!("POST {PROBE}whoAmI HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
    let received = raw(shop.address, call.as_bytes()).await;
    assert_eq!((Answer::parse(&received).status, Answer::parse(&received).error().as_str()), (400, "API_PARAMS_ERROR"));
}

#[tokio::test]
async fn a_body_comes_in_chunks_and_in_no_other_coding() {
    let shop = shop().await;
    let answer = async |coding: &str, version: &str| {
        let head = format!("POST {PROBE}whoAmI HTTP/{version}\r\nHost: a\r\nConnection: close\r\n{coding}\r\n");
        Answer::parse(&raw(shop.address, format!("{head}2\r\n{{}}\r\n0\r\n\r\n").as_bytes()).await)
    };
    for coding in ["chunked", "Chunked", "chunked ", "\tchunked"] {
        assert_eq!(answer(&format!("Transfer-Encoding: {coding}\r\n"), "1.1").await.status, 200, "{coding:?}");
    }
    for coding in ["gzip, chunked", "chunked, chunked", "identity, chunked", "deflate,chunked"] {
        let refused = answer(&format!("Transfer-Encoding: {coding}\r\n"), "1.1").await;
        assert_eq!((refused.status, refused.header("connection")), (501, Some("close")), "{coding:?}");
    }
    let twice = answer("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", "1.1").await;
    assert_eq!(twice.status, 501);
    assert_eq!(answer("Transfer-Encoding: chunked\r\n", "1.0").await.status, 400);
}

#[tokio::test]
async fn other_protocols_are_no_request() {
    let shop = shop().await;
    let tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    for bytes in [&tls[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"SSH-2.0-OpenSSH\r\n\r\n"]
    {
        let received = raw(shop.address, &[bytes, b"\r\n\r\n"].concat()).await;
        assert!(!received.starts_with(b"HTTP/1.1 2"), "{received:?}");
    }
    assert!(is_alive(&shop).await);
}

#[tokio::test]
async fn odd_targets_are_not_found() {
    let shop = shop().await;
    for target in [
        "*",
        "http://evil.example/",
        "/%00",
        "//acme/shop/",
        "/acme/shop/%2e%2e/",
        "/acme/shop/portal/..%2fportal.js",
        "/\u{e4}",
    ] {
        let answer = get(target).send(shop.address).await;
        assert!(matches!(answer.status, 400 | 404), "{target}: {}", answer.status);
    }
    let absolute = get("http://evil.example/acme/shop/").send(shop.address).await;
    assert_eq!(absolute.status, 200);
    assert!(!absolute.body.contains("evil.example"));
    let connect = crate::client::Request::new("CONNECT", "evil.example:443").send(shop.address).await;
    assert!(matches!(connect.status, 404 | 405), "{}", connect.status);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_path_and_body_gets_an_answer(path in "[!-~]{0,60}", cookie in "[ -~]{0,60}", body in vec(any::<u8>(), 0..200)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let shop = shop().await;
            let path = path.replace('#', "%");
            for target in [format!("/{path}"), format!("{PROBE}{path}"), format!("{PROBE}echo")] {
                let answer = post(&target, body.clone()).with("Cookie", &cookie).json().send(shop.address).await;
                assert!((200..500).contains(&answer.status), "{target}: {answer:?}");
            }
            assert!(is_alive(&shop).await);
        });
    }
}
