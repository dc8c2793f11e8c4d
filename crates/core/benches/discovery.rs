//! What discovery costs, beside its floor: listing the same tree and reading the same files with nothing else done.

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

fn tree() -> TempDir {
    let root = TempDir::new().unwrap();
    fs::write(root.path().join("app.json"), r#"{"appId": "acme.bench", "version": "1.0.0"}"#).unwrap();
    for number in 0..ELEMENTS {
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
    let root = tree();
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

criterion_group!(benches, discovery);
criterion_main!(benches);
