//! Health, metrics and the log.

use std::io::{self, Write};
use std::num::NonZeroU32;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use mti_element::{BoxFuture, Map};
use mti_server::{Readiness, ReadinessReport};
use serde_json::json;
use tokio::sync::Semaphore;
use tracing_subscriber::fmt::MakeWriter;

use crate::client::{get, post};
use crate::shop::{ALICE, COOKIE, PROBE, shop, shop_with};

#[tokio::test]
async fn a_process_that_answers_is_alive() {
    let shop = shop().await;
    let answer = get("/healthz").send(shop.address).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"status": "ok"})));
}

#[tokio::test]
async fn readiness_counts_elements_and_names_no_place() {
    let shop = shop().await;
    let answer = get("/readyz").send(shop.address).await;
    assert_eq!(answer.status, 200);
    let body = answer.json();
    assert_eq!(body["status"], "ready");
    assert_eq!(body["app"], "acme.shop@1.0.0");
    assert_eq!(body["quarantined"], 1);
    assert_eq!(body["elements"], shop.app.snapshot().len());
    assert_eq!(body["generation"], shop.app.snapshot().generation());
    assert!(!answer.body.contains('/'), "{}", answer.body);
}

#[derive(Debug)]
struct Unready;

impl Readiness for Unready {
    fn check(&self) -> BoxFuture<'_, ReadinessReport> {
        let details = Map::from_iter([("databases.Default".to_owned(), json!("unreachable"))]);
        Box::pin(std::future::ready(ReadinessReport { is_ready: false, details }))
    }
}

/// Is asked by as many as its gate lets in.
#[derive(Debug)]
struct Slow {
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    gate: Semaphore,
}

impl Readiness for Slow {
    fn check(&self) -> BoxFuture<'_, ReadinessReport> {
        Box::pin(async {
            self.most_at_once.fetch_max(self.at_once.fetch_add(1, SeqCst) + 1, SeqCst);
            self.gate.acquire().await.unwrap().forget();
            self.at_once.fetch_sub(1, SeqCst);
            ReadinessReport { is_ready: true, details: Map::new() }
        })
    }
}

#[tokio::test]
async fn many_who_ask_whether_it_is_ready_ask_the_database_one_after_the_other() {
    let slow = Slow { at_once: AtomicUsize::new(0), most_at_once: AtomicUsize::new(0), gate: Semaphore::new(0) };
    let slow = Arc::new(slow);
    let readiness = Arc::clone(&slow);
    let shop = shop_with(|options| options.readiness = readiness).await;
    let address = shop.address;
    let asking = join_all((0..20).map(|_| async move { get("/readyz").send(address).await }));
    let opening = async {
        while !get("/metrics").send(address).await.body.contains("mti_requests_in_flight 21\n") {}
        slow.gate.add_permits(20);
    };
    let (answers, ()) = tokio::join!(asking, opening);
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(slow.most_at_once.load(SeqCst), 1);
}

#[tokio::test]
async fn what_the_app_needs_decides_whether_it_is_ready() {
    let shop = shop_with(|options| options.readiness = Arc::new(Unready)).await;
    let answer = get("/readyz").send(shop.address).await;
    assert_eq!((answer.status, &answer.json()["status"]), (503, &json!("unready")));
    assert_eq!(answer.json()["details"], json!({"databases.Default": "unreachable"}));
    assert_eq!(get("/healthz").send(shop.address).await.status, 200);
}

#[tokio::test]
async fn calls_are_counted_by_function_and_outcome() {
    let shop = shop().await;
    for _ in 0..3 {
        post(&format!("{PROBE}whoAmI"), "").send(shop.address).await;
    }
    post(&format!("{PROBE}secretGreeting"), "").send(shop.address).await;
    let answer = get("/metrics").send(shop.address).await;
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for line in [
        r#"mti_calls_total{element="probes.Probe",function="whoAmI",outcome="ok"} 3"#,
        r#"mti_calls_total{element="probes.Probe",function="secretGreeting",outcome="LOGIN_REQUIRED"} 1"#,
        r#"mti_call_duration_seconds_bucket{element="probes.Probe",function="whoAmI",le="+Inf"} 3"#,
        r#"mti_call_duration_seconds_count{element="probes.Probe",function="whoAmI"} 3"#,
        r#"mti_http_requests_total{route="call",status="2xx"} 3"#,
        r#"mti_http_requests_total{route="call",status="4xx"} 1"#,
        "mti_requests_in_flight 1",
        "mti_retirements_pending 0",
        "mti_retirements_total{outcome=\"failed\"} 0",
        "# TYPE mti_call_duration_seconds histogram",
        "# TYPE process_start_time_seconds gauge",
    ] {
        assert!(answer.body.lines().any(|found| found == line), "{line}\n{}", answer.body);
    }
}

#[tokio::test]
async fn what_was_only_asked_for_is_no_label() {
    let shop = shop().await;
    for number in 0..20 {
        post(&format!("/api/acme/shop/made/Up{number}/echo"), "").send(shop.address).await;
        post(&format!("{PROBE}madeUp{number}"), "").send(shop.address).await;
        get(&format!("/made-up-{number}")).send(shop.address).await;
    }
    let metrics = get("/metrics").send(shop.address).await.body;
    assert!(!metrics.contains("Up1") && !metrics.contains("made-up"), "{metrics}");
    assert!(metrics.contains(r#"mti_calls_total{element="",function="",outcome="ELEMENT_NOT_FOUND"} 20"#), "{metrics}");
}

#[tokio::test]
async fn metrics_are_in_the_format_that_prometheus_reads() {
    let shop = shop().await;
    post(&format!("{PROBE}whoAmI"), "").send(shop.address).await;
    let metrics = get("/metrics").send(shop.address).await.body;
    assert!(metrics.ends_with('\n'));
    for line in metrics.lines().filter(|line| !line.starts_with("# ")) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(series.bytes().all(|byte| byte.is_ascii_graphic()), "{line}");
    }
}

/// Everything that is logged in this thread, as text.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn that_somebody_may_be_a_proxy_is_said_once() {
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let shop = shop_with(|options| options.anonymous_calls_per_minute = NonZeroU32::new(1)).await;
    let call = || post(&format!("{PROBE}whoAmI"), "");
    for status in [200, 429] {
        assert_eq!(call().send(shop.address).await.status, status);
    }
    assert!(!log.text().contains("--trusted-proxy"), "{}", log.text());
    for _ in 0..3 {
        assert_eq!(call().with("X-Forwarded-For", "203.0.113.7").send(shop.address).await.status, 429);
    }
    assert_eq!(log.text().matches("--trusted-proxy").count(), 1, "{}", log.text());
    assert!(log.text().contains("address=127.0.0.1"), "{}", log.text());
}

#[tokio::test]
async fn the_log_has_the_cause_and_no_secret() {
    // With one subscriber alone, what the thread of another test logs first would be switched off for this one too.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let shop = shop().await;
    let failed = post(&format!("{PROBE}fail?code=c4n4ry-query"), r#"{"kind": "denied"}"#).send(shop.address).await;
    post(&format!("{PROBE}echo"), r#"{"text": "c4n4ry-body"}"#).send(shop.address).await;
    post(&format!("{PROBE}echo"), r#"{"text": "c4n4ry-body", "c4n4ry-argument": 1}"#).send(shop.address).await;
    let cookies = format!("{COOKIE}={ALICE}; other=c4n4ry-cookie");
    post(&format!("{PROBE}whoAmI"), "").json().with("Cookie", &cookies).send(shop.address).await;
    post(&format!("{PROBE}whoAmI"), "").with("Authorization", "Bearer c4n4ry-token").send(shop.address).await;
    post(&format!("{PROBE}setCookies"), r#"{"value": "c4n4ry-set c4n4ry"}"#).send(shop.address).await;
    post("/api/acme/shop/c4n4ry/Path/echo", "").send(shop.address).await;
    get("/acme/shop/auth/callback?code=c4n4ry-code&state=c4n4ry-state").send(shop.address).await;
    post(&format!("{PROBE}explode"), "").send(shop.address).await;
    let text = log.text();
    let ours: String = text.lines().filter(|line| line.contains("mti_server") || line.contains("answered")).collect();
    assert!(ours.contains("a note for the operator"), "{text}");
    assert!(ours.contains(failed.header("x-request-id").unwrap()), "{text}");
    assert!(ours.contains("outcome=\"PERMISSION_DENIED\""), "{text}");
    assert!(ours.contains("the call panicked"), "{text}");
    assert!(!text.contains("c4n4ry") && !text.contains(ALICE), "{text}");
}
