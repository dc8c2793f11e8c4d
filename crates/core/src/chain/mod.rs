//! An app and its parents, in one order.

mod graph;
mod linearize;
mod refresh;
mod search;

use std::sync::Arc;

pub use linearize::{Conflict, linearize, merge_orders};
pub use search::AppSearchPath;

use crate::app_id::{AppId, AppKey};
use crate::diagnostic::{Code, Diagnostic, Location};
use crate::discovery::{AppTree, discover_elements};
use crate::files::AppFiles;
use crate::json::Pointer;
use crate::manifest::AppManifest;

use graph::{App, AppGraph};

/// The running app and everything it inherits from, nearest first.
#[derive(Debug, Clone)]
pub struct AppChain {
    /// The apps; the running one is the first, and there is at least that one.
    pub apps: Vec<Arc<AppTree>>,
    /// What was found while the parents were looked for.
    findings: Vec<Diagnostic>,
}

impl AppChain {
    /// The app of this id.
    pub fn get(&self, id: &AppId) -> Option<&Arc<AppTree>> {
        self.apps.iter().find(|tree| tree.key().id == *id)
    }

    /// What was found while the chain was resolved, and in each of its apps.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let trees = self.apps.iter().flat_map(|tree| &tree.diagnostics);
        self.findings.iter().chain(trees).cloned().collect()
    }

    /// The apps' keys, nearest first.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &AppKey> {
        self.apps.iter().map(|tree| tree.key())
    }
}

/// Finds the parents of the app `root`, puts them into one order, and discovers the elements of each.
///
/// The order is the C3 linearisation of `extends`, as in Python's method resolution order. Without such an order, with a parent missing, with a cycle, or with
/// two versions of one app there is no chain, and the findings quote the lines of every `app.json` that takes part. The findings contain those of every app
/// that was read.
pub fn resolve_chain(root: Arc<dyn AppFiles>, search: &AppSearchPath) -> (Option<AppChain>, Vec<Diagnostic>) {
    resolve(root, search, &|app| Arc::new(discover_elements(app.manifest, app.files, app.findings)))
}

/// [`resolve_chain`], with another way to come from an app to its tree.
fn resolve(
    root: Arc<dyn AppFiles>,
    search: &AppSearchPath,
    tree_of: &dyn Fn(App) -> Arc<AppTree>,
) -> (Option<AppChain>, Vec<Diagnostic>) {
    let (manifest, diagnostics) = AppManifest::read(&*root);
    let Some(manifest) = manifest else {
        return (None, diagnostics);
    };
    // The findings about the root's own `app.json` come again with its tree.
    let mut findings = Vec::new();
    let graph = AppGraph::gather(manifest, root, search, &mut findings);
    let order = if findings.iter().any(Diagnostic::is_error) {
        None
    } else {
        match linearize(&0, &|&app| graph.parents_of(app)) {
            Ok(order) => Some(order),
            Err(conflict) => {
                findings.extend(conflict_findings(&graph, &conflict));
                None
            }
        }
    };
    // Without an order the running app's own elements are still read, so that everything wrong with it is reported at once.
    let wanted = order.clone().unwrap_or_else(|| vec![0]);
    let chain = AppChain { apps: graph.into_apps(&wanted).map(tree_of).collect(), findings };
    let diagnostics = chain.diagnostics();
    (order.map(|_| chain), diagnostics)
}

/// The `extends` of every app whose order contradicts another's.
fn conflict_findings(graph: &AppGraph, conflict: &Conflict<usize>) -> Vec<Diagnostic> {
    let mut involved = conflict.owners.clone();
    if !involved.contains(&conflict.at) {
        involved.insert(0, conflict.at);
    }
    let blocked: Vec<String> = conflict.heads.iter().map(|&app| format!("`{}`", graph.key(app).id)).collect();
    involved
        .into_iter()
        .filter(|&app| graph.names_parents(app))
        .map(|app| {
            Diagnostic::new(
                Code::NoLinearization,
                format!(
                    "the parents of `{}` cannot be put into one order: {} each have to come before another",
                    graph.key(conflict.at).id,
                    blocked.join(" and ")
                ),
            )
            .with_app(graph.key(app).id.clone())
            .with_location(extends_location(graph.manifest(app)))
            .with_help("give the parents the same order in every `extends`")
        })
        .collect()
}

fn extends_location(manifest: &AppManifest) -> Location {
    manifest.location(&Pointer::ROOT.key("extends"))
}
