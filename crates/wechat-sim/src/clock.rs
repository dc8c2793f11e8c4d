use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Where the simulator takes the time from: how long ago something began.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Duration + Send + Sync>);

/// The hand of a clock that moves only when told to.
#[derive(Debug, Clone, Default)]
pub struct ManualClock(Arc<AtomicU64>);

impl Clock {
    /// The machine's monotonic clock.
    pub fn system() -> Self {
        let start = Instant::now();
        Self(Arc::new(move || start.elapsed()))
    }

    /// A clock that stands still until its hand is moved.
    pub fn manual() -> (Self, ManualClock) {
        let hand = ManualClock::default();
        let milliseconds = Arc::clone(&hand.0);
        let clock = Self(Arc::new(move || Duration::from_millis(milliseconds.load(Ordering::SeqCst))));
        (clock, hand)
    }

    pub(crate) fn now(&self) -> Duration {
        (self.0)()
    }
}

impl ManualClock {
    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        let milliseconds = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Clock").field(&self.now()).finish()
    }
}
