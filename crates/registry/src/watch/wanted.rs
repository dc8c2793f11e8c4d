use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use mti_core::files::IGNORE_FILE;
use notify::EventKind;
use notify::event::ModifyKind;

use super::lookups::lookups;
use crate::home::Home;

/// The file that makes a directory an app.
const APP_FILE: &str = "app.json";

/// The directories to watch, and which of their entries count.
#[derive(Debug, Default)]
pub(super) struct Wanted(BTreeMap<PathBuf, Interest>);

/// What counts in one directory.
#[derive(Debug, Default)]
struct Interest {
    /// Every entry, but for names that begin with `.`.
    everything: bool,
    /// Directories that appear.
    new_directories: bool,
    /// Entries on which it depends where a path leads, and files that are read by name.
    names: BTreeSet<OsString>,
}

/// What an event says about an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing.
    None,
    /// What is at the path may be different.
    Content,
    /// A path that is looked up may lead elsewhere, so all that is known about the app may be different.
    Lookup,
}

impl Wanted {
    /// What has to be watched for the app as it is now.
    pub(super) fn of(home: &Home) -> Self {
        let mut wanted = Self::default();
        let snapshot = home.snapshot();
        let apps = &snapshot.chain().apps;
        let recipe = home.recipe();
        for app in apps {
            if let Some(path) = app.files.found_at() {
                wanted.look_up(path);
            }
            let list = app.files.watch_list();
            for directory in list.directories {
                wanted.in_directory(directory).everything = true;
            }
            for link in &list.links {
                wanted.look_up(link);
            }
            if let Some(root) = app.files.root() {
                wanted.in_directory(root.to_owned()).names.insert(IGNORE_FILE.into());
            }
        }
        for file in &recipe.environment_files {
            wanted.look_up(file);
        }
        let running = apps.first().and_then(|app| app.files.root());
        for app in apps {
            for directory in recipe.search.version_directories(running, &app.key().id) {
                wanted.look_for_versions(&directory);
            }
        }
        wanted
    }

    /// The directories.
    pub(super) fn directories(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// Whether a directory is among them.
    pub(super) fn contains(&self, directory: &Path) -> bool {
        self.0.contains_key(directory)
    }

    /// Whether all that counts in a directory counted there before too.
    pub(super) fn adds_nothing_in(&self, directory: &Path, before: &Self) -> bool {
        let (Some(now), Some(before)) = (self.0.get(directory), before.0.get(directory)) else { return false };
        (before.everything || !now.everything)
            && (before.new_directories || !now.new_directories)
            && now.names.is_subset(&before.names)
    }

    /// What an event at a path means.
    pub(super) fn meaning(&self, kind: EventKind, path: &Path) -> Meaning {
        if kind.is_access() {
            return Meaning::None;
        }
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else { return Meaning::None };
        let Some(interest) = self.0.get(directory) else {
            // The directory itself was moved or removed, and the one above it is not watched.
            let is_gone = kind.is_remove() || matches!(kind, EventKind::Modify(ModifyKind::Name(_)));
            return if is_gone && self.contains(path) { Meaning::Lookup } else { Meaning::None };
        };
        if interest.names.contains(name) {
            return Meaning::Lookup;
        }
        let is_content = interest.everything && !is_hidden(name)
            || interest.new_directories && !matches!(kind, EventKind::Modify(ModifyKind::Data(_))) && path.is_dir();
        if is_content { Meaning::Content } else { Meaning::None }
    }

    fn in_directory(&mut self, directory: PathBuf) -> &mut Interest {
        self.0.entry(directory).or_default()
    }

    /// Follows where a path leads.
    fn look_up(&mut self, path: &Path) {
        for (directory, name) in lookups(path) {
            self.in_directory(directory).names.insert(name);
        }
    }

    /// Sees the versions of an app come: directories whose `app.json` may be written later.
    fn look_for_versions(&mut self, directory: &Path) {
        let Ok(directory) = fs::canonicalize(directory) else { return };
        for version in fs::read_dir(&directory).into_iter().flatten().flatten() {
            if let Ok(version) = fs::canonicalize(version.path())
                && version.is_dir()
            {
                self.in_directory(version).names.insert(APP_FILE.into());
            }
        }
        self.in_directory(directory).new_directories = true;
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}
