use std::collections::BTreeMap;

use mti_element::{AppView as _, Value};
use mti_registry::Snapshot;
use serde_json::json;

use crate::editor::Editor;
use crate::expected::Expected;
use crate::levels::{Slow, Then, Words};

impl Editor {
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
    pub(crate) fn compare_objects(&mut self, expected: &Expected) {
        let mut objects = BTreeMap::new();
        for (name, word) in &expected.words {
            let Ok(answer) = self.read(name) else { continue };
            let Some(object) = answer.get("object").and_then(Value::as_u64) else { continue };
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

    fn read(&self, name: &str) -> Result<Value, String> {
        self.block(async { self.world.app.get_element(name)?.call("read", json!({})).await })
    }
}

fn snapshot_words(snapshot: &Snapshot) -> Vec<String> {
    snapshot.instances_of("words.Type").iter().map(ToString::to_string).collect()
}
