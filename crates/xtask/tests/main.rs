//! The rules of the repository, on packages that break them.

#![expect(clippy::expect_used, reason = "a test that cannot go on should say where")]

use std::fs;
use std::path::{Path, PathBuf};

use xtask::{Package, forbidden_dependencies, tidy};

fn package(json: &str) -> Package {
    serde_json::from_str(json).expect("a package")
}

#[test]
fn a_dependency_against_the_layers_is_reported() {
    let core = package(r#"{"name": "mti-core", "manifest_path": "", "dependencies": [], "targets": []}"#);
    let server = package(
        r#"{"name": "mti-server", "manifest_path": "", "targets": [], "dependencies": [
            {"name": "mti-core", "kind": null}, {"name": "mti-wechat", "kind": null},
            {"name": "serde", "kind": null}]}"#,
    );
    let wechat = package(
        r#"{"name": "mti-wechat", "manifest_path": "", "targets": [], "dependencies": [
            {"name": "mti-server", "kind": "dev"}, {"name": "mti-element", "kind": null}]}"#,
    );
    let element = package(r#"{"name": "mti-element", "manifest_path": "", "dependencies": [], "targets": []}"#);
    let problems = forbidden_dependencies(&[core, element, server, wechat]);
    assert_eq!(
        problems,
        [
            "`mti-server` must not depend on `mti-wechat`: see ARCHITECTURE.md",
            "`mti-wechat` must not depend on `mti-element`: see ARCHITECTURE.md",
        ]
    );
}

#[test]
fn a_test_file_that_no_binary_names_is_reported() {
    let directory = tempfile::tempdir().expect("a directory");
    write(
        directory.path(),
        "Cargo.toml",
        "[package]\nname = \"shop\"\nedition = \"2024\"\nautotests = false\n[[test]]\nname = \"main\"\npath = \"tests/main.rs\"\n",
    );
    write(directory.path(), "src/lib.rs", "");
    write(directory.path(), "tests/main.rs", "mod orders;\n");
    write(directory.path(), "tests/orders.rs", "");
    write(directory.path(), "tests/refunds.rs", "");
    let problems = tidy(directory.path()).expect("a workspace");
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("refunds.rs` is in no test binary"), "{problems:?}");
}

#[test]
fn a_test_that_the_security_page_names_and_no_package_has_is_reported() {
    let directory = tempfile::tempdir().expect("a directory");
    write(
        directory.path(),
        "Cargo.toml",
        "[package]\nname = \"shop\"\nedition = \"2024\"\nautotests = false\n[[test]]\nname = \"main\"\npath = \"tests/main.rs\"\n",
    );
    write(directory.path(), "src/lib.rs", "");
    write(directory.path(), "tests/main.rs", "#[test]\nfn held() {}\n\nfn helper() {}\n");
    write(
        directory.path(),
        "docs/security.md",
        "# Security\n\n## The attack list\n\n| line | test |\n| --- | --- |\n| `S1` | `held`, `helper` |\n| S2 | `lost` |\n\n## More\n\n| `x` | `y` |\n",
    );
    let problems = tidy(directory.path()).expect("a workspace");
    assert_eq!(
        problems,
        [
            "`docs/security.md` names the test `helper`, which does not exist",
            "`docs/security.md` names the test `lost`, which does not exist",
        ]
    );
}

#[test]
fn this_repository_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    assert_eq!(tidy(&root).expect("the workspace"), Vec::<String>::new());
}

fn write(root: &Path, name: &str, text: &str) -> PathBuf {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
    fs::write(&path, text).expect("a file");
    path
}
