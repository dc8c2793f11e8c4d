//! Who calls, and from which page.

use serde_json::json;
use url::Url;

use crate::client::{Request, get, post};
use crate::shop::{ALICE, COOKIE, GREETED, PROBE, Shop, kiosk, shop, shop_with};

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
async fn a_proxy_reads_who_called_in_a_header() {
    let shop = shop().await;
    let bearer = format!("Bearer {ALICE}");
    let signed_in = who_am_i().with("Authorization", &bearer).send(shop.address).await;
    assert_eq!(signed_in.header("x-mti-user"), Some("alice"));
    assert_eq!(who_am_i().send(shop.address).await.header("x-mti-user"), None);
    let failing = post(&format!("{PROBE}fail"), r#"{"kind": "?"}"#).with("Authorization", &bearer);
    assert_eq!(failing.send(shop.address).await.header("x-mti-user"), None);
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
        [
            "browser_53306ea7=v-1; Path=/; Max-Age=600; HttpOnly; SameSite=Lax",
            "old_53306ea7=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
        ]
    );
}

#[tokio::test]
async fn cookies_of_an_https_site_are_secure() {
    let shop = shop_with(|options| {
        options.public_url = Some(Url::parse("https://login.example.com/").unwrap());
    })
    .await;
    let answer = post(&format!("{PROBE}fail"), r#"{"kind": "miss"}"#).send(shop.address).await;
    let expected = "__Host-ticket_53306ea7=t; Path=/; Max-Age=300; HttpOnly; SameSite=Lax; Secure";
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

/// What the probe reads of its cookie `browser`, when a browser sends this.
async fn read(shop: &Shop, header: impl Into<Vec<u8>>) -> serde_json::Value {
    let request = post(&format!("{PROBE}readCookie"), "").with_bytes("Cookie", header);
    let answer = request.send(shop.address).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["data"].clone()
}

#[tokio::test]
async fn sent_cookies_are_found_among_junk() {
    let shop = shop().await;
    let expected = [
        ("browser_53306ea7=right", json!("right")),
        ("a=1; browser_53306ea7=right; c=3", json!("right")),
        ("a=1;browser_53306ea7=right", json!("right")),
        ("; ;=;junk; a b=c; browser_53306ea7=\"right\"", json!("right")),
        ("browser_53306ea7=right; browser_53306ea7=wrong", json!("right")),
        ("browser_53306ea7=a=b", json!("a=b")),
        ("browser_53306ea7=", json!("")),
        ("Browser_53306ea7=wrong", json!(null)),
        ("xbrowser_53306ea7=wrong", json!(null)),
        ("browser_53306ea7=two words", json!(null)),
        ("browser_53306ea7", json!(null)),
        ("a=\t; browser_53306ea7=\t", json!("")),
    ];
    for (header, value) in expected {
        assert_eq!(read(&shop, header).await, value, "{header:?}");
    }
    let two_headers =
        post(&format!("{PROBE}readCookie"), "").with("Cookie", "a=1").with("Cookie", "browser_53306ea7=right");
    assert_eq!(two_headers.send(shop.address).await.json()["data"], "right");
}

#[tokio::test]
async fn a_cookie_with_odd_bytes_hides_no_others() {
    let shop = shop().await;
    for odd in ["nick=张三".as_bytes(), b"nick=\xff\xfe", b"a=\xe9; b\xe9=1", b"browser_53306ea7=\xe9"] {
        let before = [b"browser_53306ea7=right; ", odd].concat();
        let after = [odd, b"; browser_53306ea7=right"].concat();
        for header in [before, after] {
            assert_eq!(read(&shop, header).await, "right", "{odd:?}");
        }
    }
}

#[tokio::test]
async fn a_cookie_is_found_behind_all_that_a_head_has_room_for() {
    let shop = shop().await;
    let many = "c=1; ".repeat(2500);
    assert_eq!(read(&shop, many + "browser_53306ea7=late").await, "late");
}

#[tokio::test]
async fn apps_on_one_host_leave_each_others_cookies_alone() {
    let (shop, kiosk) = (shop().await, kiosk().await);
    assert_eq!(read(&shop, "browser_00000000=other; browser=planted; browser_53306ea7=own").await, "own");
    assert_eq!(read(&shop, "browser_00000000=other; browser=planted").await, json!(null));
    // The same page of another app sets a cookie of its own, whatever this one has set.
    let page = get("/acme/kiosk/").with("Cookie", &format!("{GREETED}=1")).send(kiosk.address).await;
    let set = page.header("set-cookie").unwrap();
    assert!(set.starts_with("greeted_") && !set.starts_with(GREETED), "{set}");
}
