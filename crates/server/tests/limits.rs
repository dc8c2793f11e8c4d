//! How much, how long and how often.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mti_element::{AppView, BoxFuture, CallCount, Result, SharedCalls};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;

use crate::client::{Answer, PATIENCE, Request, get, post, raw, read_to_end};
use crate::shop::{ALICE, PROBE, shop, shop_with};

const SHORT: Duration = Duration::from_millis(100);

fn echo(body: impl Into<Vec<u8>>) -> Request {
    post(&format!("{PROBE}echo"), body)
}

#[tokio::test]
async fn a_body_may_have_so_many_bytes_and_no_more() {
    let shop = shop().await;
    let body = |length: usize| format!("{{\"text\": \"{}\"}}", "x".repeat(length - 12));
    let fits = echo(body(64 * 1024)).send(shop.address).await;
    assert_eq!(fits.status, 200);
    let announced = echo(body(64 * 1024 + 1)).send(shop.address).await;
    assert_eq!((announced.status, announced.error().as_str()), (413, "API_PARAMS_ERROR"));
    assert_eq!(announced.header("connection"), Some("close"));
}

#[tokio::test]
async fn a_body_without_an_announced_length_is_counted() {
    let shop = shop().await;
    let mut request =
        format!("POST {PROBE}echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
            .into_bytes();
    for _ in 0..20 {
        request.extend_from_slice(b"1000\r\n");
        request.extend_from_slice(&[b' '; 0x1000]);
        request.extend_from_slice(b"\r\n");
    }
    let answer = Answer::parse(&raw(shop.address, &request).await);
    assert_eq!((answer.status, answer.error().as_str()), (413, "API_PARAMS_ERROR"));
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up() {
    let shop = shop_with(|options| options.limits.body_timeout = SHORT).await;
    let head = format!("POST {PROBE}echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{{\"te");
    let answer = Answer::parse(&raw(shop.address, head.as_bytes()).await);
    assert_eq!((answer.status, answer.error().as_str()), (408, "API_PARAMS_ERROR"));
}

#[tokio::test]
async fn a_head_that_trickles_is_cut_off() {
    let shop = shop_with(|options| options.limits.head_timeout = SHORT).await;
    for head in ["", "GET", "GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: "] {
        let received = raw(shop.address, head.as_bytes()).await;
        assert!(!received.starts_with(b"HTTP/1.1 200"), "{head:?}");
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let shop = shop_with(|options| options.limits.head_timeout = SHORT).await;
    let received = raw(shop.address, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(Answer::parse(&received).status, 200);
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_given_up() {
    let shop = shop_with(|options| options.limits.request_timeout = SHORT).await;
    let answer = post(&format!("{PROBE}wait"), "").send(shop.address).await;
    assert_eq!((answer.status, answer.error().as_str()), (500, "ELEMENT_EXCEPTION"));
}

#[tokio::test]
async fn an_url_may_have_so_many_bytes_and_no_more() {
    let shop = shop().await;
    let query = "x".repeat(8 * 1024);
    let page = get(&format!("/acme/shop/?{query}")).send(shop.address).await;
    assert_eq!(page.status, 414);
    let call = post(&format!("{PROBE}whoAmI?{query}"), "").send(shop.address).await;
    assert_eq!((call.status, call.error().as_str()), (414, "API_PARAMS_ERROR"));
    let fits = get(&format!("/acme/shop/?{}", "x".repeat(8 * 1024 - 12))).send(shop.address).await;
    assert_eq!(fits.status, 200);
}

#[tokio::test]
async fn a_head_may_have_so_many_bytes_and_headers_and_no_more() {
    let shop = shop().await;
    let wide = get("/healthz").with("X-Wide", &"x".repeat(17 * 1024)).send(shop.address).await;
    assert_eq!(wide.status, 431);
    let many = (0..200).fold(get("/healthz"), |request, number| request.with(&format!("X-{number}"), "1"));
    assert_eq!(many.send(shop.address).await.status, 431);
}

#[tokio::test]
async fn a_connection_waits_for_a_place() {
    let shop = shop_with(|options| options.limits.connections = 1).await;
    let first = TcpStream::connect(shop.address).await.unwrap();
    let mut second = TcpStream::connect(shop.address).await.unwrap();
    second.write_all(&get("/healthz").bytes()).await.unwrap();
    // The first has its place and says nothing; only when it leaves is the second one answered.
    let mut first = first;
    first.write_all(&get("/healthz").bytes()).await.unwrap();
    assert_eq!(Answer::parse(&read_to_end(&mut first).await).status, 200);
    drop(first);
    assert_eq!(Answer::parse(&read_to_end(&mut second).await).status, 200);
}

/// Asks from one of the addresses of this machine. Nothing comes back where the connection is closed at once.
async fn ask_from(own: &str, server: SocketAddr) -> Vec<u8> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(own.parse().unwrap(), 0)).unwrap();
    let mut stream = socket.connect(server).await.unwrap();
    drop(stream.write_all(&get("/healthz").bytes()).await);
    read_to_end(&mut stream).await
}

/// Connections that are open and have been answered, so that they have their places.
async fn hold(count: usize, server: SocketAddr) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(server).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        stream.readable().await.unwrap();
        held.push(stream);
    }
    held
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_address_that_has_enough_connections_gets_no_more_and_others_do() {
    let shop = shop_with(|options| options.limits.connections_per_address = 3).await;
    let mut held = hold(3, shop.address).await;
    for _ in 0..5 {
        assert_eq!(ask_from("127.0.0.1", shop.address).await, b"");
    }
    assert_eq!(Answer::parse(&ask_from("127.0.0.2", shop.address).await).status, 200);
    held.pop();
    let has_place_again = async { while ask_from("127.0.0.1", shop.address).await.is_empty() {} };
    tokio::time::timeout(PATIENCE, has_place_again).await.expect("the place of a closed connection is lost");
}

#[tokio::test]
async fn no_address_takes_all_places() {
    let shop = shop_with(|options| options.limits.connections = 4).await;
    let _held = hold(2, shop.address).await;
    assert_eq!(ask_from("127.0.0.1", shop.address).await, b"");
}

#[tokio::test]
async fn a_trusted_proxy_may_have_any_number_of_connections() {
    let shop = shop_with(|options| {
        options.limits.connections_per_address = 1;
        options.trusted_proxies.networks = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let _held = hold(5, shop.address).await;
    assert_eq!(Answer::parse(&ask_from("127.0.0.1", shop.address).await).status, 200);
}

/// The number of connections that the server says there may be.
#[cfg(target_os = "linux")]
async fn connections_limit(asked: usize) -> usize {
    let shop = shop_with(|options| options.limits.connections = asked).await;
    let metrics = get("/metrics").send(shop.address).await.body;
    metrics.lines().find_map(|line| line.strip_prefix("mti_connections_limit ")).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn there_are_no_more_connections_than_files_may_be_open() {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let soft: Option<usize> = files.split_whitespace().next().unwrap().parse().ok();
    let possible = soft.map_or(tokio::sync::Semaphore::MAX_PERMITS, |soft| soft - 64);
    assert_eq!(connections_limit(usize::MAX).await, possible);
    assert_eq!(connections_limit(7).await, 7);
}

#[tokio::test]
async fn anonymous_calls_are_counted_by_address() {
    let shop = shop_with(|options| options.anonymous_calls_per_minute = NonZeroU32::new(3)).await;
    let call = post(&format!("{PROBE}whoAmI"), "");
    for _ in 0..3 {
        assert_eq!(call.send(shop.address).await.status, 200);
    }
    let refused = call.send(shop.address).await;
    assert_eq!((refused.status, refused.error().as_str()), (429, "RATE_LIMITED"));
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=20).contains(&seconds), "{seconds}");
    let with_junk = call.clone().with("Authorization", "Bearer junk").send(shop.address).await;
    assert_eq!(with_junk.status, 429);
    let unknown = post("/api/acme/shop/probes/Nobody/echo", "").send(shop.address).await;
    assert_eq!(unknown.status, 429);
}

#[tokio::test]
async fn who_is_signed_in_is_not_counted() {
    let shop = shop_with(|options| options.anonymous_calls_per_minute = NonZeroU32::new(1)).await;
    let call = post(&format!("{PROBE}whoAmI"), "").with("Authorization", &format!("Bearer {ALICE}"));
    for _ in 0..5 {
        assert_eq!(call.send(shop.address).await.status, 200);
    }
}

#[tokio::test]
async fn invalid_tokens_are_looked_up_so_often_and_no_more() {
    let shop = shop_with(|options| {
        options.anonymous_calls_per_minute = NonZeroU32::new(1);
        options.trusted_proxies.networks = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let status = async |from: &str, token: &str| {
        let call = post(&format!("{PROBE}whoAmI"), "").with("X-Forwarded-For", from);
        call.with("Authorization", &format!("Bearer {token}")).send(shop.address).await.status
    };
    for _ in 0..20 {
        assert_eq!(status("203.0.113.1", ALICE).await, 200);
    }
    let expected =
        [("junk-1", 200), ("junk-2", 429), ("junk-3", 429), ("failing", 500), ("junk-4", 429), ("failing", 429)];
    for (token, expected) in expected {
        assert_eq!(status("203.0.113.1", token).await, expected, "{token}");
    }
    // Who is signed in does not pay for others behind the same address.
    assert_eq!(status("203.0.113.1", ALICE).await, 200);
    assert_eq!(status("203.0.113.2", ALICE).await, 200);
}

#[tokio::test]
async fn addresses_are_counted_apart_and_ipv6_by_network() {
    let shop = shop_with(|options| {
        options.anonymous_calls_per_minute = NonZeroU32::new(1);
        options.trusted_proxies.networks = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let call = |from: &str| post(&format!("{PROBE}whoAmI"), "").with("X-Forwarded-For", from);
    let expected = [
        ("203.0.113.1", 200),
        ("203.0.113.1", 429),
        ("203.0.113.2", 200),
        ("::ffff:203.0.113.2", 429),
        ("2001:db8:1:1::1", 200),
        ("2001:db8:1:1:ffff::2", 429),
        ("2001:db8:1:2::1", 200),
    ];
    for (from, status) in expected {
        assert_eq!(call(from).send(shop.address).await.status, status, "{from}");
    }
}

/// Where two servers tell each other of calls.
#[derive(Debug, Default)]
struct Board {
    told: Mutex<Vec<(usize, CallCount)>>,
    /// How many exchanges each has begun.
    exchanges: [watch::Sender<usize>; 2],
}

#[derive(Debug)]
struct Side(Arc<Board>, usize);

impl SharedCalls for Side {
    fn exchange(&self, _: Arc<dyn AppView>, counted: Vec<CallCount>) -> BoxFuture<'_, Result<Vec<CallCount>>> {
        Box::pin(async move {
            let Self(board, side) = self;
            board.exchanges[*side].send_modify(|exchanges| *exchanges += 1);
            let mut told = board.told.lock().unwrap();
            told.extend(counted.into_iter().map(|count| (*side, count)));
            let (news, own) = std::mem::take(&mut *told).into_iter().partition(|(teller, _)| teller != side);
            *told = own;
            Ok(Vec::into_iter(news).map(|(_, count)| count).collect())
        })
    }
}

impl Board {
    /// Waits until a server has taken in what the other one has counted.
    async fn settled(&self) {
        for side in [0, 1, 1] {
            let mut exchanges = self.exchanges[side].subscribe();
            let begun = *exchanges.borrow_and_update();
            exchanges.wait_for(|exchanges| *exchanges > begun).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_an_address_has_called_elsewhere_counts_too() {
    let board = Arc::new(Board::default());
    let shop_at = async |side: usize| {
        let shared = Side(Arc::clone(&board), side);
        shop_with(|options| {
            options.anonymous_calls_per_minute = NonZeroU32::new(60);
            options.trusted_proxies.networks = vec!["127.0.0.1".parse().unwrap()];
            options.shared_calls = Some(Arc::new(shared));
        })
        .await
    };
    let (here, there) = (shop_at(0).await, shop_at(1).await);
    let call = |from: &str| post(&format!("{PROBE}whoAmI"), "").with("X-Forwarded-For", from);
    for _ in 0..60 {
        assert_eq!(call("203.0.113.1").send(here.address).await.status, 200);
    }
    call("203.0.113.2").send(here.address).await;
    board.settled().await;
    // Since then a few seconds' worth of calls has come back.
    let mut answered = 0;
    while call("203.0.113.1").send(there.address).await.status == 200 {
        answered += 1;
    }
    assert!(answered < 30, "{answered}");
    assert_eq!(call("203.0.113.2").send(there.address).await.status, 200);
}

#[tokio::test]
async fn the_default_admits_three_hundred_calls_at_once() {
    let shop = shop().await;
    let mut stream = TcpStream::connect(shop.address).await.unwrap();
    let call = format!("POST {PROBE}whoAmI HTTP/1.1\r\nHost: a\r\n\r\n");
    let last = post(&format!("{PROBE}whoAmI"), "").bytes();
    let (mut reading, mut writing) = stream.split();
    let send = async {
        for _ in 0..299 {
            writing.write_all(call.as_bytes()).await.unwrap();
        }
        writing.write_all(&last).await.unwrap();
    };
    let mut received = Vec::new();
    let receive = tokio::io::AsyncReadExt::read_to_end(&mut reading, &mut received);
    let ((), count) = tokio::join!(send, receive);
    count.unwrap();
    let received = String::from_utf8(received).unwrap();
    assert_eq!(received.matches("HTTP/1.1 200 OK").count(), 300);
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_cut_off() {
    let shop = shop_with(|options| options.limits.write_timeout = SHORT).await;
    let mut stream = TcpStream::connect(shop.address).await.unwrap();
    let page = b"GET /acme/shop/portal/portal.css HTTP/1.1\r\nHost: a\r\n\r\n";
    // Until the server has gone: as long as it is there, more is asked for and nothing is read.
    let asking = async { while stream.write_all(page).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, asking).await.expect("the server still waits for the client");
    assert_eq!(get("/healthz").send(shop.address).await.status, 200);
}
