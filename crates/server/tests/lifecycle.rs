//! Starting and stopping.

use std::sync::Arc;
use std::time::Duration;

use mti_registry::App;
use mti_server::{Server, ServerError};
use mti_testkit::Tree;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use url::Url;

use crate::client::{Answer, get, post, read_to_end};
use crate::shop::{PROBE, options, shop, shop_with};

fn empty_app() -> (Tree, App) {
    let tree = Tree::new("//- app.json\n{\"appId\": \"acme.empty\", \"version\": \"1.0.0\"}\n");
    let app = App::open(tree.path()).unwrap();
    (tree, app)
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let shop = shop().await;
    let (_tree, app) = empty_app();
    let mut options = options();
    options.address = shop.address;
    match Server::bind(app, options).await {
        Err(ServerError::PortInUse { address }) => assert_eq!(address, shop.address),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_public_url_must_be_one() {
    for text in ["ftp://example.com/", "https://user@example.com/", "https://example.com/?a=b", "data:text/plain,a"] {
        let (_tree, app) = empty_app();
        let mut options = options();
        options.public_url = Some(Url::parse(text).unwrap());
        assert!(matches!(Server::bind(app, options).await, Err(ServerError::PublicUrl { .. })), "{text}");
    }
}

#[tokio::test]
async fn a_password_in_the_public_url_is_not_repeated() {
    let (_tree, app) = empty_app();
    let mut options = options();
    options.public_url = Some("https://user:hunter2@example.com/".parse().unwrap());
    let error = Server::bind(app, options).await.unwrap_err();
    assert!(
        error.to_string().contains("example.com") && !format!("{error} {error:?}").contains("hunter2"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_frame_origin_must_be_one() {
    for text in [
        "https://example.com/page",
        "example.com",
        "'self'",
        "https://example.com; script-src *",
        "javascript:alert(1)",
        "*",
    ] {
        let (_tree, app) = empty_app();
        let mut options = options();
        options.frame_origins = Arc::new(|_| vec![text.to_owned()]);
        assert!(matches!(Server::bind(app, options).await, Err(ServerError::FrameOrigin { .. })), "{text}");
    }
}

#[tokio::test]
async fn a_request_in_progress_is_answered_before_the_server_stops() {
    let mut shop = shop().await;
    let address = shop.address;
    let calling = tokio::spawn(async move { post(&format!("{PROBE}wait"), "").send(address).await });
    let gate = shop.gate();
    gate.entered.acquire().await.unwrap().forget();
    shop.stop();
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    gate.open.add_permits(1);
    let answer = calling.await.unwrap();
    assert_eq!((answer.status, answer.json()["data"].as_str()), (200, Some("waited")));
    shop.stopped().await.unwrap();
}

#[tokio::test]
async fn a_server_that_stops_closes_what_is_idle() {
    let mut shop = shop().await;
    let mut silent = TcpStream::connect(shop.address).await.unwrap();
    let mut begun = TcpStream::connect(shop.address).await.unwrap();
    begun.write_all(b"GET /healthz HT").await.unwrap();
    let mut kept = TcpStream::connect(shop.address).await.unwrap();
    kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    kept.readable().await.unwrap();
    // All of them have been accepted once a later one is answered.
    assert_eq!(get("/healthz").send(shop.address).await.status, 200);
    shop.stop();
    shop.stopped().await.unwrap();
    assert_eq!(read_to_end(&mut silent).await, b"");
    assert_eq!(read_to_end(&mut begun).await, b"");
    assert_eq!(Answer::parse(&read_to_end(&mut kept).await).status, 200);
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_off_when_its_time_is_up() {
    let mut shop = shop_with(|options| options.limits.drain_timeout = Duration::from_millis(50)).await;
    let mut stream = TcpStream::connect(shop.address).await.unwrap();
    stream.write_all(&post(&format!("{PROBE}wait"), "").bytes()).await.unwrap();
    shop.gate().entered.acquire().await.unwrap().forget();
    shop.stop();
    shop.stopped().await.unwrap();
    assert_eq!(read_to_end(&mut stream).await, b"");
}

#[tokio::test]
async fn a_client_that_leaves_takes_his_call_with_him() {
    let shop = shop().await;
    let mut stream = TcpStream::connect(shop.address).await.unwrap();
    stream.write_all(&post(&format!("{PROBE}wait"), "").bytes()).await.unwrap();
    shop.gate().entered.acquire().await.unwrap().forget();
    drop(stream);
    loop {
        let metrics = get("/metrics").send(shop.address).await.body;
        // The request for the metrics itself is the one that is left.
        if metrics.contains("mti_requests_in_flight 1\n") {
            break;
        }
    }
}
