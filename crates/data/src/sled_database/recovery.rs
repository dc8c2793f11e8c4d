use std::fs::File;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, PoisonError};
use std::{io, mem, thread};

use super::acknowledged::Acknowledged;
use super::cache::Writing;
use super::committer::Committer;
use super::open::{open_store, within};
use super::outage::Outage;
use super::store::{Store, unavailable};
use super::{Published, unreadable};
use crate::DataError;
use crate::store::{Overlay, Tables, prepare_again};

impl Committer {
    /// Takes no more writes until the store has been opened again: what of the last ones is on the disk is not known.
    pub(super) fn stop_writing(&mut self, error: &DataError) -> DataError {
        let directory = self.options.directory.display();
        let cause = match error {
            DataError::Unavailable { message, .. } => message.clone(),
            other => other.to_string(),
        };
        tracing::error!("a write to `{directory}` failed: {cause}; writes stop until the database can be opened again");
        let message = format!("a write to `{directory}` failed: {cause}; it is being opened again");
        let told = DataError::Unavailable { message, retryable: true };
        let failed = mem::replace(&mut self.writer, Err(Outage::begin(told.clone())));
        dispose(failed.map(|Writing { store }| store));
        told
    }

    /// Opens the store again if a write failed meanwhile that sled made by itself.
    pub(super) fn check_store(&mut self) {
        if let Ok(Writing { store }) = &self.writer
            && let Err(error) = store.check()
        {
            self.stop_writing(&error);
            self.recover();
        }
    }

    /// Tries to open the store again, when it is time to.
    ///
    /// Readers keep the old store until a trial says that the new one can be had; then they wait for it.
    pub(super) fn recover(&mut self) {
        let Err(outage) = &mut self.writer else { return };
        if !outage.is_due() {
            return;
        }
        // The path may lead to another directory by now, which must not be taken for this one.
        if let Err(error) = self.location.check() {
            return outage.go_on(error);
        }
        let published = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let file = published.as_ref().ok().map(|Published { store, .. }| Arc::clone(&store.file));
        drop(published);
        if let Some(file) = file
            && let Err(error) = writable_again(&file, |length| self.room.try_out(length))
        {
            return outage.go_on(within(&self.options.directory, unavailable(&error)));
        }
        let mut published = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        dispose(mem::replace(&mut *published, Err(outage.error())));
        // sled panics at some logs that it cannot read.
        let reopened = panic::catch_unwind(AssertUnwindSafe(|| {
            let (store, acknowledged) = open_store(&self.options.directory)?;
            self.location.check_with(&store.file)?;
            reprepared(store, acknowledged, &self.acknowledged, &self.tables)
        }));
        let reopened = reopened.unwrap_or_else(|_| Err(unreadable()));
        match reopened {
            Ok((store, acknowledged, tables)) => {
                self.publish_epoch(&tables);
                self.tables = tables.clone();
                self.acknowledged = acknowledged;
                *published = Ok(Published { store: store.clone(), tables });
                self.writer = Ok(Writing { store });
                tracing::info!("opened `{}` again: writes go on", self.options.directory.display());
            }
            Err(error) => {
                if !matches!(error, DataError::Unavailable { .. }) {
                    let directory = self.options.directory.display();
                    tracing::error!("opening `{directory}` again failed: {error}");
                }
                *published = Err(error.clone());
                outage.go_on(error);
            }
        }
    }
}

/// Makes sure that the disk takes writes, and that what is read of the store from now on is what the disk has.
fn writable_again(file: &File, try_out: impl FnOnce(u64) -> io::Result<()>) -> io::Result<()> {
    try_out(file.metadata()?.len())?;
    file.sync_data()?;
    // The operating system reports once that it could not write a page, and then takes it for written. Read from
    // memory, it would count as part of the log; the next power cut would end the log there.
    #[cfg(target_os = "linux")]
    rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed)?;
    Ok(())
}

/// Drops a store whose last write failed, or one of its copies. The thread that drops the last may have to wait for
/// writes that are under way, and sled panics or waits in vain when they fail; the store's lock tells when it is done.
pub(super) fn dispose<T: Send + 'static, E>(store: Result<T, E>) {
    if let Ok(store) = store
        && let Err(error) = thread::Builder::new().name("mti-data-dispose".to_owned()).spawn(move || drop(store))
    {
        tracing::warn!(%error, "no thread to close a database in");
    }
}

/// Refuses a store that lacks what was acknowledged before it was reopened. Brings its tables to what they were: the
/// log may have a change of a table whose caller was told that it failed.
fn reprepared(
    store: Store,
    mut acknowledged: Acknowledged,
    before: &Acknowledged,
    tables: &Tables,
) -> Result<(Store, Acknowledged, Tables), DataError> {
    acknowledged.require(before)?;
    let keys = Writing { store };
    let mut overlay = Overlay::new(&keys);
    let tables = prepare_again(&mut overlay, tables)?;
    let mut changes = overlay.into_changes();
    if !changes.is_empty() {
        acknowledged.count(&mut changes);
        keys.store.apply(changes)?;
        keys.store.sync()?;
        acknowledged.synced();
    }
    Ok((keys.store, acknowledged, tables))
}
