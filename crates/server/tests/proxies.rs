//! Where a call comes from when proxies stand in front.

use std::num::NonZeroU32;

use mti_server::{ForwardingHeader, ProxyNetwork};

use crate::client::{Request, post};
use crate::shop::{PROBE, Shop, shop, shop_with};

/// A server in front of which the networks of a list are believed.
async fn behind(networks: &[&str], header: ForwardingHeader) -> Shop {
    shop_with(|options| {
        options.trusted_proxies.networks = networks.iter().map(|network| network.parse().unwrap()).collect();
        options.trusted_proxies.header = header;
    })
    .await
}

fn address() -> Request {
    post(&format!("{PROBE}address"), "")
}

/// Where the server thinks that a request comes from.
async fn seen(shop: &Shop, request: Request) -> String {
    request.send(shop.address).await.json()["data"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn nobody_is_believed_who_is_not_trusted() {
    for shop in [shop().await, behind(&["10.0.0.0/8", "::1"], ForwardingHeader::XForwardedFor).await] {
        let forged = address().with("X-Forwarded-For", "203.0.113.7").with("Forwarded", "for=203.0.113.7");
        assert_eq!(seen(&shop, forged).await, "127.0.0.1");
    }
}

#[tokio::test]
async fn the_last_hop_that_is_no_trusted_proxy_is_the_visitor() {
    let expected = [
        (&["127.0.0.1"][..], "203.0.113.7, 198.51.100.9", "198.51.100.9"),
        (&["127.0.0.1", "198.51.100.9"], "203.0.113.7, 198.51.100.9", "203.0.113.7"),
        (&["127.0.0.0/8", "198.51.100.0/24"], "192.0.2.1, 203.0.113.7, 198.51.100.9, 198.51.100.77", "203.0.113.7"),
        (&["127.0.0.1", "2001:db8::/32"], "203.0.113.7, 2001:db8::5, [2001:db8::7]:4711", "203.0.113.7"),
        (&["127.0.0.1", "::ffff:198.51.100.0/120"], "203.0.113.7, ::ffff:198.51.100.9", "203.0.113.7"),
        // In a network where everybody is trusted, whoever is furthest is the visitor.
        (&["127.0.0.1", "10.0.0.0/8"], "10.3.3.3, 10.0.0.2", "10.3.3.3"),
    ];
    for (networks, header, visitor) in expected {
        let shop = behind(networks, ForwardingHeader::XForwardedFor).await;
        assert_eq!(seen(&shop, address().with("X-Forwarded-For", header)).await, visitor, "{networks:?} {header}");
    }
    let shop = behind(&["127.0.0.1", "198.51.100.9"], ForwardingHeader::XForwardedFor).await;
    let in_lines = address().with("X-Forwarded-For", "192.0.2.1, 203.0.113.7").with("X-Forwarded-For", "198.51.100.9");
    assert_eq!(seen(&shop, in_lines).await, "203.0.113.7");
}

#[tokio::test]
async fn nothing_to_the_left_of_nonsense_is_believed() {
    let shop = behind(&["127.0.0.1", "198.51.100.9"], ForwardingHeader::XForwardedFor).await;
    for (header, known) in [
        ("203.0.113.7, not an address", "127.0.0.1"),
        ("203.0.113.7, unknown, 198.51.100.9", "198.51.100.9"),
        ("203.0.113.7,", "127.0.0.1"),
        ("", "127.0.0.1"),
    ] {
        assert_eq!(seen(&shop, address().with("X-Forwarded-For", header)).await, known, "{header}");
    }
    let line_before = address().with("X-Forwarded-For", "203.0.113.7").with("X-Forwarded-For", "\u{e9}");
    assert_eq!(seen(&shop, line_before).await, "127.0.0.1");
}

#[tokio::test]
async fn one_header_counts_and_a_visitor_may_write_what_he_likes_into_the_other() {
    let both = || address().with("X-Forwarded-For", "192.0.2.1").with("Forwarded", "for=192.0.2.2");
    let shop = behind(&["127.0.0.1"], ForwardingHeader::XForwardedFor).await;
    assert_eq!(seen(&shop, both()).await, "192.0.2.1");
    assert_eq!(seen(&shop, address().with("Forwarded", "for=192.0.2.2")).await, "127.0.0.1");
    let shop = behind(&["127.0.0.1"], ForwardingHeader::Forwarded).await;
    assert_eq!(seen(&shop, both()).await, "192.0.2.2");
    assert_eq!(seen(&shop, address().with("X-Forwarded-For", "192.0.2.1")).await, "127.0.0.1");
}

#[tokio::test]
async fn forwarded_is_read_by_its_grammar() {
    let shop = behind(&["127.0.0.1", "198.51.100.0/24"], ForwardingHeader::Forwarded).await;
    let expected = [
        ("for=203.0.113.7", "203.0.113.7"),
        ("For=\"203.0.113.7:4711\";proto=https;by=198.51.100.9", "203.0.113.7"),
        ("for=\"[2001:db8::7]:4711\"", "2001:db8::7"),
        ("for=\"[2001:db8::7]\"", "2001:db8::7"),
        ("for=192.0.2.1, for=203.0.113.7;proto=http, for=198.51.100.9", "203.0.113.7"),
        (" , for=203.0.113.7 ; proto=https ,, for=198.51.100.9,", "203.0.113.7"),
        ("for=192.0.2.1, for=unknown", "127.0.0.1"),
        ("for=192.0.2.1, for=_hidden, for=198.51.100.9", "198.51.100.9"),
        ("for=192.0.2.1, proto=https", "127.0.0.1"),
        ("for=192.0.2.1;for=192.0.2.2", "127.0.0.1"),
        // What a visitor says of the host stays what it is.
        ("for=203.0.113.7;host=\"a,for=192.0.2.1\"", "203.0.113.7"),
        ("for=203.0.113.7;host=\"a\\\", for=192.0.2.1\"", "203.0.113.7"),
        // And what he has begun, and a proxy has gone on with, names nobody.
        ("for=\"192.0.2.1, for=203.0.113.7", "127.0.0.1"),
        ("for=192.0.2.1;, for=203.0.113.7", "127.0.0.1"),
        ("nonsense", "127.0.0.1"),
    ];
    for (header, known) in expected {
        assert_eq!(seen(&shop, address().with("Forwarded", header)).await, known, "{header}");
    }
    let in_lines = address().with("Forwarded", "for=\"").with("Forwarded", "for=203.0.113.7, for=198.51.100.9");
    assert_eq!(seen(&shop, in_lines).await, "203.0.113.7");
}

#[tokio::test]
async fn visitors_behind_a_proxy_are_counted_apart() {
    let shop = shop_with(|options| {
        options.anonymous_calls_per_minute = NonZeroU32::new(1);
        options.trusted_proxies.networks = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let call = |from: &str| post(&format!("{PROBE}whoAmI"), "").with("X-Forwarded-For", from);
    for (from, status) in
        [("203.0.113.1", 200), ("203.0.113.1", 429), ("192.0.2.5, 203.0.113.1", 429), ("203.0.113.2", 200)]
    {
        assert_eq!(call(from).send(shop.address).await.status, status, "{from}");
    }
}

#[test]
fn what_is_no_address_and_no_network_is_none() {
    for text in ["", "localhost", "10.0.0.0/33", "10.0.0/8", "10.0.0.1:80", "*", "fd00::/129"] {
        assert!(text.parse::<ProxyNetwork>().is_err(), "{text}");
    }
}
