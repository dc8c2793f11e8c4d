//! Attempts that are made again where that is safe and can help.

use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::error::SqlState;

use super::attempt_error::{AttemptError, Retry, Spoils, unknown_outcome};
use super::connections::{Connections, Lease};
use crate::DataError;

/// How many attempts there are at most, the first included.
const MAX_ATTEMPTS: u32 = 40;

/// How many attempts there are on connections that get lost.
const MAX_LOST: u32 = 3;

/// The longest pause between two attempts.
const MAX_PAUSE: Duration = Duration::from_millis(250);

/// What an attempt may leave behind when its connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing: it only reads, or its transaction was not committed.
    None,
    /// All of it, or nothing: the caller cannot know which.
    Unknown,
}

/// Something that is attempted until it succeeds, or until another attempt is not safe or cannot help.
pub(super) struct RetryLoop<'a> {
    connections: &'a Connections,
    effect: Effect,
    deadline: Instant,
    failed: u32,
    lost: u32,
}

impl<'a> RetryLoop<'a> {
    pub(super) fn new(connections: &'a Connections, effect: Effect) -> Self {
        let deadline = Instant::now() + connections.options().timeout;
        Self { connections, effect, deadline, failed: 0, lost: 0 }
    }

    /// A connection for the next attempt.
    pub(super) async fn lease(&self) -> Result<Lease, DataError> {
        self.connections.lease().await
    }

    /// Returns what an attempt achieved, or `None` if it should be made again now. Fails if it should not.
    pub(super) async fn after<T>(
        &mut self,
        mut lease: Lease,
        done: Result<T, AttemptError>,
    ) -> Result<Option<T>, DataError> {
        if done.as_ref().is_err_and(|failed| failed.state == Some(SqlState::FEATURE_NOT_SUPPORTED)) {
            lease.connection().statement_cache.clear();
        }
        let is_new_connection = lease.is_new();
        let failed = match lease.end(done) {
            Ok(done) => return Ok(Some(done)),
            Err(failed) => failed,
        };
        self.failed += 1;
        if failed.spoils != Spoils::Nothing {
            self.lost += 1;
        }
        // A connection that was made just now says how the server is now.
        let is_final = failed.is_read_only() && is_new_connection;
        let is_exhausted = self.failed >= MAX_ATTEMPTS || self.lost >= MAX_LOST || Instant::now() >= self.deadline;
        match failed.retry {
            Retry::Never => Err(failed.error),
            Retry::IfNoEffect if self.effect == Effect::Unknown => Err(unknown_outcome(failed.error)),
            Retry::Safe | Retry::IfNoEffect if is_final || is_exhausted => Err(failed.error),
            Retry::Safe | Retry::IfNoEffect => {
                if failed.spoils == Spoils::Nothing {
                    tokio::time::sleep(pause(self.failed)).await;
                }
                Ok(None)
            }
        }
    }
}

/// A random pause, whose upper limit doubles with every attempt.
fn pause(attempt: u32) -> Duration {
    const FIRST: Duration = Duration::from_millis(4);
    let longest = FIRST.saturating_mul(1 << attempt.min(10)).min(MAX_PAUSE);
    longest.mul_f64(rand::random_range(0.0..1.0))
}
