use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// As many links as Linux follows on one path.
const LINK_LIMIT: usize = 40;

/// The name of an entry, and the directory in which it is looked up. The directory is an absolute path without links.
pub(super) type Lookup = (PathBuf, OsString);

/// What decides where an absolute path leads: a lookup for every name on it and on the links that it goes through.
///
/// A path that leads nowhere has lookups all the same: in directories that are not there yet.
pub(super) fn lookups(path: &Path) -> Vec<Lookup> {
    let mut lookups = Vec::new();
    let mut here = PathBuf::new();
    let mut ahead = Vec::new();
    let mut links = 0;
    put_ahead(&mut ahead, path);
    while let Some(part) = ahead.pop() {
        match part {
            Part::Root(root) => here = root,
            Part::Above => {
                here.pop();
            }
            Part::Name(name) => {
                let next = here.join(&name);
                lookups.push((here.clone(), name));
                match fs::read_link(&next) {
                    Ok(target) if links < LINK_LIMIT => {
                        links += 1;
                        put_ahead(&mut ahead, &target);
                    }
                    _ => here = next,
                }
            }
        }
    }
    lookups
}

/// One step on a path.
enum Part {
    Root(PathBuf),
    Above,
    Name(OsString),
}

/// Puts the parts of a path before those that are still ahead; the next one is the last of the list.
fn put_ahead(ahead: &mut Vec<Part>, path: &Path) {
    let parts = path.components().filter_map(|component| match component {
        Component::Prefix(prefix) => Some(Part::Root(prefix.as_os_str().into())),
        Component::RootDir => Some(Part::Root(component.as_os_str().into())),
        Component::CurDir => None,
        Component::ParentDir => Some(Part::Above),
        Component::Normal(name) => Some(Part::Name(name.to_owned())),
    });
    let parts: Vec<Part> = parts.collect();
    ahead.extend(parts.into_iter().rev());
}
