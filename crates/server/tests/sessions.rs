//! Who calls, and from which page.

use serde_json::json;
use url::Url;

use crate::client::{Request, post};
use crate::shop::{ALICE, COOKIE, PROBE, Shop, shop, shop_with};

fn who_am_i() -> Request {
    post(&format!("{PROBE}whoAmI"), "{}")
}

fn with_cookie() -> Request {
    who_am_i().with("Cookie", &format!("{COOKIE}={ALICE}"))
}

async fn signed_in_as(request: &Request, shop: &Shop) -> serde_json::Value {
    let answer = request.send(shop.address).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["data"].clone()
}

async fn is_denied(request: &Request, shop: &Shop) -> bool {
    let answer = request.send(shop.address).await;
    match answer.status {
        200 => false,
        403 if answer.error() == "PERMISSION_DENIED" => true,
        _ => panic!("{answer:?}"),
    }
}

#[tokio::test]
async fn a_session_comes_by_cookie_or_as_a_bearer_token() {
    let shop = shop().await;
    assert_eq!(signed_in_as(&with_cookie().json(), &shop).await, "alice");
    assert_eq!(signed_in_as(&who_am_i().with("Authorization", &format!("bearer {ALICE}")), &shop).await, "alice");
    assert_eq!(signed_in_as(&who_am_i(), &shop).await, json!(null));
    assert_eq!(signed_in_as(&who_am_i().with("Authorization", "Basic YWxpY2U6eA=="), &shop).await, json!(null));
    assert_eq!(signed_in_as(&who_am_i().json().with("Cookie", &format!("{COOKIE}=unknown")), &shop).await, json!(null));
}

#[tokio::test]
async fn a_store_that_fails_signs_nobody_in() {
    let shop = shop().await;
    let answer = who_am_i().with("Authorization", "Bearer failing").send(shop.address).await;
    assert_eq!((answer.status, answer.error().as_str()), (500, "ELEMENT_EXCEPTION"));
}

#[tokio::test]
async fn a_call_with_the_cookie_must_be_json() {
    let shop = shop().await;
    assert!(is_denied(&with_cookie(), &shop).await);
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", ""]
    {
        assert!(is_denied(&with_cookie().with("Content-Type", content_type), &shop).await, "{content_type}");
    }
    assert!(is_denied(&with_cookie().json().with("Content-Type", "text/plain"), &shop).await);
    assert!(!is_denied(&with_cookie().with("Content-Type", "Application/JSON; charset=utf-8"), &shop).await);
}

#[tokio::test]
async fn a_call_with_the_cookie_must_come_from_a_page_of_the_site() {
    let shop = shop().await;
    let own = shop.origin.clone();
    assert!(!is_denied(&with_cookie().json().with("Origin", &own), &shop).await);
    assert!(!is_denied(&with_cookie().json().with("Sec-Fetch-Site", "same-origin"), &shop).await);
    let foreign = [
        "null",
        "https://evil.example",
        &own.replace("http", "https"),
        &format!("{own}0"),
        &format!("{own}.evil.example"),
        "",
    ];
    for origin in foreign {
        assert!(is_denied(&with_cookie().json().with("Origin", origin), &shop).await, "{origin}");
    }
    for site in ["cross-site", "same-site", "none", ""] {
        assert!(is_denied(&with_cookie().json().with("Sec-Fetch-Site", site), &shop).await, "{site}");
    }
    assert!(is_denied(&with_cookie().json().with("Origin", &own).with("Sec-Fetch-Site", "cross-site"), &shop).await);
    assert!(is_denied(&with_cookie().json().with("Origin", &own).with("Origin", "https://evil.example"), &shop).await);
}

#[tokio::test]
async fn the_host_that_a_request_names_changes_nothing() {
    let shop = shop().await;
    let request = with_cookie().json().with("Origin", "https://evil.example").with("X-Forwarded-Host", "evil.example");
    assert!(is_denied(&request, &shop).await);
}

#[tokio::test]
async fn calls_without_the_cookie_may_come_from_anywhere() {
    let shop = shop().await;
    let foreign = who_am_i().json().with("Origin", "https://evil.example").with("Sec-Fetch-Site", "cross-site");
    assert!(!is_denied(&foreign, &shop).await);
    assert!(!is_denied(&foreign.clone().with("Authorization", &format!("Bearer {ALICE}")), &shop).await);
    assert!(!is_denied(&foreign.with("Cookie", "other=1"), &shop).await);
}

#[tokio::test]
async fn a_form_of_another_site_calls_nothing_and_sets_no_cookie() {
    let shop = shop().await;
    let set = || post(&format!("{PROBE}setCookies"), r#"{"value": "theirs"}"#);
    let foreign = [("Origin", "https://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")];
    for (name, value) in foreign {
        for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
            let answer = set().with("Content-Type", content_type).with(name, value).send(shop.address).await;
            assert_eq!((answer.status, answer.error().as_str()), (403, "PERMISSION_DENIED"), "{name}: {value}");
            assert_eq!(answer.header("set-cookie"), None);
        }
        assert!(is_denied(&set().with(name, value), &shop).await, "without a content type, {name}: {value}");
        assert!(!is_denied(&set().json().with(name, value), &shop).await, "JSON, {name}: {value}");
        let bearer = format!("Bearer {ALICE}");
        assert!(!is_denied(&set().with(name, value).with("Authorization", &bearer), &shop).await, "{name}: {value}");
    }
    assert!(!is_denied(&set().with("Content-Type", "text/plain"), &shop).await);
    let own = set().with("Content-Type", "text/plain").with("Origin", &shop.origin);
    assert!(!is_denied(&own.with("Sec-Fetch-Site", "same-origin"), &shop).await);
}

#[tokio::test]
async fn cookies_are_set_for_this_site_alone() {
    let shop = shop().await;
    let answer = post(&format!("{PROBE}setCookies"), r#"{"value": "v-1"}"#).send(shop.address).await;
    let cookies: Vec<_> =
        answer.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value.as_str()).collect();
    assert_eq!(
        cookies,
        ["browser=v-1; Path=/; Max-Age=600; HttpOnly; SameSite=Lax", "old=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",]
    );
}

#[tokio::test]
async fn cookies_of_an_https_site_are_secure() {
    let shop = shop_with(|options| {
        options.public_url = Some(Url::parse("https://login.example.com/").unwrap());
    })
    .await;
    let answer = post(&format!("{PROBE}fail"), r#"{"kind": "miss"}"#).send(shop.address).await;
    let expected = "__Host-ticket=t; Path=/; Max-Age=300; HttpOnly; SameSite=Lax; Secure";
    assert_eq!(answer.header("set-cookie"), Some(expected));
    let with_cookie = || who_am_i().json().with("Cookie", &format!("__Host-{COOKIE}={ALICE}"));
    assert_eq!(signed_in_as(&with_cookie(), &shop).await, "alice");
    assert!(!is_denied(&with_cookie().with("Origin", "https://login.example.com"), &shop).await);
    assert!(is_denied(&with_cookie().with("Origin", "http://login.example.com"), &shop).await);
}

#[tokio::test]
async fn a_cookie_that_a_neighbour_may_have_planted_does_not_count_on_an_https_site() {
    let shop = shop_with(|options| options.public_url = Some("https://login.example.com/".parse().unwrap())).await;
    for name in [COOKIE.to_owned(), format!("__Secure-{COOKIE}"), format!("__host-{COOKIE}")] {
        let planted = who_am_i().json().with("Cookie", &format!("{name}={ALICE}"));
        assert_eq!(signed_in_as(&planted, &shop).await, json!(null), "{name}");
    }
}

#[tokio::test]
async fn a_cookie_value_cannot_break_out_of_its_header() {
    let shop = shop().await;
    for value in ["a; Domain=evil.example", "a\r\nX-Evil: 1", "a b", "ä", "\"a\"", "a,b"] {
        let body = json!({ "value": value }).to_string();
        let answer = post(&format!("{PROBE}setCookies"), body).send(shop.address).await;
        assert_eq!(answer.status, 200);
        let set = answer.headers.iter().filter(|(name, _)| name == "set-cookie").count();
        assert_eq!(set, 1, "{value:?}: only the other cookie is set");
        assert_eq!(answer.header("x-evil"), None);
    }
}

#[tokio::test]
async fn sent_cookies_are_found_among_junk() {
    let shop = shop().await;
    let read = |header: &str| post(&format!("{PROBE}readCookie"), "").with("Cookie", header);
    let expected = [
        ("browser=right", json!("right")),
        ("a=1; browser=right; c=3", json!("right")),
        ("a=1;browser=right", json!("right")),
        ("; ;=;junk; a b=c; browser=\"right\"", json!("right")),
        ("browser=right; browser=wrong", json!("right")),
        ("browser=a=b", json!("a=b")),
        ("browser=", json!("")),
        ("Browser=wrong", json!(null)),
        ("xbrowser=wrong", json!(null)),
        ("browser=two words", json!(null)),
        ("browser", json!(null)),
        ("a=\u{1}; browser=\t", json!("")),
    ];
    for (header, value) in expected {
        let answer = read(header).send(shop.address).await;
        if answer.status != 200 {
            // hyper refuses control characters in headers by itself.
            assert_eq!(answer.status, 400, "{header:?}");
            continue;
        }
        assert_eq!(answer.json()["data"], value, "{header:?}");
    }
    let two_headers = read("a=1").with("Cookie", "browser=right");
    assert_eq!(two_headers.send(shop.address).await.json()["data"], "right");
}

#[tokio::test]
async fn there_is_an_end_to_the_cookies_that_are_looked_at() {
    let shop = shop().await;
    let many = "c=1; ".repeat(500);
    let answer =
        post(&format!("{PROBE}readCookie"), "").with("Cookie", &(many + "browser=late")).send(shop.address).await;
    assert_eq!((answer.status, &answer.json()["data"]), (200, &json!(null)));
}
