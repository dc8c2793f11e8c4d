//! Which version of an element goes on when its new one cannot be used.
//!
//! An element that was loaded is judged by the reload: its new version is loaded, and what it needs is looked for. One
//! that nobody has used yet is judged by its first use, as a reload loads nothing that was not loaded.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use mti_core::{Diagnostic, ElementName};
use mti_element::{Live, Result};

use crate::check::{UnmetNeed, unmet_needs};
use crate::home::Home;
use crate::live_cell::LiveCell;
use crate::node::Node;
use crate::reload::Reloaded;
use crate::snapshot::Snapshot;

/// The versions of an element before one that was not used yet: the last one, and below it the oldest one. Those in
/// between are not kept, however often a file is saved before somebody uses the element.
#[derive(Debug, Default)]
pub(crate) struct Earlier(Mutex<Vec<Version>>);

/// An earlier version of an element.
#[derive(Debug, Clone)]
struct Version {
    /// Made of the same. It has a cell of its own: what an older snapshot loads must not live for as long as the next one
    /// is unused.
    twin: Arc<Node>,
    /// The cell of the version itself, for as long as a snapshot has it.
    cell: Weak<LiveCell>,
}

impl Earlier {
    /// Takes over what came before an earlier version, and that version itself.
    pub(crate) fn follow(&self, last: &Node) {
        let oldest = last.earlier().lock().drain(..).next_back();
        let last = Version { twin: Arc::new(last.twin()), cell: Arc::downgrade(last.cell()) };
        *self.lock() = [Some(last), oldest].into_iter().flatten().collect();
    }

    /// Takes over what came before an earlier version that was made of the same files.
    pub(crate) fn take_over(&self, last: &Node) {
        let versions = std::mem::take(&mut *last.earlier().lock());
        *self.lock() = versions;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// There is a version that works: none before it is needed any more.
    pub(crate) fn forget(&self) {
        self.lock().clear();
    }

    /// The newest version that can be used, with its live object.
    pub(crate) fn last_good(&self) -> Option<(Arc<Node>, Arc<Live>)> {
        let versions = self.lock().clone();
        versions.into_iter().find_map(|Version { twin, cell }| {
            let live = match cell.upgrade() {
                Some(cell) => twin.live_in(&cell).and_then(|live| twin.adopt(live)),
                None => twin.live(),
            };
            Some((twin, live.ok()?))
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Version>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Publishes that an element goes on in its last good version, since its first use has shown that the one on disk cannot
/// be used. `cell` is that of the version that failed: a reload may have replaced it meanwhile.
///
/// It waits for a reload in progress, which may wait for the caller: so not on the caller's thread.
pub(crate) fn publish_last_good(home: &Home, cell: &Arc<LiveCell>, last_good: Arc<Node>, findings: &[Diagnostic]) {
    let begin = Instant::now();
    let _one_at_a_time = home.begin_reload();
    let before = home.snapshot();
    if !before.find(last_good.name.as_str()).is_some_and(|node| Arc::ptr_eq(node.cell(), cell)) {
        return;
    }
    let mut after = before.followed_by_itself();
    let message = findings.first().map_or("", |finding| finding.message.as_str());
    tracing::error!(element = %last_good.name, "serving the last good version: {message}");
    after.keep_outdated(last_good, findings);
    let reloaded = Reloaded::of(&after, Vec::new(), begin.elapsed());
    home.current().publish(Arc::new(after));
    // Nobody may be listening.
    let _listeners = home.events().send(reloaded);
}

/// Loads anew what was loaded before and is made of something else now, and returns the live objects that are used no
/// more. An element whose new version does not load, or lacks what it needs, keeps its last good one, and so does one
/// that others need and that is no longer as they need it.
///
/// Fails if the app itself no longer names what its elements need: then nothing of it can be taken in.
pub(crate) fn replace_loaded(before: &Snapshot, after: &mut Snapshot) -> Result<Vec<Arc<Live>>, Vec<Diagnostic>> {
    for old in before.nodes() {
        let Some(new) = after.find(old.name.as_str()).cloned() else { continue };
        if new.shares_its_live_object_with(old) {
            continue;
        }
        if old.loaded().is_none() {
            new.succeed(old);
        } else if let Err(failure) = new.live() {
            after.keep_outdated(Arc::clone(old), &new.findings_of(&failure));
        }
    }
    keep_what_is_needed(before, after)?;
    let replaced = before.nodes().filter_map(|old| {
        let live = old.loaded()?;
        let is_kept = after.find(old.name.as_str()).is_some_and(|new| new.shares_its_live_object_with(old));
        (!is_kept).then(|| Arc::clone(live))
    });
    Ok(replaced.collect())
}

/// Puts back what an edit took from loaded elements that need it. One that is put back may need another one, so it is
/// looked again; each time, an element goes back.
fn keep_what_is_needed(before: &Snapshot, after: &mut Snapshot) -> Result<(), Vec<Diagnostic>> {
    while let Some((name, unmet)) = newly_unmet(before, after) {
        let last_good = unmet.name_in(after).into_iter().chain([name.as_str()]).find_map(|name| {
            let (old, new) = (before.find(name)?, after.find(name)?);
            (old.is_sound() && !Arc::ptr_eq(old, new)).then(|| Arc::clone(old))
        });
        match last_good {
            Some(last_good) => after.keep_outdated(last_good, &unmet.findings),
            None => return Err(unmet.findings),
        }
    }
    Ok(())
}

/// A need of a loaded element that the snapshot before has met and that can be met again: not one for an element that
/// was removed.
fn newly_unmet(before: &Snapshot, after: &Snapshot) -> Option<(ElementName, UnmetNeed)> {
    after.nodes().find_map(|node| {
        let live = node.loaded()?;
        let old = before.find(node.name.as_str())?.loaded()?;
        let unmet_before = unmet_needs(old, before);
        let is_new = |unmet: &UnmetNeed| {
            let was_removed = unmet.name_in(before) == unmet.name_in(after)
                && unmet.name_in(after).is_some_and(|name| before.find(name).is_some() && after.find(name).is_none());
            !was_removed && !unmet_before.iter().any(|before| before.is_of_the_same(unmet))
        };
        unmet_needs(live, after).into_iter().find(is_new).map(|unmet| (node.name.clone(), unmet))
    })
}
