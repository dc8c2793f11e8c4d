//! Which changes of files are seen while an app is watched, and what is not watched.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use mti_core::{AppChain, Definition, Diagnostic};
use mti_element::{Language, LevelCode};
use mti_registry::{App, Reloaded, Watching};
use mti_testkit::Tree;
use tokio::sync::broadcast;
use tokio::time::{Instant, sleep, timeout};

use crate::words::{BASE, CHILD, builder, call, tree};

const DEADLINE: Duration = Duration::from_secs(20);

/// An app that is watched.
struct Watched {
    app: App,
    events: broadcast::Receiver<Reloaded>,
    _watching: Watching,
}

impl Watched {
    fn new(app: App) -> Self {
        Self { events: app.subscribe(), _watching: app.watch().unwrap(), app }
    }

    fn open(tree: &Tree, app: &str) -> Self {
        Self::new(builder(tree, app).app_path(vec![tree.join("libs")]).open().unwrap())
    }

    /// Waits until `words.Hello` has this word.
    async fn hears(&mut self, word: &str) {
        self.until(word, async |app| call(app, "words.Hello", "word").await == word).await;
    }

    /// Waits for the reload after which something holds.
    async fn until(&mut self, what: &str, holds: impl AsyncFn(&App) -> bool) {
        while !holds(&self.app).await {
            let reloaded = timeout(DEADLINE, self.events.recv()).await;
            assert!(reloaded.is_ok(), "no reload brings `{what}`");
        }
    }
}

/// Waits for something that no reload tells.
async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what} does not come true");
        sleep(Duration::from_millis(5)).await;
    }
}

/// Whether a directory is watched by this process.
fn is_watched(directory: &Path) -> bool {
    let about = fs::metadata(directory).unwrap();
    // As the kernel counts devices.
    let (major, minor) = ((about.dev() >> 8) & 0xfff, (about.dev() & 0xff) | ((about.dev() >> 12) & 0xf_ff00));
    let wanted = format!(" ino:{:x} sdev:{:x} ", about.ino(), (major << 20) | minor);
    let descriptors = fs::read_dir("/proc/self/fdinfo").unwrap().flatten();
    let watches = descriptors.filter_map(|descriptor| fs::read_to_string(descriptor.path()).ok());
    watches.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).any(|line| line.contains(&wanted))
}

fn rename(tree: &Tree, from: &str, to: &str) {
    fs::rename(tree.join(from), tree.join(to)).unwrap();
}

/// Has a link lead elsewhere in one step, as deployments do.
fn switch(tree: &Tree, link: &str, target: &str) {
    symlink(target, tree.join("switched")).unwrap();
    rename(tree, "switched", link);
}

/// Copies a directory of a tree.
fn copy(tree: &Tree, from: &str, to: &str) {
    let root = tree.join(from);
    let mut directories = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let inside = path.strip_prefix(&root).unwrap().to_str().unwrap();
                tree.write(&format!("{to}/{inside}"), fs::read(&path).unwrap());
            }
        }
    }
}

fn say(tree: &Tree, app: &str, word: &str) {
    tree.write(&format!("{app}/words/Hello/Hello.json"), format!(r#"{{"word": "{word}"}}"#));
}

#[tokio::test]
async fn an_app_that_is_replaced_by_renaming_is_followed() {
    let tree = tree(&[BASE]);
    copy(&tree, "base", "new");
    let mut watched = Watched::open(&tree, "base");
    watched.hears("hello").await;
    say(&tree, "new", "new");
    rename(&tree, "base", "old");
    rename(&tree, "new", "base");
    watched.hears("new").await;
    say(&tree, "base", "edited");
    watched.hears("edited").await;
    // And back again.
    rename(&tree, "base", "new");
    rename(&tree, "old", "base");
    watched.hears("hello").await;
    say(&tree, "base", "edited again");
    watched.hears("edited again").await;
}

#[tokio::test]
async fn a_directory_above_the_app_that_is_replaced_is_followed() {
    let tree = Tree::empty();
    tree.write_all(&BASE.replace("//- base", "//- site/apps/base"));
    copy(&tree, "site", "new");
    let mut watched = Watched::open(&tree, "site/apps/base");
    say(&tree, "new/apps/base", "new");
    rename(&tree, "site", "old");
    rename(&tree, "new", "site");
    watched.hears("new").await;
    say(&tree, "site/apps/base", "edited");
    watched.hears("edited").await;
}

#[tokio::test]
async fn a_link_to_the_app_that_is_switched_is_followed() {
    let tree = Tree::empty();
    tree.write_all(&BASE.replace("//- base", "//- releases/1"));
    copy(&tree, "releases/1", "releases/2");
    say(&tree, "releases/2", "two");
    // Through a second link, which may be switched too.
    symlink("newest", tree.join("current")).unwrap();
    symlink("releases/1", tree.join("newest")).unwrap();
    let mut watched = Watched::open(&tree, "current");
    watched.hears("hello").await;
    switch(&tree, "newest", "releases/2");
    watched.hears("two").await;
    say(&tree, "releases/2", "two, edited");
    watched.hears("two, edited").await;
    switch(&tree, "current", "releases/1");
    watched.hears("hello").await;
    say(&tree, "releases/1", "one, edited");
    watched.hears("one, edited").await;
}

#[tokio::test]
async fn parents_that_are_replaced_or_behind_links_are_followed() {
    let tree = Tree::empty();
    tree.write_all(CHILD);
    tree.write_all(&BASE.replace("//- base", "//- shelf/base-1"));
    copy(&tree, "shelf/base-1", "shelf/base-2");
    say(&tree, "shelf/base-2", "two");
    fs::create_dir_all(tree.join("libs-1")).unwrap();
    symlink("libs-1", tree.join("libs")).unwrap();
    symlink("../shelf/base-1", tree.join("libs-1/base")).unwrap();
    let mut watched = Watched::open(&tree, "child");
    watched.hears("hello").await;
    switch(&tree, "libs-1/base", "../shelf/base-2");
    watched.hears("two").await;
    say(&tree, "shelf/base-2", "two, edited");
    watched.hears("two, edited").await;
    // The app path itself.
    fs::create_dir_all(tree.join("libs-2")).unwrap();
    symlink("../shelf/base-1", tree.join("libs-2/base")).unwrap();
    switch(&tree, "libs", "libs-2");
    watched.hears("hello").await;
    // And by renaming.
    copy(&tree, "shelf/base-1", "shelf/new");
    say(&tree, "shelf/new", "renamed");
    rename(&tree, "shelf/base-1", "shelf/old");
    rename(&tree, "shelf/new", "shelf/base-1");
    watched.hears("renamed").await;
    say(&tree, "shelf/base-1", "renamed and edited");
    watched.hears("renamed and edited").await;
}

#[tokio::test]
async fn a_parent_is_watched_as_long_as_it_is_one() {
    let other = r#"
//- other/app.json
{"appId": "acme.other", "version": "1.0.0"}
//- other/words/Hello/e.json
{"title": "Hello"}
//- other/words/Hello/Hello.json
{"word": "other"}
"#;
    let tree = tree(&[BASE, CHILD, other]);
    let mut watched = Watched::open(&tree, "child");
    watched.hears("hello").await;
    let directory = tree.join("other/words/Hello");
    assert!(!is_watched(&directory));
    let extends = r#"[{"appId": "acme.other", "version": "1.0.0"}, {"appId": "acme.base", "version": "^1.0"}]"#;
    tree.write("child/app.json", format!(r#"{{"appId": "acme.child", "version": "1.0.0", "extends": {extends}}}"#));
    watched.hears("other").await;
    eventually("the new parent is watched", || is_watched(&directory)).await;
    tree.write("other/words/Hello/Hello.json", r#"{"word": "edited"}"#);
    watched.hears("edited").await;
    tree.write_all(CHILD);
    watched.hears("hello").await;
    eventually("it is no longer watched", || !is_watched(&directory)).await;
}

#[tokio::test]
async fn a_parent_that_is_missing_is_found_when_it_comes() {
    let tree = tree(&[BASE, CHILD]);
    let mut watched = Watched::open(&tree, "child");
    let extends = r#"[{"appId": "acme.late", "version": "1.0.0"}, {"appId": "acme.base", "version": "^1.0"}]"#;
    tree.write("child/app.json", format!(r#"{{"appId": "acme.child", "version": "1.0.0", "extends": {extends}}}"#));
    eventually("the parent is missed", || !watched.app.reload_failure().is_empty()).await;
    tree.write("late/app.json", r#"{"appId": "acme.late", "version": "1.0.0"}"#);
    watched.until("the late parent", async |app| app.app_hierarchy().len() == 3).await;
    assert!(watched.app.reload_failure().is_empty());
}

#[tokio::test]
async fn a_higher_version_of_a_parent_is_taken_when_it_comes() {
    let tree = Tree::empty();
    tree.write_all(CHILD);
    tree.write_all(&BASE.replace("//- base", "//- libs/acme/base/1_2_0"));
    let mut watched = Watched::open(&tree, "child");
    copy(&tree, "libs/acme/base/1_2_0/words", "libs/acme/base/1_3_0/words");
    say(&tree, "libs/acme/base/1_3_0", "newer");
    eventually("its directory is watched", || is_watched(&tree.join("libs/acme/base/1_3_0"))).await;
    tree.write("libs/acme/base/1_3_0/app.json", r#"{"appId": "acme.base", "version": "1.3.0"}"#);
    watched.hears("newer").await;
}

#[tokio::test]
async fn links_inside_of_the_app_are_followed() {
    let tree = tree(&[BASE]);
    // Targets that are never searched by themselves.
    copy(&tree, "base/words/Hello", "base/dist/one");
    copy(&tree, "base/words/Hello", "base/dist/two");
    tree.write("base/dist/two/Hello.json", r#"{"word": "two"}"#);
    tree.write("base/dist/three.json", r#"{"word": "three"}"#);
    tree.remove("base/words/Hello");
    symlink("../dist/one", tree.join("base/words/Hello")).unwrap();
    let mut watched = Watched::open(&tree, "base");
    watched.hears("hello").await;
    switch(&tree, "base/words/Hello", "../dist/two");
    watched.hears("two").await;
    tree.write("base/dist/two/Hello.json", r#"{"word": "two, edited"}"#);
    watched.hears("two, edited").await;
    switch(&tree, "base/dist/two/Hello.json", "../three.json");
    watched.hears("three").await;
    tree.write("base/dist/three.json", r#"{"word": "three, edited"}"#);
    watched.hears("three, edited").await;
}

#[tokio::test]
async fn a_root_that_is_gone_leaves_the_last_good_version_and_is_read_wholly_when_it_is_back() {
    let tree = tree(&[BASE]);
    let mut watched = Watched::open(&tree, "base");
    rename(&tree, "base", "gone");
    eventually("it is said", || !watched.app.reload_failure().is_empty()).await;
    assert_eq!(watched.app.reload_failure()[0].code.name(), "app-manifest-missing");
    assert_eq!(call(&watched.app, "words.Hello", "word").await, "hello");
    say(&tree, "gone", "back");
    rename(&tree, "gone", "base");
    watched.hears("back").await;
    assert!(watched.app.reload_failure().is_empty());
    say(&tree, "base", "edited");
    watched.hears("edited").await;
}

#[tokio::test]
async fn what_discovery_never_searches_is_not_watched() {
    let tree = tree(&[BASE]);
    tree.write("base/.mtiignore", "scratch/\n");
    let passed_over = [
        "target",
        "node_modules",
        "appData",
        "dist",
        ".git",
        "scratch",
        "words/Hello/node_modules",
        "commons/node_modules",
        "commons/environment",
    ];
    for directory in passed_over {
        tree.write(&format!("base/{directory}/deep/er/file"), "");
    }
    tree.write("base/commons/environment/pyvenv.cfg", "home = /usr/bin");
    let looked_at = ["words", "words/Hello", "commons", "commons/deep", "words/Hello/backend"];
    for directory in looked_at {
        tree.write(&format!("base/{directory}/file"), "");
    }
    let watched = Watched::open(&tree, "base");
    for directory in looked_at {
        assert!(is_watched(&tree.join(&format!("base/{directory}"))), "{directory}");
    }
    for directory in passed_over.iter().flat_map(|top| [(*top).to_owned(), format!("{top}/deep/er")]) {
        assert!(!is_watched(&tree.join(&format!("base/{directory}"))), "{directory}");
    }
    // The rules may change, and directories come.
    fs::create_dir_all(tree.join("base/words/node_modules/deep")).unwrap();
    fs::create_dir_all(tree.join("base/words/new/deep")).unwrap();
    tree.write("base/.mtiignore", "");
    for directory in ["words/new", "words/new/deep", "scratch", "scratch/deep/er"] {
        let path = tree.join(&format!("base/{directory}"));
        eventually(directory, || is_watched(&path)).await;
    }
    assert!(!is_watched(&tree.join("base/words/node_modules")));
    drop(watched);
    eventually("nothing is watched", || !is_watched(&tree.join("base/words"))).await;
}

#[tokio::test]
async fn a_file_of_the_environment_is_followed_wherever_it_is() {
    let tree = tree(&[BASE]);
    tree.write("base/words/Hello/Hello.json", r#"{"word": "${WORD}"}"#);
    // As Kubernetes mounts a secret.
    tree.write("secret/..1/words.env", "one");
    tree.write("secret/..2/words.env", "two");
    symlink("..1", tree.join("secret/..data")).unwrap();
    symlink("..data/words.env", tree.join("secret/words.env")).unwrap();
    let file = tree.join("secret/words.env");
    let read = {
        let file = file.clone();
        move || BTreeMap::from([("WORD".to_owned(), fs::read_to_string(&file).unwrap_or_default())])
    };
    let builder = builder(&tree, "base").environment_from(read).environment_files(vec![file]);
    let mut watched = Watched::new(builder.open().unwrap());
    watched.hears("one").await;
    switch(&tree, "secret/..data", "..2");
    watched.hears("two").await;
    tree.write("secret/..2/words.env", "edited");
    watched.hears("edited").await;
    tree.write("replacement", "replaced");
    rename(&tree, "replacement", "secret/..2/words.env");
    watched.hears("replaced").await;
}

/// A language that notices one file, panics when it is asked to, and can be held while it looks.
#[derive(Debug, Default)]
struct Noticing {
    file: PathBuf,
    last: Mutex<Option<Vec<u8>>>,
    panics_next: AtomicBool,
    gate: Gate,
}

/// Holds a reload after it has read the files.
#[derive(Debug, Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct GateState {
    is_closed: bool,
    is_waited_at: bool,
}

impl Gate {
    fn close(&self) {
        self.state.lock().unwrap().is_closed = true;
    }

    fn open(&self) {
        self.state.lock().unwrap().is_closed = false;
        self.changed.notify_all();
    }

    fn is_waited_at(&self) -> bool {
        self.state.lock().unwrap().is_waited_at
    }

    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.is_waited_at = state.is_closed;
        drop(self.changed.wait_timeout_while(state, DEADLINE, |state| state.is_closed).unwrap());
    }
}

impl Noticing {
    fn at(file: PathBuf) -> Arc<Self> {
        Arc::new(Self { file, ..Self::default() })
    }
}

impl Language for Noticing {
    fn name(&self) -> &'static str {
        "python"
    }

    fn refresh(&self, _: &AppChain) -> bool {
        let now = fs::read(&self.file).ok();
        let before = std::mem::replace(&mut *self.last.lock().unwrap(), now.clone());
        self.gate.pass();
        assert!(!self.panics_next.swap(false, Ordering::SeqCst), "the language panics");
        before != now
    }

    fn level(&self, _: &Definition) -> Result<Arc<dyn LevelCode>, Vec<Diagnostic>> {
        Err(Vec::new())
    }
}

fn open_with(tree: &Tree, language: &Arc<Noticing>) -> Watched {
    Watched::new(builder(tree, "base").language(Arc::clone(language) as _).open().unwrap())
}

#[tokio::test]
async fn shared_modules_are_looked_at_again_when_they_change() {
    let tree = tree(&[BASE]);
    let language = Noticing::at(tree.join("base/commons/deep/shared.py"));
    let mut watched = open_with(&tree, &language);
    let mut generation = watched.app.generation();
    // A directory that comes, a file in it that is edited, and one that is replaced.
    for text in ["one", "two", "three"] {
        if text == "three" {
            tree.write("shared.py", text);
            rename(&tree, "shared.py", "base/commons/deep/shared.py");
        } else {
            tree.write("base/commons/deep/shared.py", text);
        }
        watched.until(text, async |app| app.generation() > generation).await;
        generation = watched.app.generation();
    }
}

#[tokio::test]
async fn what_appears_in_a_directory_before_it_is_watched_is_not_missed() {
    let tree = tree(&[BASE]);
    let language = Noticing::at(tree.join("unused"));
    let mut watched = open_with(&tree, &language);
    language.gate.close();
    fs::create_dir(tree.join("base/new")).unwrap();
    eventually("the reload has read the empty directory", || language.gate.is_waited_at()).await;
    tree.write("base/new/deeper/Late/e.json", r#"{"title": "Late", "type": "words.PlainType"}"#);
    language.gate.open();
    watched.until("what came late", async |app| app.get_element("new.deeper.Late").is_ok()).await;
}

#[tokio::test]
async fn a_reload_that_panics_is_told_and_the_next_one_takes_in_what_it_lost() {
    let tree = tree(&[BASE]);
    tree.write("base/words/Hello/code.py", "old code");
    let language = Noticing::at(tree.join("base/words/Hello/code.py"));
    let mut watched = open_with(&tree, &language);
    let generation = watched.app.generation();
    language.panics_next.store(true, Ordering::SeqCst);
    tree.write("base/words/Hello/code.py", "code");
    eventually("the panic is told", || !watched.app.reload_failure().is_empty()).await;
    let failure = watched.app.reload_failure().remove(0);
    assert_eq!(failure.code.name(), "reload-panicked");
    assert!(failure.message.contains("the language panics"), "{}", failure.message);
    assert_eq!(call(&watched.app, "words.Hello", "word").await, "hello");
    // An edit of something else: the language saw the new code before it panicked, and will not tell of it again.
    tree.write("base/notes.txt", "");
    watched.until("what the panic lost", async |app| app.generation() > generation).await;
    assert!(watched.app.reload_failure().is_empty());
}
