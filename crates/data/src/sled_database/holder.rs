use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use super::store::unavailable;
use crate::{DataError, calendar};

/// The file whose lock says that a process has the directory, and which names that process.
const FILE: &str = "holder";

/// The hold on a database's directory, given up when dropped.
#[derive(Debug)]
pub(super) struct Holder {
    _locked: File,
}

impl Holder {
    /// Takes the directory for this process.
    pub(super) fn acquire(directory: &Path, program: &str) -> Result<Self, DataError> {
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
        Ok(Self { _locked: file })
    }
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
