//! Reloading an app whenever its files change.
//!
//! What is watched follows the app: after every reload it is the directories of the apps that the chain has now, and
//! for each of them the places where its path is looked up, so that a replaced directory or a switched link is seen.
//! Whatever cannot be watched is read again from time to time instead.

mod burst;
mod limits;
mod lookups;
mod wanted;
mod watches;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mti_core::{Code, Diagnostic, render};

use crate::home::Home;
use crate::reload::{Reloaded, reload};

use burst::{Burst, Bursts, Next};
use wanted::Wanted;
use watches::{Stale, Watches};

/// How often an app is read again of which something cannot be watched, or that is broken as a whole.
const POLL_PERIOD: Duration = Duration::from_secs(2);
/// Reading again takes at most one part in this many of the time.
const POLL_SHARE: u32 = 20;

/// Reloads an app whenever its files change. Dropping it ends that.
#[derive(Debug)]
#[must_use = "watching ends when this is dropped"]
pub struct Watching {
    bursts: Arc<Bursts>,
    reloader: Option<JoinHandle<()>>,
}

/// The thread that reloads could not be started.
#[derive(Debug, thiserror::Error)]
#[error("the thread that reloads cannot be started: {0}")]
pub struct WatchError(#[from] io::Error);

impl Watching {
    pub(crate) fn start(home: &Arc<Home>) -> Result<Self, WatchError> {
        let bursts = Arc::new(Bursts::default());
        let mut watches = Watches::new(Arc::clone(&bursts));
        watches.follow(Wanted::of(home), &Stale::Everything);
        // Something may have changed between the opening of the app and now.
        bursts.add(Burst::of_everything());
        let mut reloader = Reloader { watches, failure: Vec::new(), duration: Duration::ZERO };
        reloader.tell_of_problem(home);
        let (home, changes) = (Arc::downgrade(home), Arc::clone(&bursts));
        let thread = thread::Builder::new().name("mti-reload".to_owned());
        let reloader = thread.spawn(move || reloader.run(&home, &changes))?;
        Ok(Self { bursts, reloader: Some(reloader) })
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // The thread ends after the reload that it is at.
        self.bursts.end();
        if let Some(reloader) = self.reloader.take() {
            let _ended = reloader.join();
        }
    }
}

/// What the thread that reloads knows.
struct Reloader {
    watches: Watches,
    /// What the last reload failed with.
    failure: Vec<Diagnostic>,
    /// How long the last reading of everything took.
    duration: Duration,
}

impl Reloader {
    /// One reload for every burst of changes, until watching ends.
    fn run(mut self, home: &Weak<Home>, changes: &Bursts) {
        loop {
            let burst = match changes.next(self.pause()) {
                Next::Burst(burst) => burst,
                Next::Nothing => Burst::of_everything(),
                Next::End => break,
            };
            let Some(home) = home.upgrade() else { return };
            self.take_in(&home, &burst);
            self.tell_of_problem(&home);
        }
        if let Some(home) = home.upgrade() {
            home.set_watch_problem(None);
        }
    }

    /// After how long everything is read again without a sign that anything changed.
    fn pause(&self) -> Option<Duration> {
        // What a broken app lacks may come from where nothing is watched. What panicked does so again until it is edited.
        let is_broken = self.failure.iter().any(|finding| finding.code != Code::ReloadPanicked);
        let is_blind = self.watches.problem().is_some() || is_broken;
        is_blind.then(|| POLL_PERIOD.max(self.duration * POLL_SHARE))
    }

    /// Reloads, and watches what the app is made of then.
    fn take_in(&mut self, home: &Arc<Home>, burst: &Burst) {
        let apps = places_of_apps(home);
        let was_failing = !self.failure.is_empty();
        let mut stale = self.watches.stale_after(burst);
        self.reload(home, burst.reading().as_deref());
        if was_failing && self.failure.is_empty() {
            stale = Stale::Everything;
        }
        if matches!(stale, Stale::Nothing) && !burst.is_of_everything() && places_of_apps(home) == apps {
            return;
        }
        loop {
            let added = self.watches.follow(Wanted::of(home), &stale);
            if added.is_empty() {
                return;
            }
            // What happened in a directory before it was watched has caused no event.
            let is_all_new = matches!(stale, Stale::Everything);
            self.reload(home, (!is_all_new).then_some(&*added));
            stale = Stale::Nothing;
        }
    }

    fn reload(&mut self, home: &Arc<Home>, changed: Option<&[PathBuf]>) {
        let begin = Instant::now();
        let before = home.snapshot().generation();
        let reloaded = reload(home, changed);
        if changed.is_none() {
            self.duration = begin.elapsed();
        }
        match reloaded {
            Ok(reloaded) => {
                if !self.failure.is_empty() {
                    self.failure.clear();
                    tracing::info!("the app can be read again");
                }
                if reloaded.generation != before {
                    tell(&reloaded);
                }
            }
            Err(findings) if findings != self.failure => {
                tracing::error!("still serving the last good version:\n{}", render::human(&findings, false).trim_end());
                self.failure = findings;
            }
            Err(_) => {}
        }
    }

    /// Says what cannot be watched, once.
    fn tell_of_problem(&mut self, home: &Home) {
        let now = self.watches.problem().map(|problem| problem.finding(self.pause().unwrap_or(POLL_PERIOD)));
        let before = home.set_watch_problem(now.clone());
        match (&before, &now) {
            (None, Some(finding)) => {
                let help = finding.help.as_deref().unwrap_or_default();
                tracing::warn!(code = finding.code.id(), "{}: {help}", finding.message);
            }
            (Some(_), None) => tracing::info!("every directory of the app is watched again"),
            _ => {}
        }
    }
}

/// The places of the apps of the chain: what is watched is another thing when these are others.
fn places_of_apps(home: &Home) -> Vec<PathBuf> {
    let snapshot = home.snapshot();
    let apps = &snapshot.chain().apps;
    apps.iter().flat_map(|app| [app.files.found_at(), app.files.root()]).flatten().map(PathBuf::from).collect()
}

fn tell(reloaded: &Reloaded) {
    let milliseconds = reloaded.duration.as_millis();
    tracing::info!(generation = reloaded.generation, remade = reloaded.remade.len(), milliseconds, "reloaded");
    for name in &reloaded.outdated {
        let finding = reloaded.diagnostics.iter().find(|finding| finding.element.as_ref() == Some(name));
        let message = finding.map_or_else(String::new, |finding| finding.message.clone());
        tracing::error!(element = %name, "still serving the last good version: {message}");
    }
}
