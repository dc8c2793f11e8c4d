use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, mem};

use notify::Event;

use super::wanted::{Meaning, Wanted};

/// A reload waits until nothing has changed for this long: editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(50);
/// And begins after this long even if changes go on.
const LONGEST: Duration = Duration::from_secs(2);
/// With more paths than this, reading everything is less work.
const PATH_LIMIT: usize = 4096;

/// Changes that are taken in by one reload.
#[derive(Debug, Default)]
pub(super) struct Burst {
    /// Where something may be different.
    paths: BTreeSet<PathBuf>,
    /// Paths that may lead elsewhere.
    lookups: BTreeSet<PathBuf>,
    /// Whether anything may be different.
    everything: bool,
    /// Whether events were lost, so that watches may be on directories that are no longer there.
    lost_events: bool,
}

impl Burst {
    /// Anything may be different.
    pub(super) fn of_everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// Whether anything may be different.
    pub(super) fn is_of_everything(&self) -> bool {
        self.everything || self.lost_events || !self.lookups.is_empty()
    }

    /// What has to be read again; none for everything.
    pub(super) fn reading(&self) -> Option<Vec<PathBuf>> {
        (!self.is_of_everything()).then(|| self.paths.iter().cloned().collect())
    }

    /// Where something may be different.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.paths.iter().map(PathBuf::as_path)
    }

    /// Whether any directory may be another one than when its watch was set.
    pub(super) fn moves_directories(&self) -> bool {
        // A file that is read by name, such as `.env`, moves nothing.
        let is_file = |path: &Path| fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file());
        self.lost_events || self.lookups.iter().any(|path| !is_file(path))
    }

    fn is_empty(&self) -> bool {
        self.paths.is_empty() && !self.is_of_everything()
    }

    fn add(&mut self, other: Self) {
        self.everything |= other.everything;
        self.lost_events |= other.lost_events;
        self.paths.extend(other.paths);
        self.lookups.extend(other.lookups);
        if self.paths.len() > PATH_LIMIT {
            self.paths.clear();
            self.everything = true;
            // What was forgotten may have been a directory that was replaced.
            self.lost_events = true;
        }
    }
}

/// Gathers events into bursts. Written to by the watcher's thread, read by the one that reloads.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    wanted: Arc<Wanted>,
    burst: Burst,
    /// How many changes there have been.
    changes: u64,
    is_over: bool,
}

/// What the thread that reloads has to do.
pub(super) enum Next {
    /// These changes are to be taken in.
    Burst(Burst),
    /// Nothing changed in the time given.
    Nothing,
    /// Watching has ended.
    End,
}

impl Bursts {
    /// Says which directories are watched from now on, and which events in them count. Returns what did before.
    pub(super) fn want(&self, wanted: &Arc<Wanted>) -> Arc<Wanted> {
        mem::replace(&mut self.state().wanted, Arc::clone(wanted))
    }

    /// Takes in an event of the operating system.
    pub(super) fn note(&self, event: notify::Result<Event>) {
        let wanted = Arc::clone(&self.state().wanted);
        let mut burst = Burst::default();
        match event {
            Ok(event) if event.need_rescan() => burst.lost_events = true,
            Ok(event) => {
                for path in event.paths {
                    match wanted.meaning(event.kind, &path) {
                        Meaning::None => {}
                        Meaning::Content => {
                            burst.paths.insert(path);
                        }
                        Meaning::Lookup => {
                            burst.lookups.insert(path);
                        }
                    }
                }
            }
            Err(error) => {
                tracing::warn!("watching files: {error}");
                burst.lost_events = true;
            }
        }
        self.add(burst);
    }

    /// Adds changes to the next burst.
    pub(super) fn add(&self, burst: Burst) {
        if burst.is_empty() {
            return;
        }
        let mut state = self.state();
        state.burst.add(burst);
        state.changes += 1;
        drop(state);
        self.changed.notify_all();
    }

    /// Ends watching.
    pub(super) fn end(&self) {
        self.state().is_over = true;
        self.changed.notify_all();
    }

    /// Waits for a burst, until it is over; for no longer than `pause` for its beginning.
    pub(super) fn next(&self, pause: Option<Duration>) -> Next {
        let is_idle = |state: &mut State| state.burst.is_empty() && !state.is_over;
        let mut state = match pause {
            None => self.changed.wait_while(self.state(), is_idle).unwrap_or_else(PoisonError::into_inner),
            Some(pause) => {
                let waited = self.changed.wait_timeout_while(self.state(), pause, is_idle);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        let deadline = Instant::now() + LONGEST;
        loop {
            if state.is_over {
                return Next::End;
            }
            if state.burst.is_empty() {
                return Next::Nothing;
            }
            let changes = state.changes;
            let pause = QUIET.min(deadline.saturating_duration_since(Instant::now()));
            let is_quiet = |state: &mut State| state.changes == changes && !state.is_over;
            let waited = self.changed.wait_timeout_while(state, pause, is_quiet);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if !state.is_over && (state.changes == changes || pause < QUIET) {
                return Next::Burst(mem::take(&mut state.burst));
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
