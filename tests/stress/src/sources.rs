use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use mti_testkit::Tree;
use serde_json::{Value, json};

use crate::apps::FIXED;
use crate::model_source::ModelSource;
use crate::objects::RetireMode;
use crate::script::{CODE_FILE, SHARED_FILE};

/// What the files of the running app and its parents say, and what is wrong with them. Every change is written at once.
#[derive(Debug)]
pub(crate) struct Sources {
    tree: Tree,
    /// Where the database on a server is.
    pub(crate) server: Server,
    /// The levels of `words.Type`, by [`Layer`].
    pub(crate) layers: BTreeMap<Layer, Code>,
    /// The guard before `doors.Type`.
    pub(crate) guard: Code,
    /// The words, by full name.
    pub(crate) words: BTreeMap<String, WordSource>,
    /// The number in the config of `stamps.Type`.
    pub(crate) stamp: u64,
    /// Whether that config is broken.
    pub(crate) stamp_is_broken: bool,
    /// Whether the running app names the parent that can be left.
    pub(crate) parent_is_joined: bool,
    /// What became of `doors.Type` in the parent app.
    pub(crate) door: Door,
    /// What all code of the running app is made of besides its own files.
    pub(crate) shared: u64,
    /// The models.
    pub(crate) models: Vec<ModelSource>,
    next: u64,
}

/// How many of the models callers use all the time. The others are used by the editor alone, so that it knows which
/// snapshot used them last.
pub(crate) const BUSY_MODELS: usize = 4;

/// A PostgreSQL server.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// Its URL.
    pub(crate) url: String,
    /// The URL of the schema in it that the app has for itself.
    pub(crate) schema_url: String,
}

/// The apps that contribute a level of `words.Type`, nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layer {
    /// The running app. It does not declare that it has code: its file says so.
    Child,
    /// The parent that joins and leaves.
    Parent,
    /// The parent of both.
    Base,
}

/// A file of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code {
    /// Its version.
    pub(crate) version: u64,
    /// What is wrong with it.
    pub(crate) state: CodeState,
}

/// What is wrong with a file of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeState {
    /// Nothing.
    Sound,
    /// It makes no sense.
    Nonsense,
    /// There is nothing in it.
    Empty,
    /// It is not there.
    Missing,
}

/// What becomes of the Type of the doors in the parent app, while the running app guards it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// It is there.
    There,
    /// Its directory is not.
    Lost,
    /// Its `e.json` does not say that it has code.
    Undeclared,
}

/// The files of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WordSource {
    /// The number in its config.
    pub(crate) value: u64,
    /// What its `retire` does.
    pub(crate) retire: RetireMode,
    /// The number in its title.
    pub(crate) title: u64,
    /// What is wrong with it, if anything is.
    pub(crate) breakage: Option<Breakage>,
}

/// What is wrong with the files of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breakage {
    /// Its `e.json` is not JSON.
    Manifest,
    /// Its config is not JSON.
    Config,
    /// Its config is one that its level refuses.
    Value,
    /// It names a Type that is not there.
    Type,
}

/// Where the running app is, from the root of the tree.
pub(crate) const RUNNING: &str = "child";
/// The embedded database.
pub(crate) const EMBEDDED: &str = "databases.Embedded";
/// The database on a server.
pub(crate) const SERVER: &str = "databases.Server";

/// The word that the parent that joins and leaves brings.
pub(crate) const WORD_OF_PARENT: &str = "words.OfParent";
/// How many words there are from the start.
const WORDS: usize = 6;

impl Sources {
    /// Writes the apps as they are at the start.
    pub(crate) fn new(server: Server) -> Self {
        let model = |name, database| ModelSource { name, database, parts: BTreeSet::new() };
        let mut sources = Self {
            tree: Tree::new(FIXED),
            server,
            layers: BTreeMap::new(),
            guard: Code::new(),
            words: BTreeMap::new(),
            stamp: 0,
            stamp_is_broken: false,
            parent_is_joined: false,
            door: Door::There,
            shared: 0,
            models: vec![
                model("models.Guests", EMBEDDED),
                model("models.Orders", EMBEDDED),
                model("models.Users", SERVER),
                model("models.Events", SERVER),
                model("models.Archive", EMBEDDED),
                model("models.Ledger", SERVER),
            ],
            next: 1,
        };
        for app in ["child", "parent"] {
            sources.make_link(app);
        }
        sources.layers = [Layer::Child, Layer::Parent, Layer::Base].map(|layer| (layer, Code::new())).into();
        for layer in [Layer::Child, Layer::Parent, Layer::Base] {
            sources.write_layer(layer);
        }
        sources.write_guard();
        sources.write_door(true);
        sources.write_parents();
        sources.write_stamp();
        for number in 0..WORDS {
            sources.add_word(&format!("words.W{number}"));
        }
        sources.add_word(WORD_OF_PARENT);
        for model in 0..sources.models.len() {
            sources.write_model(model);
        }
        sources.touch_database(SERVER);
        sources
    }

    /// The root of the apps.
    pub(crate) fn root(&self) -> &Path {
        self.tree.path()
    }

    /// The layers of `words.Type` that count now.
    pub(crate) fn joined_layers(&self) -> impl Iterator<Item = (Layer, Code)> {
        let counts = |layer: Layer| layer != Layer::Parent || self.parent_is_joined;
        self.layers.iter().map(|(layer, code)| (*layer, *code)).filter(move |(layer, _)| counts(*layer))
    }

    /// The words that the running app has.
    pub(crate) fn visible_words(&self) -> impl Iterator<Item = (&String, &WordSource)> {
        self.words.iter().filter(|(name, _)| *name != WORD_OF_PARENT || self.parent_is_joined)
    }

    /// The models that are kept in a database.
    pub(crate) fn models_on(&self, database: &str) -> impl Iterator<Item = &'static str> {
        self.models.iter().filter(move |model| model.database == database).map(|model| model.name)
    }

    /// A number that nothing had before.
    pub(crate) fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Adds a word, or writes one as it should be.
    pub(crate) fn add_word(&mut self, name: &str) {
        let value = self.fresh();
        let word = WordSource { value, retire: RetireMode::Sound, title: value, breakage: None };
        self.words.insert(name.to_owned(), word);
        self.write_word(name);
    }

    /// Takes a word away.
    pub(crate) fn remove_word(&mut self, name: &str) {
        self.words.remove(name);
        self.tree.remove(&directory_of(name));
    }

    /// Writes the files of a word.
    pub(crate) fn write_word(&self, name: &str) {
        let Some(word) = self.words.get(name) else { return };
        let WordSource { value, retire, title, breakage } = word;
        let type_name = if *breakage == Some(Breakage::Type) { "words.Tipe" } else { "words.Type" };
        let mut manifest = json!({"title": title.to_string(), "type": type_name}).to_string();
        let mut config = json!({"value": value, "retire": retire}).to_string();
        match breakage {
            Some(Breakage::Manifest) => manifest.truncate(manifest.len() / 2),
            Some(Breakage::Config) => config.truncate(config.len() / 2),
            Some(Breakage::Value) => config = json!({"value": "a text"}).to_string(),
            Some(Breakage::Type) | None => {}
        }
        let directory = directory_of(name);
        let last = name.rsplit('.').next().unwrap_or(name);
        self.write(&format!("{directory}/{last}.json"), &config);
        self.write(&format!("{directory}/e.json"), &manifest);
    }

    /// Writes the code of a level of the words.
    pub(crate) fn write_layer(&self, layer: Layer) {
        let Some(code) = self.layers.get(&layer) else { return };
        let app = layer.app();
        self.write_code(&format!("{app}/words/Type"), *code, &format!("words {app} {}", code.version));
    }

    /// Writes the code of the guard.
    pub(crate) fn write_guard(&self) {
        self.write_code("child/doors/Type", self.guard, &format!("guard {}", self.guard.version));
    }

    /// Writes the config of `stamps.Type`.
    pub(crate) fn write_stamp(&self) {
        let config = if self.stamp_is_broken { "{".to_owned() } else { json!({"number": self.stamp}).to_string() };
        self.write("child/stamps/Type/config.json", &config);
    }

    /// Writes what all code of the running app is made of besides its own files.
    pub(crate) fn write_shared(&self) {
        self.write(&format!("child/{SHARED_FILE}"), &self.shared.to_string());
    }

    /// Writes which parents the running app has.
    pub(crate) fn write_parents(&self) {
        let named = |id: &str| json!({"appId": id, "version": "1.0.0"});
        let parents: Vec<Value> = if self.parent_is_joined {
            vec![named("stress.parent"), named("stress.base")]
        } else {
            vec![named("stress.base")]
        };
        self.write(
            "child/app.json",
            &json!({"appId": "stress.child", "version": "1.0.0", "extends": parents}).to_string(),
        );
    }

    /// Writes an `app.json` of the running app with a parent that is not there.
    pub(crate) fn break_parents(&self) {
        let parents = json!([{"appId": "stress.nowhere", "version": "1.0.0"}]);
        self.write(
            "child/app.json",
            &json!({"appId": "stress.child", "version": "1.0.0", "extends": parents}).to_string(),
        );
    }

    /// Puts a link in the place of an app's directory, as a program is deployed in versions.
    fn make_link(&mut self, app: &str) {
        let (place, version) = (self.tree.join(app), self.tree.join(&format!("versions/{app}-0")));
        must(fs::create_dir_all(self.tree.join("versions")), &version);
        must(fs::rename(&place, &version), &place);
        must(symlink(&version, &place), &place);
    }

    /// Deploys a copy of an app, with new code of its level of the words: its link is switched at once.
    pub(crate) fn switch_link(&mut self, layer: Layer) {
        let (app, fresh) = (layer.app(), self.fresh());
        let place = self.tree.join(app);
        let old = fs::read_link(&place).unwrap_or_else(|_| place.clone());
        let new = self.tree.join(&format!("versions/{app}-{fresh}"));
        copy(&old, &new);
        let line = format!("words {app} {fresh}");
        let file = new.join("words/Type").join(CODE_FILE);
        must(fs::write(&file, line), &file);
        self.layers.insert(layer, Code { version: fresh, state: CodeState::Sound });
        let beside = self.tree.join(&format!("versions/{app}~"));
        must(symlink(&new, &beside), &beside);
        must(fs::rename(&beside, &place), &place);
        must(fs::remove_dir_all(&old), &old);
    }

    /// Puts a copy in the place of the directory of the running app's words, with a new value in one of them. For a moment
    /// there is no such directory.
    pub(crate) fn replace_words(&mut self, name: &str) {
        let place = self.tree.join("child/words");
        let (new, old) = (self.tree.join("words-to-come"), self.tree.join("words-that-were"));
        must(fs::rename(&place, &old), &place);
        copy(&old, &new);
        must(fs::rename(&new, &place), &place);
        must(fs::remove_dir_all(&old), &old);
        self.add_word(name);
    }

    /// Changes what became of `doors.Type` in the parent app.
    pub(crate) fn set_door(&mut self, door: Door) {
        let (inside, outside) = (self.tree.join("base/doors/Type"), self.tree.join("lost-door"));
        if self.door == Door::Lost {
            must(fs::rename(&outside, &inside), &inside);
        }
        match door {
            Door::There | Door::Undeclared => self.write_door(door == Door::There),
            Door::Lost => must(fs::rename(&inside, &outside), &inside),
        }
        self.door = door;
    }

    fn write_door(&self, has_code: bool) {
        let mut manifest = json!({"title": "Doors", "type": "doors.Meta"});
        if has_code {
            manifest["backend"] = json!("rust");
        }
        self.write("base/doors/Type/e.json", &manifest.to_string());
    }

    /// Writes the files of a model.
    pub(crate) fn write_model(&self, index: usize) {
        let Some(model) = self.models.get(index) else { return };
        let directory = directory_of(model.name);
        let last = model.name.rsplit('.').next().unwrap_or(model.name);
        let config = model.config();
        self.write(&format!("{directory}/{last}.json"), &config.to_string());
        let manifest = json!({"title": last, "type": "models.NormalType", "db": model.database});
        self.write(&format!("{directory}/e.json"), &manifest.to_string());
    }

    /// Changes something in a database element that does not change what it is.
    pub(crate) fn touch_database(&mut self, name: &str) {
        let number = self.fresh();
        let last = name.rsplit('.').next().unwrap_or(name);
        let url = &self.server.schema_url;
        let config = if name == SERVER { json!({"url": url, "note": number}) } else { json!({"note": number}) };
        self.write(&format!("{}/{last}.json", directory_of(name)), &config.to_string());
    }

    fn write_code(&self, directory: &str, code: Code, line: &str) {
        let file = format!("{directory}/{CODE_FILE}");
        match code.state {
            CodeState::Sound => self.write(&file, line),
            CodeState::Nonsense => self.write(&file, "what?"),
            CodeState::Empty => self.write(&file, ""),
            CodeState::Missing if self.tree.join(&file).exists() => self.tree.remove(&file),
            CodeState::Missing => {}
        }
    }

    /// Replaces a file at once, as editors do: what is read is the old text or the new one.
    fn write(&self, path: &str, text: &str) {
        let mut beside = String::new();
        // Writing to a `String` cannot fail.
        let _written = write!(beside, "{path}~");
        self.tree.write(&beside, text);
        let (from, to) = (self.tree.join(&beside), self.tree.join(path));
        must(fs::rename(&from, &to), &to);
    }
}

impl Layer {
    /// The directory of the app.
    pub(crate) fn app(self) -> &'static str {
        match self {
            Self::Child => "child",
            Self::Parent => "parent",
            Self::Base => "base",
        }
    }
}

impl Code {
    fn new() -> Self {
        Self { version: 1, state: CodeState::Sound }
    }

    /// Whether it can be loaded.
    pub(crate) fn is_sound(self) -> bool {
        self.state == CodeState::Sound
    }
}

fn directory_of(name: &str) -> String {
    let app = if name == WORD_OF_PARENT { "parent" } else { RUNNING };
    format!("{app}/{}", name.replace('.', "/"))
}

/// Copies a directory with all that is in it.
fn copy(from: &Path, to: &Path) {
    must(fs::create_dir_all(to), to);
    let Ok(entries) = fs::read_dir(from) else { return };
    for entry in entries.flatten() {
        let (path, copied) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            must(fs::copy(&path, &copied).map(drop), &copied);
        }
    }
}

#[expect(clippy::panic, reason = "a test that cannot write its files cannot go on")]
fn must(result: std::io::Result<()>, path: &Path) {
    if let Err(error) = result {
        panic!("`{}`: {error}", path.display());
    }
}
