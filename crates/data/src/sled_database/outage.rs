use std::time::{Duration, Instant};

use crate::DataError;

/// How long the committer waits between its first two attempts to open the store again.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// How long it waits at most, however often it failed.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The time from a failed write until the store has been opened again. Nothing is written meanwhile.
#[derive(Debug)]
pub(super) struct Outage {
    /// What a caller is told.
    error: DataError,
    /// When to try next. `None` if only a restart, or a backup, can help.
    next_attempt: Option<Instant>,
    pause: Duration,
}

impl Outage {
    pub(super) fn begin(error: DataError) -> Self {
        Self { error, next_attempt: Some(Instant::now()), pause: FIRST_PAUSE }
    }

    pub(super) fn error(&self) -> DataError {
        self.error.clone()
    }

    pub(super) fn is_due(&self) -> bool {
        self.next_attempt.is_some_and(|at| at <= Instant::now())
    }

    /// Notes that an attempt failed. The next one is made later than this one was.
    pub(super) fn go_on(&mut self, error: DataError) {
        // A store that is damaged, or of another program, does not become another by waiting.
        let can_pass = matches!(error, DataError::Unavailable { .. });
        self.next_attempt = can_pass.then(|| Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        self.error = error;
    }
}
