use std::thread;
use std::time::{Duration, Instant};

/// Waits until something is so. Returns whether it was within the time.
pub(crate) fn eventually(deadline: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    const PERIOD: Duration = Duration::from_millis(5);
    let begun = Instant::now();
    while !is_so() {
        if begun.elapsed() > deadline {
            return false;
        }
        thread::park_timeout(PERIOD);
    }
    true
}
