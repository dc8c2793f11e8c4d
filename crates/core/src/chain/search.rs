//! Where parents are looked for.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app_id::AppId;
use crate::files::{AppFiles, DiskFiles};
use crate::manifest::AppManifest;
use crate::version::parse_version;

/// Where the parents of an app are looked for, and which one it has when it names none.
#[derive(Debug, Clone, Default)]
pub struct AppSearchPath {
    /// Directories that are apps, contain apps, or contain `<org>/<name>/<1_0_0>` directories that are apps. The directory in which the running app lies is
    /// searched after these without being named; so is the one in which it lies in that manner.
    pub directories: Vec<PathBuf>,
    /// Apps in memory, searched last.
    pub embedded: Vec<Arc<dyn AppFiles>>,
    /// The parent of every app that names none.
    pub default_parent: Option<AppId>,
}

impl AppSearchPath {
    /// Where the versions of the app `id` are, in each place where the parents of the app in `root` are looked for: the
    /// directories `<org>/<name>`. They need not exist.
    pub fn version_directories(&self, root: Option<&Path>, id: &AppId) -> Vec<PathBuf> {
        self.all_directories(root).iter().map(|directory| versions_in(directory, id)).collect()
    }

    /// The directories in which the parents of the app in `root` are looked for.
    pub(super) fn all_directories(&self, root: Option<&Path>) -> Vec<PathBuf> {
        let mut directories = self.directories.clone();
        directories.extend(root.and_then(Path::parent).map(Path::to_owned));
        directories.extend(root.and_then(around_organisations).map(Path::to_owned));
        directories
    }
}

/// Where the versions of an app are in a directory that contains `<org>/<name>/<1_0_0>`.
fn versions_in(directory: &Path, id: &AppId) -> PathBuf {
    directory.join(id.org()).join(id.name())
}

/// The directory in which an app lies as `<org>/<name>/<1_0_0>`, if it does.
fn around_organisations(root: &Path) -> Option<&Path> {
    let numbers = root.file_name()?.to_str()?.replace('_', ".");
    parse_version(&numbers).ok()?;
    root.ancestors().nth(3)
}

/// An app that might be a parent.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) manifest: AppManifest,
    pub(super) files: Arc<dyn AppFiles>,
}

/// Looks for parents, reading every `app.json` once.
pub(super) struct Finder<'path> {
    search: &'path AppSearchPath,
    directories: Vec<PathBuf>,
    /// The apps directly in the directories, and the embedded ones, by id and in the order of the places.
    shallow: Option<BTreeMap<AppId, Vec<Candidate>>>,
    /// `app.json` files that were passed over because they cannot be read.
    pub(super) unreadable: Vec<String>,
}

impl<'path> Finder<'path> {
    /// A finder for the parents of the app in `root`.
    pub(super) fn new(search: &'path AppSearchPath, root: Option<&Path>) -> Self {
        Self { search, directories: search.all_directories(root), shallow: None, unreadable: Vec::new() }
    }

    /// Every version of the app `id` that can be found, the places in order; a version found twice is that of the first place.
    pub(super) fn versions_of(&mut self, id: &AppId) -> Vec<Candidate> {
        let mut found: Vec<Candidate> = Vec::new();
        for directory in &self.directories.clone() {
            for version in sub_directories(&versions_in(directory, id)) {
                found.extend(self.read(Arc::new(DiskFiles::new(version))));
            }
        }
        found.retain(|candidate| candidate.manifest.key.id == *id);
        let shallow = self.shallow();
        found.extend(shallow.get(id).into_iter().flatten().cloned());
        found
    }

    /// The ids of the apps that were met.
    pub(super) fn known(&mut self) -> Vec<String> {
        self.shallow().keys().map(ToString::to_string).collect()
    }

    /// Where was looked, for people.
    pub(super) fn places(&self) -> String {
        let mut places: Vec<String> =
            self.directories.iter().map(|directory| format!("`{}`", directory.display())).collect();
        places.extend(self.search.embedded.iter().map(|files| files.description()));
        if places.is_empty() {
            return "there is no place to look for parents".to_owned();
        }
        format!("looked in {}", places.join(", "))
    }

    fn shallow(&mut self) -> &BTreeMap<AppId, Vec<Candidate>> {
        if self.shallow.is_none() {
            let mut apps: BTreeMap<AppId, Vec<Candidate>> = BTreeMap::new();
            let mut places: Vec<Arc<dyn AppFiles>> = Vec::new();
            for directory in &self.directories {
                if directory.join("app.json").is_file() {
                    places.push(Arc::new(DiskFiles::new(directory)));
                }
                for sub_directory in sub_directories(directory) {
                    if sub_directory.join("app.json").is_file() {
                        places.push(Arc::new(DiskFiles::new(sub_directory)));
                    }
                }
            }
            places.extend(self.search.embedded.iter().cloned());
            for files in places {
                if let Some(candidate) = self.read(files) {
                    apps.entry(candidate.manifest.key.id.clone()).or_default().push(candidate);
                }
            }
            self.shallow = Some(apps);
        }
        self.shallow.get_or_insert_default()
    }

    fn read(&mut self, files: Arc<dyn AppFiles>) -> Option<Candidate> {
        let manifest = AppManifest::read(&*files).0;
        if manifest.is_none() {
            self.unreadable.push(files.description());
        }
        manifest.map(|manifest| Candidate { manifest, files })
    }
}

/// The directories in `directory`, by name; none when it cannot be read.
fn sub_directories(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut directories: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect();
    directories.sort();
    directories
}
