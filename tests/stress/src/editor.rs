use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mti_registry::{Snapshot, Watching};
use rand::rngs::StdRng;
use tokio::runtime::Handle;

use crate::clock::CALL_DEADLINE;
use crate::edit::{Edit, Moment, choose};
use crate::eventually::eventually;
use crate::expected::{Expected, Word};
use crate::held::HeldCall;
use crate::objects::RetireMode;
use crate::sources::{CodeState, Layer, Sources, WORD_OF_PARENT};
use crate::world::World;

/// How long it may take until a change of the files is served.
pub(crate) const RELOAD_DEADLINE: Duration = Duration::from_secs(30);

/// Changes the files of the app, has it reload them, and checks what is served then.
#[derive(Debug)]
pub(crate) struct Editor {
    pub(crate) world: Arc<World>,
    pub(crate) runtime: Handle,
    pub(crate) sources: Sources,
    random: StdRng,
    moment: Moment,
    pub(crate) held: Vec<HeldCall>,
    pub(crate) watching: Option<Watching>,
    /// The words as they were last, and their live objects.
    pub(crate) objects: BTreeMap<String, (Word, u64)>,
    /// The snapshots that there were.
    pub(crate) snapshots: Vec<std::sync::Weak<Snapshot>>,
    pub(crate) has_hung: bool,
}

impl Editor {
    /// An editor of an app whose callers have not begun yet.
    pub(crate) fn new(world: Arc<World>, runtime: Handle, sources: Sources, random: StdRng) -> Self {
        let mut editor = Self {
            world,
            runtime,
            sources,
            random,
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
    pub(crate) fn change(&mut self, write: impl FnOnce(&mut Self)) {
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
                self.sources.touch_database(name);
            }
            // The others are no edits of files alone.
            _ => {}
        }
    }

    pub(crate) fn edit_word(&mut self, name: &str, edit: impl FnOnce(&mut crate::sources::WordSource)) {
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
    pub(crate) fn reload(&mut self) {
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
    pub(crate) fn settle(&mut self, expected: Expected) {
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

    /// Waits for a call.
    pub(crate) fn block<T>(&self, call: impl Future<Output = mti_element::Result<T>>) -> Result<T, String> {
        let waited = self.runtime.block_on(async { tokio::time::timeout(CALL_DEADLINE, call).await });
        match waited {
            Ok(answer) => answer.map_err(|failure| failure.operator_message()),
            Err(_) => Err("no answer".to_owned()),
        }
    }
}
