//! Where changes of an app's files show.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::disk::{DEPTH_LIMIT, DiskFiles, is_link};
use super::ignore_rules::IGNORE_FILE;
use super::{AppFiles, ENTRY_LIMIT};

/// The file that Python puts at the root of a virtual environment (PEP 405).
const VIRTUAL_ENVIRONMENT: &str = "pyvenv.cfg";

/// The directory at an app's root with the modules that its elements share. It is never searched for elements.
const SHARED_CODE: &str = "commons";

/// What a file watcher has to look at to see every change of an app on disk.
#[derive(Debug, Default)]
pub struct WatchList {
    /// The directories that are searched for elements, the root among them, and `commons` with what is below it. The
    /// paths are absolute and have no links. What is never searched is not among them.
    pub directories: BTreeSet<PathBuf>,
    /// The symbolic links in these directories: what they lead to can change elsewhere.
    pub links: Vec<PathBuf>,
}

impl WatchList {
    /// Walks the directories of an app as [`AppFiles::list`] does. What cannot be read is left out.
    pub(super) fn of(files: &DiskFiles) -> Self {
        let mut list = Self::default();
        let Some(root) = files.root() else { return list };
        list.add_searched(files, root);
        let ignore_file = root.join(IGNORE_FILE);
        if is_link(&ignore_file) {
            list.links.push(ignore_file);
        }
        list.add_shared_code(&root.join(SHARED_CODE));
        list
    }

    fn add_searched(&mut self, files: &DiskFiles, root: &Path) {
        let rules = files.ignore_rules(&mut Vec::new());
        let mut walk = WalkDir::new(root).max_depth(DEPTH_LIMIT).follow_links(true).into_iter();
        for _ in 0..ENTRY_LIMIT {
            let Some(step) = walk.next() else { break };
            let entry = match step {
                Ok(entry) => entry,
                Err(error) => {
                    // A link that is broken or leads back may be mended.
                    self.links.extend(error.path().filter(|path| is_link(path)).map(Path::to_owned));
                    continue;
                }
            };
            let is_directory = entry.file_type().is_dir();
            if entry.depth() > 0 && rules.excludes(&files.relative(entry.path()), is_directory) {
                if is_directory {
                    walk.skip_current_dir();
                }
                continue;
            }
            let leads_out = entry.depth() > 0 && entry.path_is_symlink() && !files.stays_inside(entry.path());
            self.add(&entry, !leads_out);
            if leads_out && is_directory {
                walk.skip_current_dir();
            }
        }
    }

    fn add_shared_code(&mut self, directory: &Path) {
        let is_imported = |entry: &DirEntry| {
            let name = entry.file_name().as_encoded_bytes();
            let holds_no_code = matches!(name, b"__pycache__" | b"node_modules");
            !name.starts_with(b".") && !holds_no_code && !is_virtual_environment(entry)
        };
        let walk = WalkDir::new(directory).max_depth(DEPTH_LIMIT).follow_links(true).into_iter();
        for entry in walk.filter_entry(is_imported).filter_map(Result::ok).take(ENTRY_LIMIT) {
            self.add(&entry, true);
        }
    }

    /// Adds a directory or a link, and neither more nor less for any other file.
    fn add(&mut self, entry: &DirEntry, is_followed: bool) {
        if entry.path_is_symlink() {
            self.links.push(entry.path().to_owned());
        }
        if !is_followed || !entry.file_type().is_dir() {
            return;
        }
        if self.links.is_empty() {
            self.directories.insert(entry.path().to_owned());
        } else if let Ok(real) = fs::canonicalize(entry.path()) {
            self.directories.insert(real);
        }
    }
}

/// Whether an entry is a directory of installed packages, whatever it is called.
fn is_virtual_environment(entry: &DirEntry) -> bool {
    entry.file_type().is_dir() && entry.path().join(VIRTUAL_ENVIRONMENT).is_file()
}
