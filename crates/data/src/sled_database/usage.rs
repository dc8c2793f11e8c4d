use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{OnceLock, Weak};

use super::SledDatabase;

/// Whether a database is in use: one that is not gives its directory up soon.
#[derive(Debug, Default)]
pub(super) struct Usage {
    is_over: AtomicBool,
    /// Those who share it, if it is shared: the last of them ends the use before anything of the database is dropped.
    holders: OnceLock<Weak<SledDatabase>>,
}

impl Usage {
    /// Ends it, for good.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire) || self.holders.get().is_some_and(|holders| holders.strong_count() == 0)
    }

    /// From now on it is over without the holders of a database, too.
    pub(super) fn ends_with(&self, holders: Weak<SledDatabase>) {
        // Of several, the first ones stay: a database is shared once.
        let _first: Result<(), _> = self.holders.set(holders);
    }
}
