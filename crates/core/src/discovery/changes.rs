//! What a file watcher reports, as places of an app's tree.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::layout::ancestors;
use crate::files::{AppFiles, IGNORE_FILE, is_plain};

/// The paths relative to the app's root, without those that lie below another; those outside of the app are left out. None when anything may be different.
pub(super) fn changed_places(files: &dyn AppFiles, changed: &[PathBuf]) -> Option<BTreeSet<String>> {
    let mut places = BTreeSet::new();
    for path in changed {
        match place_of(files.root(), path) {
            Place::Inside(place) => {
                places.insert(place);
            }
            Place::Outside => {}
            Place::Anywhere => return None,
        }
    }
    Some(topmost(&places))
}

/// The paths that do not lie below another of them.
pub(super) fn topmost(paths: &BTreeSet<String>) -> BTreeSet<String> {
    paths.iter().filter(|path| !ancestors(path).any(|above| paths.contains(above))).cloned().collect()
}

/// The path by itself: links on the way to it resolved as far as it exists.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let mut gone = Vec::new();
    for above in path.ancestors() {
        if let Ok(mut real) = fs::canonicalize(above) {
            real.extend(gone.iter().rev());
            return real;
        }
        gone.extend(above.file_name());
    }
    path.to_owned()
}

enum Place {
    Inside(String),
    Outside,
    Anywhere,
}

fn place_of(root: Option<&Path>, path: &Path) -> Place {
    if path.components().any(|component| component == Component::ParentDir) {
        return Place::Anywhere;
    }
    if path.is_relative() {
        return place_inside(path);
    }
    let Some(root) = root else {
        return Place::Outside;
    };
    if let Ok(inside) = path.strip_prefix(root) {
        return place_inside(inside);
    }
    let real = resolved(path);
    match real.strip_prefix(root) {
        Ok(inside) => place_inside(inside),
        Err(_) if root.starts_with(&real) || root.starts_with(path) => Place::Anywhere,
        Err(_) => Place::Outside,
    }
}

/// A path that has no place by itself, such as one that is not UTF-8, stands for the directory that it is in.
fn place_inside(path: &Path) -> Place {
    let mut place = String::new();
    for component in path.components() {
        let Component::Normal(segment) = component else {
            continue;
        };
        let Some(segment) = segment.to_str().filter(|segment| is_plain(segment)) else {
            break;
        };
        if !place.is_empty() {
            place.push('/');
        }
        place.push_str(segment);
    }
    if place.is_empty() || place == IGNORE_FILE { Place::Anywhere } else { Place::Inside(place) }
}
