use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::cache::Cache;
use super::failure_watch::FailureWatch;
use super::open::within;
use crate::DataError;
use crate::store::{Changes, Direction, Keyspace, Visitor};

/// An open sled database. Everything lies in one tree: what is applied together has to be in one.
#[derive(Clone)]
pub(super) struct Store {
    pub(super) directory: Arc<Path>,
    pub(super) tree: sled::Db,
    /// The file that sled writes to.
    pub(super) file: Arc<File>,
    pub(super) cache: Arc<Cache>,
    /// Whether all of it fits into sled's own cache.
    pub(super) fits_in_memory: Arc<AtomicBool>,
    /// How large that cache is, in bytes.
    pub(super) memory: u64,
    /// Ends with the last copy.
    pub(super) _failure_watch: Arc<FailureWatch>,
}

impl Store {
    /// Applies changes all together; readers have to be shut out meanwhile.
    pub(super) fn apply(&self, changes: Changes) -> Result<(), DataError> {
        self.cache.refresh(&changes);
        let mut batch = sled::Batch::default();
        for (key, value) in changes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.tree.apply_batch(batch).map_err(failed)
    }

    /// Waits until everything that was applied is on the disk.
    pub(super) fn sync(&self) -> Result<(), DataError> {
        // sled's flush hands everything to the operating system, and starts writing, but does not wait for the disk.
        self.tree.flush().map_err(failed)?;
        self.file.sync_data().map_err(|error| unavailable(&error))
    }

    /// Whether a write failed that sled made by itself, to tidy its file up: it makes no other after that.
    pub(super) fn check(&self) -> Result<(), DataError> {
        self.tree.context.global_error().map_err(failed)
    }

    /// The value of a key.
    pub(super) fn get_stored(&self, key: &[u8]) -> Result<Option<sled::IVec>, DataError> {
        self.tree.get(key).map_err(|error| self.unreadable(error))
    }

    fn unreadable(&self, error: sled::Error) -> DataError {
        within(&self.directory, failed(error))
    }

    /// Sees whether all of it fits into memory.
    pub(super) fn measure(&self) {
        let fits = self.file.metadata().is_ok_and(|metadata| metadata.len() <= self.memory);
        self.fits_in_memory.store(fits, Ordering::Relaxed);
    }
}

impl Keyspace for Store {
    fn get(&self, key: &[u8]) -> Result<Option<impl AsRef<[u8]>>, DataError> {
        self.get_stored(key)
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        direction: Direction,
        visit: &mut Visitor<'_>,
    ) -> Result<ControlFlow<()>, DataError> {
        if from >= to {
            return Ok(ControlFlow::Continue(()));
        }
        let mut entries = self.tree.range(from..to);
        let mut next = || match direction {
            Direction::Forward => entries.next(),
            Direction::Backward => entries.next_back(),
        };
        while let Some(entry) = next() {
            let (key, value) = entry.map_err(|error| self.unreadable(error))?;
            if visit(&key, &value)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// What an error of sled's is to the caller.
pub(super) fn failed(error: sled::Error) -> DataError {
    match error {
        sled::Error::Io(error) => unavailable(&error),
        // Their own messages are for the engine's authors.
        sled::Error::Corruption { .. } | sled::Error::Unsupported(_) => {
            DataError::corrupt("the storage engine cannot read its files")
        }
        other => DataError::corrupt(other.to_string()),
    }
}

pub(super) fn unavailable(error: &io::Error) -> DataError {
    DataError::Unavailable { message: cause(error), retryable: true }
}

/// What went wrong, in the words of the operating system where it has not got lost which.
fn cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "no space left on the device".to_owned(),
        // sled makes a copy of the first error for every later caller, and of a copy only the kind and this text are
        // left: `Os { code: 5, kind: Uncategorized, message: "Input/output error" }`.
        _ if error.raw_os_error().is_none() => {
            let text = error.to_string();
            let quoted = text.strip_prefix("Os {").and_then(|text| text.split_once("message: \""));
            let message = quoted.and_then(|(_, rest)| rest.rsplit_once('"')).map(|(message, _)| message.to_owned());
            message.unwrap_or(text)
        }
        _ => error.to_string(),
    }
}
