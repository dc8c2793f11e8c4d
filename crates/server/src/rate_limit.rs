use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::address::network;

/// How many addresses are told apart.
const SLOTS: usize = 1 << 16;

/// The span over which calls are counted; a whole span's calls may come at once.
const SPAN: Duration = Duration::from_mins(1);

/// Counts calls by address, in constant memory and without a lock.
///
/// Each slot holds the moment at which the calls counted so far are used up (the generic cell rate algorithm). Addresses share a slot by chance only: the
/// hash has a key, so nobody can aim at somebody else's slot.
pub(crate) struct RateLimiter {
    slots: Box<[AtomicU64]>,
    hasher: RandomState,
    started: Instant,
    nanos_per_call: u64,
}

impl RateLimiter {
    pub(crate) fn new(calls_per_minute: NonZeroU32) -> Self {
        Self {
            slots: std::iter::repeat_with(AtomicU64::default).take(SLOTS).collect(),
            hasher: RandomState::new(),
            started: Instant::now(),
            nanos_per_call: nanos(SPAN) / u64::from(calls_per_minute.get()),
        }
    }

    /// Counts a call. When it is one too many, says how long to wait.
    pub(crate) fn admit(&self, address: IpAddr) -> Result<(), Duration> {
        self.admit_at(address, nanos(self.started.elapsed()))
    }

    fn admit_at(&self, address: IpAddr, now: u64) -> Result<(), Duration> {
        let Some(slot) = self.slot(address) else {
            return Ok(());
        };
        let used_until = |until: u64| until.max(now) + self.nanos_per_call;
        let counted = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |until| {
            (used_until(until) - now <= nanos(SPAN)).then(|| used_until(until))
        });
        counted.map(drop).map_err(|until| Duration::from_nanos(used_until(until) - now - nanos(SPAN)))
    }

    fn slot(&self, address: IpAddr) -> Option<&AtomicU64> {
        let hash = self.hasher.hash_one(network(address));
        let number = hash % u64::try_from(self.slots.len()).ok()?;
        self.slots.get(usize::try_from(number).ok()?)
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RateLimiter").field("nanos_per_call", &self.nanos_per_call).finish_non_exhaustive()
    }
}
