//! Files on disk.

use std::fmt::Write as _;
use std::fs::{self, File, FileType};
use std::io::{self, ErrorKind, Read as _};
use std::path::{self, Component, Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use super::ignore_rules::{IGNORE_FILE, IgnoreRules};
use super::{AppFiles, ENTRY_LIMIT, Entry, EntryKind, FILE_LIMIT, Listing, ReadError, WatchList, is_plain};
use crate::diagnostic::{Code, Diagnostic, Location};
use crate::manifest::APP_FILE;

/// How deep directories may be.
pub(super) const DEPTH_LIMIT: usize = 64;

/// An app in a directory.
#[derive(Debug, Clone)]
pub struct DiskFiles {
    root: PathBuf,
    found_at: PathBuf,
}

impl DiskFiles {
    /// The app in `root`. The directory is looked at only when files are asked for.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let given = root.into();
        let found_at = path::absolute(&given).unwrap_or(given);
        // Links are judged by where they lead, which needs the root's real path.
        let root = fs::canonicalize(&found_at).unwrap_or_else(|_| found_at.clone());
        Self { root, found_at }
    }

    pub(super) fn ignore_rules(&self, problems: &mut Vec<Diagnostic>) -> IgnoreRules {
        let text = match self.read(IGNORE_FILE, FILE_LIMIT) {
            Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Err(ReadError::NotFound) => None,
            Err(error) => {
                problems.push(
                    Diagnostic::new(Code::FileUnreadable, format!("`{IGNORE_FILE}` cannot be read: {error}"))
                        .with_location(Location::file(IGNORE_FILE))
                        .with_help(error.help()),
                );
                None
            }
        };
        IgnoreRules::new(text.as_deref(), problems)
    }

    /// Lists what is below a directory that is `depth` directories below the root.
    fn walk(&self, directory: &Path, depth: usize, rules: &IgnoreRules, listing: &mut Listing) {
        let deepest = DEPTH_LIMIT.saturating_sub(depth);
        let mut walk = WalkDir::new(directory).min_depth(1).max_depth(deepest).follow_links(true).into_iter();
        while let Some(step) = walk.next() {
            let entry = match step {
                Ok(entry) => entry,
                Err(error) => {
                    self.note_failure(&error, rules, listing);
                    continue;
                }
            };
            let path = self.relative(entry.path());
            let is_directory = entry.file_type().is_dir();
            if rules.excludes(&path, is_directory) {
                if is_directory {
                    walk.skip_current_dir();
                }
                continue;
            }
            if listing.entries.len() == ENTRY_LIMIT {
                listing.problems.push(too_large(&path, &format!("more than {ENTRY_LIMIT} files")));
                break;
            }
            if is_directory && entry.depth() == deepest {
                listing.problems.push(too_large(&path, &format!("directories more than {DEPTH_LIMIT} deep")));
            }
            let mut kind = kind_of(entry.file_type());
            if entry.path_is_symlink() {
                listing.has_links = true;
                if !self.stays_inside(entry.path()) {
                    listing.problems.push(link_escapes(&path));
                    kind = EntryKind::Other;
                    if is_directory {
                        walk.skip_current_dir();
                    }
                }
            }
            listing.entries.push(Entry { path: path.into_boxed_str(), kind });
        }
    }

    /// Lists what is at and below a path. A link on the way there, or there, is only noted.
    fn list_one(&self, path: &str, rules: &IgnoreRules, listing: &mut Listing) -> io::Result<()> {
        let mut real = self.root.clone();
        let mut depth = 0;
        let ends = path.match_indices('/').map(|(slash, _)| slash).chain([path.len()]);
        for (here, segment) in ends.filter_map(|end| path.get(..end)).zip(path.split('/')) {
            let is_last = here.len() == path.len();
            if rules.excludes(here, true) && (!is_last || rules.excludes(here, false)) {
                return Ok(());
            }
            real.push(segment);
            depth += 1;
            let kind = match fs::symlink_metadata(&real) {
                Ok(metadata) if metadata.is_symlink() => {
                    listing.has_links = true;
                    return Ok(());
                }
                Ok(metadata) => kind_of(metadata.file_type()),
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
                Err(error) => return Err(error),
            };
            let is_directory = kind == EntryKind::Directory;
            if !is_last && !is_directory || is_last && rules.excludes(here, is_directory) {
                return Ok(());
            }
            if is_directory && depth >= DEPTH_LIMIT {
                listing.problems.push(too_large(here, &format!("directories more than {DEPTH_LIMIT} deep")));
                return Ok(());
            }
            if is_last {
                listing.entries.push(Entry { path: here.into(), kind });
                if is_directory {
                    self.walk(&real, depth, rules, listing);
                }
            }
        }
        Ok(())
    }

    /// Reads the file at a path whose links are resolved, if it is inside the root.
    fn read_resolved(&self, real: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        let Ok(inside) = real.strip_prefix(&self.root) else { return Err(ReadError::Outside) };
        // Opening a device may do something already, so look first.
        if !fs::symlink_metadata(real)?.is_file() {
            return Err(ReadError::NotAFile);
        }
        let file = open_without_links(&self.root, inside)?;
        if !file.metadata()?.is_file() {
            return Err(ReadError::NotAFile);
        }
        read_bounded(file, limit)
    }

    /// Whether everything below `path` that a link leads to is still inside the root.
    pub(super) fn stays_inside(&self, path: &Path) -> bool {
        fs::canonicalize(path).is_ok_and(|real| real.starts_with(&self.root))
    }

    /// The path relative to the root, with forward slashes, bytes that are not UTF-8 escaped.
    pub(super) fn relative(&self, path: &Path) -> String {
        // Comparing component by component would cost more than the rest of a listing.
        if let (Some(path), Some(root)) = (path.to_str(), self.root.to_str())
            && std::path::MAIN_SEPARATOR == '/'
            && let Some(inside) = path.strip_prefix(root).and_then(|inside| inside.strip_prefix('/'))
        {
            return inside.to_owned();
        }
        let relative = path.strip_prefix(&self.root).unwrap_or(path);
        match relative.to_str() {
            Some(plain) if std::path::MAIN_SEPARATOR == '/' => plain.to_owned(),
            _ => escaped(relative),
        }
    }

    /// Notes what could not be walked, unless the rules leave it out.
    fn note_failure(&self, error: &walkdir::Error, rules: &IgnoreRules, listing: &mut Listing) {
        let path = error.path().map(|path| self.relative(path)).unwrap_or_default();
        if !path.is_empty() && (rules.excludes(&path, true) || rules.excludes(&path, false)) {
            return;
        }
        listing.problems.push(self.walk_problem(error));
        // A directory that cannot be opened is listed already; a link is not.
        let is_link = error.loop_ancestor().is_some()
            || error.io_error().is_some_and(|error| error.kind() == ErrorKind::NotFound);
        if is_link && !path.is_empty() {
            listing.has_links = true;
            listing.entries.push(Entry { path: path.into_boxed_str(), kind: EntryKind::Other });
        }
    }

    fn walk_problem(&self, error: &walkdir::Error) -> Diagnostic {
        let path = error.path().map(|path| self.relative(path)).unwrap_or_default();
        let location = Location::file(path.clone());
        if error.loop_ancestor().is_some() {
            return Diagnostic::new(
                Code::LinkLoop,
                format!("the link `{path}` leads back to a directory that contains it"),
            )
            .with_location(location)
            .with_help("remove the link");
        }
        if error.path().is_some_and(is_link) {
            return Diagnostic::new(Code::LinkBroken, format!("the link `{path}` leads nowhere"))
                .with_location(location)
                .with_help("remove the link, or restore what it points to");
        }
        let reason = error.io_error().map_or_else(|| "unknown reason".to_owned(), ToString::to_string);
        Diagnostic::new(Code::FileUnreadable, format!("`{path}` cannot be read: {reason}"))
            .with_location(location)
            .with_help("check the permissions, or exclude it with `.mtiignore`")
    }
}

impl AppFiles for DiskFiles {
    fn list(&self) -> Listing {
        let mut listing = Listing::default();
        let rules = self.ignore_rules(&mut listing.problems);
        // What these two say depends on more than their own place when they are links, even where links are not listed.
        listing.has_links = [IGNORE_FILE, APP_FILE].into_iter().any(|file| is_link(&self.root.join(file)));
        self.walk(&self.root, 0, &rules, &mut listing);
        listing
    }

    fn list_at(&self, paths: &[&str]) -> Listing {
        let mut listing = Listing::default();
        let rules = self.ignore_rules(&mut Vec::new());
        for path in paths {
            if let Err(error) = self.list_one(path, &rules, &mut listing) {
                let finding = Diagnostic::new(Code::FileUnreadable, format!("`{path}` cannot be read: {error}"));
                listing.problems.push(finding.with_location(Location::file(*path)));
            }
        }
        listing
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
        if !is_plain(path) {
            return Err(ReadError::Outside);
        }
        self.read_resolved(&fs::canonicalize(self.root.join(path))?, limit)
    }

    fn read_below(&self, directory: &str, path: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
        if !is_plain(directory) || !is_plain(path) {
            return Err(ReadError::Outside);
        }
        let directory = fs::canonicalize(self.root.join(directory))?;
        let real = fs::canonicalize(self.root.join(path))?;
        if !real.starts_with(&directory) {
            return Err(ReadError::Outside);
        }
        self.read_resolved(&real, limit)
    }

    fn read_listed(&self, path: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
        if !is_plain(path) {
            return Err(ReadError::Outside);
        }
        read_bounded(File::open(self.root.join(path))?, limit)
    }

    fn root(&self) -> Option<&Path> {
        Some(&self.root)
    }

    fn found_at(&self) -> Option<&Path> {
        Some(&self.found_at)
    }

    fn looked_up_again(&self) -> Option<Arc<dyn AppFiles>> {
        Some(Arc::new(Self::new(&self.found_at)))
    }

    fn watch_list(&self) -> WatchList {
        WatchList::of(self)
    }

    fn description(&self) -> String {
        self.root.display().to_string()
    }
}

pub(super) fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

fn link_escapes(path: &str) -> Diagnostic {
    Diagnostic::new(Code::LinkEscapes, format!("the link `{path}` leads out of the app, and is not followed"))
        .with_location(Location::file(path))
        .with_help("copy what it points to into the app")
}

fn kind_of(file_type: FileType) -> EntryKind {
    if file_type.is_dir() {
        EntryKind::Directory
    } else if file_type.is_file() {
        EntryKind::File
    } else {
        EntryKind::Other
    }
}

/// Opens a file by its path below `root` without following links: after a check of the path, another process may replace
/// any part of it by a link.
#[cfg(unix)]
fn open_without_links(root: &Path, inside: &Path) -> Result<File, ReadError> {
    use rustix::fs::{Mode, OFlags, open, openat};
    use rustix::io::Errno;

    let refused = |error: Errno| if error == Errno::LOOP { ReadError::Outside } else { io::Error::from(error).into() };
    let usual = OFlags::RDONLY | OFlags::CLOEXEC;
    let mut opened = open(root, usual | OFlags::DIRECTORY, Mode::empty()).map_err(refused)?;
    let mut segments = inside.components().peekable();
    while let Some(segment) = segments.next() {
        // Opening a pipe would wait for its other end.
        let kind = if segments.peek().is_some() { OFlags::DIRECTORY } else { OFlags::NONBLOCK };
        opened =
            openat(&opened, segment.as_os_str(), usual | OFlags::NOFOLLOW | kind, Mode::empty()).map_err(refused)?;
    }
    Ok(File::from(opened))
}

#[cfg(not(unix))]
fn open_without_links(root: &Path, inside: &Path) -> Result<File, ReadError> {
    Ok(File::open(root.join(inside))?)
}

fn read_bounded(file: File, limit: u64) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::with_capacity(1024);
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= limit) {
        Ok(bytes)
    } else {
        Err(ReadError::TooLarge { limit })
    }
}

fn too_large(path: &str, what: &str) -> Diagnostic {
    Diagnostic::new(Code::TreeTooLarge, format!("the app has {what}; what lies beyond `{path}` was not searched"))
        .with_location(Location::file(path))
        .with_help("exclude data and build directories with `.mtiignore`")
}

/// The segments joined by slashes, bytes that are not UTF-8 escaped.
fn escaped(path: &Path) -> String {
    let mut text = String::new();
    for component in path.components() {
        if let Component::Normal(segment) = component {
            if !text.is_empty() {
                text.push('/');
            }
            push_escaped(&mut text, segment.as_encoded_bytes());
        }
    }
    text
}

/// Appends bytes that are not UTF-8: valid parts as they are, the rest as `\xNN`.
fn push_escaped(target: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        target.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(target, "\\x{byte:02x}");
        }
    }
}
