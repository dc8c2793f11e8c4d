//! What a running app does about changes to its files.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{fs, io, mem};

use mti_core::render;
use mti_registry::{WatchError, Watching};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::broadcast::error::RecvError;

use crate::App;
use crate::command::findings::Findings;

/// A reload waits until nothing has changed for this long: editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(50);
/// And begins after this long even if changes go on.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reloads an app when its files change, or the extra file of its environment. Dropping it ends that.
pub(crate) struct Reloading {
    _files: Watching,
    _environment_file: Option<EnvironmentFileWatching>,
}

impl Reloading {
    pub(crate) fn start(app: &App, environment_file: Option<&Path>) -> Result<Self, WatchError> {
        let environment_file = environment_file.map(|file| EnvironmentFileWatching::start(app, file)).transpose()?;
        Ok(Self { _files: app.watch()?, _environment_file: environment_file })
    }
}

/// Logs what is wrong with an app's files, and what every reload has brought to light, for as long as the app is there.
pub(crate) async fn log_findings(findings: Arc<Findings>) {
    let mut reloads = findings.app().subscribe();
    let mut outdated = findings.app().snapshot().outdated().to_vec();
    findings.look().await;
    loop {
        match reloads.recv().await {
            Ok(reloaded) => {
                for name in outdated.iter().filter(|name| !reloaded.outdated.contains(name)) {
                    tracing::info!(element = %name, "is no longer outdated");
                }
                outdated = reloaded.outdated;
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
        findings.look().await;
    }
}

/// Reloads an app when the extra file of its environment changes, wherever it lies.
struct EnvironmentFileWatching {
    watcher: Option<RecommendedWatcher>,
    reloader: Option<JoinHandle<()>>,
}

impl EnvironmentFileWatching {
    fn start(app: &App, file: &Path) -> Result<Self, WatchError> {
        let last = fs::read(file).ok();
        let (sender, changes) = mpsc::channel();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| event.kind.is_access()) {
                return;
            }
            // The reloader ends first only when watching as a whole ends.
            let _ended = sender.send(());
        })?;
        // A file may be replaced by another one, or by a link to one: its directory sees that.
        watcher.watch(&directory_of(file)?, RecursiveMode::NonRecursive)?;
        let (app, file) = (app.clone(), file.to_owned());
        let reloader = thread::Builder::new()
            .name("mti-environment".to_owned())
            .spawn(move || run(&app, &file, last, &changes))?;
        Ok(Self { watcher: Some(watcher), reloader: Some(reloader) })
    }
}

impl Drop for EnvironmentFileWatching {
    fn drop(&mut self) {
        // Without the watcher the channel closes, and the reloader ends after the reload that it is at.
        drop(self.watcher.take());
        if let Some(reloader) = self.reloader.take() {
            let _ended = reloader.join();
        }
    }
}

fn directory_of(file: &Path) -> io::Result<PathBuf> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).canonicalize()
}

fn run(app: &App, file: &Path, mut last: Option<Vec<u8>>, changes: &Receiver<()>) {
    while changes.recv().is_ok() {
        let deadline = Instant::now() + PATIENCE;
        let is_over = loop {
            let patience = deadline.saturating_duration_since(Instant::now());
            match changes.recv_timeout(QUIET.min(patience)) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break false,
                Err(RecvTimeoutError::Disconnected) => break true,
            }
        };
        let now = fs::read(file).ok();
        // Most changes of the directory are not about this file.
        if is_over || now == mem::replace(&mut last, now.clone()) {
            continue;
        }
        match app.reload(None) {
            Ok(reloaded) => {
                let (generation, remade) = (reloaded.generation, reloaded.remade.len());
                tracing::info!(generation, remade, "reloaded, because the environment file has changed");
                for name in &reloaded.outdated {
                    tracing::error!(element = %name, "is broken and goes on in its last good version");
                }
            }
            Err(findings) => {
                tracing::error!("the app goes on as it was:\n{}", render::human(&findings, false).trim_end());
            }
        }
    }
}
