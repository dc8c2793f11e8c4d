use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::store::unavailable;
use super::usage::Usage;
use crate::{DataError, calendar};

/// The file whose lock says that a process has the directory, and which names that process.
const FILE: &str = "holder";

/// How long an opener waits for a database of this process to close.
const CLOSING: Duration = Duration::from_secs(30);

/// The directories that databases of this process hold. One whose database is used no more is given up as soon as
/// everything is written.
static HELD: LazyLock<Mutex<HashMap<PathBuf, Arc<Usage>>>> = LazyLock::new(Mutex::default);

/// Notified when this process gives a directory up.
static GIVEN_UP: Condvar = Condvar::new();

/// The hold on a database's directory, given up when dropped.
#[derive(Debug)]
pub(super) struct Holder {
    // The lock of the file goes first: the next opener waits for the second field, and then takes the lock.
    _locked: File,
    _reserved: Reserved,
}

impl Holder {
    /// Takes the directory for a database of this process. Waits for another one of this process that is closing.
    pub(super) fn acquire(directory: &Path, program: &str, usage: &Arc<Usage>) -> Result<Self, DataError> {
        let reserved = Reserved::acquire(directory, usage)?;
        let path = directory.join(FILE);
        let options = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = options.map_err(|error| unavailable(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(DataError::Held { directory: directory.to_owned(), by: described(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(unavailable(&error)),
        }
        let written = file.set_len(0).and_then(|()| writeln!(file, "{} {program}", std::process::id()));
        written.map_err(|error| unavailable(&error))?;
        Ok(Self { _locked: file, _reserved: reserved })
    }
}

/// The hold on a directory among the databases of this process.
#[derive(Debug)]
struct Reserved {
    directory: PathBuf,
}

impl Reserved {
    fn acquire(directory: &Path, usage: &Arc<Usage>) -> Result<Self, DataError> {
        let canonical = fs::canonicalize(directory).map_err(|error| unavailable(&error))?;
        let is_closing = |held: &mut HashMap<_, Arc<Usage>>| held.get(&canonical).is_some_and(|usage| usage.is_over());
        let (mut held, _) =
            GIVEN_UP.wait_timeout_while(all_held(), CLOSING, is_closing).unwrap_or_else(PoisonError::into_inner);
        if held.contains_key(&canonical) {
            let by = File::open(directory.join(FILE)).map(|mut file| described(&mut file));
            let by = by.unwrap_or_else(|_| "this process".to_owned());
            return Err(DataError::Held { directory: directory.to_owned(), by });
        }
        held.insert(canonical.clone(), Arc::clone(usage));
        Ok(Self { directory: canonical })
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        all_held().remove(&self.directory);
        GIVEN_UP.notify_all();
    }
}

fn all_held() -> MutexGuard<'static, HashMap<PathBuf, Arc<Usage>>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who holds the directory, in words. The file was written when the hold began.
fn described(file: &mut File) -> String {
    const LONGEST: u64 = 256;
    let mut text = String::new();
    let read = Read::by_ref(file).take(LONGEST).read_to_string(&mut text);
    let since = file.metadata().and_then(|metadata| metadata.modified()).map(calendar::utc);
    match (read, text.trim().split_once(' '), since) {
        (Ok(_), Some((process, program)), Ok(since)) => {
            format!("`{program}` (process {process}) since {since}")
        }
        _ => "another process".to_owned(),
    }
}
