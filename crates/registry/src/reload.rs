use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mti_core::{AppChain, Code, Diagnostic, ElementName};

use crate::home::Home;
use crate::initial_data::InitialData;
use crate::last_good::replace_loaded;
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
    /// What made a snapshot of the one before.
    pub(crate) fn of(snapshot: &Snapshot, remade: Vec<ElementName>, duration: Duration) -> Self {
        Self {
            generation: snapshot.generation(),
            remade,
            outdated: snapshot.outdated().to_vec(),
            diagnostics: snapshot.diagnostics().to_vec(),
            duration,
        }
    }

    /// A reload that found everything as it was, and published nothing.
    fn nothing(snapshot: &Snapshot, duration: Duration) -> Self {
        Self::of(snapshot, Vec::new(), duration)
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
    let is_same =
        !matches!(scope, Scope::Unknown) && !is_code_new && is_nothing_new(&before, &chain, &linking, &initial_data);
    // What did not load may have been mended by something outside of the files.
    if is_same && before.outdated().is_empty() {
        return Ok(Reloaded::nothing(&before, begin.elapsed()));
    }
    let mut after = link(chain, diagnostics, initial_data, linking);
    let remade = replace_loaded(&before, &mut after)?;
    if is_same && after.says_the_same_as(&before) {
        return Ok(Reloaded::nothing(&before, begin.elapsed()));
    }
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
    let reloaded = Reloaded::of(&after, names, begin.elapsed());
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
}
