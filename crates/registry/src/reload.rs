use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mti_core::{AppChain, Code, Diagnostic, ElementName};
use mti_element::Live;

use crate::home::Home;
use crate::initial_data::InitialData;
use crate::link::{Linking, link};
use crate::snapshot::Snapshot;

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
    // What changed before a reload that failed has not been taken in yet.
    let scope = if last_failure.is_empty() { changed.map_or(Scope::Everything, Scope::At) } else { Scope::Unknown };
    // A language may run code of the app. A panic there leaves the snapshot that was published last.
    let reloaded = panic::catch_unwind(AssertUnwindSafe(|| reload_now(home, scope)));
    let reloaded = reloaded.unwrap_or_else(|payload| Err(vec![panicked(&*payload)]));
    match &reloaded {
        Ok(_) => last_failure.clear(),
        Err(diagnostics) => last_failure.clone_from(diagnostics),
    }
    reloaded
}

/// What a reload reads again.
#[derive(Debug, Clone, Copy)]
enum Scope<'a> {
    /// What is at these paths.
    At(&'a [PathBuf]),
    /// All files.
    Everything,
    /// All files; and even if they are as they were, something read before may have been lost on the way.
    Unknown,
}

fn panicked(payload: &(dyn Any + Send)) -> Diagnostic {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let message = text.map_or_else(String::new, |text| format!(": {text}"));
    Diagnostic::new(Code::ReloadPanicked, format!("the reload panicked{message}"))
}

fn reload_now(home: &Arc<Home>, scope: Scope<'_>) -> Result<Reloaded, Vec<Diagnostic>> {
    let begin = Instant::now();
    let before = home.snapshot();
    let (chain, diagnostics) = read_again(home, before.chain(), scope)?;
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
    let is_known = !matches!(scope, Scope::Unknown);
    if is_known && !is_code_new && is_nothing_new(&before, &chain, &linking, &initial_data) {
        return Ok(Reloaded::nothing(&before, begin.elapsed()));
    }
    let mut after = link(chain, diagnostics, initial_data, linking);
    let remade = replace_loaded(&before, &mut after);
    for live in &remade {
        if let Some(node) = after.find(live.name().as_str()) {
            node.slot.clear_ready();
        }
    }
    let after = Arc::new(after);
    home.current().publish(Arc::clone(&after));
    let mut names: Vec<ElementName> = remade.iter().map(|live| live.name().clone()).collect();
    names.sort_unstable();
    // The live objects retire when the last call on them has ended.
    drop(remade);
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
    scope: Scope<'_>,
) -> Result<(AppChain, Vec<Diagnostic>), Vec<Diagnostic>> {
    let search = &home.recipe().search;
    let (chain, diagnostics) = match scope {
        Scope::At(changed) => before.refreshed(changed, search),
        Scope::Everything | Scope::Unknown => before.reread(search),
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

/// Loads anew what was loaded before and is made of something else now, and returns the live objects that are used no
/// more. An element whose new version does not load keeps its last good one.
fn replace_loaded(before: &Snapshot, after: &mut Snapshot) -> Vec<Arc<Live>> {
    let mut remade = Vec::new();
    for old in before.nodes() {
        let Some(live) = old.loaded() else { continue };
        match after.find(old.name.as_str()).cloned() {
            Some(new) if new.shares_its_live_object_with(old) => {}
            Some(new) => match new.live() {
                Ok(_) => remade.push(Arc::clone(live)),
                Err(failure) => after.keep_outdated(Arc::clone(old), &new.findings_of(&failure)),
            },
            None => remade.push(Arc::clone(live)),
        }
    }
    remade
}
