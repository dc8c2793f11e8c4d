//! Files in memory.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use super::ignore_rules::{IGNORE_FILE, IgnoreRules};
use super::{AppFiles, Entry, EntryKind, Listing, ReadError, is_plain};

/// An app whose files are in memory: embedded into the binary, or written down in a test.
#[derive(Clone)]
pub struct MemoryFiles {
    description: String,
    files: BTreeMap<String, Cow<'static, [u8]>>,
}

impl MemoryFiles {
    /// The app with these files; `description` says where it is, as in `embedded mti.base`. A path that is not plain and relative is left out.
    pub fn new<P, B>(description: impl Into<String>, files: impl IntoIterator<Item = (P, B)>) -> Self
    where
        P: Into<String>,
        B: Into<Cow<'static, [u8]>>,
    {
        Self {
            description: description.into(),
            files: files
                .into_iter()
                .map(|(path, bytes)| (path.into(), bytes.into()))
                .filter(|(path, _)| is_plain(path))
                .collect(),
        }
    }
}

impl AppFiles for MemoryFiles {
    fn list(&self) -> Listing {
        let mut listing = Listing::default();
        let ignore_file = self.files.get(IGNORE_FILE).map(|bytes| String::from_utf8_lossy(bytes));
        let rules = IgnoreRules::new(ignore_file.as_deref(), &mut listing.problems);
        let mut directories = BTreeMap::new();
        for path in self.files.keys() {
            let excluded = ancestors(path).any(|directory| {
                *directories.entry(directory).or_insert_with(|| {
                    let excluded = rules.excludes(directory, true);
                    if !excluded {
                        listing.entries.push(Entry { path: directory.into(), kind: EntryKind::Directory });
                    }
                    excluded
                })
            });
            if !excluded && !rules.excludes(path, false) {
                listing.entries.push(Entry { path: path.as_str().into(), kind: EntryKind::File });
            }
        }
        // A path cannot be both; the directory wins, as it would on disk.
        let listed: BTreeSet<&str> = directories.into_keys().collect();
        listing.entries.retain(|entry| entry.kind == EntryKind::Directory || !listed.contains(&*entry.path));
        listing
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
        if !is_plain(path) {
            return Err(ReadError::Outside);
        }
        match self.files.get(path) {
            Some(bytes) if u64::try_from(bytes.len()).is_ok_and(|length| length <= limit) => Ok(bytes.to_vec()),
            Some(_) => Err(ReadError::TooLarge { limit }),
            None => Err(ReadError::NotFound),
        }
    }

    fn root(&self) -> Option<&Path> {
        None
    }

    fn description(&self) -> String {
        self.description.clone()
    }
}

/// The directories above a path, outermost first.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(move |(slash, _)| path.get(..slash))
}

impl fmt::Debug for MemoryFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryFiles").field("description", &self.description).field("files", &self.files.len()).finish()
    }
}
