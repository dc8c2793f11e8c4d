use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mti_core::files::{Listing, ReadError};
use mti_core::{AppFiles, AppTree, Diagnostic, Discovered, DiskFiles, ElementName, MemoryFiles, Refresh, discover};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::fixture::{USUAL_APP, places, write};

const META: &str = "{\"title\": \"A\", \"type\": \"\"}";

/// An app on disk, its tree, and what changed since that was read.
struct World {
    directory: TempDir,
    tree: Arc<AppTree>,
    changed: Vec<PathBuf>,
}

impl World {
    fn new(text: &str) -> Self {
        let directory = TempDir::new().unwrap();
        std::fs::write(directory.path().join("app.json"), USUAL_APP).unwrap();
        write(directory.path(), text);
        let tree = discover(Arc::new(DiskFiles::new(directory.path()))).0.unwrap();
        Self { directory, tree: Arc::new(tree), changed: Vec::new() }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    /// Writes a file, and its directories.
    fn write(&mut self, path: &str, content: &[u8]) {
        let file = self.at(path);
        let new = file.ancestors().take_while(|above| !above.exists()).last().unwrap_or(&file).to_owned();
        if std::fs::create_dir_all(file.parent().unwrap()).is_ok() && std::fs::write(&file, content).is_ok() {
            self.changed.push(file);
        }
        // Directories may be there even if the file is not.
        self.changed.push(new);
    }

    fn remove(&mut self, path: &str) {
        let path = self.at(path);
        if std::fs::remove_file(&path).is_ok() || std::fs::remove_dir_all(&path).is_ok() {
            self.changed.push(path);
        }
    }

    fn rename(&mut self, from: &str, to: &str) {
        let (from, to) = (self.at(from), self.at(to));
        if std::fs::rename(&from, &to).is_ok() {
            self.changed.extend([from, to]);
        }
    }

    /// Refreshes the tree, checks it against one that is read from nothing, and tells which elements are different.
    fn refresh(&mut self) -> Vec<String> {
        let (expected, findings) = discover(Arc::clone(&self.tree.files));
        let refreshed = self.tree.refreshed(&self.changed);
        let (Some(expected), Refresh::Unchanged | Refresh::Changed { .. }) = (&expected, &refreshed) else {
            let Refresh::Lost(lost) = refreshed else { panic!("the app cannot be read, but became {refreshed:?}") };
            assert!(expected.is_none(), "the app can be read, but was lost: {lost:?}");
            assert_eq!(lost, findings);
            return Vec::new();
        };
        self.changed.clear();
        let (now, told) = match refreshed {
            Refresh::Changed { tree, elements } => (tree, elements),
            _ => (Arc::clone(&self.tree), BTreeSet::new()),
        };
        assert_same(&now, expected);
        assert_eq!(told, different(&self.tree, &now));
        self.tree = now;
        told.iter().map(ToString::to_string).collect()
    }
}

/// Checks that two trees say the same.
pub(crate) fn assert_same(tree: &AppTree, expected: &AppTree) {
    assert_eq!(tree.manifest, expected.manifest);
    let names = |tree: &AppTree| tree.elements.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(tree), names(expected));
    for (name, element) in &tree.elements {
        assert_eq!(element.name(), name);
        assert_eq!(format!("{element:?}"), format!("{:?}", expected.elements[name]));
    }
    assert_eq!(tree.diagnostics, expected.diagnostics);
}

/// The elements that are not shared; those that say the same must be.
fn different(before: &AppTree, now: &AppTree) -> BTreeSet<ElementName> {
    let names: BTreeSet<&ElementName> = before.elements.keys().chain(now.elements.keys()).collect();
    let is_different = |name: &&ElementName| {
        let (before, now) = (before.elements.get(*name), now.elements.get(*name));
        let (Some(before), Some(now)) = (before, now) else { return true };
        let same = format!("{before:?}") == format!("{now:?}");
        assert_eq!(before.is_shared_with(now), same, "{name}");
        !same
    };
    names.into_iter().filter(is_different).cloned().collect()
}

#[test]
fn an_edit_concerns_one_element() {
    let mut world = World::new(&format!("//- a/e.json\n{META}\n//- a/config.json\n{{}}\n//- a/b/e.json\n{META}\n"));
    world.write("a/config.json", b"{\"x\": 1}");
    assert_eq!(world.refresh(), ["a"]);
    world.write("a/b/e.json", b"{");
    assert_eq!(world.refresh(), ["a.b"]);
    assert_eq!(places(&world.tree.diagnostics), ["json-syntax a.b a/b/e.json:1:2"]);
    world.write("a/b/e.json", b"{");
    assert!(world.refresh().is_empty());
    world.write("a/b/e.json", META.as_bytes());
    assert_eq!(world.refresh(), ["a.b"]);
    assert!(world.tree.diagnostics.is_empty());
}

#[test]
fn files_change_their_owner() {
    let mut world = World::new(&format!(
        "//- a/e.json\n{META}\n//- a/b/one.py\n1\n//- a/b/c/config.json\n{{}}\n//- a/b/d/e.json\n{META}\n"
    ));
    let files = |world: &World, name: &str| -> Vec<String> {
        let definition = world.tree.elements[name].definition().unwrap();
        definition.files.iter().map(ToString::to_string).collect()
    };
    assert_eq!(files(&world, "a"), ["b/c/config.json", "b/one.py", "e.json"]);
    world.write("a/b/backend/e.json", META.as_bytes());
    assert_eq!(world.refresh(), ["a", "a.b"]);
    assert_eq!(files(&world, "a"), ["e.json"]);
    assert_eq!(files(&world, "a.b"), ["backend/e.json", "c/config.json", "one.py"]);
    world.rename("a/b/backend/e.json", "a/b/c/e.json");
    assert_eq!(world.refresh(), ["a", "a.b", "a.b.c"]);
    world.remove("a/b");
    assert_eq!(world.refresh(), ["a", "a.b.c", "a.b.d"]);
    assert_eq!(files(&world, "a"), ["e.json"]);
}

#[test]
fn a_file_added_to_a_broken_element_is_not_forgotten() {
    let mut world = World::new("//- a/e.json\n{\n");
    world.write("a/config.json", b"{}");
    assert!(world.refresh().is_empty());
    world.write("a/e.json", META.as_bytes());
    assert_eq!(world.refresh(), ["a"]);
    assert!(world.tree.elements["a"].definition().unwrap().config.is_some());
}

#[test]
fn an_element_that_is_declared_twice_is_broken_until_it_is_not() {
    let mut world = World::new(&format!("//- x/z/e.json\n{META}\n//- x/z/config.json\n{{}}\n"));
    world.write("x/backend/z/e.json", META.as_bytes());
    assert_eq!(world.refresh(), ["x.z"]);
    assert!(world.tree.elements["x.z"].definition().is_none());
    world.write("x/z/late.txt", b"");
    world.remove("x/backend");
    assert_eq!(world.refresh(), ["x.z"]);
    assert_eq!(world.tree.elements["x.z"].definition().unwrap().files.len(), 3);
}

#[test]
fn what_is_the_same_is_shared_when_everything_is_read() {
    let mut world = World::new(&format!("//- a/e.json\n{META}\n//- b/e.json\n{{\n//- c/e.json\n{META}\n"));
    world.write(".mtiignore", b"c/\n");
    assert_eq!(world.refresh(), ["c"]);
    let before = Arc::clone(&world.tree);
    std::fs::write(world.at("a/config.json"), "{}").unwrap();
    let Refresh::Changed { tree, elements } = world.tree.reread() else { panic!("`a` was changed") };
    assert_eq!(elements.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a"]);
    assert!(tree.elements["b"].is_shared_with(&before.elements["b"]));
    assert!(matches!(tree.reread(), Refresh::Unchanged));
}

#[test]
fn an_app_that_is_lost_can_be_found_again() {
    let mut world = World::new(&format!("//- a/e.json\n{META}\n"));
    world.write("app.json", b"{");
    world.write("b/e.json", META.as_bytes());
    assert!(world.refresh().is_empty());
    world.write("app.json", USUAL_APP.as_bytes());
    assert_eq!(world.refresh(), ["b"]);
    world.write("app.json", br#"{"appId": "acme.shop", "version": "1.0.1"}"#);
    assert_eq!(world.refresh(), ["a", "b"]);
}

#[test]
fn an_app_in_memory_does_not_change() {
    let files = MemoryFiles::new("test app", [("app.json", USUAL_APP.as_bytes()), ("a/e.json", META.as_bytes())]);
    let tree = discover(Arc::new(files)).0.unwrap();
    let paths = ["/elsewhere/a/e.json", "a/e.json", "a", "app.json", "..", ".mtiignore"].map(PathBuf::from);
    assert!(matches!(tree.refreshed(&paths), Refresh::Unchanged));
    for path in paths {
        assert!(matches!(tree.refreshed(&[path]), Refresh::Unchanged));
    }
}

/// Counts how often everything is listed and how many files are read.
#[derive(Debug)]
struct Counted {
    files: DiskFiles,
    lists: AtomicUsize,
    reads: AtomicUsize,
}

impl AppFiles for Counted {
    fn list(&self) -> Listing {
        self.lists.fetch_add(1, Ordering::Relaxed);
        self.files.list()
    }

    fn list_at(&self, paths: &[&str]) -> Listing {
        self.files.list_at(paths)
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.files.read(path, limit)
    }

    fn root(&self) -> Option<&Path> {
        self.files.root()
    }

    fn description(&self) -> String {
        self.files.description()
    }
}

#[test]
fn only_what_a_change_can_concern_is_read() {
    let mut text = String::new();
    for number in 0..50 {
        text.push_str(&format!("//- a/n{number}/e.json\n{META}\n//- a/n{number}/config.json\n{{}}\n"));
    }
    let world = World::new(&format!("{text}//- a/e.json\n{META}\n"));
    let root = world.directory.path();
    let files =
        Arc::new(Counted { files: DiskFiles::new(root), lists: AtomicUsize::new(0), reads: AtomicUsize::new(0) });
    let tree = discover(Arc::clone(&files) as Arc<dyn AppFiles>).0.unwrap();
    let cost = |changed: &[&str]| {
        let before = (files.lists.load(Ordering::Relaxed), files.reads.load(Ordering::Relaxed));
        let changed: Vec<PathBuf> = changed.iter().map(|path| root.join(path)).collect();
        let refreshed = tree.refreshed(&changed);
        let now = (files.lists.load(Ordering::Relaxed), files.reads.load(Ordering::Relaxed));
        (matches!(refreshed, Refresh::Unchanged), now.0 - before.0, now.1 - before.1)
    };
    // A file that is saved without a change is all that is read, with its element.
    assert_eq!(cost(&["a/n7/e.json"]), (true, 0, 2));
    assert_eq!(cost(&["a/n7/config.json"]), (true, 0, 2));
    assert_eq!(cost(&["a/n7"]), (true, 0, 3));
    assert_eq!(cost(&["app.json"]), (true, 0, 1));
    // What is never searched, is not there, or lies elsewhere costs nothing.
    let nothing =
        ["appData/x.db", "a/.e.json.swp", "a/n7/e.json~", "/elsewhere/app.json", "target", "a/__pycache__/x.pyc"];
    assert_eq!(cost(&nothing), (true, 0, 0));
    std::fs::write(root.join("a/n7/config.json"), "{\"x\": 1}").unwrap();
    assert_eq!(cost(&["a/n7/config.json"]), (false, 0, 2));
    std::fs::remove_file(root.join("a/n8/config.json")).unwrap();
    assert_eq!(cost(&["a/n8/config.json"]), (false, 0, 1));
    assert_eq!(cost(&[".mtiignore"]).1, 1);
    assert_eq!(cost(&["../x"]).1, 1);
    assert_eq!(cost(&[""]).1, 1);
}

#[cfg(unix)]
#[test]
fn what_lies_behind_a_link_is_noticed() {
    use std::os::unix::fs::symlink;

    let mut world = World::new(&format!("//- a/e.json\n{META}\n//- shared/real.json\n{{}}\n"));
    let config = world.at("a/config.json");
    symlink("../shared/real.json", &config).unwrap();
    world.changed.push(config);
    assert_eq!(world.refresh(), ["a"]);
    world.write("shared/real.json", b"{\"x\": 1}");
    assert_eq!(world.refresh(), ["a"]);
    world.remove("a/config.json");
    assert_eq!(world.refresh(), ["a"]);
    world.write("shared/real.json", b"{}");
    assert!(world.refresh().is_empty());
}

#[cfg(unix)]
#[test]
fn an_app_can_be_reached_through_a_link() {
    let mut world = World::new(&format!("//- a/e.json\n{META}\n"));
    let links = TempDir::new().unwrap();
    let link = links.path().join("app");
    std::os::unix::fs::symlink(world.directory.path(), &link).unwrap();
    std::fs::remove_file(world.at("a/e.json")).unwrap();
    world.changed.push(link.join("a/e.json"));
    assert_eq!(world.refresh(), ["a"]);
}

#[cfg(unix)]
#[test]
fn a_name_that_is_not_utf8_stands_for_its_directory() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let mut world = World::new(&format!("//- a/e.json\n{META}\n"));
    let file = world.at("a").join(OsStr::from_bytes(b"\xff.txt"));
    std::fs::write(&file, "").unwrap();
    world.changed.push(file);
    assert_eq!(world.refresh(), ["a"]);
    let file = world.at("a\\b/e.json");
    world.write("a\\b/e.json", META.as_bytes());
    assert!(world.refresh().is_empty());
    assert_eq!(places(&world.tree.diagnostics), ["bad-directory-name - a\\b"]);
    std::fs::remove_file(&file).unwrap();
    world.changed.push(file);
    assert!(world.refresh().is_empty());
    assert!(world.tree.diagnostics.is_empty());
}

/// One step of someone at work on the files.
#[derive(Debug, Clone)]
enum Step {
    Write(String, &'static [u8]),
    Remove(String),
    Rename(String, String),
    MakeDirectory(String),
    #[cfg(unix)]
    Link(String, String),
    Touch(String),
}

const E_JSONS: [&[u8]; 9] = [
    b"{\"title\": \"A\", \"type\": \"\"}",
    b"{\"title\": \"A\", \"type\": \"\"}",
    b"{\"title\": \"B\", \"type\": \"a.b\"}",
    b"{\"title\": \"C\", \"type\": \"\", \"frontBundleEntry\": \"./other.json\"}",
    b"{\"title\": \"D\", \"backend\": \"cobol\"}",
    b"{\"title\": 1, \"functionList\": [{}]}",
    b"{",
    b"[]",
    b"\xff",
];
const FILES: [&str; 8] =
    ["config.json", "other.json", "a.json", "__init__.py", "loader.py", "notes.txt", ".hidden", "x~"];
const CONTENTS: [&[u8]; 4] = [b"{\"x\": 1}", b"{\"x\": 2}", b"", b"{"];
const SEGMENTS: [&str; 10] = ["a", "a", "b", "b", "c-d", "backend", "backend", "frontend", "bad name", "target"];

fn directory() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(&SEGMENTS[..]), 1..4).prop_map(|segments| segments.join("/"))
}

fn any_path() -> impl Strategy<Value = String> {
    prop_oneof![
        directory(),
        directory().prop_map(|directory| directory + "/e.json"),
        (directory(), proptest::sample::select(&FILES[..])).prop_map(|(directory, file)| format!("{directory}/{file}")),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let e_json = proptest::sample::select(&E_JSONS[..]);
    let content = proptest::sample::select(&CONTENTS[..]);
    let file = proptest::sample::select(&FILES[..]);
    let apps: [&[u8]; 4] = [
        USUAL_APP.as_bytes(),
        b"{\"appId\": \"acme.shop\", \"version\": \"1.0.0\", \"typo\": 1}",
        b"{\"appId\": \"acme.shop\", \"version\": \"1.0.1\"}",
        b"{",
    ];
    let rules: [&[u8]; 4] = [b"", b"b/\n", b"*.txt\n[z-a]\n", b"a/*\n!a/b\n"];
    let rest = prop_oneof![
        proptest::sample::select(apps.to_vec()).prop_map(|text| Step::Write("app.json".to_owned(), text)),
        proptest::sample::select(rules.to_vec()).prop_map(|text| Step::Write(".mtiignore".to_owned(), text)),
        Just(Step::Write("e.json".to_owned(), E_JSONS[0])),
        Just(Step::Write("e.json/e.json".to_owned(), E_JSONS[0])),
        Just(Step::Remove("e.json".to_owned())),
        Just(Step::Touch("..".to_owned())),
        #[cfg(unix)]
        (any_path(), any_path()).prop_map(|(at, target)| Step::Link(at, target)),
    ];
    prop_oneof![
        8 => (directory(), e_json).prop_map(|(directory, text)| Step::Write(directory + "/e.json", text)),
        6 => (directory(), file, content).prop_map(|(directory, file, text)| Step::Write(format!("{directory}/{file}"), text)),
        6 => any_path().prop_map(Step::Remove),
        4 => (any_path(), any_path()).prop_map(|(from, to)| Step::Rename(from, to)),
        2 => any_path().prop_map(Step::MakeDirectory),
        2 => any_path().prop_map(Step::Touch),
        1 => rest,
    ]
}

fn take(world: &mut World, step: &Step) {
    match step {
        Step::Write(path, content) => world.write(path, content),
        Step::Remove(path) => world.remove(path),
        Step::Rename(from, to) => world.rename(from, to),
        Step::MakeDirectory(path) => {
            let path = world.at(path);
            let new = path.ancestors().take_while(|above| !above.exists()).last().map(Path::to_owned);
            if std::fs::create_dir_all(path).is_ok() {
                world.changed.extend(new);
            }
        }
        #[cfg(unix)]
        Step::Link(at, target) => {
            let (at, target) = (world.at(at), world.at(target));
            if std::os::unix::fs::symlink(target, &at).is_ok() {
                world.changed.push(at);
            }
        }
        Step::Touch(path) => world.changed.push(world.at(path)),
    }
}

proptest! {
    #[test]
    fn a_refreshed_tree_is_the_one_that_is_read_from_nothing(
        batches in proptest::collection::vec(proptest::collection::vec(step(), 1..5), 1..16)
    ) {
        let mut world = World::new("");
        for batch in &batches {
            for step in batch {
                take(&mut world, step);
            }
            world.refresh();
        }
    }
}

#[test]
fn a_refresh_tells_broken_and_sound_apart() {
    let mut world = World::new(&format!("//- a/e.json\n{META}\n"));
    let before = world.tree.elements["a"].clone();
    world.write("a/e.json", b"[]");
    world.refresh();
    let Discovered::Broken { diagnostics, .. } = &world.tree.elements["a"] else { panic!("`a` is broken") };
    assert!(diagnostics.iter().any(Diagnostic::is_error));
    assert!(!before.is_shared_with(&world.tree.elements["a"]));
}
