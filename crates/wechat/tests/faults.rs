//! What the network can do to an exchange.

use std::time::{Duration, Instant};

use mti_wechat::{AuthorizationCode, Endpoints, ErrorKind, Handling, MAX_BODY_LENGTH, UnavailableCause, WeChatError};

use crate::support::{AMPLE, CODE, Reply, ScriptedServer, client, credentials, exchange, exchange_at, good_tokens};

const BRIEF: Duration = Duration::from_millis(300);

fn unavailable(error: WeChatError) -> UnavailableCause {
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.handling(), Handling::Restart);
    assert_eq!(error.errcode(), None);
    match error {
        WeChatError::Unavailable { cause, .. } => cause,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn only_status_200_counts() {
    for status in ["201 Created", "204 No Content", "400 Bad Request", "500 Oops", "502 Bad Gateway", "299 Odd"] {
        let server = ScriptedServer::start(vec![Reply::with(status, "", good_tokens()); 2]).await;
        let cause = unavailable(exchange_at(&server, AMPLE).await.unwrap_err());
        assert!(matches!(cause, UnavailableCause::Status(_)), "{status}: {cause}");
        assert_eq!(server.request_lines().len(), 1, "{status} is not retried");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let target = ScriptedServer::start(vec![Reply::text(good_tokens())]).await;
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let headers = format!("Location: {}/\r\n", target.url());
        let reply = Reply::with(status, &headers, "");
        let cause = unavailable(exchange(vec![reply]).await.unwrap_err());
        assert!(matches!(cause, UnavailableCause::Redirected(_)), "{status}: {cause}");
    }
    assert!(target.request_lines().is_empty());
}

#[tokio::test]
async fn a_body_of_64_kib_is_the_largest() {
    let tokens = good_tokens();
    let largest = tokens.clone() + &" ".repeat(MAX_BODY_LENGTH - tokens.len());
    assert!(exchange(vec![Reply::text(&largest)]).await.is_ok());
    let cause = unavailable(exchange(vec![Reply::text(largest + " ")]).await.unwrap_err());
    assert!(matches!(cause, UnavailableCause::TooLarge), "{cause}");
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    for headers in ["", "Content-Length: 99999999999\r\n"] {
        let head = format!("HTTP/1.1 200 OK\r\n{headers}\r\n").into_bytes();
        let cause = unavailable(exchange(vec![Reply::Endless(head)]).await.unwrap_err());
        assert!(matches!(cause, UnavailableCause::TooLarge), "{cause}");
    }
}

#[tokio::test]
async fn the_deadline_holds_at_every_stage() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n{".to_vec();
    for reply in [
        Reply::Stall(Vec::new()),
        Reply::Stall(b"HTTP/1.1 200 OK\r\n".to_vec()),
        Reply::Stall(head.clone()),
        Reply::Drip(head, Duration::from_millis(20)),
    ] {
        let server = ScriptedServer::start(vec![reply.clone(); 2]).await;
        let started = Instant::now();
        let cause = unavailable(exchange_at(&server, BRIEF).await.unwrap_err());
        assert!(matches!(cause, UnavailableCause::Timeout), "{reply:?}: {cause}");
        assert!(started.elapsed() >= BRIEF, "{reply:?}");
        assert!(server.request_lines().len() <= 1, "{reply:?} is not retried");
    }
}

#[tokio::test]
async fn no_time_means_no_request() {
    let server = ScriptedServer::start(vec![Reply::text(good_tokens())]).await;
    let cause = unavailable(exchange_at(&server, Duration::ZERO).await.unwrap_err());
    assert!(matches!(cause, UnavailableCause::Timeout), "{cause}");
    assert!(server.request_lines().is_empty());
}

#[tokio::test]
async fn a_connection_that_breaks_is_not_tried_again() {
    for bytes in [
        &b""[..],
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"access_token\":\"t\",",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"acc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"\x15\x03\x01\x00\x02\x02\x16",
        b"not http at all\r\n\r\n",
    ] {
        let server = ScriptedServer::start(vec![Reply::Raw(bytes.to_vec()); 2]).await;
        let cause = unavailable(exchange_at(&server, AMPLE).await.unwrap_err());
        let shown = String::from_utf8_lossy(bytes);
        assert!(matches!(cause, UnavailableCause::Interrupted(_)), "{shown}: {cause}");
        assert_eq!(server.request_lines().len(), 1, "{shown}");
    }
}

#[tokio::test]
async fn a_flood_of_headers_is_refused() {
    let headers = "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(10_000);
    let cause = unavailable(exchange(vec![Reply::with("200 OK", &headers, good_tokens())]).await.unwrap_err());
    assert!(matches!(cause, UnavailableCause::Interrupted(_)), "{cause}");
}

#[tokio::test]
async fn nobody_listening_is_reported_as_such() {
    let vacant = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let endpoints = Endpoints::new(None, Some(&vacant)).unwrap();
    let code = AuthorizationCode::parse(CODE).unwrap();
    let error = client().exchange_code(&endpoints, &credentials(), &code, AMPLE).await.unwrap_err();
    let cause = unavailable(error);
    assert!(matches!(cause, UnavailableCause::Connect(_)), "{cause}");
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_refused() {
    let server = ScriptedServer::start(vec![Reply::text(good_tokens())]).await;
    let address = server.url().replace("http://", "https://");
    let endpoints = Endpoints::new(None, Some(&address)).unwrap();
    let code = AuthorizationCode::parse(CODE).unwrap();
    let error = client().exchange_code(&endpoints, &credentials(), &code, BRIEF).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn nothing_but_the_documented_request_is_sent() {
    let server = ScriptedServer::start(vec![Reply::text(good_tokens())]).await;
    exchange_at(&server, AMPLE).await.unwrap();
    let heads = server.request_heads();
    assert_eq!(heads.len(), 1);
    assert!(heads[0].starts_with(
        "GET /sns/oauth2/access_token?appid=wx0123456789abcdef&secret=canarysecret00112233445566778899\
         &code=canarycode0987654321canarycode00&grant_type=authorization_code HTTP/1.1\r\n"
    ));
    let head = heads[0].to_ascii_lowercase();
    for absent in ["accept-encoding", "referer", "authorization", "cookie"] {
        assert!(!head.contains(&format!("\r\n{absent}:")), "{absent}");
    }
}

#[tokio::test]
async fn a_code_cannot_smuggle_parameters() {
    let server = ScriptedServer::start(vec![Reply::text(good_tokens())]).await;
    let endpoints = Endpoints::new(None, Some(&server.url())).unwrap();
    let code = AuthorizationCode::parse("a&appid=wxother#x?/%26").unwrap();
    client().exchange_code(&endpoints, &credentials(), &code, AMPLE).await.unwrap();
    assert!(server.request_lines()[0].contains("&code=a%26appid%3Dwxother%23x%3F%2F%2526&grant_type="));
}
