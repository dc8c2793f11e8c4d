use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::burst::{Burst, Bursts};
use super::limits::Problem;
use super::wanted::Wanted;

/// The watches that the operating system keeps for an app.
pub(super) struct Watches {
    bursts: Arc<Bursts>,
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
    problem: Option<Problem>,
}

/// Which watches may be on directories that are no longer there.
#[derive(Debug)]
pub(super) enum Stale {
    /// None of them.
    Nothing,
    /// Those at and below these paths.
    At(Vec<PathBuf>),
    /// All of them.
    Everything,
}

impl Watches {
    /// Nothing is watched yet. Events will go to `bursts`.
    pub(super) fn new(bursts: Arc<Bursts>) -> Self {
        Self { bursts, watcher: None, watched: BTreeSet::new(), problem: None }
    }

    /// What cannot be watched.
    pub(super) fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    /// Which watches may be wrong after these changes.
    pub(super) fn stale_after(&self, burst: &Burst) -> Stale {
        if burst.moves_directories() {
            return Stale::Everything;
        }
        // A file that was edited or replaced changes nothing about directories.
        let is_link = |path: &Path| fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
        let moved = burst.paths().filter(|path| self.watched.contains(*path) || path.is_dir() || is_link(path));
        let moved: Vec<PathBuf> = moved.map(Path::to_owned).collect();
        if moved.is_empty() { Stale::Nothing } else { Stale::At(moved) }
    }

    /// Watches what is wanted and nothing else. Returns the directories in which something counts from now on of which
    /// there was no event before.
    pub(super) fn follow(&mut self, wanted: Wanted, stale: &Stale) -> Vec<PathBuf> {
        self.problem = None;
        // Events in a directory count from the moment that it is watched.
        let wanted = Arc::new(wanted);
        let before = self.bursts.want(&wanted);
        let all_are_stale = matches!(stale, Stale::Everything);
        if self.watcher.is_none() || all_are_stale {
            self.start_anew();
        }
        let Some(watcher) = &mut self.watcher else { return Vec::new() };
        let mut batch = watcher.paths_mut();
        self.watched.retain(|directory| {
            let is_right = wanted.contains(directory) && !stale.contains(directory);
            if !is_right {
                // The system may have given up the watch by itself, with the directory.
                let _gone = batch.remove(directory);
            }
            is_right
        });
        let is_wider = |directory: &&PathBuf| !wanted.adds_nothing_in(directory, &before);
        let mut added: Vec<PathBuf> = self.watched.iter().filter(is_wider).cloned().collect();
        for directory in wanted.directories().filter(|directory| !self.watched.contains(*directory)) {
            match batch.add(directory, RecursiveMode::NonRecursive) {
                Ok(()) => added.push(directory.to_owned()),
                // It will be seen to appear in the directory above.
                Err(_) if !directory.is_dir() => {}
                Err(error) => {
                    let problem = Problem::of_directory(directory, &error);
                    let is_limit = problem.is_limit();
                    self.problem.get_or_insert(problem);
                    if is_limit {
                        break;
                    }
                }
            }
        }
        if let Err(error) = batch.commit() {
            self.problem.get_or_insert(Problem::of_watcher(&error));
        }
        self.watched.extend(added.iter().cloned());
        if let Some(problem) = &mut self.problem {
            problem.count(self.watched.len(), wanted.directories().count());
        }
        added
    }

    fn start_anew(&mut self) {
        self.watched.clear();
        // The old one first: there may be no room for two.
        self.watcher = None;
        let bursts = Arc::clone(&self.bursts);
        match notify::recommended_watcher(move |event| bursts.note(event)) {
            Ok(watcher) => self.watcher = Some(watcher),
            Err(error) => self.problem = Some(Problem::of_watcher(&error)),
        }
    }
}

impl Stale {
    fn contains(&self, directory: &Path) -> bool {
        match self {
            Self::Nothing => false,
            Self::At(paths) => paths.iter().any(|path| directory.starts_with(path)),
            Self::Everything => true,
        }
    }
}

impl fmt::Debug for Watches {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Watches").field("watched", &self.watched.len()).finish_non_exhaustive()
    }
}
