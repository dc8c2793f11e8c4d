//! Which directories of a tree are elements, and which files are theirs.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::app_id::AppId;
use crate::diagnostic::{Code, Diagnostic, Location};
use crate::files::{Entry, EntryKind};
use crate::name::{ElementName, check_segment, composed};
use crate::text::shorten;

/// The file that makes a directory an element.
pub(super) const ELEMENT_FILE: &str = "e.json";

/// The elements of a tree, or of a part of it, as far as its listing tells.
pub(super) struct Layout<'entries> {
    /// Where each element is declared: usually once.
    pub(super) places: BTreeMap<ElementName, Vec<Place>>,
    /// Directories that are no elements although they look like it, by the `e.json` that makes them look like it.
    pub(super) misplaced: BTreeMap<Box<str>, Diagnostic>,
    /// The files above which there is no element in this part.
    pub(super) unowned: Vec<&'entries str>,
}

/// One declaration of an element.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    /// The element's directory.
    pub(super) directory: Box<str>,
    /// Its `e.json`.
    pub(super) manifest: Arc<str>,
    /// What the `e.json` is.
    pub(super) kind: EntryKind,
    /// The files that are nearest to this element, relative to its directory, in order.
    pub(super) files: Vec<Box<str>>,
}

impl<'entries> Layout<'entries> {
    /// The layout of the entries at and below `part`, the empty one being everything. An `e.json` that makes a directory above the part an element is no
    /// more than a file here.
    pub(super) fn new(entries: impl Iterator<Item = &'entries Entry> + Clone, part: &str, app: &AppId) -> Self {
        let mut misplaced = BTreeMap::new();
        let mut found: Vec<(ElementName, Place)> = Vec::new();
        let mut by_directory: HashMap<&str, usize> = HashMap::new();
        for entry in entries.clone() {
            let path = &*entry.path;
            let Some(parent) = parent_of_manifest(path) else {
                continue;
            };
            let directory = strip_sides(parent);
            if !is_within(directory, part) {
                continue;
            }
            match element_name(parent) {
                Ok(name) => {
                    by_directory.insert(directory, found.len());
                    let place = Place {
                        directory: directory.into(),
                        manifest: path.into(),
                        kind: entry.kind,
                        files: Vec::new(),
                    };
                    found.push((name, place));
                }
                Err(problem) => {
                    misplaced.insert(path.into(), problem.with_app(app.clone()));
                }
            }
        }
        let mut unowned = Vec::new();
        // Files of one directory are listed together, and have one owner.
        let mut last: Option<(&str, Option<usize>)> = None;
        for entry in entries.filter(|entry| entry.kind == EntryKind::File) {
            let here = ancestors(&entry.path).next().unwrap_or_default();
            let owner = match last {
                Some((directory, owner)) if directory == here => owner,
                _ => ancestors(&entry.path).find_map(|directory| by_directory.get(directory)).copied(),
            };
            last = Some((here, owner));
            match owner.and_then(|index| found.get_mut(index)) {
                Some((_, place)) => {
                    let relative = entry.path.get(place.directory.len() + 1..);
                    place.files.extend(relative.map(Into::into));
                }
                None => unowned.push(&*entry.path),
            }
        }
        let mut places: BTreeMap<ElementName, Vec<Place>> = BTreeMap::new();
        for (name, mut place) in found {
            place.files.sort_unstable();
            places.entry(name).or_default().push(place);
        }
        Self { places, misplaced, unowned }
    }
}

/// The directory of an `e.json`; empty for one at the root.
pub(super) fn parent_of_manifest(path: &str) -> Option<&str> {
    match path.rsplit_once('/') {
        Some((parent, name)) => (name == ELEMENT_FILE).then_some(parent),
        None => (path == ELEMENT_FILE).then_some(""),
    }
}

/// The directory without `backend` and `frontend` at its end: they are sides of the element above.
pub(super) fn strip_sides(directory: &str) -> &str {
    let mut rest = directory;
    loop {
        let (parent, last) = rest.rsplit_once('/').unwrap_or(("", rest));
        if !is_side(last) {
            return rest;
        }
        rest = parent;
    }
}

/// The directory with dots for slashes and without sides: the name that an element in it has, if it can be one.
pub(super) fn dotted(directory: &str) -> String {
    let mut name = String::with_capacity(directory.len());
    for segment in directory.split('/').filter(|segment| !is_side(segment)) {
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(segment);
    }
    composed(&name).into_owned()
}

/// Whether a path is that of the directory or lies below it; everything is within the root, which is empty.
pub(super) fn is_within(path: &str, directory: &str) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The directories above a path, nearest first.
pub(super) fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices('/').filter_map(move |(slash, _)| path.get(..slash))
}

fn is_side(segment: &str) -> bool {
    matches!(segment, "backend" | "frontend")
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
