//! Code that a reload no longer finds: what ran before is still served, because it may have been a rule.

use std::fs;
use std::sync::Arc;

use mti_registry::{App, Reloaded};
use mti_testkit::Tree;

use crate::languages::open;
use crate::words::{BASE, CHILD, call, codes, tree};

/// A child app that doubles the words of its parent, without saying that it has code.
const UNDECLARED: &str = r"
//- child/words/PlainType/e.json
{}
//- child/words/PlainType/__init__.py
class PlainType: ...
";

/// A grandchild that overrides a Type between it and the base without code of its own.
const GRANDCHILD: &str = r#"
//- grandchild/app.json
{"appId": "acme.grandchild", "version": "1.0.0", "extends": [{"appId": "acme.child", "version": "^1.0"}]}
//- grandchild/words/PlainType/e.json
{"title": "Grand words"}
"#;

fn outdated(reloaded: &Reloaded) -> Vec<&str> {
    reloaded.outdated.iter().map(mti_core::ElementName::as_str).collect()
}

fn lost(app: &App) -> usize {
    codes(app).into_iter().filter(|code| *code == "code-lost").count()
}

async fn doubles(app: &App) -> bool {
    call(app, "words.Hello", "word").await == "hellohello"
}

fn remove(tree: &Tree, path: &str) {
    let path = tree.join(path);
    if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
}

#[tokio::test]
async fn code_that_is_not_declared_runs_and_is_a_warning() {
    let tree = tree(&[BASE, CHILD, UNDECLARED]);
    let app = open(&tree, &Arc::default());
    assert!(doubles(&app).await);
    assert_eq!(codes(&app), ["python-undeclared"]);
}

#[tokio::test]
async fn a_file_that_is_emptied_or_removed_leaves_the_last_good_version() {
    let tree = tree(&[BASE, CHILD, UNDECLARED]);
    let app = open(&tree, &Arc::default());
    assert!(doubles(&app).await);
    tree.write("child/words/PlainType/__init__.py", "");
    assert_eq!(outdated(&app.reload(None).unwrap()), ["words.PlainType"]);
    assert!(doubles(&app).await, "an emptied file takes no rule away");
    remove(&tree, "child/words/PlainType/__init__.py");
    assert_eq!(outdated(&app.reload(None).unwrap()), ["words.PlainType"]);
    assert!(doubles(&app).await, "neither does a removed one");
    assert_eq!(lost(&app), 1, "{:?}", app.check());
    tree.write("child/words/PlainType/__init__.py", "class PlainType: ...");
    assert_eq!(outdated(&app.reload(None).unwrap()), [""; 0]);
    assert_eq!(lost(&app), 0);
}

#[tokio::test]
async fn an_element_that_says_that_it_has_no_code_loses_it() {
    let tree = tree(&[BASE, CHILD, UNDECLARED]);
    let app = open(&tree, &Arc::default());
    assert!(doubles(&app).await);
    tree.write("child/words/PlainType/e.json", r#"{"backend": "none"}"#);
    assert_eq!(outdated(&app.reload(None).unwrap()), [""; 0]);
    assert!(!doubles(&app).await);
    assert_eq!(codes(&app), [""; 0]);
}

#[tokio::test]
async fn a_directory_that_a_parent_lost_below_an_override_leaves_the_last_good_version() {
    let tree = tree(&[BASE, CHILD, UNDECLARED, GRANDCHILD]);
    let app = crate::words::builder(&tree, "grandchild").language(Arc::<crate::languages::Doubling>::default());
    let app = app.open().unwrap();
    assert!(doubles(&app).await);
    remove(&tree, "child/words/PlainType");
    assert_eq!(outdated(&app.reload(None).unwrap()), ["words.PlainType"]);
    assert!(doubles(&app).await);
    assert_eq!(lost(&app), 1);
    // Without the override, the directory is gone as the parent means it.
    remove(&tree, "grandchild/words/PlainType");
    assert_eq!(outdated(&app.reload(None).unwrap()), [""; 0]);
    assert!(!doubles(&app).await);
}

#[tokio::test]
async fn an_override_that_lost_its_e_json_or_is_excluded_leaves_the_last_good_version() {
    let tree = tree(&[BASE, CHILD, UNDECLARED]);
    let app = open(&tree, &Arc::default());
    assert!(doubles(&app).await);
    remove(&tree, "child/words/PlainType/e.json");
    let reloaded = app.reload(None).unwrap();
    assert_eq!(outdated(&reloaded), ["words.PlainType"]);
    let found = reloaded.diagnostics.iter().find(|finding| finding.code.name() == "code-lost").unwrap();
    assert_eq!(found.location.as_ref().unwrap().file, "words/PlainType/__init__.py");
    assert!(doubles(&app).await, "its code is still there");
    tree.write("child/words/PlainType/e.json", "{}");
    assert_eq!(outdated(&app.reload(None).unwrap()), [""; 0]);
    tree.write("child/.mtiignore", "words/PlainType/");
    assert_eq!(outdated(&app.reload(None).unwrap()), ["words.PlainType"]);
    assert!(doubles(&app).await, "it is only excluded");
    remove(&tree, "child/words/PlainType");
    assert_eq!(outdated(&app.reload(None).unwrap()), [""; 0]);
    assert!(!doubles(&app).await, "it is gone as it was meant to");
}

#[tokio::test]
async fn an_override_that_is_removed_and_a_parent_that_leaves_take_their_code_along() {
    let tree = tree(&[BASE, CHILD, UNDECLARED, GRANDCHILD]);
    let app = crate::words::builder(&tree, "grandchild").language(Arc::<crate::languages::Doubling>::default());
    let app = app.open().unwrap();
    assert!(doubles(&app).await);
    tree.write(
        "grandchild/app.json",
        r#"{"appId": "acme.grandchild", "version": "1.0.0", "extends": [{"appId": "acme.base", "version": "^1.0"}]}"#,
    );
    assert_eq!(outdated(&app.reload(None).unwrap()), [""; 0]);
    assert!(!doubles(&app).await);

    let app = open(&tree, &Arc::default());
    assert!(doubles(&app).await);
    remove(&tree, "child/words/PlainType");
    assert_eq!(outdated(&app.reload(None).unwrap()), [""; 0]);
    assert!(!doubles(&app).await);
}
