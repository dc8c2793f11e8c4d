use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::findings::Findings;

/// How long a call may take, on a machine that is busy with other things too.
pub(crate) const CALL_DEADLINE: Duration = Duration::from_secs(30);

/// How many times of one kind are kept for the median.
const KEPT_TIMES: usize = 20_000;

/// How long calls take, and which ones are in progress.
#[derive(Debug)]
pub(crate) struct Clock {
    findings: Arc<Findings>,
    is_reloading: AtomicBool,
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    next: u64,
    in_progress: BTreeMap<u64, (Instant, String)>,
    times: BTreeMap<&'static str, Vec<Duration>>,
    longest_pause: Duration,
    calls: u64,
}

impl Clock {
    /// Nothing has been called yet.
    pub(crate) fn new(findings: Arc<Findings>) -> Self {
        Self { findings, is_reloading: AtomicBool::new(false), books: Mutex::default() }
    }

    /// Waits for a call, and says which one when it hangs. Returns `None` for a call that was given up.
    pub(crate) async fn time<T>(&self, kind: &'static str, what: &str, call: impl Future<Output = T>) -> Option<T> {
        let begun = Instant::now();
        let during_reload = self.is_reloading.load(Ordering::SeqCst);
        let number = {
            let mut books = self.books();
            books.next += 1;
            let number = books.next;
            books.in_progress.insert(number, (begun, what.to_owned()));
            number
        };
        let answer = tokio::time::timeout(CALL_DEADLINE, call).await;
        let took = begun.elapsed();
        let mut books = self.books();
        books.in_progress.remove(&number);
        books.calls += 1;
        let times = books.times.entry(kind).or_default();
        if times.len() < KEPT_TIMES {
            times.push(took);
        }
        if (during_reload || self.is_reloading.load(Ordering::SeqCst)) && kind == "read" {
            books.longest_pause = books.longest_pause.max(took);
        }
        drop(books);
        if answer.is_err() {
            self.findings.wrong("no call hangs", format!("{what} has no answer after {took:?}"));
        }
        answer.ok()
    }

    /// Notes whether a reload is in progress.
    pub(crate) fn set_reloading(&self, is_reloading: bool) {
        self.is_reloading.store(is_reloading, Ordering::SeqCst);
    }

    /// A call that keeps its thread for much longer than it may: its own timeout cannot end it.
    pub(crate) fn stuck_call(&self) -> Option<String> {
        let limit = CALL_DEADLINE * 2;
        let books = self.books();
        let stuck = books.in_progress.values().find(|(begun, _)| begun.elapsed() > limit);
        stuck.map(|(begun, what)| format!("{what} keeps its thread for {:?}", begun.elapsed()))
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> u64 {
        self.books().calls
    }

    /// The longest that reading an element took during a reload.
    pub(crate) fn longest_pause(&self) -> Duration {
        self.books().longest_pause
    }

    /// The median time of the calls of a kind.
    pub(crate) fn median(&self, kind: &str) -> Option<Duration> {
        let mut times = self.books().times.get(kind)?.clone();
        times.sort_unstable();
        times.get(times.len() / 2).copied()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
