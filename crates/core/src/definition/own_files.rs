//! Finding a file of an element by the name that an author gives it.

use crate::name::composed;

/// The sides of an element, which add nothing to its name.
const SIDES: [&str; 2] = ["backend", "frontend"];

/// The files that belong to one element.
#[derive(Clone, Copy)]
pub(crate) struct OwnFiles<'a> {
    /// The element's directory, relative to the app's root.
    pub(crate) directory: &'a str,
    /// Its `e.json`, relative to the app's root.
    pub(crate) manifest: &'a str,
    /// The files, relative to the directory.
    pub(crate) files: &'a [Box<str>],
}

impl<'a> OwnFiles<'a> {
    /// A file as an author names it, `./a.json`: beside `e.json`, in the element's directory, or on one of its sides.
    /// None for what leads out of the directory.
    pub(crate) fn find(self, entry: &str) -> Option<&'a str> {
        let file = &*composed(plain(entry)?);
        let beside = self.own_manifest().rsplit_once('/').map_or("", |(side, _)| side);
        [beside, ""]
            .into_iter()
            .chain(SIDES)
            .find_map(|side| self.all().find(|own| within(own, side).is_some_and(|own| composed(own) == file)))
    }

    /// The files that a name alone can mean.
    pub(crate) fn direct(self) -> impl Iterator<Item = &'a str> {
        self.all().filter(|own| match own.split_once('/') {
            Some((side, file)) => SIDES.contains(&side) && !file.contains('/'),
            None => true,
        })
    }

    /// A file's path, relative to the app's root.
    pub(crate) fn path(self, file: &str) -> String {
        format!("{}/{file}", self.directory)
    }

    /// All but `e.json`.
    fn all(self) -> impl Iterator<Item = &'a str> {
        let manifest = self.own_manifest();
        self.files.iter().map(|own| &**own).filter(move |own| *own != manifest)
    }

    fn own_manifest(self) -> &'a str {
        self.manifest.get(self.directory.len() + 1..).unwrap_or_default()
    }
}

/// Whether an entry names something outside of the element's directory.
pub(crate) fn leads_out(entry: &str) -> bool {
    entry.starts_with('/') || entry.split('/').any(|segment| segment == "..")
}

/// Whether what `frontBundleEntry` names is a config.
pub(crate) fn names_config(entry: &str) -> bool {
    entry.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("json"))
}

fn within<'file>(own: &'file str, side: &str) -> Option<&'file str> {
    match side {
        "" => Some(own),
        side => own.strip_prefix(side).and_then(|rest| rest.strip_prefix('/')),
    }
}

/// A path as an author writes it, `./a.json`, without what adds nothing; none when it leads out of the directory.
fn plain(entry: &str) -> Option<&str> {
    let mut rest = entry;
    while let Some(shorter) = rest.strip_prefix("./") {
        rest = shorter;
    }
    let stays = !rest.is_empty() && rest.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
    stays.then_some(rest)
}
