use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use mti_registry::{Snapshot, Watching};
use rand::rngs::StdRng;
use serde_json::json;
use tokio::runtime::Handle;

use crate::clock::CALL_DEADLINE;
use crate::edit::{Edit, Moment, choose};
use crate::eventually::eventually;
use crate::expected::{Expected, Word};
use crate::held::HeldCall;
use crate::levels::{Slow, Then, Words};
use crate::objects::RetireMode;
use crate::rows::Unique;
use crate::sources::{CodeState, Layer, ModelSource, SchemaPart, Sources, WORD_OF_PARENT};
use crate::world::World;

/// How many calls of an older snapshot write at once.
const OLD_CALLS: usize = 4;

/// Whose rows they write: no caller changes them.
const OWNER_OF_OLD_CALLS: u64 = 1_000;

/// How long it may take until a change of the files is served.
const RELOAD_DEADLINE: Duration = Duration::from_secs(30);

/// Changes the files of the app, has it reload them, and checks what is served then.
#[derive(Debug)]
pub(crate) struct Editor {
    pub(crate) world: Arc<World>,
    pub(crate) runtime: Handle,
    pub(crate) sources: Sources,
    random: StdRng,
    /// The URL of the database on a server, as its element names it.
    server: String,
    /// The same for those who are no element.
    server_url: String,
    moment: Moment,
    pub(crate) held: Vec<HeldCall>,
    watching: Option<Watching>,
    /// The words as they were last, and their live objects.
    objects: BTreeMap<String, (Word, u64)>,
    /// The snapshots that there were.
    pub(crate) snapshots: Vec<std::sync::Weak<Snapshot>>,
    has_hung: bool,
}

impl Editor {
    /// An editor of an app whose callers have not begun yet.
    pub(crate) fn new(
        world: Arc<World>,
        runtime: Handle,
        sources: Sources,
        random: StdRng,
        server: String,
        server_url: String,
    ) -> Self {
        let mut editor = Self {
            world,
            runtime,
            sources,
            random,
            server,
            server_url,
            moment: Moment::default(),
            held: Vec::new(),
            watching: None,
            objects: BTreeMap::new(),
            snapshots: Vec::new(),
            has_hung: false,
        };
        editor.world.published.begin();
        let expected = Expected::default().after(&editor.sources);
        editor.settle(expected);
        editor
    }

    /// The URL of the server.
    pub(crate) fn server_url(&self) -> &str {
        &self.server_url
    }

    /// Has a watcher reload the app from now on, or does so itself.
    pub(crate) fn set_watched(&mut self, is_watched: bool) {
        self.watching = None;
        self.moment.is_watched = is_watched;
        if is_watched {
            match self.world.app.watch() {
                Ok(watching) => self.watching = Some(watching),
                Err(error) => self.world.findings.wrong("the files can be watched", error),
            }
        }
    }

    /// Chooses an edit and does it.
    pub(crate) fn step(&mut self) {
        self.moment.held_calls = self.held.len();
        let edit = choose(&mut self.random, &self.sources, self.moment);
        let by = if self.moment.is_watched { " (watched)" } else { "" };
        self.world.findings.begin_step(format!("{edit}{by}"));
        self.apply(edit);
    }

    fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::Schema(model, part) => self.change_schema(model, part, |_| ()),
            Edit::SchemaUnderOldCalls(model, part) => self.change_schema_under_old_calls(model, part),
            Edit::SchemasAroundOldCall(model, parts) => self.change_schemas_around_old_call(model, parts),
            Edit::AddAndLoadLate(name) => self.add_and_load_late(&name),
            Edit::PanicInReload(name) => self.panic_in_reload(&name),
            Edit::BreakParents => self.break_parents(),
            Edit::Circle => self.turn_the_circle(),
            Edit::AddAndCheck(name) => self.add_and_check(&name),
            Edit::Hold(name) => self.held.push(HeldCall::hold(&self.world, &self.runtime, &name)),
            Edit::Compare => self.held.push(HeldCall::compare(&self.world, &self.runtime)),
            Edit::Release => {
                let call = self.held.remove(0);
                call.release(&self.world, &self.runtime);
            }
            Edit::Parent(true) => {
                self.change(|editor| editor.write(Edit::Parent(true)));
                self.change(|editor| editor.write(Edit::Value(WORD_OF_PARENT.to_owned())));
            }
            Edit::SwitchLink(layer) => {
                self.change(|editor| editor.sources.switch_link(layer));
                self.change(|editor| editor.write(Edit::Code(layer)));
            }
            Edit::ReplaceWords(name) => {
                // A watcher may see the app without its words.
                self.objects.clear();
                self.change(|editor| editor.sources.replace_words(&name));
                self.change(|editor| editor.write(Edit::Value(name)));
            }
            edit => self.change(|editor| editor.write(edit)),
        }
    }

    /// Changes files, has them read, and checks what is served.
    fn change(&mut self, write: impl FnOnce(&mut Self)) {
        self.world.published.begin();
        write(self);
        self.reload();
        let expected = self.world.published.latest().after(&self.sources);
        self.settle(expected);
    }

    fn write(&mut self, edit: Edit) {
        let fresh = self.sources.fresh();
        match edit {
            Edit::Value(name) | Edit::Add(name) => self.sources.add_word(&name),
            Edit::Retire(name, mode) => {
                self.moment.blocked += usize::from(mode == RetireMode::Blocks);
                self.moment.hanging += usize::from(mode == RetireMode::Hangs);
                self.edit_word(&name, |word| (word.retire, word.value) = (mode, fresh));
            }
            Edit::Title(name) => self.edit_word(&name, |word| word.title = fresh),
            Edit::BreakWord(name, breakage) => self.edit_word(&name, |word| word.breakage = Some(breakage)),
            Edit::Code(layer) => self.edit_layer(layer, Some(fresh), CodeState::Sound),
            Edit::BreakCode(layer, state) => self.edit_layer(layer, None, state),
            Edit::Shared => {
                self.sources.shared = fresh;
                self.sources.write_shared();
            }
            Edit::Remove(name) => self.sources.remove_word(&name),
            Edit::Stamp => {
                (self.sources.stamp, self.sources.stamp_is_broken) = (fresh, false);
                self.sources.write_stamp();
            }
            Edit::BreakStamp => {
                self.sources.stamp_is_broken = true;
                self.sources.write_stamp();
            }
            Edit::Guard => {
                (self.sources.guard.version, self.sources.guard.state) = (fresh, CodeState::Sound);
                self.sources.write_guard();
            }
            Edit::BreakGuard(state) => {
                self.sources.guard.state = state;
                self.sources.write_guard();
            }
            Edit::Door(door) => self.sources.set_door(door),
            Edit::Parent(is_joined) => {
                // What was broken while it was away has no last good version.
                self.sources.add_word(WORD_OF_PARENT);
                self.edit_layer(Layer::Parent, Some(fresh), CodeState::Sound);
                self.sources.parent_is_joined = is_joined;
                self.sources.write_parents();
            }
            Edit::Database(name) => {
                let server = self.server.clone();
                self.sources.touch_database(name, &server);
            }
            // The others are no edits of files alone.
            _ => {}
        }
    }

    fn edit_word(&mut self, name: &str, edit: impl FnOnce(&mut crate::sources::WordSource)) {
        if let Some(word) = self.sources.words.get_mut(name) {
            edit(word);
        }
        self.sources.write_word(name);
    }

    fn edit_layer(&mut self, layer: Layer, version: Option<u64>, state: CodeState) {
        if let Some(code) = self.sources.layers.get_mut(&layer) {
            code.version = version.unwrap_or(code.version);
            code.state = state;
        }
        self.sources.write_layer(layer);
    }

    /// Has the files read, unless a watcher does.
    fn reload(&mut self) {
        if self.watching.is_some() {
            return;
        }
        self.world.clock.set_reloading(true);
        let reloaded = self.world.app.reload(None);
        self.world.clock.set_reloading(false);
        if let Err(findings) = reloaded {
            self.world.findings.wrong("a reload of a sound app chain succeeds", format!("{findings:?}"));
        }
    }

    /// Waits until what is expected is served, and lets callers rely on it.
    fn settle(&mut self, expected: Expected) {
        let watched = self.watching.is_some();
        self.world.clock.set_reloading(watched);
        let mut mismatch = self.mismatch(&expected);
        if watched && mismatch.is_some() {
            let settled = eventually(RELOAD_DEADLINE, || {
                mismatch = self.mismatch(&expected);
                mismatch.is_none()
            });
            if !settled {
                let message = format!("not within {RELOAD_DEADLINE:?}: {}", mismatch.clone().unwrap_or_default());
                self.world.findings.wrong("what is watched is served", message);
                // What follows should not fail for the same reason.
                drop(self.world.app.reload(None));
                mismatch = self.mismatch(&expected);
            }
        }
        self.world.clock.set_reloading(false);
        if let Some(mismatch) = mismatch {
            self.world.findings.wrong("a reload serves the newest good version of everything", mismatch);
        }
        self.compare_objects(&expected);
        self.snapshots.push(Arc::downgrade(&self.world.app.snapshot()));
        self.world.published.end(expected);
    }

    /// What is served and not expected.
    pub(crate) fn mismatch(&self, expected: &Expected) -> Option<String> {
        let app = &self.world.app;
        let snapshot = app.snapshot();
        let outdated: Vec<_> = snapshot.outdated().iter().map(ToString::to_string).collect();
        let wanted: Vec<_> = expected.outdated.iter().cloned().collect();
        if outdated != wanted {
            return Some(format!("in their last good version are {outdated:?}, expected {wanted:?}"));
        }
        if !wanted.is_empty() && !snapshot.diagnostics().iter().any(mti_core::Diagnostic::is_error) {
            return Some(format!("nothing is said about {wanted:?}"));
        }
        let names: Vec<_> = snapshot_words(&snapshot);
        let wanted: Vec<_> = expected.words.keys().cloned().collect();
        if names != wanted {
            return Some(format!("there are {names:?}, expected {wanted:?}"));
        }
        for (name, word) in &expected.words {
            match app.get_element_define(name) {
                Ok(definition) if definition.title == word.title() => {}
                Ok(definition) => {
                    return Some(format!("the title of {name} is {}, expected {}", definition.title, word.title()));
                }
                Err(failure) => return Some(failure.operator_message()),
            }
            match self.read(name) {
                Ok(answer) if word.is_answered_by(&answer) => {}
                answer => return Some(format!("{name} answers {answer:?}, expected {word:?}")),
            }
        }
        let stamps = self.block(async { app.get::<Slow<'static>>("slow.Caller")?.linger(None, Then::Compare).await });
        if stamps.as_ref().ok() != Some(&json!([expected.stamp, expected.stamp])) {
            return Some(format!("the stamps are {stamps:?}, expected {}", expected.stamp));
        }
        for door in ["doors.Front", "doors.Side"] {
            let friend = self.block(async { app.get_element(door)?.call("enter", json!({"who": "friend"})).await });
            if friend.as_ref().ok().and_then(|answer| answer.get("guard")) != Some(&json!(expected.guard)) {
                return Some(format!("{door} answers {friend:?}, expected guard {}", expected.guard));
            }
        }
        None
    }

    /// A word that is made of the same is the same object as before, any other one is another.
    fn compare_objects(&mut self, expected: &Expected) {
        let mut objects = BTreeMap::new();
        for (name, word) in &expected.words {
            let Ok(answer) = self.read(name) else { continue };
            let Some(object) = answer.get("object").and_then(serde_json::Value::as_u64) else { continue };
            if let Some((before, earlier)) = self.objects.get(name) {
                let is_another = object != *earlier;
                if is_another != word.is_another_object_than(before) {
                    let message = format!("{name} was {before:?} and is {word:?}; made anew: {is_another}");
                    self.world.findings.wrong("a reload makes anew what changed, and nothing else", message);
                }
            }
            objects.insert(name.clone(), (word.clone(), object));
            if let Ok(handle) = self.world.app.get::<Words<'static>>(name) {
                self.world.keep_handle(handle);
            }
        }
        self.objects = objects;
    }

    fn read(&self, name: &str) -> Result<serde_json::Value, String> {
        self.block(async { self.world.app.get_element(name)?.call("read", json!({})).await })
    }

    /// Waits for a call.
    pub(crate) fn block<T>(&self, call: impl Future<Output = mti_element::Result<T>>) -> Result<T, String> {
        let waited = self.runtime.block_on(async { tokio::time::timeout(CALL_DEADLINE, call).await });
        match waited {
            Ok(answer) => answer.map_err(|failure| failure.operator_message()),
            Err(_) => Err("no answer".to_owned()),
        }
    }

    /// Another schema of a model. `meanwhile` is done after it is served, and before it is made ready.
    fn change_schema(&mut self, index: usize, part: SchemaPart, meanwhile: impl FnOnce(&Self)) {
        let world = Arc::clone(&self.world);
        let Some(rows) = world.rows.get(index) else { return };
        rows.begin_change();
        if !eventually(CALL_DEADLINE, || rows.is_without_probes()) {
            world.findings.wrong("no call hangs", format!("a duplicate is being tried in {}", rows.model));
        }
        self.change(|editor| {
            if let Some(model) = editor.sources.models.get_mut(index) {
                model.toggle(part);
            }
            editor.sources.write_model(index);
        });
        self.wait_for_schema(index);
        meanwhile(self);
        self.make_ready(index);
        rows.end_change(self.sources.models.get(index).map(ModelSource::unique).unwrap_or_default());
    }

    /// Waits until the newest schema of a model is served.
    fn wait_for_schema(&self, index: usize) {
        let Some(model) = self.sources.models.get(index) else { return };
        let served = eventually(RELOAD_DEADLINE, || {
            let config = self.world.app.get_element_define(model.name).map(|define| define.config.value().clone());
            config.is_ok_and(|config| config == model.config())
        });
        if !served {
            self.world.findings.wrong("what is watched is served", format!("not the newest schema of {}", model.name));
        }
    }

    /// Uses a model, which makes its newest schema ready.
    fn make_ready(&self, index: usize) {
        let Some(model) = self.sources.models.get(index) else { return };
        let asked = json!({"size": 1, "page": 1});
        if let Err(failure) = self.block(async { self.world.app.get_element(model.name)?.call("query", asked).await }) {
            self.world.findings.wrong("a model is made ready after its schema changed", failure);
        }
    }

    /// Calls of the older snapshot write rows while the newer schema is made ready: the rows are found by it.
    fn change_schema_under_old_calls(&mut self, index: usize, part: SchemaPart) {
        let old: Vec<_> = (0..OLD_CALLS).filter_map(|_| self.hold_create(index)).collect();
        self.change_schema(index, part, |_| old.iter().for_each(HeldCall::open));
        let written: Vec<_> = old.into_iter().filter_map(|call| call.release(&self.world, &self.runtime)).collect();
        self.check_written(index, &written);
    }

    /// Between two schemas a call begins, and it uses the model only after the second one was made ready.
    fn change_schemas_around_old_call(&mut self, index: usize, parts: [SchemaPart; 2]) {
        let [first, second] = parts;
        let world = Arc::clone(&self.world);
        let Some(rows) = world.rows.get(index) else { return };
        rows.begin_change();
        self.change(|editor| {
            if let Some(model) = editor.sources.models.get_mut(index) {
                model.toggle(first);
            }
            editor.sources.write_model(index);
        });
        self.wait_for_schema(index);
        let old = self.hold_create(index);
        rows.end_change(Unique::default());
        self.change_schema(index, second, |_| ());
        let written: Vec<_> = old.into_iter().filter_map(|call| call.release(&self.world, &self.runtime)).collect();
        self.check_written(index, &written);
    }

    fn hold_create(&self, index: usize) -> Option<HeldCall> {
        let rows = self.world.rows.get(index)?;
        let row = rows.fresh(OWNER_OF_OLD_CALLS);
        Some(HeldCall::create(&self.world, &self.runtime, index, rows.model, row))
    }

    /// A word joins; a call that began before its title changes loads it first, on the older snapshot.
    fn add_and_load_late(&mut self, name: &str) {
        self.world.published.begin();
        self.sources.add_word(name);
        self.reload();
        let old = HeldCall::read(&self.world, &self.runtime, name);
        let fresh = self.sources.fresh();
        self.edit_word(name, |word| word.title = fresh);
        self.reload();
        old.release(&self.world, &self.runtime);
        let expected = self.world.published.latest().after(&self.sources);
        self.settle(expected);
    }

    /// A reload panics; the next one finds what it had to find as well.
    fn panic_in_reload(&mut self, name: &str) {
        self.world.published.begin();
        let fresh = self.sources.fresh();
        self.world.language.panic_next();
        self.edit_word(name, |word| word.title = fresh);
        if self.watching.is_some() {
            let language = Arc::clone(&self.world.language);
            if !eventually(RELOAD_DEADLINE, || !language.is_about_to_panic()) {
                self.world.findings.wrong("what is watched is served", "no reload after a new title");
            }
            // The next event has the watcher go on.
            let other = self.sources.fresh();
            self.edit_word(name, |word| word.title = other);
        } else {
            drop(catch_unwind(AssertUnwindSafe(|| self.world.app.reload(None))));
            self.reload();
        }
        let expected = self.world.published.latest().after(&self.sources);
        self.settle(expected);
    }

    /// While the running app names a parent that is not there, everything goes on as it was.
    fn break_parents(&mut self) {
        self.sources.break_parents();
        let is_told = if self.watching.is_some() {
            eventually(RELOAD_DEADLINE, || !self.world.app.reload_failure().is_empty())
        } else {
            self.world.app.reload(None).is_err()
        };
        if !is_told {
            self.world.findings.wrong("a broken app chain is said", "the app names a parent that is not there");
        }
        if let Some(mismatch) = self.mismatch(&self.world.published.latest()) {
            self.world.findings.wrong("under a broken app chain all goes on as it was", mismatch);
        }
        self.change(|editor| editor.sources.write_parents());
    }

    /// A word joins, and is looked at before it is used: what that opens is not kept.
    fn add_and_check(&mut self, name: &str) {
        let world = Arc::clone(&self.world);
        world.published.begin();
        self.sources.add_word(name);
        self.reload();
        let checked = self.on_threads([move || world.objects.in_scratch(|| drop(world.app.check()))]);
        if checked.is_none() {
            self.world.findings.wrong("no call hangs", "`check` does not end");
        }
        let expected = self.world.published.latest().after(&self.sources);
        self.settle(expected);
    }

    /// Two threads load elements that ask for each other while they load: both are told so, and neither hangs.
    fn turn_the_circle(&mut self) {
        let load = |name: &'static str| {
            let app = self.world.app.clone();
            move || app.get_element(name).map(drop).map_err(|failure| failure.operator_message())
        };
        let loads = [load("circle.Left"), load("circle.Right")];
        match self.on_threads(loads) {
            Some(answers) => {
                let names_both = |answer: &Result<(), String>| {
                    let told = answer.as_ref().err();
                    told.is_some_and(|message| {
                        ["circle.Left", "circle.Right"].iter().all(|name| message.contains(name))
                    })
                };
                if !answers.iter().all(names_both) {
                    let message = format!("elements in a circle answer {answers:?}");
                    self.world.findings.wrong("a circle of elements is an error that names them", message);
                }
            }
            None => self.world.findings.wrong("no call hangs", "elements in a circle do not answer"),
        }
    }

    /// Does something on threads of its own, which may hang. One that did is not tried again.
    fn on_threads<T: Send + 'static, const N: usize>(
        &mut self,
        work: [impl FnOnce() -> T + Send + 'static; N],
    ) -> Option<Vec<T>> {
        if self.has_hung {
            return None;
        }
        let (sender, answers) = mpsc::channel();
        for work in work {
            let sender = sender.clone();
            thread::spawn(move || {
                // The editor may have given up waiting.
                let _gone = sender.send(work());
            });
        }
        let answers: Option<Vec<T>> = (0..N).map(|_| answers.recv_timeout(CALL_DEADLINE).ok()).collect();
        self.has_hung = answers.is_none();
        answers
    }
}

fn snapshot_words(snapshot: &Snapshot) -> Vec<String> {
    use mti_element::AppView as _;
    snapshot.instances_of("words.Type").iter().map(ToString::to_string).collect()
}
