//! Methods of which their author promises that they wait for nothing (`@mti.quick`): they run on a worker of the runtime
//! without handing its other tasks over first, as long as that keeps nobody waiting.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use super::failure::Place;
use super::in_place;
use crate::thread::attached;

/// How long a method may take that is called quick, and how long it may have to wait for the interpreter before.
const LIMIT: Duration = Duration::from_millis(1);

/// For how many times as long as it took a promise that was broken counts for nothing: what it holds up stays a hundredth,
/// and a thread that the system stopped once in the middle of a method costs little.
const DISTRUST: u32 = 100;

/// How often a promise that is broken again and again is in the log.
const BETWEEN_WARNINGS: Duration = Duration::from_mins(1);

/// For how long the interpreter counts as busy after somebody had to wait for it.
const BUSY: Duration = Duration::from_millis(100);

/// Until when the interpreter counts as busy: one for the process, as the interpreter is.
static BUSY_UNTIL: Moment = Moment::past();

/// The promise of one method.
pub(super) struct Promise {
    broken_until: Moment,
    told_until: Moment,
}

impl Promise {
    pub(super) const fn new() -> Self {
        Self { broken_until: Moment::past(), told_until: Moment::past() }
    }

    /// Runs the method that the promise is of. On this thread as it is, unless the promise was broken lately or the
    /// interpreter is busy: then as any other method.
    pub(super) fn run<T>(&self, place: Place<'_>, run: impl FnOnce(Python<'_>) -> T) -> T {
        let begin = Instant::now();
        let is_trusted = !self.broken_until.is_after(begin) && !BUSY_UNTIL.is_after(begin);
        let Some(turn) = is_trusted.then(Turn::take).flatten() else {
            return in_place(|| attached_since(begin, |py, _| run(py)));
        };
        let (outcome, took) = attached_since(begin, |py, entered| {
            drop(turn);
            let outcome = run(py);
            (outcome, entered.elapsed())
        });
        if took > LIMIT {
            self.broken(place, took);
        }
        outcome
    }

    #[cold]
    fn broken(&self, place: Place<'_>, took: Duration) {
        let now = Instant::now();
        let distrust = took.saturating_mul(DISTRUST);
        self.broken_until.set(now + distrust);
        if self.told_until.is_after(now) {
            return;
        }
        self.told_until.set(now + BETWEEN_WARNINGS);
        tracing::warn!(
            "{place} is called quick (`@mti.quick`) and took {took:.1?}, and its thread did nothing else meanwhile: for \
             {distrust:.1?} it is run as one that may wait. If it reads, asks or computes much, take `@mti.quick` away; threads \
             that use the interpreter at the same time delay it too"
        );
    }
}

/// Runs code with the interpreter, and notes whether it had to be waited for.
fn attached_since<T>(begin: Instant, run: impl FnOnce(Python<'_>, Instant) -> T) -> T {
    attached(|py| {
        let entered = Instant::now();
        if entered.duration_since(begin) > LIMIT {
            BUSY_UNTIL.set(entered + BUSY);
        }
        run(py, entered)
    })
}

/// The right to wait for the interpreter on a thread that has other things to do. There is one: whoever holds the
/// interpreter may keep it for milliseconds, and then one worker stands still and not all of them.
struct Turn;

static IS_TAKEN: AtomicBool = AtomicBool::new(false);

impl Turn {
    fn take() -> Option<Self> {
        (!IS_TAKEN.swap(true, Ordering::Acquire)).then_some(Self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        IS_TAKEN.store(false, Ordering::Release);
    }
}

/// A moment that threads share, in microseconds of this process.
struct Moment(AtomicU64);

impl Moment {
    const fn past() -> Self {
        Self(AtomicU64::new(0))
    }

    fn is_after(&self, moment: Instant) -> bool {
        self.0.load(Ordering::Relaxed) > microseconds(moment)
    }

    fn set(&self, moment: Instant) {
        self.0.store(microseconds(moment), Ordering::Relaxed);
    }
}

fn microseconds(moment: Instant) -> u64 {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    let since = moment.saturating_duration_since(*FIRST.get_or_init(Instant::now));
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
