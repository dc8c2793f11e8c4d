use std::sync::Arc;

use serde_json::json;

use crate::clock::CALL_DEADLINE;
use crate::editor::{Editor, RELOAD_DEADLINE};
use crate::eventually::eventually;
use crate::held::HeldCall;
use crate::model_source::{ModelSource, SchemaPart};
use crate::rows::Unique;

/// How many calls of an older snapshot write at once.
const OLD_CALLS: usize = 4;

/// Whose rows they write: no caller changes them.
const OWNER_OF_OLD_CALLS: u64 = 1_000;

impl Editor {
    /// Another schema of a model. `meanwhile` is done after it is served, and before it is made ready.
    pub(crate) fn change_schema(&mut self, index: usize, part: SchemaPart, meanwhile: impl FnOnce(&Self)) {
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
    pub(crate) fn change_schema_under_old_calls(&mut self, index: usize, part: SchemaPart) {
        let old: Vec<_> = (0..OLD_CALLS).filter_map(|_| self.hold_create(index)).collect();
        self.change_schema(index, part, |_| old.iter().for_each(HeldCall::open));
        let written: Vec<_> = old.into_iter().filter_map(|call| call.release(&self.world, &self.runtime)).collect();
        self.check_written(index, &written);
    }

    /// Between two schemas a call begins, and it uses the model only after the second one was made ready.
    pub(crate) fn change_schemas_around_old_call(&mut self, index: usize, parts: [SchemaPart; 2]) {
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
}
