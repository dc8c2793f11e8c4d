use std::collections::BTreeSet;
use std::sync::Arc;

use mti_core::chain::linearize;
use mti_core::{AppChain, AppFiles, AppId, AppSearchPath, Code, Diagnostic, DiskFiles, MemoryFiles, resolve_chain};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::fixture::{codes, write};

fn app(key: &str, extends: &[(&str, &str)]) -> (String, Arc<dyn AppFiles>) {
    let manifest = manifest(key, extends);
    let files = MemoryFiles::new(format!("embedded {key}"), [("app.json", manifest.into_bytes())]);
    (key.to_owned(), Arc::new(files))
}

fn manifest(key: &str, extends: &[(&str, &str)]) -> String {
    let (id, version) = key.split_once('@').unwrap();
    let extends: Vec<String> = extends
        .iter()
        .map(|(id, version)| format!("\n    {{\"appId\": \"{id}\", \"version\": \"{version}\"}}"))
        .collect();
    format!("{{\n  \"appId\": \"{id}\",\n  \"version\": \"{version}\",\n  \"extends\": [{}]\n}}\n", extends.join(","))
}

/// Resolves the first of the apps, the others being embedded.
fn resolve(apps: &[(String, Arc<dyn AppFiles>)], default_parent: Option<&str>) -> (Option<AppChain>, Vec<Diagnostic>) {
    let search = AppSearchPath {
        directories: Vec::new(),
        embedded: apps[1..].iter().map(|(_, files)| Arc::clone(files)).collect(),
        default_parent: default_parent.map(|id| AppId::parse(id).unwrap()),
    };
    resolve_chain(Arc::clone(&apps[0].1), &search)
}

fn keys(chain: &AppChain) -> Vec<String> {
    chain.keys().map(ToString::to_string).collect()
}

/// Each finding as `name app:line`.
fn lines(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics
        .iter()
        .map(|diagnostic| {
            let line = diagnostic.location.as_ref().and_then(|at| at.line);
            format!("{} {}:{line:?}", diagnostic.code.name(), diagnostic.app.as_ref().unwrap())
        })
        .collect()
}

#[test]
fn a_diamond_keeps_every_order() {
    let apps = [
        app("a.shop@1.0.0", &[("a.left", "^1"), ("a.right", "^1")]),
        app("a.left@1.0.0", &[("a.base", "1.0.0")]),
        app("a.right@1.4.0", &[("a.base", "~1.0")]),
        app("a.base@1.0.0", &[]),
    ];
    let (chain, diagnostics) = resolve(&apps, None);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let chain = chain.unwrap();
    assert_eq!(keys(&chain), ["a.shop@1.0.0", "a.left@1.0.0", "a.right@1.4.0", "a.base@1.0.0"]);
    assert!(chain.get(&AppId::parse("a.base").unwrap()).is_some());
}

#[test]
fn an_app_that_names_no_parents_has_the_default_one() {
    let apps = [
        app("a.shop@1.0.0", &[("a.left", "^1")]),
        app("a.left@1.0.0", &[]),
        app("mti.base@0.1.0", &[("mti.core", "^0.1")]),
        app("mti.core@0.1.0", &[]),
    ];
    let (chain, diagnostics) = resolve(&apps, Some("mti.base"));
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    assert_eq!(keys(&chain.unwrap()), ["a.shop@1.0.0", "a.left@1.0.0", "mti.base@0.1.0", "mti.core@0.1.0"]);
    let (chain, diagnostics) = resolve(&apps[2..], Some("mti.base"));
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    assert_eq!(keys(&chain.unwrap()), ["mti.base@0.1.0", "mti.core@0.1.0"]);
}

#[test]
fn the_highest_version_that_will_do_is_taken() {
    let parents = ["1.0.0", "1.10.0", "1.9.0", "2.0.0"].map(|version| app(&format!("a.base@{version}"), &[]));
    for (demand, taken) in [("^1.0", "1.10.0"), ("1.9.0", "1.9.0"), ("~1.0", "1.0.0"), (">=1, <3", "2.0.0")] {
        let mut apps = vec![app("a.shop@1.0.0", &[("a.base", demand)])];
        apps.extend(parents.iter().cloned());
        let (chain, _) = resolve(&apps, None);
        assert_eq!(keys(&chain.unwrap())[1], format!("a.base@{taken}"), "{demand}");
    }
}

#[test]
fn a_missing_parent_is_told_where_it_is_named() {
    let apps =
        [app("a.shop@1.0.0", &[("a.base", "^1"), ("a.basse", "^1")]), app("a.base@1.0.0", &[("a.gone", "1.0.0")])];
    let (chain, diagnostics) = resolve(&apps, None);
    assert!(chain.is_none());
    assert_eq!(lines(&diagnostics), ["parent-missing a.base:Some(5)", "parent-missing a.shop:Some(6)"]);
    assert!(diagnostics[1].help.as_ref().unwrap().starts_with("did you mean `a.base`?"));

    let apps = [app("a.shop@1.0.0", &[("a.base", "^2")]), app("a.base@1.0.0", &[])];
    let (_, diagnostics) = resolve(&apps, None);
    assert_eq!(codes(&diagnostics), [Code::ParentVersionMissing]);
    assert!(diagnostics[0].message.contains("1.0.0"));

    let (chain, diagnostics) = resolve(&[app("a.shop@1.0.0", &[])], Some("mti.base"));
    assert!(chain.is_none());
    assert_eq!(lines(&diagnostics), ["parent-missing a.shop:None"]);
}

#[test]
fn a_cycle_is_told_in_every_file_of_it() {
    let apps = [
        app("a.shop@1.0.0", &[("a.one", "^1")]),
        app("a.one@1.0.0", &[("a.two", "^1")]),
        app("a.two@1.0.0", &[("a.one", "^1")]),
    ];
    let (chain, diagnostics) = resolve(&apps, None);
    assert!(chain.is_none());
    assert_eq!(lines(&diagnostics), ["app-cycle a.one:Some(5)", "app-cycle a.two:Some(5)"]);
    assert!(diagnostics[0].message.contains("a.one → a.two → a.one"), "{}", diagnostics[0].message);
}

#[test]
fn two_versions_of_one_app_are_told_in_both_files() {
    let apps = [
        app("a.shop@1.0.0", &[("a.left", "^1"), ("a.right", "^1")]),
        app("a.left@1.0.0", &[("a.base", "1.0.0")]),
        app("a.right@1.0.0", &[("a.base", "2.0.0")]),
        app("a.base@1.0.0", &[]),
        app("a.base@2.0.0", &[]),
    ];
    let (chain, diagnostics) = resolve(&apps, None);
    assert!(chain.is_none());
    assert_eq!(lines(&diagnostics), ["app-versions-differ a.left:Some(5)", "app-versions-differ a.right:Some(5)"]);
}

#[test]
fn versions_are_chosen_so_that_every_demand_is_met() {
    let taken = |apps: &[(String, Arc<dyn AppFiles>)]| keys(&resolve(apps, None).0.unwrap());
    let bases = ["1.0.0", "1.1.0", "1.2.0"].map(|version| app(&format!("a.base@{version}"), &[]));

    // What is asked for last narrows what was taken first.
    let mut apps = vec![
        app("a.shop@1.0.0", &[("a.left", "^1"), ("a.right", "^1")]),
        app("a.left@1.0.0", &[("a.base", "^1")]),
        app("a.right@1.0.0", &[("a.base", ">=1.0, <1.2")]),
    ];
    apps.extend(bases.iter().cloned());
    assert_eq!(taken(&apps), ["a.shop@1.0.0", "a.left@1.0.0", "a.right@1.0.0", "a.base@1.1.0"]);

    // An older parent is taken where the newest contradicts another one.
    let mut apps = vec![
        app("a.shop@1.0.0", &[("a.left", "^1"), ("a.right", "^1")]),
        app("a.left@1.0.0", &[("a.base", "1.0.0")]),
        app("a.left@1.5.0", &[("a.base", "1.2.0")]),
        app("a.right@1.0.0", &[("a.base", "1.0.0")]),
    ];
    apps.extend(bases.iter().cloned());
    assert_eq!(taken(&apps), ["a.shop@1.0.0", "a.left@1.0.0", "a.right@1.0.0", "a.base@1.0.0"]);
}

#[test]
fn contradicting_orders_are_told_in_every_file() {
    let apps = [
        app("a.shop@1.0.0", &[("a.left", "^1"), ("a.right", "^1")]),
        app("a.left@1.0.0", &[("a.x", "^1"), ("a.y", "^1")]),
        app("a.right@1.0.0", &[("a.y", "^1"), ("a.x", "^1")]),
        app("a.x@1.0.0", &[]),
        app("a.y@1.0.0", &[]),
    ];
    let (chain, diagnostics) = resolve(&apps, None);
    assert!(chain.is_none());
    let mut told = lines(&diagnostics);
    told.sort();
    assert_eq!(
        told,
        ["no-linearization a.left:Some(4)", "no-linearization a.right:Some(4)", "no-linearization a.shop:Some(4)"]
    );
}

#[test]
fn findings_of_every_app_are_there_once() {
    let child = MemoryFiles::new(
        "child",
        [
            ("app.json", b"{\"appId\": \"a.shop\", \"version\": \"1.0.0\", \"odd\": 1}".to_vec()),
            ("x/e.json", b"{".to_vec()),
        ],
    );
    let base = MemoryFiles::new(
        "base",
        [
            ("app.json", b"{\"appId\": \"mti.base\", \"version\": \"1.0.0\", \"odd\": 1}".to_vec()),
            ("y/e.json", b"{".to_vec()),
        ],
    );
    let search = AppSearchPath {
        embedded: vec![Arc::new(base)],
        default_parent: Some(AppId::parse("mti.base").unwrap()),
        ..AppSearchPath::default()
    };
    let (chain, diagnostics) = resolve_chain(Arc::new(child), &search);
    assert!(chain.is_some());
    assert_eq!(
        lines(&diagnostics),
        [
            "unknown-app-key a.shop:Some(1)",
            "json-syntax a.shop:Some(1)",
            "unknown-app-key mti.base:Some(1)",
            "json-syntax mti.base:Some(1)"
        ]
    );
}

#[test]
fn every_layout_of_directories_is_searched() {
    let place = TempDir::new().unwrap();
    let path = place.path();
    let file = |at: &str, key: &str| write(path, &format!("//- {at}\n{}", manifest(key, &[])));
    write(
        path,
        &format!(
            "//- own/shop/app.json\n{}",
            manifest(
                "a.shop@1.0.0",
                &[
                    ("a.itself", "^1"),
                    ("a.below", "^1"),
                    ("a.versioned", "^1"),
                    ("a.sibling", "^1"),
                    ("a.embedded", "^1")
                ]
            )
        ),
    );
    file("path/one/app.json", "a.itself@1.0.0");
    file("path/many/below/app.json", "a.below@1.0.0");
    file("path/many/a/versioned/1_0_0/app.json", "a.versioned@1.0.0");
    file("path/many/a/versioned/1_2_0/app.json", "a.versioned@1.2.0");
    file("path/many/a/versioned/2_0_0/app.json", "a.versioned@2.0.0");
    write(path, "//- path/many/broken/app.json\n{\n");
    file("own/sibling/app.json", "a.sibling@1.0.0");
    file("own/embedded/app.json", "a.embedded@1.0.0");
    let search = AppSearchPath {
        directories: vec![path.join("path/one"), path.join("path/many"), path.join("not/there")],
        embedded: vec![app("a.embedded@1.0.0", &[]).1],
        default_parent: None,
    };
    let (chain, diagnostics) = resolve_chain(Arc::new(DiskFiles::new(path.join("own/shop"))), &search);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let chain = chain.unwrap();
    assert_eq!(
        keys(&chain),
        ["a.shop@1.0.0", "a.itself@1.0.0", "a.below@1.0.0", "a.versioned@1.2.0", "a.sibling@1.0.0", "a.embedded@1.0.0"]
    );
    assert!(chain.apps[5].files.root().is_some(), "beside the app comes before embedded");
}

#[test]
fn apps_in_directories_of_organisations_find_each_other() {
    let place = TempDir::new().unwrap();
    let path = place.path();
    write(path, &format!("//- a/shop/1_0_0/app.json\n{}", manifest("a.shop@1.0.0", &[("b.parent", "^1")])));
    write(path, &format!("//- b/parent/1_2_0/app.json\n{}", manifest("b.parent@1.2.0", &[])));
    let root = Arc::new(DiskFiles::new(path.join("a/shop/1_0_0")));
    let (chain, diagnostics) = resolve_chain(root, &AppSearchPath::default());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    assert_eq!(keys(&chain.unwrap()), ["a.shop@1.0.0", "b.parent@1.2.0"]);
}

/// All pairs that follow from `pairs`: what comes before what.
fn closure(mut before: BTreeSet<(usize, usize)>) -> BTreeSet<(usize, usize)> {
    loop {
        let more: Vec<_> = before
            .iter()
            .flat_map(|&(a, b)| before.iter().filter(move |&&(c, _)| c == b).map(move |&(_, d)| (a, d)))
            .filter(|pair| !before.contains(pair))
            .collect();
        if more.is_empty() {
            return before;
        }
        before.extend(more);
    }
}

fn is_contradictory(before: &BTreeSet<(usize, usize)>) -> bool {
    before.iter().any(|&(a, b)| a == b)
}

/// Each item before its successor.
fn pairs(order: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    order.windows(2).map(|pair| (pair[0], pair[1]))
}

fn reachable_from(root: usize, parents: &[Vec<usize>]) -> BTreeSet<usize> {
    let mut reachable = BTreeSet::from([root]);
    let mut open = vec![root];
    while let Some(app) = open.pop() {
        open.extend(parents[app].iter().copied().filter(|&parent| reachable.insert(parent)));
    }
    reachable
}

#[test]
fn the_order_is_that_of_python() {
    // As `D.__mro__` and `A.__mro__` say for classes with these bases.
    let parents = |graph: &'static [(&'static str, &'static [&'static str])]| {
        move |name: &&'static str| {
            graph.iter().find(|(own, _)| own == name).map(|(_, parents)| parents.to_vec()).unwrap_or_default()
        }
    };
    let diamond = parents(&[("D", &["B", "C"]), ("B", &["A"]), ("C", &["A"])]);
    assert_eq!(linearize(&"D", &diamond).unwrap(), ["D", "B", "C", "A"]);
    let wide = parents(&[
        ("A", &["B", "C"]),
        ("B", &["D", "E"]),
        ("C", &["D", "F"]),
        ("D", &["O"]),
        ("E", &["O"]),
        ("F", &["O"]),
    ]);
    assert_eq!(linearize(&"A", &wide).unwrap(), ["A", "B", "C", "D", "E", "F", "O"]);
    let contradiction = parents(&[("Z", &["X", "Y"]), ("X", &["A", "B"]), ("Y", &["B", "A"])]);
    let conflict = linearize(&"Z", &contradiction).unwrap_err();
    assert_eq!(conflict.at, "Z");
    assert_eq!(conflict.heads, ["A", "B"]);
    assert_eq!(conflict.owners, ["X", "Y"]);
}

proptest! {
    /// Graphs of seven apps whose parents have higher numbers.
    #[test]
    fn an_order_keeps_every_constraint(graph in prop::collection::vec(prop::collection::vec(1usize..6, 0..4), 7)) {
        let parents: Vec<Vec<usize>> = graph
            .iter()
            .enumerate()
            .map(|(app, steps)| {
                let mut above: Vec<usize> = Vec::new();
                for parent in steps.iter().map(|step| app + step).filter(|&parent| parent < 7) {
                    if !above.contains(&parent) {
                        above.push(parent);
                    }
                }
                above
            })
            .collect();
        let reachable = reachable_from(0, &parents);
        let parents_of = |&app: &usize| parents[app].clone();
        match linearize(&0, &parents_of) {
            Ok(order) => {
                prop_assert_eq!(order.iter().copied().collect::<BTreeSet<_>>(), reachable.clone());
                prop_assert_eq!(order.len(), reachable.len());
                for &app in &reachable {
                    // The order of each ancestor is kept, and so is each `extends`.
                    let kept = linearize(&app, &parents_of).unwrap();
                    for wanted in [kept, [&[app], &parents[app][..]].concat()] {
                        let among: Vec<usize> = order.iter().copied().filter(|other| wanted.contains(other)).collect();
                        prop_assert_eq!(among, wanted);
                    }
                }
            }
            Err(conflict) => {
                // No order at all keeps what the parents of that app demand together.
                let above = &parents[conflict.at];
                let mut before: BTreeSet<(usize, usize)> = pairs(above).collect();
                for parent in above {
                    before.extend(pairs(&linearize(parent, &parents_of).unwrap()));
                }
                prop_assert!(is_contradictory(&closure(before)));
                prop_assert!(conflict.heads.len() > 1);
            }
        }
    }
}
