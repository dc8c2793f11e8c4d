//! Finding the elements of an app.
//!
//! Discovery is total: what is broken is reported and kept as broken, and everything else works.

mod changes;
mod edit;
mod layout;
mod read;
mod refresh;

pub(crate) use changes::resolved;
pub use refresh::Refresh;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::app_id::AppKey;
use crate::definition::Definition;
use crate::diagnostic::{Code, Diagnostic, Location};
use crate::files::AppFiles;
use crate::manifest::AppManifest;
use crate::name::ElementName;

use layout::{Layout, Place};
use read::ElementReader;

/// An app with everything it declares.
#[derive(Debug, Clone)]
pub struct AppTree {
    /// Its `app.json`.
    pub manifest: AppManifest,
    /// Its files.
    pub files: Arc<dyn AppFiles>,
    /// Its elements, the broken ones included.
    pub elements: BTreeMap<ElementName, Discovered>,
    /// Everything that was found in it, broken elements' findings included.
    pub diagnostics: Vec<Diagnostic>,
    survey: Survey,
}

/// What has to be known of a tree besides its elements, so that it can be read anew in parts.
#[derive(Debug, Clone)]
struct Survey {
    /// Where the broken elements are declared.
    broken: BTreeMap<ElementName, Arc<[Place]>>,
    /// The directories that look like elements and are none, by the `e.json` in them.
    misplaced: BTreeMap<Box<str>, Diagnostic>,
    /// How many files and directories there are, at most.
    entries: usize,
    /// Whether a part can be read by itself: without links, and without places that cannot be read, what a path means depends on nothing else.
    in_parts: bool,
}

/// An element of an app.
#[derive(Debug, Clone, PartialEq)]
pub enum Discovered {
    /// Its files are as they should be.
    Sound(Arc<Definition>),
    /// Something in its files is wrong. It stays known, because a definition that vanished would expose what it hides.
    Broken {
        /// The element's full name.
        name: ElementName,
        /// Its `e.json`, relative to the app's root; of several the first.
        manifest_file: Arc<str>,
        /// Its title, where the `e.json` tells it.
        title: Option<Box<str>>,
        /// What is wrong.
        diagnostics: Arc<[Diagnostic]>,
    },
}

impl AppTree {
    /// The app and its version.
    pub fn key(&self) -> &AppKey {
        &self.manifest.key
    }
}

impl Discovered {
    /// The element's full name.
    pub fn name(&self) -> &ElementName {
        match self {
            Self::Sound(definition) => &definition.name,
            Self::Broken { name, .. } => name,
        }
    }

    /// The definition, unless it is broken.
    pub fn definition(&self) -> Option<&Arc<Definition>> {
        match self {
            Self::Sound(definition) => Some(definition),
            Self::Broken { .. } => None,
        }
    }
}

/// Reads an app: its `app.json`, and the `e.json` and config of every element. The findings are also in the tree, if there is one; there is none only when
/// `app.json` cannot be read.
pub fn discover(files: Arc<dyn AppFiles>) -> (Option<AppTree>, Vec<Diagnostic>) {
    let (manifest, diagnostics) = AppManifest::read(&*files);
    match manifest {
        Some(manifest) => {
            let tree = discover_elements(manifest, files, diagnostics);
            let diagnostics = tree.diagnostics.clone();
            (Some(tree), diagnostics)
        }
        None => (None, diagnostics),
    }
}

/// Reads the elements of an app whose `app.json` has been read.
pub(crate) fn discover_elements(
    manifest: AppManifest,
    files: Arc<dyn AppFiles>,
    mut diagnostics: Vec<Diagnostic>,
) -> AppTree {
    let listing = files.list();
    let in_parts = listing.is_regular();
    diagnostics.extend(listing.problems);
    for diagnostic in &mut diagnostics {
        diagnostic.app.get_or_insert_with(|| manifest.key.id.clone());
    }
    let layout = Layout::new(listing.entries.iter(), "", &manifest.key.id);
    diagnostics.extend(layout.misplaced.values().cloned());

    let mut survey =
        Survey { broken: BTreeMap::new(), misplaced: layout.misplaced, entries: listing.entries.len(), in_parts };
    let reader = ElementReader::new(&*files, &manifest.key);
    let mut elements = BTreeMap::new();
    for (name, read) in reader.read_all(layout.places) {
        diagnostics.extend(read.diagnostics);
        if let Some(places) = read.places {
            survey.broken.insert(name.clone(), places);
        }
        elements.insert(name, read.discovered);
    }
    Diagnostic::sort(&mut diagnostics);
    AppTree { manifest, files, elements, diagnostics, survey }
}

/// Two or more directories that declare one element: one finding for each.
fn duplicate_findings(name: &ElementName, places: &[Place]) -> Vec<Diagnostic> {
    places
        .iter()
        .map(|place| {
            let others: Vec<String> = places
                .iter()
                .filter(|other| other.manifest != place.manifest)
                .map(|other| format!("`{}`", other.manifest))
                .collect();
            Diagnostic::new(Code::DuplicateElement, format!("`{name}` is also declared in {}", others.join(" and ")))
                .with_element(name.clone())
                .with_location(Location::file(&*place.manifest))
                .with_help("keep one `e.json` for each element; `backend` and `frontend` add nothing to a name")
        })
        .collect()
}
