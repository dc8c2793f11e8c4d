use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use mti_element::Secret;

/// How many tokens are remembered.
const SLOTS: usize = 1 << 14;

/// Remembers which tokens opened a session when they were looked up last, in constant memory and without a lock. Whoever
/// brings such a token is not made to pay for the invalid ones that others bring from the same address.
///
/// Only hashes are kept, and their key is random. Two tokens share a slot by chance only; then the later one is remembered.
pub(crate) struct KnownTokens {
    slots: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl KnownTokens {
    pub(crate) fn new() -> Self {
        Self { slots: std::iter::repeat_with(AtomicU64::default).take(SLOTS).collect(), hasher: RandomState::new() }
    }

    /// The place of a token, known or not.
    pub(crate) fn place_of(&self, token: &Secret) -> Option<KnownToken<'_>> {
        // Zero stands for none.
        let hash = self.hasher.hash_one(token.reveal()) | 1;
        let index = usize::try_from(hash >> 1).unwrap_or_default() % SLOTS;
        self.slots.get(index).map(|slot| KnownToken { slot, hash })
    }
}

impl std::fmt::Debug for KnownTokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("KnownTokens").finish_non_exhaustive()
    }
}

/// What is remembered of one token.
pub(crate) struct KnownToken<'a> {
    slot: &'a AtomicU64,
    hash: u64,
}

impl KnownToken<'_> {
    /// Whether it opened a session when it was looked up last.
    pub(crate) fn is_good(&self) -> bool {
        self.slot.load(Ordering::Relaxed) == self.hash
    }

    /// Notes whether it opens a session.
    pub(crate) fn note(&self, is_good: bool) {
        if is_good {
            self.slot.store(self.hash, Ordering::Relaxed);
        } else {
            self.slot.compare_exchange(self.hash, 0, Ordering::Relaxed, Ordering::Relaxed).ok();
        }
    }
}
