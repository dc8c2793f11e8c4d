//! Reading a chain anew after files have changed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::graph::App;
use super::search::AppSearchPath;
use super::{AppChain, resolve};
use crate::diagnostic::Diagnostic;
use crate::discovery::{AppTree, Refresh, discover_elements, resolved};
use crate::manifest::APP_FILE;

/// How far below a directory of the search path an app can be: `<org>/<name>/<1_0_0>`.
const APP_DEPTH: usize = 3;

impl AppChain {
    /// The chain as it is now that these paths may have changed, as if [`resolve_chain`](super::resolve_chain) read all of it. An app in which nothing is
    /// different is shared with this chain, and so is every definition that is the same.
    ///
    /// The paths are absolute, as in [`AppTree::refreshed`]. Parents are looked for anew only when an `app.json` changed, or something where an app may come
    /// or go; the search path is to be the same. When there is no new chain, the same paths belong to the next refresh of this one too.
    pub fn refreshed(&self, changed: &[PathBuf], search: &AppSearchPath) -> (Option<Self>, Vec<Diagnostic>) {
        if self.may_resolve_otherwise(changed, search) {
            return self.resolved_again(search, &|tree| tree.refreshed(changed));
        }
        let mut apps = Vec::with_capacity(self.apps.len());
        for tree in &self.apps {
            match tree.refreshed(changed) {
                Refresh::Unchanged => apps.push(Arc::clone(tree)),
                Refresh::Changed { tree, .. } => apps.push(tree),
                Refresh::Lost(_) => return self.reread(search),
            }
        }
        let chain = Self { apps, findings: self.findings.clone() };
        let diagnostics = chain.diagnostics();
        (Some(chain), diagnostics)
    }

    /// The chain as it is now that anything may have changed, the places of its apps included: the running app is looked
    /// up anew by the path that it was opened by, the others are looked for anew.
    pub fn reread(&self, search: &AppSearchPath) -> (Option<Self>, Vec<Diagnostic>) {
        self.resolved_again(search, &AppTree::reread)
    }

    /// Whether the two consist of the same trees: nothing was different when one was made from the other.
    pub fn is_shared_with(&self, other: &Self) -> bool {
        self.apps.len() == other.apps.len()
            && self.apps.iter().zip(&other.apps).all(|(one, other)| Arc::ptr_eq(one, other))
    }

    fn resolved_again(
        &self,
        search: &AppSearchPath,
        refresh: &dyn Fn(&AppTree) -> Refresh,
    ) -> (Option<Self>, Vec<Diagnostic>) {
        let Some(running) = self.apps.first() else {
            return (None, Vec::new());
        };
        let files = running.files.looked_up_again().unwrap_or_else(|| Arc::clone(&running.files));
        resolve(files, search, &|app| {
            let Some(before) = self.apps.iter().find(|tree| is_in_the_same_place(tree, &app)) else {
                return Arc::new(discover_elements(app.manifest, app.files, app.findings));
            };
            let is_the_same_app = before.manifest == app.manifest;
            let whole = || before.replaced_by(discover_elements(app.manifest, Arc::clone(&before.files), app.findings));
            let refreshed = match is_the_same_app.then(|| refresh(before)) {
                None | Some(Refresh::Lost(_)) => whole(),
                Some(refreshed) => refreshed,
            };
            match refreshed {
                Refresh::Changed { tree, .. } => tree,
                Refresh::Unchanged | Refresh::Lost(_) => Arc::clone(before),
            }
        })
    }

    /// Whether the change may be one of which apps there are, or of which extends which.
    fn may_resolve_otherwise(&self, changed: &[PathBuf], search: &AppSearchPath) -> bool {
        let roots: Vec<&Path> = self.apps.iter().filter_map(|tree| tree.files.root()).collect();
        let running = self.apps.first().and_then(|tree| tree.files.root());
        let mut directories = search.all_directories(running);
        let real: Vec<PathBuf> = directories.iter().map(|directory| resolved(directory)).collect();
        directories.extend(real);
        changed.iter().any(|path| {
            if path.is_relative() {
                return true;
            }
            let real = resolved(path);
            path.file_name() == Some(OsStr::new(APP_FILE))
                || !roots.iter().any(|root| real.starts_with(root) && real != **root)
                || !real.is_file() && directories.iter().any(|directory| may_hold_apps(directory, &[path, &real]))
        })
    }
}

/// Whether an app that is found by way of `directory` can be at, above or below one of the paths.
fn may_hold_apps(directory: &Path, paths: &[&Path]) -> bool {
    paths.iter().any(|path| {
        directory.starts_with(path)
            || path.strip_prefix(directory).is_ok_and(|below| below.components().count() <= APP_DEPTH)
    })
}

fn is_in_the_same_place(tree: &AppTree, app: &App) -> bool {
    let (before, now) = (&tree.files, &app.files);
    Arc::ptr_eq(before, now)
        || before.root().is_some() && before.root() == now.root() && before.found_at() == now.found_at()
}
