use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use mti_element::AppHandle;

/// How far the clocks of nodes that share a database may be apart. What lies further in the future was written by a clock
/// that has been set back since.
pub(crate) const MOST_SKEW_SECONDS: i64 = 60;

/// What time it is, in Unix seconds. A resource of the process: insert another one, and everything that expires goes
/// by it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    /// The clock of the system.
    pub fn system() -> Self {
        Self::new(|| {
            let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
        })
    }

    /// A clock that asks `read` for the time.
    pub fn new(read: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The time.
    pub fn now(&self) -> i64 {
        (self.0)()
    }

    /// The time by the clock of the process, in Unix seconds: `Clock::of(&this.app())`.
    pub fn of(app: &AppHandle<'_>) -> i64 {
        app.resource(Self::system).now()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Clock")
    }
}
