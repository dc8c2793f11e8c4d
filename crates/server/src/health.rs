use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::http::{Response, StatusCode};
use mti_element::{BoxFuture, Map, Value};
use serde_json::json;
use tokio::sync::Mutex;

use crate::site::Site;

/// What `/readyz` asks besides the app itself: whether a database answers, for one.
pub trait Readiness: Send + Sync + fmt::Debug {
    /// Whether requests can be answered now.
    fn check(&self) -> BoxFuture<'_, ReadinessReport>;
}

/// What a [`Readiness`] found.
#[derive(Debug, Clone)]
pub struct ReadinessReport {
    /// Whether requests can be answered.
    pub is_ready: bool,
    /// More about it. Anybody may read it: no addresses, paths or secrets.
    pub details: Map<String, Value>,
}

/// Asks once for all who want to know at a time: anybody may ask, and as often as he likes.
#[derive(Debug, Default)]
pub(crate) struct Asking {
    /// How many times was asked.
    begun: AtomicU64,
    /// What came out the last time, and which time that was.
    last: Mutex<Option<(u64, ReadinessReport)>>,
}

impl Asking {
    /// What a check finds that begins now or later.
    async fn report(&self, readiness: &dyn Readiness) -> ReadinessReport {
        let begun_before = self.begun.load(Ordering::Acquire);
        let mut last = self.last.lock().await;
        if let Some((number, report)) = &*last
            && *number > begun_before
        {
            return report.clone();
        }
        let number = self.begun.fetch_add(1, Ordering::AcqRel) + 1;
        let report = readiness.check().await;
        *last = Some((number, report.clone()));
        report
    }
}

/// The readiness of an app that needs nothing but itself.
#[derive(Debug, Clone, Copy)]
pub struct AlwaysReady;

impl Readiness for AlwaysReady {
    fn check(&self) -> BoxFuture<'_, ReadinessReport> {
        Box::pin(std::future::ready(ReadinessReport { is_ready: true, details: Map::new() }))
    }
}

/// That the process answers at all.
pub(crate) fn alive() -> Response<Body> {
    json_answer(StatusCode::OK, &json!({"status": "ok"}))
}

/// Whether it should be sent requests, and what it serves.
pub(crate) async fn ready(site: &Site) -> Response<Body> {
    let report = site.asking_readiness.report(&*site.options.readiness).await;
    let is_draining = site.is_draining.load(Ordering::Relaxed);
    let is_ready = report.is_ready && !is_draining;
    let snapshot = site.app.snapshot();
    let mut body = Map::new();
    let word = if is_draining {
        "stopping"
    } else if is_ready {
        "ready"
    } else {
        "unready"
    };
    body.insert("status".to_owned(), word.into());
    body.insert("app".to_owned(), site.app.key().to_string().into());
    body.insert("generation".to_owned(), snapshot.generation().into());
    body.insert("elements".to_owned(), snapshot.len().into());
    body.insert("quarantined".to_owned(), snapshot.quarantined().len().into());
    body.insert("details".to_owned(), Value::Object(report.details));
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json_answer(status, &Value::Object(body))
}

fn json_answer(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
