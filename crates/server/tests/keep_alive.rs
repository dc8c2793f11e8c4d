//! A connection goes on after an answer, whatever it was and however late the body came.

use std::num::NonZeroU32;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{Answer, PATIENCE, get, raw, read_to_end};
use crate::shop::{COOKIE, PROBE, Shop, shop, shop_with};

/// What is asked for, a header that goes with it, and the status of the answer.
const REQUESTS: [(&str, &str, &str, u16); 10] = [
    ("POST", "/api/acme/shop/probes/Probe/whoAmI", "", 200),
    ("POST", "/api/acme/shop/probes/Probe/secretGreeting", "", 401),
    ("POST", "/api/acme/shop/probes/Probe/whoAmI", "Content-Type: text/plain\r\n", 403),
    ("POST", "/api/acme/shop/probes/Probe/nothing", "", 404),
    ("POST", "/api/acme/shop/probes/Nobody/whoAmI", "", 404),
    ("POST", "/api/acme/other/probes/Probe/whoAmI", "", 404),
    ("PUT", "/api/acme/shop/probes/Probe/whoAmI", "", 405),
    ("GET", "/api/acme", "", 405),
    ("POST", "/acme/shop/", "", 405),
    ("POST", "/nowhere", "", 404),
];

/// A head that announces the body `{}`.
fn head(method: &str, path: &str, headers: &str) -> String {
    // The cookie is good for nothing; a call that has one must say that it is JSON.
    let cookie = if headers.is_empty() { String::new() } else { format!("Cookie: {COOKIE}=nobody\r\n") };
    format!("{method} {path} HTTP/1.1\r\nHost: a\r\n{cookie}{headers}Content-Length: 2\r\n")
}

/// Sends the body that is missing and another request, and gives back the status of the first answer once both have come.
async fn status_of_first_of_two(stream: &mut TcpStream, case: &str) -> u16 {
    stream.write_all(b"{}").await.unwrap();
    stream.write_all(&get("/healthz").bytes()).await.unwrap();
    let received = read_to_end(stream).await;
    let text = String::from_utf8_lossy(&received);
    assert_eq!(text.matches("HTTP/1.1 ").count(), 2, "{case}: {text}");
    assert!(text.contains("{\"status\":\"ok\"}"), "{case}: {text}");
    Answer::parse(&received).status
}

async fn send_head_alone(shop: &Shop, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(shop.address).await.unwrap();
    stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    // By the time that a later client is answered, the server has had the head.
    assert_eq!(get("/healthz").send(shop.address).await.status, 200);
    stream
}

#[tokio::test]
async fn a_body_that_comes_after_its_head_belongs_to_the_request() {
    let shop = shop().await;
    for (method, path, headers, status) in REQUESTS {
        let case = format!("{method} {path} {headers}");
        let mut stream = send_head_alone(&shop, &head(method, path, headers)).await;
        assert_eq!(status_of_first_of_two(&mut stream, &case).await, status, "{case}");
    }
}

#[tokio::test]
async fn a_body_is_asked_for_before_it_is_known_whether_it_is_needed() {
    let shop = shop().await;
    for (method, path, headers, status) in REQUESTS {
        let case = format!("{method} {path} {headers}");
        let mut stream = TcpStream::connect(shop.address).await.unwrap();
        let head = head(method, path, headers) + "Expect: 100-continue\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut interim = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
        tokio::time::timeout(PATIENCE, stream.read_exact(&mut interim)).await.expect("no answer").unwrap();
        assert_eq!(String::from_utf8_lossy(&interim), "HTTP/1.1 100 Continue\r\n\r\n", "{case}");
        assert_eq!(status_of_first_of_two(&mut stream, &case).await, status, "{case}");
    }
}

#[tokio::test]
async fn who_asks_too_often_may_go_on_asking_on_his_connection() {
    let shop = shop_with(|options| options.anonymous_calls_per_minute = NonZeroU32::new(1)).await;
    for status in [200, 429] {
        let mut stream = send_head_alone(&shop, &head("POST", &format!("{PROBE}whoAmI"), "")).await;
        assert_eq!(status_of_first_of_two(&mut stream, "whoAmI").await, status);
    }
}

#[tokio::test]
async fn an_answer_to_a_body_that_is_not_read_says_that_the_connection_ends() {
    let shop = shop().await;
    let chunk = format!("11000\r\n{}\r\n", " ".repeat(0x11000));
    let bodies = ["Content-Length: 70000\r\n\r\n".to_owned(), format!("Transfer-Encoding: chunked\r\n\r\n{chunk}")];
    for (method, path, headers, _) in REQUESTS {
        for body in &bodies {
            let request = format!("{method} {path} HTTP/1.1\r\nHost: a\r\n{headers}{body}");
            let answer = Answer::parse(&raw(shop.address, request.as_bytes()).await);
            assert_eq!((answer.status, answer.header("connection")), (413, Some("close")), "{method} {path}");
        }
    }
    let long = format!("POST /{} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n", "x".repeat(9000));
    let answer = Answer::parse(&raw(shop.address, long.as_bytes()).await);
    assert_eq!((answer.status, answer.header("connection")), (414, Some("close")));
}
