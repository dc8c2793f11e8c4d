use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use mti_element::CallCount;

use crate::address::network;

/// How many addresses are told apart.
const SLOTS: usize = 1 << 16;

/// The span over which calls are counted; a whole span's calls may come at once.
const SPAN: Duration = Duration::from_mins(1);

/// How many addresses are counted for other processes between two exchanges; what is beyond that counts here only.
const MOST_TALLIED: usize = 4096;

/// How many addresses are told of in one exchange at most, those that called most.
const MOST_TOLD: usize = 256;

/// What part of its allowance an address uses here before the other processes are told.
const UNTOLD_PART: u64 = 20;

/// Counts calls by address, in constant memory and, when no other process is told, without a lock.
///
/// Each slot holds the moment at which the calls counted so far are used up (the generic cell rate algorithm). Addresses share a slot by chance only: the
/// hash has a key, so nobody can aim at somebody else's slot.
pub(crate) struct RateLimiter {
    slots: Box<[AtomicU64]>,
    hasher: RandomState,
    started: Instant,
    nanos_per_call: u64,
    /// What other processes have not been told yet, by network; absent when there is nobody to tell.
    tally: Option<Mutex<HashMap<u64, u64>>>,
    /// How few calls are not worth telling.
    untold: u64,
}

impl RateLimiter {
    pub(crate) fn new(calls_per_minute: NonZeroU32, is_shared: bool) -> Self {
        Self {
            tally: is_shared.then(Mutex::default),
            untold: u64::from(calls_per_minute.get()) / UNTOLD_PART,
            slots: std::iter::repeat_with(AtomicU64::default).take(SLOTS).collect(),
            hasher: RandomState::new(),
            started: Instant::now(),
            nanos_per_call: nanos(SPAN) / u64::from(calls_per_minute.get()),
        }
    }

    /// Counts a call. When it is one too many, says how long to wait.
    pub(crate) fn admit(&self, address: IpAddr) -> Result<(), Duration> {
        let network = network(address);
        self.admit_at(network, nanos(self.started.elapsed()))?;
        if let Some(tally) = &self.tally {
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            if tally.len() < MOST_TALLIED || tally.contains_key(&network) {
                *tally.entry(network).or_default() += 1;
            }
        }
        Ok(())
    }

    /// Whether a call would be one too many; it is not counted. Then it says how long to wait.
    pub(crate) fn check(&self, address: IpAddr) -> Result<(), Duration> {
        let Some(slot) = self.slot(network(address)) else { return Ok(()) };
        let now = nanos(self.started.elapsed());
        let used_until = slot.load(Ordering::Relaxed).max(now) + self.nanos_per_call;
        match (used_until - now).checked_sub(nanos(SPAN)) {
            Some(too_many) if too_many > 0 => Err(Duration::from_nanos(too_many)),
            _ => Ok(()),
        }
    }

    /// What the other processes should know: the calls of addresses that call much. Those of the others are kept for the
    /// next time, unless it `forgets`.
    pub(crate) fn take_tally(&self, forgets: bool) -> Vec<CallCount> {
        let Some(tally) = &self.tally else { return Vec::new() };
        let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
        let mut told: Vec<CallCount> = tally
            .iter()
            .filter(|(_, calls)| **calls > self.untold)
            .map(|(client, calls)| CallCount { client: *client, calls: *calls })
            .collect();
        told.sort_unstable_by_key(|count| std::cmp::Reverse(count.calls));
        told.truncate(MOST_TOLD);
        for count in &told {
            tally.remove(&count.client);
        }
        if forgets {
            tally.clear();
        }
        told
    }

    /// Counts calls that other processes have answered.
    pub(crate) fn count_elsewhere(&self, count: CallCount) {
        let Some(slot) = self.slot(count.client) else { return };
        let now = nanos(self.started.elapsed());
        let used = count.calls.saturating_mul(self.nanos_per_call);
        // No address is kept waiting for longer than it takes to forget all its calls.
        let used_until = |until: u64| until.max(now).saturating_add(used).min(now + nanos(SPAN));
        slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |until| Some(used_until(until).max(until))).ok();
    }

    fn admit_at(&self, network: u64, now: u64) -> Result<(), Duration> {
        let Some(slot) = self.slot(network) else {
            return Ok(());
        };
        let used_until = |until: u64| until.max(now) + self.nanos_per_call;
        let counted = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |until| {
            (used_until(until) - now <= nanos(SPAN)).then(|| used_until(until))
        });
        counted.map(drop).map_err(|until| Duration::from_nanos(used_until(until) - now - nanos(SPAN)))
    }

    fn slot(&self, network: u64) -> Option<&AtomicU64> {
        let hash = self.hasher.hash_one(network);
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
