use std::sync::Arc;

use mti_core::json::Pointer;
use mti_core::manifest::Backend;
use mti_core::{AppFiles, Code, Discovered, MemoryFiles, discover};

use crate::fixture::{USUAL_APP, app, codes, places, tree};

const META: &str = "{\"title\": \"A\", \"type\": \"\"}";

#[test]
fn the_name_of_an_element_is_its_path() {
    let tree = tree(&format!(
        "//- auths/loginTypes/WeChatType/e.json\n{META}\n//- auths/loginTypes/WeChatType/WeChatAuthModel/e.json\n{META}\n//- 登录/e.json\n{META}\n//- not/an/element.json\n{{}}\n"
    ));
    let names: Vec<_> = tree.elements.keys().map(mti_core::ElementName::as_str).collect();
    assert_eq!(names, ["auths.loginTypes.WeChatType", "auths.loginTypes.WeChatType.WeChatAuthModel", "登录"]);
    assert!(tree.diagnostics.is_empty(), "{:?}", tree.diagnostics);
    let definition = tree.elements["登录"].definition().unwrap();
    assert_eq!(definition.app.to_string(), "acme.shop@1.0.0");
    assert_eq!(definition.title.as_deref(), Some("A"));
    assert_eq!(definition.manifest().title.as_deref(), Some("A"));
}

#[test]
fn the_sides_add_no_segment() {
    let tree = tree(&format!(
        "//- x/y/backend/e.json\n{META}\n//- x/y/frontend/page.js\n1\n//- x/backend/z/e.json\n{META}\n//- x/backend/z/config.json\n{{}}\n"
    ));
    let y = tree.elements["x.y"].definition().unwrap();
    assert_eq!((&*y.directory, &*y.manifest_file.path), ("x/y", "x/y/backend/e.json"));
    assert_eq!(y.files, ["backend/e.json".into(), "frontend/page.js".into()] as [Box<str>; 2]);
    let z = tree.elements["x.z"].definition().unwrap();
    assert_eq!(&*z.directory, "x/backend/z");
    assert_eq!(&*z.config.as_ref().unwrap().path, "x/backend/z/config.json");
}

#[test]
fn a_file_belongs_to_its_nearest_ancestor() {
    let tree = tree(&format!(
        "//- a/e.json\n{META}\n//- a/one.py\n1\n//- a/sub/two.py\n2\n//- a/b/e.json\n{META}\n//- a/b/deep/er/three.py\n3\n//- four.py\n4\n"
    ));
    let files = |name: &str| -> Vec<String> {
        let definition = tree.elements[name].definition().unwrap();
        definition.files.iter().map(ToString::to_string).collect()
    };
    assert_eq!(files("a"), ["e.json", "one.py", "sub/two.py"]);
    assert_eq!(files("a.b"), ["deep/er/three.py", "e.json"]);
}

#[test]
fn the_config_is_found_where_it_may_be() {
    let config = |files: &str| {
        let tree = tree(files);
        assert!(tree.diagnostics.is_empty(), "{:?}", tree.diagnostics);
        let definition = Arc::clone(tree.elements["a.Login"].definition().unwrap());
        definition.config.as_ref().map(|config| config.path.to_string())
    };
    let named = r#"{"title": "A", "type": "", "frontBundleEntry": "./other.json"}"#;
    assert_eq!(
        config(&format!("//- a/Login/e.json\n{named}\n//- a/Login/other.json\n{{}}\n//- a/Login/Login.json\n{{}}\n"))
            .as_deref(),
        Some("a/Login/other.json")
    );
    assert_eq!(
        config(&format!("//- a/Login/e.json\n{META}\n//- a/Login/Login.json\n{{}}\n//- a/Login/config.json\n{{}}\n"))
            .as_deref(),
        Some("a/Login/Login.json")
    );
    assert_eq!(
        config(&format!("//- a/Login/e.json\n{META}\n//- a/Login/config.json\n{{}}\n")).as_deref(),
        Some("a/Login/config.json")
    );
    assert_eq!(
        config(&format!("//- a/Login/backend/e.json\n{META}\n//- a/Login/frontend/Login.json\n{{}}\n")).as_deref(),
        Some("a/Login/frontend/Login.json")
    );
    let script = r#"{"title": "A", "type": "", "frontBundleEntry": "./index.ts"}"#;
    assert_eq!(
        config(&format!("//- a/Login/e.json\n{script}\n//- a/Login/config.json\n{{}}\n")).as_deref(),
        Some("a/Login/config.json")
    );
    assert_eq!(config(&format!("//- a/Login/e.json\n{META}\n")), None);
}

#[test]
fn an_e_json_is_not_its_own_config() {
    let tree = tree(&format!("//- e/e.json\n{META}\n"));
    assert!(tree.elements["e"].definition().unwrap().config.is_none());
}

#[test]
fn a_named_config_must_be_there() {
    for entry in ["./lost.json", "../b/config.json", "/etc/x.json", "./../a/config.json"] {
        let tree = tree(&format!(
            "//- a/e.json\n{{\"title\": \"A\", \"type\": \"\",\n \"frontBundleEntry\": \"{entry}\"}}\n//- a/config.json\n{{}}\n//- b/e.json\n{META}\n//- b/config.json\n{{}}\n"
        ));
        assert_eq!(places(&tree.diagnostics), ["config-missing a a/e.json:2:22"], "{entry}");
        assert!(tree.elements["a"].definition().is_none());
    }
}

#[test]
fn code_is_what_the_files_say() {
    let kind = |files: &str| {
        let tree = tree(files);
        let definition = tree.elements["a"].definition().unwrap();
        definition.backend_kind()
    };
    assert_eq!(kind(&format!("//- a/e.json\n{META}\n")), None);
    assert_eq!(kind(&format!("//- a/e.json\n{META}\n//- a/loader.py\n")), Some(Backend::Python));
    assert_eq!(kind(&format!("//- a/e.json\n{META}\n//- a/__init__.py\n")), None);
    assert_eq!(kind(&format!("//- a/e.json\n{META}\n//- a/__init__.py\nfrom .x import X\n")), Some(Backend::Python));
    assert_eq!(kind(&format!("//- a/e.json\n{META}\n//- a/sub/loader.py\n1\n")), None);
    let rust = r#"{"title": "A", "type": "", "backend": "rust"}"#;
    assert_eq!(kind(&format!("//- a/e.json\n{rust}\n//- a/loader.py\n1\n")), Some(Backend::Rust));
}

#[test]
fn what_is_broken_stays_known_and_hurts_nobody_else() {
    let tree = tree(&format!(
        "//- good/e.json\n{META}\n//- syntax/e.json\n{{\n//- config/e.json\n{META}\n//- config/config.json\n{{\"a\": 1,}}\n//- array/e.json\n[]\n//- dir/e.json/x\n1\n//- type/e.json\n{{\"type\": 5}}\n"
    ));
    assert_eq!(
        places(&tree.diagnostics),
        [
            "not-an-object array array/e.json:1:1",
            "json-syntax config config/config.json:1:9",
            "not-a-file dir dir/e.json",
            "json-syntax syntax syntax/e.json:1:2",
            "wrong-type type type/e.json:1:10",
        ]
    );
    for (name, discovered) in &tree.elements {
        match discovered {
            Discovered::Sound(definition) => {
                assert_eq!((name.as_str(), &definition.name), ("good", name));
            }
            Discovered::Broken { diagnostics, .. } => {
                assert_eq!(codes(diagnostics).len(), 1);
                assert_eq!(diagnostics[0].element.as_ref(), Some(name));
                assert_eq!(diagnostics[0].app.as_ref().unwrap().as_str(), "acme.shop");
            }
        }
    }
    assert_eq!(tree.elements.len(), 6);
}

#[test]
fn one_name_is_declared_once() {
    let tree = tree(&format!(
        "//- a/e.json\n{META}\n//- a/frontend/e.json\n{META}\n//- x/b/e.json\n{META}\n//- x/backend/b/e.json\n{META}\n"
    ));
    assert_eq!(
        places(&tree.diagnostics),
        [
            "duplicate-element a a/e.json",
            "duplicate-element a a/frontend/e.json",
            "duplicate-element x.b x/b/e.json",
            "duplicate-element x.b x/backend/b/e.json",
        ]
    );
    assert!(tree.elements.values().all(|discovered| discovered.definition().is_none()));
}

#[test]
fn directories_that_no_element_can_have_are_told() {
    let tree = tree(&format!(
        "//- my app/x/e.json\n{META}\n//- ok/1st/e.json\n{META}\n//- e.json\n{META}\n//- backend/e.json\n{META}\n//- fine/e.json\n{META}\n"
    ));
    assert_eq!(
        places(&tree.diagnostics),
        [
            "element-at-root - backend/e.json",
            "element-at-root - e.json",
            "bad-directory-name - my app",
            "bad-directory-name - ok/1st",
        ]
    );
    assert_eq!(tree.elements.len(), 1);
}

#[test]
fn some_directories_are_never_searched() {
    let mut files = String::from(
        "//- .mtiignore\n\u{feff}/scratch\n# a comment\n*.bak/\n!keep.bak/\n//- kept/e.json\n{\"title\": \"A\", \"type\": \"\"}\n",
    );
    for directory in
        ["dist", "node_modules", "__pycache__", "target", "appData", "commons", ".git", "a/dist", "scratch", "old.bak"]
    {
        files.push_str(&format!("//- {directory}/x/e.json\nbroken\n"));
    }
    files.push_str(&format!("//- a/scratch/e.json\n{META}\n//- a/target2/e.json\n{META}\n"));
    let tree = tree(&files);
    let names: Vec<_> = tree.elements.keys().map(mti_core::ElementName::as_str).collect();
    assert_eq!(names, ["a.scratch", "a.target2", "kept"]);
    assert!(tree.diagnostics.is_empty(), "{:?}", tree.diagnostics);
}

#[test]
fn a_file_is_at_most_a_mebibyte() {
    let padded = |length: usize| format!("{META}{}", " ".repeat(length - META.len()));
    let files = app(&format!("//- fits/e.json\n{}\n//- large/e.json\n{}\n", padded((1 << 20) - 1), padded(1 << 20)));
    let (tree, diagnostics) = discover(files);
    assert_eq!(places(&diagnostics), ["file-too-large large large/e.json"]);
    assert!(tree.unwrap().elements["fits"].definition().is_some());
}

#[test]
fn a_byte_order_mark_and_bad_bytes() {
    let mut bom = vec![0xef, 0xbb, 0xbf];
    bom.extend(META.as_bytes());
    let files: Arc<dyn AppFiles> = Arc::new(MemoryFiles::new(
        "bytes",
        [
            ("app.json", USUAL_APP.as_bytes().to_vec()),
            ("bom/e.json", bom),
            ("bad/e.json", b"{\"title\": \"\xff\"}".to_vec()),
        ],
    ));
    let (tree, diagnostics) = discover(files);
    assert_eq!(places(&diagnostics), ["not-utf8 bad bad/e.json:1:12"]);
    let tree = tree.unwrap();
    let definition = tree.elements["bom"].definition().unwrap();
    assert_eq!(&**definition.text(), META);
    assert_eq!(definition.location(&Pointer::ROOT.key("type")).column, Some(24));
}

#[test]
fn an_app_may_be_empty() {
    let tree = tree("");
    assert!(tree.elements.is_empty() && tree.diagnostics.is_empty());
    assert_eq!(tree.key().to_string(), "acme.shop@1.0.0");
}

#[test]
fn no_app_is_told() {
    let (tree, diagnostics) = discover(Arc::new(MemoryFiles::new("nothing", [] as [(&str, &[u8]); 0])));
    assert!(tree.is_none());
    assert_eq!(codes(&diagnostics), [Code::AppManifestMissing]);
}

#[test]
fn many_elements_are_read_on_several_threads_in_order() {
    let mut files = String::new();
    for number in 0..700 {
        let text = if number % 7 == 0 { "{" } else { META };
        files.push_str(&format!("//- e{number:03}/e.json\n{text}\n"));
    }
    let tree = tree(&files);
    assert_eq!(tree.elements.len(), 700);
    assert_eq!(tree.diagnostics.len(), 100);
    for (number, discovered) in tree.elements.values().enumerate() {
        assert_eq!(discovered.name().as_str(), format!("e{number:03}"));
        assert_eq!(discovered.definition().is_none(), number % 7 == 0);
    }
}
