//! Envelopes, and what may be called.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::client::{Request, get, post};
use crate::shop::{ALICE, PROBE, kiosk, shop};

fn probe(function: &str) -> String {
    format!("{PROBE}{function}")
}

#[tokio::test]
async fn a_successful_call_is_answered_with_the_envelope() {
    let shop = shop().await;
    let answer = post(&probe("echo"), r#"{"text": "hi", "times": 2}"#).send(shop.address).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let envelope = answer.json();
    let keys: Vec<_> = envelope.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["errcode", "errmsg", "requestId", "sysTime", "duration", "data"]);
    assert_eq!(envelope["errcode"], 0);
    assert_eq!(envelope["errmsg"], Value::Null);
    assert_eq!(envelope["data"], "hihi");
    assert!(envelope["duration"].is_u64());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    assert!(now.abs_diff(u128::from(envelope["sysTime"].as_u64().unwrap())) < 60_000);
    let id = envelope["requestId"].as_str().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(answer.header("x-request-id"), Some(id));
}

#[tokio::test]
async fn request_ids_do_not_repeat() {
    let shop = shop().await;
    let mut ids = BTreeSet::new();
    for _ in 0..20 {
        ids.insert(post(&probe("whoAmI"), "").send(shop.address).await.json()["requestId"].to_string());
    }
    assert_eq!(ids.len(), 20);
}

#[tokio::test]
async fn a_failed_call_is_answered_with_the_envelope_of_its_kind() {
    let shop = shop().await;
    let answer = post(&probe("fail"), r#"{"kind": "denied"}"#).send(shop.address).await;
    assert_eq!(answer.status, 403);
    let envelope = answer.json();
    let keys: Vec<_> = envelope.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["errcode", "errmsg", "error", "requestId", "sysTime", "duration", "data"]);
    assert_eq!(envelope["errcode"], 20003);
    assert_eq!(envelope["errmsg"], "not you");
    assert_eq!(envelope["error"], "PERMISSION_DENIED");
    assert_eq!(envelope["data"], json!({}));
}

#[tokio::test]
async fn who_has_to_wait_is_told_how_long_when_that_is_known() {
    let shop = shop().await;
    let answer = post(&probe("fail"), r#"{"kind": "busy"}"#).send(shop.address).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("90")));
    let answer = post(&probe("fail"), r#"{"kind": "denied"}"#).send(shop.address).await;
    assert_eq!(answer.header("retry-after"), None);
}

#[tokio::test]
async fn a_failure_carries_its_data_and_its_cookies() {
    let shop = shop().await;
    let answer = post(&probe("fail"), r#"{"kind": "miss"}"#).send(shop.address).await;
    assert_eq!((answer.status, answer.error().as_str()), (403, "USER_AUTH_MISS"));
    assert_eq!(answer.json()["data"], json!({"bindTicket": "ticket", "expiresIn": 300}));
    assert!(answer.header("set-cookie").unwrap().starts_with("ticket_53306ea7=t; "));
}

#[tokio::test]
async fn nothing_of_the_inside_is_shown() {
    let shop = shop().await;
    let expected =
        [("io", 500, "ELEMENT_EXCEPTION"), ("data", 500, "ELEMENT_EXCEPTION"), ("inner", 404, "ELEMENT_NOT_FOUND")];
    for (kind, status, error) in expected {
        let answer = post(&probe("fail"), json!({"kind": kind}).to_string()).send(shop.address).await;
        assert_eq!((answer.status, answer.error().as_str()), (status, error));
        assert_eq!(answer.json()["data"], json!({}));
        assert!(!answer.body.contains("secret"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_panic_is_an_exception_of_the_element_and_the_server_goes_on() {
    let shop = shop().await;
    for _ in 0..3 {
        let answer = post(&probe("explode"), "").send(shop.address).await;
        assert_eq!((answer.status, answer.error().as_str()), (500, "ELEMENT_EXCEPTION"));
        assert!(!answer.body.contains("secret"), "{}", answer.body);
    }
    assert_eq!(post(&probe("whoAmI"), "").send(shop.address).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_called_is_not_found() {
    let shop = shop().await;
    let expected = [
        ("/api/acme/shop/probes/Nobody/echo", "ELEMENT_NOT_FOUND"),
        ("/api/acme/shop/probes/Probe/nothing", "FUNCTION_NOT_FOUND"),
        ("/api/acme/shop/probes/Probe/whoAmI/", "FUNCTION_NOT_FOUND"),
        ("/api/acme/shop/probes/Probe/undeclared", "FUNCTION_NOT_FOUND"),
        ("/api/acme/shop/probes/Probe/absent", "FUNCTION_NOT_FOUND"),
        ("/api/acme/shop/probes/ProbeType/whoAmI", "FUNCTION_NOT_FOUND"),
        ("/api/acme/other/probes/Probe/whoAmI", "ELEMENT_NOT_FOUND"),
        ("/api/other/shop/probes/Probe/whoAmI", "ELEMENT_NOT_FOUND"),
        ("/api/acme/shop/probes.Probe/whoAmI", "ELEMENT_NOT_FOUND"),
        ("/api/acme/shop/probes%2FProbe/whoAmI", "ELEMENT_NOT_FOUND"),
        ("/api/acme/shop/probes//Probe/whoAmI", "ELEMENT_NOT_FOUND"),
        ("/api/acme/shop/../shop/probes/Probe/whoAmI", "ELEMENT_NOT_FOUND"),
        ("/api/acme/shop/whoAmI", "ELEMENT_NOT_FOUND"),
        ("/api/acme/shop/", "ELEMENT_NOT_FOUND"),
        ("/api/acme", "ELEMENT_NOT_FOUND"),
        ("/api/", "ELEMENT_NOT_FOUND"),
        ("/api", "ELEMENT_NOT_FOUND"),
        ("/api/acme/shop/probes/Probe/%zz", "ELEMENT_NOT_FOUND"),
        ("/api/acme/shop/probes/Probe/%ff", "ELEMENT_NOT_FOUND"),
    ];
    for (path, error) in expected {
        let answer = post(path, "").with("Authorization", &format!("Bearer {ALICE}")).send(shop.address).await;
        assert_eq!((answer.status, answer.error().as_str()), (404, error), "{path}");
        assert!(!answer.body.contains("undeclared") && !answer.body.contains("Probe"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_private_element_is_called_in_its_own_app_and_not_below_it() {
    let own = shop().await;
    assert_eq!(post("/api/acme/shop/probes/Hidden/whoAmI", "").send(own.address).await.status, 200);
    let below = kiosk().await;
    assert_eq!(post("/api/acme/kiosk/probes/Probe/whoAmI", "").send(below.address).await.status, 200);
    let hidden = post("/api/acme/kiosk/probes/Hidden/whoAmI", "").send(below.address).await;
    assert_eq!((hidden.status, hidden.error().as_str()), (404, "ELEMENT_NOT_FOUND"));
}

#[tokio::test]
async fn a_broken_element_says_no_more_than_that() {
    let shop = shop().await;
    for name in ["Broken", "Refusing"] {
        let answer = post(&format!("/api/acme/shop/probes/{name}/whoAmI"), "").send(shop.address).await;
        assert_eq!((answer.status, answer.error().as_str()), (500, "ELEMENT_EXCEPTION"), "{name}");
        assert!(!answer.body.contains("nowhere") && !answer.body.contains("refuses"), "{}", answer.body);
    }
}

#[tokio::test]
async fn names_in_any_script_can_be_called() {
    let shop = shop().await;
    let path = "/api/acme/shop/%E6%8E%A2%E9%92%88/%e6%8b%9b%e5%91%bc/%65cho";
    let answer = post(path, r#"{"text": "你好"}"#).send(shop.address).await;
    assert_eq!((answer.status, &answer.json()["data"]), (200, &json!("你好")));
}

#[tokio::test]
async fn a_function_for_users_needs_one() {
    let shop = shop().await;
    let call = post(&probe("secretGreeting"), "");
    let refused = call.send(shop.address).await;
    assert_eq!((refused.status, refused.error().as_str()), (401, "LOGIN_REQUIRED"));
    let unknown = call.clone().with("Authorization", "Bearer nobody").send(shop.address).await;
    assert_eq!((unknown.status, unknown.error().as_str()), (401, "LOGIN_REQUIRED"));
    let allowed = call.with("Authorization", &format!("Bearer {ALICE}")).send(shop.address).await;
    assert_eq!((allowed.status, &allowed.json()["data"]), (200, &json!("hello, user")));
}

#[tokio::test]
async fn functions_are_called_by_post_alone() {
    let shop = shop().await;
    for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
        for path in [probe("whoAmI"), "/api/acme/shop".to_owned()] {
            let answer = Request::new(method, &path).send(shop.address).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.header("allow"), Some("POST"));
            assert_eq!(answer.error(), "API_PARAMS_ERROR");
        }
    }
    let head = Request::new("HEAD", &probe("whoAmI")).send(shop.address).await;
    assert_eq!((head.status, head.body.as_str()), (405, ""));
}

#[tokio::test]
async fn no_answer_allows_other_sites_to_read_it() {
    let shop = shop().await;
    let preflight = Request::new("OPTIONS", &probe("whoAmI"))
        .with("Origin", "https://evil.example")
        .with("Access-Control-Request-Method", "POST");
    for request in [preflight, post(&probe("whoAmI"), "").with("Origin", "https://evil.example")] {
        let answer = request.send(shop.address).await;
        assert!(!answer.headers.iter().any(|(name, _)| name.starts_with("access-control-")), "{answer:?}");
    }
}

#[tokio::test]
async fn the_query_is_no_argument() {
    let shop = shop().await;
    let answer = post(&(probe("echo") + "?text=hi"), "").send(shop.address).await;
    assert_eq!((answer.status, answer.error().as_str()), (400, "API_PARAMS_ERROR"));
    assert_eq!(get(&(probe("echo") + "?text=hi")).send(shop.address).await.status, 405);
}
