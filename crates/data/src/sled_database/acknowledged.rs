use std::fs::File;
use std::io::{Read, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use super::store::{Store, failed, unavailable};
use crate::DataError;
use crate::store::{COMMITS_KEY, Changes};

/// The file beside the store that says how many commits were acknowledged.
const FILE: &str = "acknowledged";

/// How many commits a store has had, counted in the store and, once they are on the disk, in a file beside it.
///
/// sled takes a damaged log for one that ends where the damage begins, and opens without what came later: a store that
/// has had fewer commits than were acknowledged has lost some. The file is not waited for, so after a power cut it may
/// know of fewer; it never knows of more.
#[derive(Debug)]
pub(super) struct Acknowledged {
    file: File,
    commits: u64,
    /// How many of them are on the disk.
    synced: u64,
    /// How many of those the file knows of.
    noted: u64,
}

impl Acknowledged {
    /// Opens the file of a store that was just opened, and compares.
    pub(super) fn open(directory: &Path, store: &Store) -> Result<Self, DataError> {
        let path = directory.join(FILE);
        let options = File::options().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = options.map_err(|error| unavailable(&error))?;
        let commits = match store.tree.get(COMMITS_KEY).map_err(failed)? {
            Some(bytes) => u64::from_be_bytes(
                bytes.as_ref().try_into().map_err(|_| DataError::corrupt("its number of commits is no number"))?,
            ),
            None => 0,
        };
        let mut text = String::new();
        let read = Read::by_ref(&mut file).take(64).read_to_string(&mut text);
        // What cannot be read says nothing: a power cut may leave the file empty.
        let noted = read.ok().and_then(|_| text.trim().parse::<u64>().ok()).unwrap_or_default();
        let opened = Self { file, commits, synced: noted, noted };
        opened.has_all(noted)?;
        Ok(opened)
    }

    /// Refuses a store, just opened again, that has had fewer commits than were acknowledged before.
    pub(super) fn require(&self, before: &Self) -> Result<(), DataError> {
        self.has_all(before.synced)
    }

    fn has_all(&self, acknowledged: u64) -> Result<(), DataError> {
        match acknowledged.checked_sub(self.commits) {
            None | Some(0) => Ok(()),
            Some(lost) => {
                Err(DataError::corrupt(format!("the last {lost} of its {acknowledged} commits cannot be read")))
            }
        }
    }

    /// Counts one more commit, in what is about to be written.
    pub(super) fn count(&mut self, changes: &mut Changes) {
        self.commits += 1;
        changes.insert(COMMITS_KEY.to_vec(), Some(self.commits.to_be_bytes().to_vec()));
    }

    /// Everything counted is on the disk.
    pub(super) fn synced(&mut self) {
        self.synced = self.commits;
    }

    /// Notes what is on the disk, if that is more than the file knows of.
    pub(super) fn note(&mut self) {
        if self.noted == self.synced {
            return;
        }
        // Of one length, so that the file never holds the end of a longer number.
        let text = format!("{:020}\n", self.synced);
        match self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.write_all(text.as_bytes())) {
            Ok(()) => self.noted = self.synced,
            Err(error) => tracing::warn!(%error, "cannot note how many commits were acknowledged"),
        }
    }
}
