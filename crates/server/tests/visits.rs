//! Calls of visitors that another web framework received: the rules of HTTP, without HTTP.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use mti_element::{Fail, Failure, Value};
use mti_server::{ServerOptions, Visit, VisitorRequest, Visits};
use serde_json::json;

use crate::shop::{ALICE, COOKIE, Shop, options, shop};

const PROBE: &str = "probes.Probe";
const SITE: &str = "https://login.example.com";

fn address() -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))
}

fn visits(shop: &Shop, change: impl FnOnce(&mut ServerOptions)) -> Arc<Visits> {
    let mut options = options();
    change(&mut options);
    Arc::new(Visits::new(shop.app.clone(), options).unwrap())
}

/// A request with these headers.
fn request(headers: &[(&str, &str)]) -> VisitorRequest {
    let header =
        |(name, value): &(&str, &str)| (HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
    let mut map = HeaderMap::new();
    for (name, value) in headers.iter().map(header) {
        map.append(name, value);
    }
    VisitorRequest::new(address(), map)
}

async fn who_am_i(visit: &Visit) -> Result<Value, Failure> {
    visit.call(PROBE, "whoAmI", json!({})).await
}

#[track_caller]
fn assert_fails(outcome: Result<Value, Failure>, kind: Fail) -> Failure {
    let failure = outcome.unwrap_err();
    assert!(failure.is(kind), "{failure:?}");
    failure
}

#[tokio::test]
async fn a_visitor_is_known_by_the_cookie_or_a_bearer_token() {
    let shop = shop().await;
    let visits = visits(&shop, |_| {});
    let cookie = format!("other=1; {COOKIE}={ALICE}");
    assert_eq!(who_am_i(&visits.begin(request(&[("cookie", &cookie)]))).await.unwrap(), "alice");
    let bearer = format!("Bearer {ALICE}");
    assert_eq!(who_am_i(&visits.begin(request(&[("authorization", &bearer)]))).await.unwrap(), "alice");
    let read = VisitorRequest {
        address: address(),
        cookies: vec![(COOKIE.to_owned(), ALICE.to_owned())],
        headers: HeaderMap::new(),
    };
    assert_eq!(who_am_i(&visits.begin(read)).await.unwrap(), "alice");
    assert_eq!(who_am_i(&visits.begin(request(&[]))).await.unwrap(), json!(null));
    let another_apps = format!("session={ALICE}; session_00000000={ALICE}");
    assert_eq!(who_am_i(&visits.begin(request(&[("cookie", &another_apps)]))).await.unwrap(), json!(null));
}

#[tokio::test]
async fn what_may_be_called_is_what_may_be_called_over_http() {
    let shop = shop().await;
    let visits = visits(&shop, |_| {});
    let visit = visits.begin(request(&[]));
    assert_fails(visit.call(PROBE, "secretGreeting", json!({})).await, Fail::LOGIN_REQUIRED);
    assert_fails(visit.call(PROBE, "undeclared", json!({})).await, Fail::FUNCTION_NOT_FOUND);
    assert_fails(visit.call("probes.Nowhere", "echo", json!({})).await, Fail::ELEMENT_NOT_FOUND);
    assert_eq!(visit.call(PROBE, "address", json!({})).await.unwrap(), "192.0.2.1");
    assert_eq!(visit.call(PROBE, "echo", json!({ "text": "a" })).await.unwrap(), "a");
    assert_fails(visit.call(PROBE, "echo", json!({})).await, Fail::API_PARAMS_ERROR);
    assert_fails(visit.call(PROBE, "echo", json!({ "text": "a", "more": 1 })).await, Fail::API_PARAMS_ERROR);
    assert_fails(visit.call(PROBE, "echo", json!("a")).await, Fail::API_PARAMS_ERROR);
}

#[tokio::test]
async fn a_failure_shows_no_more_than_over_http() {
    let shop = shop().await;
    let visits = visits(&shop, |_| {});
    let visit = visits.begin(request(&[]));
    for kind in ["io", "inner", "data"] {
        let failure = visit.call(PROBE, "fail", json!({ "kind": kind })).await.unwrap_err();
        let shown = format!("{} {failure} {failure:?} {:?}", failure.operator_message(), failure.data());
        assert!(!shown.contains("secret"), "{shown}");
    }
    assert_fails(visit.call(PROBE, "explode", json!({})).await, Fail::ELEMENT_EXCEPTION);
    let denied = visit.call(PROBE, "fail", json!({ "kind": "?" })).await;
    assert_eq!(assert_fails(denied, Fail::PERMISSION_DENIED).operator_message(), "PERMISSION_DENIED: not you");
    let busy = assert_fails(visit.call(PROBE, "fail", json!({ "kind": "busy" })).await, Fail::RATE_LIMITED);
    assert_eq!(busy.retry_after_seconds(), Some(90));
    let miss = visit.call(PROBE, "fail", json!({ "kind": "miss" })).await.unwrap_err();
    assert_eq!(miss.data(), Some(&json!({ "bindTicket": "ticket", "expiresIn": 300 })));
}

#[tokio::test]
async fn a_visit_keeps_cookies_as_a_browser_does_and_says_which_to_set() {
    let shop = shop().await;
    let visits = visits(&shop, |options| options.public_url = Some(SITE.parse().unwrap()));
    let visit = visits.begin(request(&[("cookie", "__Host-old_53306ea7=1; __Host-browser_53306ea7=before")]));
    assert!(visit.set_cookies().is_empty());
    assert_eq!(visit.call(PROBE, "readCookie", json!({})).await.unwrap(), "before");
    for value in ["first", "second"] {
        visit.call(PROBE, "setCookies", json!({ "value": value })).await.unwrap();
        assert_eq!(visit.call(PROBE, "readCookie", json!({})).await.unwrap(), value);
    }
    visit.call(PROBE, "fail", json!({ "kind": "miss" })).await.unwrap_err();
    let set = visit.set_cookies();
    let expected = [
        "__Host-browser_53306ea7=second; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure",
        "__Host-old_53306ea7=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure",
        "__Host-ticket_53306ea7=t; Path=/; Max-Age=300; HttpOnly; SameSite=Lax; Secure",
    ];
    assert_eq!(set, expected);
    assert!(!format!("{set:?} {visit:?}").contains("second"), "cookies are in no log");
}

#[tokio::test]
async fn nothing_of_a_request_is_shown_but_its_address() {
    let secret = request(&[("cookie", "session_53306ea7=s3cr3t"), ("authorization", "Bearer s3cr3t")]);
    assert_eq!(format!("{secret:?}"), "VisitorRequest { address: 192.0.2.1, .. }");
}

#[tokio::test]
async fn the_session_cookie_counts_for_own_pages_and_forms_only() {
    let shop = shop().await;
    let visits = visits(&shop, |options| options.public_url = Some(SITE.parse().unwrap()));
    let cookie = format!("__Host-{COOKIE}={ALICE}");
    let outcome = async |headers: &[(&str, &str)]| {
        let all: Vec<_> = headers.iter().copied().chain([("cookie", &*cookie)]).collect();
        who_am_i(&visits.begin(request(&all))).await
    };
    let opened = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let own: [&[(&str, &str)]; 7] = [
        &[],
        &[("origin", SITE)],
        &[("origin", SITE), ("sec-fetch-site", "same-origin"), ("content-type", "application/x-www-form-urlencoded")],
        // A form of a page with the referrer policy `no-referrer`.
        &[("origin", "null"), ("sec-fetch-site", "same-origin")],
        // An address that was typed, a link of another site, a link of a neighbour.
        &[("sec-fetch-site", "none"), opened[0], opened[1]],
        &[("sec-fetch-site", "cross-site"), opened[0], opened[1]],
        &[("sec-fetch-site", "same-site"), opened[0], opened[1]],
    ];
    for headers in own {
        assert_eq!(outcome(headers).await.unwrap(), "alice", "{headers:?}");
    }
    let foreign: [&[(&str, &str)]; 9] = [
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "null"), ("sec-fetch-site", "cross-site")],
        &[("origin", "http://login.example.com")],
        &[("origin", SITE), ("origin", "https://evil.example")],
        // A form of another site that opens a page here.
        &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), opened[0], opened[1]],
        &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
        &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
        &[("sec-fetch-site", "cross-site"), ("content-type", "application/json")],
    ];
    for headers in foreign {
        assert_fails(outcome(headers).await, Fail::PERMISSION_DENIED);
    }
    let bearer = format!("Bearer {ALICE}");
    let with_token = visits.begin(request(&[("authorization", &bearer), ("origin", "https://evil.example")]));
    assert_eq!(who_am_i(&with_token).await.unwrap(), "alice");
}

#[tokio::test]
async fn without_a_public_url_the_site_is_the_host_that_a_request_names() {
    let shop = shop().await;
    let visits = visits(&shop, |_| {});
    let cookie = format!("{COOKIE}={ALICE}");
    let outcome = async |host: &str, origin: &str| {
        who_am_i(&visits.begin(request(&[("cookie", &cookie), ("host", host), ("origin", origin)]))).await
    };
    assert_eq!(outcome("127.0.0.1:8000", "http://127.0.0.1:8000").await.unwrap(), "alice");
    assert_eq!(outcome("app.example.com", "https://app.example.com").await.unwrap(), "alice");
    assert_fails(outcome("127.0.0.1:8000", "http://127.0.0.1:8001").await, Fail::PERMISSION_DENIED);
    assert_fails(outcome("app.example.com", "https://evil.example").await, Fail::PERMISSION_DENIED);
    assert_fails(outcome("", "http://").await, Fail::PERMISSION_DENIED);
}

#[tokio::test]
async fn a_form_of_another_site_signs_nobody_in() {
    let shop = shop().await;
    let visits = visits(&shop, |options| options.public_url = Some(SITE.parse().unwrap()));
    let form = ("content-type", "application/x-www-form-urlencoded");
    let foreign = visits.begin(request(&[form, ("origin", "https://evil.example")]));
    let outcome = foreign.call(PROBE, "setCookies", json!({ "value": "theirs" })).await;
    assert_fails(outcome, Fail::PERMISSION_DENIED);
    assert!(foreign.set_cookies().is_empty());
    let own = visits.begin(request(&[form, ("origin", SITE), ("sec-fetch-site", "same-origin")]));
    own.call(PROBE, "setCookies", json!({ "value": "ours" })).await.unwrap();
}

#[tokio::test]
async fn anonymous_calls_and_wrong_tokens_are_limited_for_all_visits_of_an_address() {
    let shop = shop().await;
    let visits = visits(&shop, |options| options.anonymous_calls_per_minute = NonZeroU32::new(5));
    for _ in 0..5 {
        who_am_i(&visits.begin(request(&[]))).await.unwrap();
    }
    let refused = assert_fails(who_am_i(&visits.begin(request(&[]))).await, Fail::RATE_LIMITED);
    assert!(refused.retry_after_seconds().is_some());
    let elsewhere = VisitorRequest { address: "192.0.2.2".parse().unwrap(), ..request(&[]) };
    who_am_i(&visits.begin(elsewhere)).await.unwrap();
    let bearer = format!("Bearer {ALICE}");
    assert_eq!(who_am_i(&visits.begin(request(&[("authorization", &bearer)]))).await.unwrap(), "alice");
}

#[tokio::test]
async fn a_call_that_does_not_end_is_given_up() {
    let shop = shop().await;
    let visits = visits(&shop, |options| options.limits.request_timeout = Duration::from_millis(50));
    let outcome = visits.begin(request(&[])).call(PROBE, "wait", json!({})).await;
    assert_fails(outcome, Fail::ELEMENT_EXCEPTION);
}
