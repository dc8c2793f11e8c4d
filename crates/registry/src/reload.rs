use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mti_core::{AppChain, Diagnostic, ElementName};
use mti_element::{ElementDefinition, Live};
use serde_json::Value;

use crate::home::Home;
use crate::initial_data::InitialData;
use crate::link::{Linking, link};
use crate::node::{Node, NodeState};
use crate::snapshot::Snapshot;

/// The keys of an `e.json` that live objects are not made of: a change to them re-makes nothing.
const SURFACE: [&str; 6] = ["title", "description", "icon", "tag", "functionList", "accessModifier"];

/// What a reload did.
///
/// Elements whose config, levels and environment did not change kept their live object, and with it their identity
/// and state. Calls in progress finish on the elements that they began on; an element that was changed or removed
/// is let go after its last call. An element whose files are broken goes on in its last good version.
#[derive(Debug, Clone)]
pub struct Reloaded {
    /// The generation of the new snapshot.
    pub generation: u64,
    /// The live elements that are made anew, or are gone, in order.
    pub remade: Vec<ElementName>,
    /// The elements that go on in their last good version, in order.
    pub outdated: Vec<ElementName>,
    /// What is wrong with the app's files now.
    pub diagnostics: Vec<Diagnostic>,
    /// How long it took, from reading to publishing.
    pub duration: Duration,
}

impl Reloaded {
    /// A reload that found everything as it was, and published nothing.
    fn nothing(snapshot: &Snapshot, duration: Duration) -> Self {
        Self {
            generation: snapshot.generation(),
            remade: Vec::new(),
            outdated: snapshot.outdated().to_vec(),
            diagnostics: snapshot.diagnostics().to_vec(),
            duration,
        }
    }
}

/// Reads the files again, links what they say, and publishes that if it is anything new.
pub(crate) fn reload(home: &Arc<Home>, changed: Option<&[PathBuf]>) -> Result<Reloaded, Vec<Diagnostic>> {
    let mut last_failure = home.begin_reload();
    let begin = Instant::now();
    let before = home.snapshot();
    // What changed before a reload that failed has not been read yet.
    let changed = if last_failure.is_empty() { changed } else { None };
    let (chain, diagnostics) = match read_again(home, before.chain(), changed) {
        Ok(read) => read,
        Err(diagnostics) => {
            last_failure.clone_from(&diagnostics);
            return Err(diagnostics);
        }
    };
    last_failure.clear();
    let Some(running) = chain.keys().next().cloned() else { return Err(diagnostics) };
    let linking = Linking {
        codes: &home.recipe().codes,
        inputs: home.recipe().inputs(running, Some(before.inputs())),
        resources: Arc::clone(home.resources()),
        slots: home.slots(),
        before: Some(&before),
    };
    let initial_data = InitialData::read(&chain);
    let is_code_new = linking.codes.refresh(&chain);
    if !is_code_new && is_nothing_new(&before, &chain, &linking, &initial_data) {
        return Ok(Reloaded::nothing(&before, begin.elapsed()));
    }
    let mut after = link(chain, diagnostics, initial_data, linking);
    let remade = carry_over(&before, &mut after);
    for live in &remade {
        if let Some(node) = after.find(live.name().as_str()) {
            node.slot.clear_ready();
        }
    }
    let after = Arc::new(after);
    home.current().publish(Arc::clone(&after));
    let mut names: Vec<ElementName> = remade.iter().map(|live| live.name().clone()).collect();
    names.sort_unstable();
    for live in remade {
        if let Some(queue) = home.retirement().queue().cloned() {
            live.retire_to(move |retired| {
                // Without the thread at the other end, dropping is all that is left to do.
                let _gone = queue.send(retired);
            });
        }
    }
    let reloaded = Reloaded {
        generation: after.generation(),
        remade: names,
        outdated: after.outdated().to_vec(),
        diagnostics: after.diagnostics().to_vec(),
        duration: begin.elapsed(),
    };
    // Nobody may be listening.
    let _listeners = home.events().send(reloaded.clone());
    Ok(reloaded)
}

fn read_again(
    home: &Home,
    before: &AppChain,
    changed: Option<&[PathBuf]>,
) -> Result<(AppChain, Vec<Diagnostic>), Vec<Diagnostic>> {
    let search = &home.recipe().search;
    let (chain, diagnostics) = match changed {
        Some(changed) => before.refreshed(changed, search),
        None => before.reread(search),
    };
    match chain {
        Some(chain) => Ok((chain, diagnostics)),
        None => Err(diagnostics),
    }
}

/// Whether everything is as it was: an editor's temporary file changed, or one that no element is made of.
fn is_nothing_new(before: &Snapshot, chain: &AppChain, linking: &Linking<'_>, initial_data: &InitialData) -> bool {
    chain.is_shared_with(before.chain())
        && Arc::ptr_eq(&linking.inputs, before.inputs())
        && initial_data == before.initial_data()
        // What did not load may have been mended by something outside of the files.
        && before.outdated().is_empty()
}

/// Gives the live objects of elements that are made of the same to their new nodes, tries out those that are not,
/// and gives back the live objects that are used no more.
fn carry_over(before: &Snapshot, after: &mut Snapshot) -> Vec<Arc<Live>> {
    let mut remade = Vec::new();
    for old in before.nodes() {
        let Some(live) = old.loaded() else { continue };
        let Some(new) = after.find(old.name.as_str()).cloned() else {
            remade.push(Arc::clone(live));
            continue;
        };
        if Arc::ptr_eq(old, &new) {
            continue;
        }
        if is_made_of_the_same(old, &new, live) {
            new.adopt(Arc::clone(live));
        } else if let Err(failure) = new.live() {
            after.keep_outdated(Arc::clone(old), &new.findings_of(&failure));
        } else {
            remade.push(Arc::clone(live));
        }
    }
    remade
}

/// Whether a live object would come out the same: same levels, same config, same keys of its Type.
fn is_made_of_the_same(old: &Node, new: &Node, live: &Live) -> bool {
    let NodeState::Sound { chain, .. } = &new.state else { return false };
    let same_levels =
        chain.levels().len() == live.chain().levels().len()
            && chain.levels().iter().zip(live.chain().levels()).all(|(new, old)| {
                new.element == old.element && new.app == old.app && Arc::ptr_eq(&new.code, &old.code)
            });
    let (Ok(old), Ok(new)) = (old.definition(), new.definition()) else { return false };
    same_levels
        && old.types == new.types
        && old.config.value() == new.config.value()
        && old.initial_rows == new.initial_rows
        && old.initial_rows_findings == new.initial_rows_findings
        && inner(&old).eq(inner(&new))
}

/// The part of a merged `e.json` that live objects are made of.
fn inner(definition: &ElementDefinition) -> impl Iterator<Item = (&String, &Value)> {
    let members = definition.manifest.value().as_object().into_iter().flatten();
    members.filter(|(key, _)| !SURFACE.contains(&key.as_str()))
}
