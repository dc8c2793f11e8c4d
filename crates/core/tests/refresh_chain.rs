use std::path::{Path, PathBuf};
use std::sync::Arc;

use mti_core::{AppChain, AppId, AppSearchPath, DiskFiles, MemoryFiles, resolve_chain};
use tempfile::TempDir;

use crate::fixture::write;
use crate::refresh::assert_same;

const META: &str = "{\"title\": \"A\", \"type\": \"\"}";

/// A running app `shop`, beside which lie other apps, one of them its parent; the last parent is embedded.
struct World {
    directory: TempDir,
    search: AppSearchPath,
    chain: AppChain,
    changed: Vec<PathBuf>,
}

fn manifest(id: &str, version: &str, parent: &str) -> String {
    let extends = format!("[{{\"appId\": \"{parent}\", \"version\": \"^1\"}}]");
    format!("{{\"appId\": \"{id}\", \"version\": \"{version}\", \"extends\": {extends}}}")
}

impl World {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let root = directory.path().canonicalize().unwrap();
        write(
            &root,
            &format!(
                "//- shop/app.json\n{}\n//- shop/a/e.json\n{META}\n//- shop/deep/er/b/e.json\n{META}\n//- base/app.json\n{}\n//- base/a/e.json\n{META}\n",
                manifest("acme.shop", "1.0.0", "acme.base"),
                manifest("acme.base", "1.0.0", "mti.base"),
            ),
        );
        let embedded = "{\"appId\": \"mti.base\", \"version\": \"1.0.0\"}".to_owned().into_bytes();
        let search = AppSearchPath {
            directories: Vec::new(),
            embedded: vec![Arc::new(MemoryFiles::new("embedded mti.base", [("app.json", embedded)]))],
            default_parent: Some(AppId::parse("mti.base").unwrap()),
        };
        let chain = resolve_chain(Arc::new(DiskFiles::new(root.join("shop"))), &search).0.unwrap();
        Self { directory, search, chain, changed: Vec::new() }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.directory.path().canonicalize().unwrap().join(path)
    }

    fn write(&mut self, path: &str, content: &str) {
        let path = self.at(path);
        let new = path.ancestors().take_while(|above| !above.exists()).last().map_or(path.clone(), Path::to_owned);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        // Of what is in a new directory a watcher may say nothing.
        self.changed.push(new);
    }

    fn remove(&mut self, path: &str) {
        let path = self.at(path);
        std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir_all(&path)).unwrap();
        self.changed.push(path);
    }

    /// Refreshes the chain, checks it against one that is resolved from nothing, and tells which of its apps are shared with the chain before.
    fn refresh(&mut self) -> Option<Vec<bool>> {
        let (expected, findings) = resolve_chain(Arc::clone(&self.chain.apps[0].files), &self.search);
        let (chain, diagnostics) = self.chain.refreshed(&self.changed, &self.search);
        assert_eq!(diagnostics, findings);
        assert_eq!(chain.is_some(), expected.is_some());
        let (Some(chain), Some(expected)) = (chain, expected) else { return None };
        assert_eq!(chain.apps.len(), expected.apps.len());
        chain.apps.iter().zip(&expected.apps).for_each(|(tree, expected)| assert_same(tree, expected));
        let is_old = |tree: &Arc<_>| self.chain.apps.iter().any(|old| Arc::ptr_eq(old, tree));
        let shared: Vec<bool> = chain.apps.iter().map(is_old).collect();
        assert_eq!(chain.is_shared_with(&self.chain), shared == [true].repeat(self.chain.apps.len()));
        self.chain = chain;
        self.changed.clear();
        Some(shared)
    }

    fn keys(&self) -> Vec<String> {
        self.chain.keys().map(ToString::to_string).collect()
    }
}

#[test]
fn an_edit_changes_one_app_of_the_chain() {
    let mut world = World::new();
    assert_eq!(world.keys(), ["acme.shop@1.0.0", "acme.base@1.0.0", "mti.base@1.0.0"]);
    world.write("base/a/e.json", "{\"title\": \"B\", \"type\": \"\"}");
    assert_eq!(world.refresh().unwrap(), [true, false, true]);
    world.write("shop/deep/er/b/config.json", "{}");
    world.write("shop/a/config.json", "{}");
    assert_eq!(world.refresh().unwrap(), [false, true, true]);
    world.write("shop/.mtiignore", "deep/\n");
    assert_eq!(world.refresh().unwrap(), [false, true, true]);
    world.remove("shop/a");
    assert_eq!(world.refresh().unwrap(), [false, true, true]);
    world.write("elsewhere/notes.txt", "");
    world.write("shop/appData/x.db", "");
    assert_eq!(world.refresh().unwrap(), [true, true, true]);
}

#[test]
fn parents_come_and_go() {
    let mut world = World::new();
    world.write("acme/base/1_4_0/app.json", &manifest("acme.base", "1.4.0", "mti.base"));
    assert_eq!(world.refresh().unwrap(), [true, false, true]);
    assert_eq!(world.keys(), ["acme.shop@1.0.0", "acme.base@1.4.0", "mti.base@1.0.0"]);
    world.remove("acme");
    assert_eq!(world.refresh().unwrap(), [true, false, true]);
    world.write("middle/app.json", &manifest("acme.middle", "1.0.0", "acme.base"));
    assert_eq!(world.refresh().unwrap(), [true, true, true]);
    world.write("shop/app.json", &manifest("acme.shop", "1.0.0", "acme.middle"));
    assert_eq!(world.refresh().unwrap(), [false, false, true, true]);
    assert_eq!(world.keys(), ["acme.shop@1.0.0", "acme.middle@1.0.0", "acme.base@1.0.0", "mti.base@1.0.0"]);
}

#[test]
fn definitions_are_shared_when_only_the_manifest_changed() {
    let mut world = World::new();
    let before = world.chain.clone();
    let text = manifest("acme.shop", "1.0.0", "acme.base")
        .replace("\"version\": \"1.0.0\"", "\"version\": \"1.0.0\", \"title\": \"Shop\"");
    world.write("shop/app.json", &text);
    assert_eq!(world.refresh().unwrap(), [false, true, true]);
    let (old, new) = (&before.apps[0].elements["a"], &world.chain.apps[0].elements["a"]);
    assert!(old.is_shared_with(new));
}

#[test]
fn a_chain_that_breaks_can_be_mended() {
    let mut world = World::new();
    world.write("shop/app.json", &manifest("acme.shop", "1.0.0", "acme.gone"));
    world.write("shop/a/config.json", "{}");
    assert_eq!(world.refresh(), None);
    world.write("base/app.json", "{");
    assert_eq!(world.refresh(), None);
    world.write("shop/app.json", &manifest("acme.shop", "1.0.0", "acme.base"));
    assert_eq!(world.refresh(), None);
    world.write("base/app.json", &format!("{}\n", manifest("acme.base", "1.0.0", "mti.base")));
    assert_eq!(world.refresh().unwrap(), [false, true, true]);
    world.remove("base");
    assert_eq!(world.refresh(), None);
}

#[test]
fn reading_everything_shares_what_is_the_same() {
    let world = World::new();
    let (chain, diagnostics) = world.chain.reread(&world.search);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    assert!(chain.unwrap().is_shared_with(&world.chain));
}
