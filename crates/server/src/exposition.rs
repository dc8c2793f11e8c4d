//! The counters as text, in the format that Prometheus reads.

use std::fmt::{Display, Write as _};
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::Response;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};

use mti_registry::Retirements;

use crate::exchange::unix_milliseconds;
use crate::metrics::{BUCKETS, Metrics};

/// The answer to a scrape.
pub(crate) fn answer(metrics: &Metrics, connections_limit: usize, retirements: Retirements) -> Response<Body> {
    let mut response = Response::new(Body::from(text(metrics, connections_limit, retirements)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn text(metrics: &Metrics, connections_limit: usize, retirements: Retirements) -> String {
    let mut page = Page(String::with_capacity(4096));
    page.family("process_start_time_seconds", "gauge", "When the process started, in Unix seconds.");
    page.sample("process_start_time_seconds", &[], seconds(unix_milliseconds(metrics.started), 3));
    page.family("mti_connections", "gauge", "Connections that are open.");
    page.sample("mti_connections", &[], metrics.connections.load(Ordering::Relaxed));
    page.family("mti_connections_limit", "gauge", "Connections that there may be.");
    page.sample("mti_connections_limit", &[], connections_limit);
    page.family("mti_requests_in_flight", "gauge", "Requests that are being answered.");
    page.sample("mti_requests_in_flight", &[], metrics.in_flight.load(Ordering::Relaxed));
    page.family("mti_retirements_pending", "gauge", "Replaced elements that are letting go, or wait to.");
    page.sample("mti_retirements_pending", &[], retirements.pending);
    page.family("mti_retirements_total", "counter", "Replaced elements that have let go, or failed to.");
    page.sample("mti_retirements_total", &[("outcome", "retired")], retirements.retired);
    page.sample("mti_retirements_total", &[("outcome", "failed")], retirements.failed);
    page.family(
        "mti_http_requests_total",
        "counter",
        "Requests answered, by what was asked for and how it was answered.",
    );
    for (kind, class, count) in metrics.requests().filter(|(_, _, count)| *count > 0) {
        page.sample("mti_http_requests_total", &[("route", kind.as_str()), ("status", class)], count);
    }
    calls(&mut page, metrics);
    page.0
}

fn calls(page: &mut Page, metrics: &Metrics) {
    let calls = metrics.calls();
    page.family("mti_calls_total", "counter", "Calls of functions of elements, by outcome.");
    for (element, function, series) in &calls {
        for (outcome, count) in series.outcomes() {
            let labels = [("element", &**element), ("function", function), ("outcome", outcome)];
            page.sample("mti_calls_total", &labels, count);
        }
    }
    page.family("mti_call_duration_seconds", "histogram", "How long calls of functions of elements took.");
    for (element, function, series) in &calls {
        let cumulated = series.cumulated();
        let bounds = BUCKETS.iter().map(|bound| seconds(*bound, 6)).chain(["+Inf".to_owned()]);
        for (bound, count) in bounds.zip(&cumulated) {
            let labels = [("element", &**element), ("function", function), ("le", &*bound)];
            page.sample("mti_call_duration_seconds_bucket", &labels, count);
        }
        let labels = [("element", &**element), ("function", &**function)];
        page.sample("mti_call_duration_seconds_sum", &labels, series.total().as_secs_f64());
        page.sample("mti_call_duration_seconds_count", &labels, cumulated.last().copied().unwrap_or_default());
    }
}

/// A number of thousandths or millionths as a decimal fraction without trailing zeros.
fn seconds(number: u64, digits: usize) -> String {
    let unit = 10_u64.pow(u32::try_from(digits).unwrap_or_default());
    let text = format!("{}.{:0digits$}", number / unit, number % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

struct Page(String);

/// Writing to a string cannot fail, so what `write!` answers is dropped.
impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (position, (label, value)) in labels.iter().enumerate() {
            let separator = if position == 0 { '{' } else { ',' };
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.0, "{separator}{label}=\"{value}\"");
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }
}
