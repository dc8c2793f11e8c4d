use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::DataError;
use crate::store::Changes;

/// How much of the disk stays free, in bytes: sled rewrites its file in the background, others may fill the disk while a
/// commit is under way, and a restart needs room too.
const RESERVE: u64 = 8 << 20;

/// Which part of a small file system that is at most.
const RESERVED_PART: u64 = 4;

/// The file by which a large write is tried out. It never outlives the trial.
const TRIAL_FILE: &str = "trial";

/// How many bytes a trial writes: sled needs at most two segments of 512 KiB, and its snapshot, to open.
const TRIAL: usize = 1 << 20;

/// The free space of the file system that has a database's directory.
///
/// It is looked at before each commit. A commit that is refused here has touched nothing: reads see what they saw, and
/// the next commit is looked at anew. One that fails halfway costs the store, which has to be opened again.
#[derive(Debug)]
pub(super) struct Room {
    directory: PathBuf,
    /// The open directory: its file system can be asked also when the path leads elsewhere.
    opened: Option<File>,
    /// Whether the last look found too little.
    is_short: bool,
}

impl Room {
    pub(super) fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), opened: File::open(directory).ok(), is_short: false }
    }

    /// Refuses changes that the disk may have no space for. Logs when writes stop, and when they go on.
    pub(super) fn check(&mut self, changes: &Changes) -> Result<(), DataError> {
        // A file system that does not say is tried.
        let Space { total, free } =
            self.opened.as_ref().and_then(space).unwrap_or(Space { total: u64::MAX, free: u64::MAX });
        // Once in the log, and again when sled rewrites the page that they are in.
        let needed = RESERVE.min(total / RESERVED_PART) + 2 * changes.iter().map(size).sum::<u64>();
        let directory = self.directory.display();
        if free >= needed {
            if std::mem::take(&mut self.is_short) {
                tracing::info!("space is back on the device of `{directory}`: writes go on");
            }
            return Ok(());
        }
        let (free, needed) = (free >> 10, needed >> 10);
        let message =
            format!("no space left on the device: `{directory}` has {free} KiB free, a write needs {needed} KiB");
        if !std::mem::replace(&mut self.is_short, true) {
            tracing::error!("{message}; writes stop until there is space");
        }
        Err(DataError::Unavailable { message, retryable: true })
    }

    /// Writes a file that is larger than the store's by a megabyte, mostly a hole, and removes it: where that fails,
    /// the store could not be opened.
    pub(super) fn try_out(&self, store_length: u64) -> io::Result<()> {
        let path = self.directory.join(TRIAL_FILE);
        let tried = File::create(&path).and_then(|mut file| {
            file.seek(SeekFrom::Start(store_length))?;
            file.write_all(&vec![0; TRIAL])?;
            file.sync_data()
        });
        let removed = fs::remove_file(&path);
        tried.and(removed)
    }
}

fn size((key, value): (&Vec<u8>, &Option<Vec<u8>>)) -> u64 {
    (key.len() + value.as_ref().map_or(0, Vec::len)) as u64
}

/// How large a file system is, and how much of it this process may still write, in bytes.
struct Space {
    total: u64,
    free: u64,
}

#[cfg(unix)]
fn space(directory: &File) -> Option<Space> {
    let found = rustix::fs::fstatvfs(directory).ok().filter(|found| found.f_blocks > 0)?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    Some(Space { total: bytes(found.f_blocks), free: bytes(found.f_bavail) })
}

#[cfg(not(unix))]
fn space(_: &File) -> Option<Space> {
    None
}
