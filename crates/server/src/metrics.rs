use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use axum::http::StatusCode;
use foldhash::fast::RandomState;

use crate::route::RouteKind;

/// The most functions that are counted apart; further ones are counted together.
const SERIES_LIMIT: usize = 4096;

/// Under what further functions are counted.
const OTHER: &str = "(other)";

/// The upper bounds of the duration buckets, in microseconds.
pub(crate) const BUCKETS: [u64; 13] =
    [500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000, 30_000_000];

/// The classes that HTTP statuses are counted by.
pub(crate) const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What the server counts. Label values come from declarations alone, never from what somebody asked for, so there is an end to them.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) started: SystemTime,
    pub(crate) connections: AtomicI64,
    pub(crate) in_flight: AtomicI64,
    requests: [[AtomicU64; STATUS_CLASSES.len()]; RouteKind::ALL.len()],
    calls: RwLock<Calls>,
}

/// By names that are declared: nobody outside can choose them so that they collide.
type Names<T> = HashMap<Box<str>, T, RandomState>;

#[derive(Debug, Default)]
struct Calls {
    by_element: Names<Names<Arc<Series>>>,
    count: usize,
}

/// The calls of one function.
#[derive(Debug, Default)]
pub(crate) struct Series {
    ok: AtomicU64,
    failed: Mutex<BTreeMap<&'static str, u64>>,
    /// How many calls lie in each bucket, and how many in none.
    buckets: [AtomicU64; BUCKETS.len() + 1],
    microseconds: AtomicU64,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            started: SystemTime::now(),
            connections: AtomicI64::new(0),
            in_flight: AtomicI64::new(0),
            requests: Default::default(),
            calls: RwLock::default(),
        }
    }

    /// Counts an answered request.
    pub(crate) fn count_request(&self, kind: RouteKind, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).wrapping_sub(1);
        if let Some(counter) = self.requests.get(kind as usize).and_then(|classes| classes.get(class)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a call. The names are those of a declared function, or empty when there was none.
    pub(crate) fn count_call(&self, element: &str, function: &str, outcome: &'static str, duration: Duration) {
        let known = {
            let calls = self.calls.read().unwrap_or_else(PoisonError::into_inner);
            calls.by_element.get(element).and_then(|functions| functions.get(function)).cloned()
        };
        known.unwrap_or_else(|| self.add_series(element, function)).count(outcome, duration);
    }

    fn add_series(&self, element: &str, function: &str) -> Arc<Series> {
        let mut calls = self.calls.write().unwrap_or_else(PoisonError::into_inner);
        let (element, function) = if calls.count < SERIES_LIMIT { (element, function) } else { (OTHER, OTHER) };
        let calls = &mut *calls;
        let functions = calls.by_element.entry(element.into()).or_default();
        let series = functions.entry(function.into()).or_insert_with(|| {
            calls.count += 1;
            Arc::default()
        });
        Arc::clone(series)
    }

    /// The counted requests.
    pub(crate) fn requests(&self) -> impl Iterator<Item = (RouteKind, &'static str, u64)> {
        RouteKind::ALL.into_iter().zip(&self.requests).flat_map(|(kind, classes)| {
            let counted = STATUS_CLASSES.into_iter().zip(classes);
            counted.map(move |(class, counter)| (kind, class, counter.load(Ordering::Relaxed)))
        })
    }

    /// The counted calls by element and function, in order.
    pub(crate) fn calls(&self) -> Vec<(Box<str>, Box<str>, Arc<Series>)> {
        let calls = self.calls.read().unwrap_or_else(PoisonError::into_inner);
        let mut listed = Vec::with_capacity(calls.count);
        #[expect(clippy::iter_over_hash_type, reason = "the list is sorted below")]
        for (element, functions) in &calls.by_element {
            for (function, series) in functions {
                listed.push((element.clone(), function.clone(), Arc::clone(series)));
            }
        }
        listed.sort_unstable_by(|left, right| (&left.0, &left.1).cmp(&(&right.0, &right.1)));
        listed
    }
}

impl Series {
    fn count(&self, outcome: &'static str, duration: Duration) {
        if outcome == "ok" {
            self.ok.fetch_add(1, Ordering::Relaxed);
        } else {
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner).entry(outcome).or_default() += 1;
        }
        let microseconds = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS.partition_point(|bound| *bound < microseconds);
        if let Some(counter) = self.buckets.get(bucket) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    /// How often each outcome came.
    pub(crate) fn outcomes(&self) -> Vec<(&'static str, u64)> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let ok = Some(("ok", self.ok.load(Ordering::Relaxed))).filter(|(_, count)| *count > 0);
        failed.iter().map(|(outcome, count)| (*outcome, *count)).chain(ok).collect()
    }

    /// How many calls took at most each of [`BUCKETS`], and, last, how many there were.
    pub(crate) fn cumulated(&self) -> Vec<u64> {
        let counts = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed));
        counts
            .scan(0, |sum, count| {
                *sum += count;
                Some(*sum)
            })
            .collect()
    }

    /// How long all of them took together.
    pub(crate) fn total(&self) -> Duration {
        Duration::from_micros(self.microseconds.load(Ordering::Relaxed))
    }
}

/// Counts something for as long as it goes on.
pub(crate) struct Gauge<'a>(&'a AtomicI64);

impl<'a> Gauge<'a> {
    pub(crate) fn raise(counter: &'a AtomicI64) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Gauge<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
