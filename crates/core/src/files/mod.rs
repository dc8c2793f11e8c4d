//! The only way to an app's files, whether they are on disk, in memory or in the binary.

mod disk;
mod ignore_rules;
mod memory;
mod watch_list;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

pub use disk::DiskFiles;
pub use ignore_rules::{IGNORE_FILE, NEVER_SEARCHED};
pub use memory::MemoryFiles;
pub use watch_list::WatchList;

use crate::diagnostic::{Code, Diagnostic};

/// The most bytes that a definition file may have.
pub const FILE_LIMIT: u64 = 1024 * 1024;

/// How many entries a tree may have. Links make trees of any size out of few directories, so there must be an end.
pub(crate) const ENTRY_LIMIT: usize = 2_000_000;
/// How many entries a tree may have to be read anew in parts: far enough from the end that no part comes near it.
pub(crate) const PART_LIMIT: usize = ENTRY_LIMIT / 2;

/// The files of one app.
///
/// Paths are relative to the app's root, with forward slashes, and never contain `..`.
pub trait AppFiles: Send + Sync + fmt::Debug {
    /// The whole tree, without what is never searched and what the app's `.mtiignore` excludes.
    fn list(&self) -> Listing;

    /// The part of [`AppFiles::list`] that is at or below these paths, none of which lies below another. What is wrong with `.mtiignore` is not part of it,
    /// and a part that is not [regular](Listing::is_regular) need not be complete.
    fn list_at(&self, paths: &[&str]) -> Listing {
        let mut listing = self.list();
        listing.entries.retain(|entry| {
            paths.iter().any(|path| {
                entry.path.strip_prefix(path).is_some_and(|rest| matches!(rest.bytes().next(), None | Some(b'/')))
            })
        });
        listing.problems.retain(|problem| !is_about_patterns(problem));
        listing
    }

    /// Reads a file of at most `limit` bytes. Nothing outside the app's root is ever read.
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, ReadError>;

    /// Reads a file of at most `limit` bytes that is below `directory`, also where links on its path lead. Both paths are
    /// relative to the app's root.
    fn read_below(&self, directory: &str, path: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
        if path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/')) {
            self.read(path, limit)
        } else {
            Err(ReadError::Outside)
        }
    }

    /// Reads a file that [`AppFiles::list`] has just listed, and so already judged.
    fn read_listed(&self, path: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
        self.read(path, limit)
    }

    /// The app's root directory, where there is one. Links on the way to it are resolved.
    fn root(&self) -> Option<&Path>;

    /// The path by which the root was found, absolute, with its links as they are.
    fn found_at(&self) -> Option<&Path> {
        self.root()
    }

    /// The files at the same path as it leads now: a link on it may have been switched. Returns `None` for files that
    /// are not on disk.
    fn looked_up_again(&self) -> Option<Arc<dyn AppFiles>> {
        None
    }

    /// Where changes of these files show. Empty for files that are not on disk.
    fn watch_list(&self) -> WatchList {
        WatchList::default()
    }

    /// Where the app is, for people.
    fn description(&self) -> String;
}

/// What a tree contains.
#[derive(Debug, Default)]
pub struct Listing {
    /// Files and directories; a directory comes before what it contains.
    pub entries: Vec<Entry>,
    /// What could not be listed, and why.
    pub problems: Vec<Diagnostic>,
    /// Whether there are symbolic links, followed or not.
    pub has_links: bool,
}

impl Listing {
    /// Whether a part of the tree can be listed by itself with the same result: there are no links, and everything could be listed.
    pub fn is_regular(&self) -> bool {
        !self.has_links && self.problems.iter().all(is_about_patterns) && self.entries.len() <= PART_LIMIT
    }
}

fn is_about_patterns(problem: &Diagnostic) -> bool {
    problem.code == Code::BadIgnorePattern
}

/// One file or directory of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path; bytes that are not UTF-8 are escaped, and a file with such a path cannot be read.
    pub path: Box<str>,
    /// What it is.
    pub kind: EntryKind,
}

/// What an entry of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file, or a link to one inside the app.
    File,
    /// A directory, or a link to one inside the app.
    Directory,
    /// Something that is not read: a link that is not followed, a pipe, a device.
    Other,
}

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is no such file.
    #[error("there is no such file")]
    NotFound,
    /// It is a directory, a pipe or a device.
    #[error("it is not a file")]
    NotAFile,
    /// It is too large.
    #[error("it is larger than {limit} bytes")]
    TooLarge {
        /// The limit that was asked for.
        limit: u64,
    },
    /// The path, or a link on it, leads out of the app.
    #[error("it lies outside of the app")]
    Outside,
    /// The operating system refused.
    #[error(transparent)]
    Io(std::io::Error),
}

impl ReadError {
    /// The code under which a failure to read a definition is reported.
    pub fn code(&self) -> Code {
        match self {
            Self::TooLarge { .. } => Code::FileTooLarge,
            Self::NotAFile | Self::Outside => Code::NotAFile,
            Self::NotFound | Self::Io(_) => Code::FileUnreadable,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotFound => "create the file",
            Self::NotAFile => "put a file there",
            Self::TooLarge { .. } => "definitions have at most 1 MiB; move large data elsewhere",
            Self::Outside => "copy the file into the app",
            Self::Io(_) => "check the permissions of the file",
        }
    }
}

impl From<std::io::Error> for ReadError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Self::NotFound,
            std::io::ErrorKind::IsADirectory => Self::NotAFile,
            _ => Self::Io(error),
        }
    }
}

/// Whether `path` stays below the root by itself: relative, with neither `.` nor `..` nor empty segments.
pub(crate) fn is_plain(path: &str) -> bool {
    !path.contains(['\0', '\\']) && path.split('/').all(|segment| !matches!(segment, "" | "." | ".."))
}
