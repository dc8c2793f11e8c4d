use std::path::{Component, Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mti_core::files::NEVER_SEARCHED;
use mti_core::render;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

use crate::home::Home;
use crate::reload::reload;

/// A reload waits until nothing has changed for this long: editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(50);
/// And begins after this long even if changes go on.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reloads an app whenever its files change. Dropping it ends that.
#[derive(Debug)]
#[must_use = "watching ends when this is dropped"]
pub struct Watching {
    watcher: Option<RecommendedWatcher>,
    reloader: Option<JoinHandle<()>>,
}

/// Why files cannot be watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The operating system refused.
    #[error("the files of the app cannot be watched: {0}")]
    System(#[from] notify::Error),
    /// The thread that reloads could not be started.
    #[error("the thread that reloads cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

impl Watching {
    pub(crate) fn start(home: &Arc<Home>) -> Result<Self, WatchError> {
        let roots: Vec<PathBuf> = home
            .snapshot()
            .chain()
            .apps
            .iter()
            .filter_map(|app| app.files.root().and_then(|root| root.canonicalize().ok()))
            .collect();
        let (sender, changes) = mpsc::channel();
        let inside = roots.clone();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if let Some(change) = Change::of(event, &inside) {
                // The reloader ends first only when watching as a whole ends.
                let _ended = sender.send(change);
            }
        })?;
        for root in &roots {
            watcher.watch(root, RecursiveMode::Recursive)?;
        }
        let home = Arc::downgrade(home);
        let reloader = thread::Builder::new().name("mti-reload".to_owned()).spawn(move || run(&home, &changes))?;
        Ok(Self { watcher: Some(watcher), reloader: Some(reloader) })
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // Without the watcher the channel closes, and the reloader ends after the reload that it is at.
        drop(self.watcher.take());
        if let Some(reloader) = self.reloader.take() {
            let _ended = reloader.join();
        }
    }
}

/// What one event of the operating system means.
enum Change {
    /// These paths may have changed.
    Paths(Vec<PathBuf>),
    /// Events were lost: anything may have changed.
    Anything,
}

impl Change {
    fn of(event: notify::Result<Event>, roots: &[PathBuf]) -> Option<Self> {
        let event = match event {
            Ok(event) if event.need_rescan() => return Some(Self::Anything),
            Ok(event) => event,
            Err(error) => {
                tracing::warn!("watching files: {error}");
                return Some(Self::Anything);
            }
        };
        if event.kind.is_access() {
            return None;
        }
        let paths: Vec<_> = event.paths.into_iter().filter(|path| is_looked_at(path, roots)).collect();
        (!paths.is_empty()).then_some(Self::Paths(paths))
    }
}

/// Whether a path lies in an app, outside of what discovery passes over.
fn is_looked_at(path: &Path, roots: &[PathBuf]) -> bool {
    roots.iter().filter_map(|root| path.strip_prefix(root).ok()).any(|inside| {
        inside.components().all(|component| match component {
            // `.env` and `.mtiignore` are looked at, so names that begin with `.` are not all passed over.
            Component::Normal(name) => name != ".git" && !NEVER_SEARCHED.iter().any(|ignored| name == *ignored),
            _ => true,
        })
    })
}

/// One reload for every burst of changes, until watching ends.
fn run(home: &Weak<Home>, changes: &Receiver<Change>) {
    while let Ok(first) = changes.recv() {
        let paths = gather(first, changes);
        let Some(home) = home.upgrade() else { return };
        let before = home.snapshot().generation();
        match reload(&home, paths.as_deref()) {
            Ok(reloaded) if reloaded.generation == before => {}
            Ok(reloaded) => {
                let milliseconds = reloaded.duration.as_millis();
                tracing::info!(
                    generation = reloaded.generation,
                    remade = reloaded.remade.len(),
                    milliseconds,
                    "reloaded"
                );
                for name in &reloaded.outdated {
                    let finding = reloaded.diagnostics.iter().find(|finding| finding.element.as_ref() == Some(name));
                    let message = finding.map_or_else(String::new, |finding| finding.message.clone());
                    tracing::error!(element = %name, "is broken and goes on in its last good version: {message}");
                }
            }
            Err(findings) => {
                tracing::error!("the app goes on as it was:\n{}", render::human(&findings, false).trim_end());
            }
        }
    }
}

/// Waits until the burst that `first` began is over. `None` means that anything may have changed.
fn gather(first: Change, changes: &Receiver<Change>) -> Option<Vec<PathBuf>> {
    let deadline = Instant::now() + PATIENCE;
    let mut paths = Some(Vec::new());
    let mut next = Some(first);
    loop {
        match next.take() {
            Some(Change::Paths(more)) => {
                if let Some(paths) = &mut paths {
                    paths.extend(more);
                }
            }
            Some(Change::Anything) => paths = None,
            None => {}
        }
        let patience = deadline.saturating_duration_since(Instant::now());
        match changes.recv_timeout(QUIET.min(patience)) {
            Ok(change) => next = Some(change),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    if let Some(paths) = &mut paths {
        paths.sort_unstable();
        paths.dedup();
    }
    paths
}
