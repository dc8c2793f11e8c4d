//! What discovery costs, beside its floor: listing the same tree and reading the same files with nothing else done. And what an edit costs.

#![expect(clippy::unwrap_used, reason = "a bench that cannot run should stop")]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use mti_core::{DiskFiles, discover, json};
use tempfile::TempDir;

const ELEMENTS: usize = 5_000;

const E_JSON: &str = r#"{
  "title": "Sign in with WeChat",
  "type": "auths.loginTypes.WeChatType",
  "appSecret": "not a secret",
  "backendBundleEntry": ".",
  "frontBundleEntry": "./config.json",
  "functionList": [
    {"name": "getLoginConfig", "title": "Config", "args": [], "returnType": "JitDict", "loginRequired": 0}
  ]
}
"#;

const CONFIG: &str = r#"{
  "authConfig": {
    "appId": "wx0000000000000000",
    "appSecret": "not a secret either"
  },
  "isActive": true,
  "timeoutMs": 5000
}
"#;

fn tree(elements: usize) -> TempDir {
    let root = TempDir::new().unwrap();
    fs::write(root.path().join("app.json"), r#"{"appId": "acme.bench", "version": "1.0.0"}"#).unwrap();
    for number in 0..elements {
        let directory = root.path().join(format!("area{}/part{}/Element{number}", number % 20, number % 200));
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("e.json"), E_JSON).unwrap();
        fs::write(directory.join("config.json"), CONFIG).unwrap();
        if number % 5 == 0 {
            fs::write(directory.join("notes.md"), "noise").unwrap();
        }
    }
    root
}

fn read_raw(directory: &Path, bytes: &mut usize) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            read_raw(&entry.path(), bytes);
        } else if entry.file_name() != "notes.md" {
            *bytes += fs::read(entry.path()).unwrap().len();
        }
    }
}

fn discovery(criterion: &mut Criterion) {
    let root = tree(ELEMENTS);
    let mut group = criterion.benchmark_group("discovery");
    group.sample_size(10);
    group.bench_function("floor", |bencher| {
        bencher.iter(|| {
            let mut bytes = 0;
            read_raw(root.path(), &mut bytes);
            black_box(bytes)
        });
    });
    group.bench_function("discover", |bencher| {
        bencher.iter(|| {
            let (tree, diagnostics) = discover(Arc::new(DiskFiles::new(root.path())));
            assert!(diagnostics.is_empty());
            black_box(tree)
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("e.json");
    group.bench_function("floor", |bencher| {
        bencher.iter(|| serde_json::from_str::<serde_json::Value>(black_box(E_JSON)).unwrap());
    });
    group.bench_function("parse", |bencher| {
        bencher.iter(|| json::parse(black_box(E_JSON)).unwrap().into_value());
    });
    group.finish();
}

/// An edit of one file, and what it would cost to find it by reading everything.
fn refresh(criterion: &mut Criterion) {
    let root = tree(2 * ELEMENTS);
    let (Some(tree), _) = discover(Arc::new(DiskFiles::new(root.path()))) else { return };
    let edited = root.path().join("area7/part7/Element7/config.json");
    let mut group = criterion.benchmark_group("refresh");
    group.sample_size(20);
    group.bench_function("clone the map", |bencher| bencher.iter(|| black_box(tree.elements.clone())));
    fs::write(&edited, "{\"isActive\": false}").unwrap();
    for (name, changed) in [("edited", edited), ("temporary", root.path().join("area7/part7/Element7/.e.json.swp"))] {
        let changed = [changed];
        group.bench_function(name, |bencher| bencher.iter(|| black_box(tree.refreshed(&changed))));
    }
    let removed = [root.path().join("area7/part7/Element7")];
    fs::remove_dir_all(&removed[0]).unwrap();
    group.bench_function("removed", |bencher| bencher.iter(|| black_box(tree.refreshed(&removed))));
    group.bench_function("everything", |bencher| bencher.iter(|| black_box(tree.reread())));
    group.finish();
}

criterion_group!(benches, discovery, refresh);
criterion_main!(benches);
