//! Which directories of a tree are elements, and which files are theirs.

use std::collections::{BTreeMap, HashMap};

use crate::diagnostic::{Code, Diagnostic, Location};
use crate::files::{Entry, EntryKind};
use crate::name::{ElementName, check_segment};
use crate::text::shorten;

/// The file that makes a directory an element.
pub(super) const ELEMENT_FILE: &str = "e.json";

/// The elements of a tree, as far as its listing tells.
pub(super) struct Layout<'entries> {
    /// Where each element is declared: usually once.
    pub(super) places: BTreeMap<ElementName, Vec<Place<'entries>>>,
    /// Directories that are no elements although they look like it.
    pub(super) problems: Vec<Diagnostic>,
}

/// One declaration of an element.
pub(super) struct Place<'entries> {
    /// The element's directory.
    pub(super) directory: &'entries str,
    /// Its `e.json`.
    pub(super) manifest: &'entries str,
    /// What the `e.json` is.
    pub(super) kind: EntryKind,
    /// The files that are nearest to this element, relative to its directory.
    pub(super) files: Vec<&'entries str>,
}

impl<'entries> Layout<'entries> {
    pub(super) fn new(entries: &'entries [Entry]) -> Self {
        let mut problems = Vec::new();
        let mut found: Vec<(ElementName, Place<'entries>)> = Vec::new();
        let mut by_directory: HashMap<&str, usize> = HashMap::new();
        for entry in entries {
            let path = &*entry.path;
            let Some(parent) = parent_of_manifest(path) else {
                continue;
            };
            let directory = strip_sides(parent);
            match element_name(parent) {
                Ok(name) => {
                    by_directory.insert(directory, found.len());
                    found.push((name, Place { directory, manifest: path, kind: entry.kind, files: Vec::new() }));
                }
                Err(problem) => problems.push(*problem),
            }
        }
        for entry in entries.iter().filter(|entry| entry.kind == EntryKind::File) {
            let owner = ancestors(&entry.path).find_map(|directory| by_directory.get(directory));
            if let Some((_, place)) = owner.and_then(|&index| found.get_mut(index)) {
                let relative = entry.path.get(place.directory.len() + 1..);
                place.files.extend(relative);
            }
        }
        let mut places: BTreeMap<ElementName, Vec<Place<'entries>>> = BTreeMap::new();
        for (name, place) in found {
            places.entry(name).or_default().push(place);
        }
        Self { places, problems }
    }
}

/// The directory of an `e.json`; empty for one at the root.
fn parent_of_manifest(path: &str) -> Option<&str> {
    match path.rsplit_once('/') {
        Some((parent, name)) => (name == ELEMENT_FILE).then_some(parent),
        None => (path == ELEMENT_FILE).then_some(""),
    }
}

/// The directory without `backend` and `frontend` at its end: they are sides of the element above.
fn strip_sides(directory: &str) -> &str {
    let mut rest = directory;
    loop {
        let (parent, last) = rest.rsplit_once('/').unwrap_or(("", rest));
        if !is_side(last) {
            return rest;
        }
        rest = parent;
    }
}

fn is_side(segment: &str) -> bool {
    matches!(segment, "backend" | "frontend")
}

/// The directories above a path, nearest first.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices('/').filter_map(move |(slash, _)| path.get(..slash))
}

fn element_name(directory: &str) -> Result<ElementName, Box<Diagnostic>> {
    let mut name = String::with_capacity(directory.len());
    let mut end = 0;
    for segment in directory.split('/') {
        end += segment.len();
        if !is_side(segment) && !segment.is_empty() {
            if let Err(error) = check_segment(segment) {
                let at = directory.get(..end).unwrap_or(directory);
                return Err(Box::new(
                    Diagnostic::new(
                        Code::BadDirectoryName,
                        format!(
                            "the directory `{}` has an `e.json`, but `{}` cannot be part of an element's name: {error}",
                            shorten(directory, 120),
                            shorten(segment, 60)
                        ),
                    )
                    .with_location(Location::file(at))
                    .with_help("rename the directory"),
                ));
            }
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(segment);
        }
        end += 1;
    }
    if name.is_empty() {
        return Err(Box::new(
            Diagnostic::new(Code::ElementAtRoot, "the app's root cannot be an element: it has no name")
                .with_location(Location::file(format!("{directory}/{ELEMENT_FILE}").trim_start_matches('/')))
                .with_help("move the `e.json` into a directory of its own"),
        ));
    }
    ElementName::parse(&name).map_err(|error| {
        Box::new(
            Diagnostic::new(Code::BadDirectoryName, format!("the directory cannot be an element: {error}"))
                .with_location(Location::file(directory))
                .with_help("rename the directory, or move it up"),
        )
    })
}
