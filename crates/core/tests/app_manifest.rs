use mti_core::{AppManifest, Code, VersionRequirement};
use proptest::prelude::*;

use crate::fixture::{app, assert_sane, codes, memory, places};

fn read(text: &str) -> (Option<AppManifest>, Vec<mti_core::Diagnostic>) {
    AppManifest::read(&*app(&format!("//- app.json\n{text}")))
}

const WHOLE: &str = r##"{
  "appId": "acme.shop",
  "name": "shop",
  "title": "商店",
  "version": "1.2.3",
  "icon": "i",
  "theme": "#3d65fd",
  "extends": [
    {"appId": "acme.base", "version": "^1.0"},
    {"appId": "acme.more", "version": "2.0.0"}
  ],
  "settings": {"defaultElement": {"defaultDatabase": "databases.Main", "defaultCache": ""}},
  "encrypted": 0,
  "tittle": "x"
}"##;

#[test]
fn every_key_is_read() {
    let (manifest, diagnostics) = read(WHOLE);
    let manifest = manifest.unwrap();
    assert_eq!(manifest.key.to_string(), "acme.shop@1.2.3");
    assert_eq!(manifest.title.as_deref(), Some("商店"));
    assert_eq!(manifest.theme.as_deref(), Some("#3d65fd"));
    assert_eq!(manifest.default_element("defaultDatabase"), Some("databases.Main"));
    assert_eq!(manifest.default_element("defaultCache"), None);
    assert_eq!(manifest.default_element("defaultShell"), None);
    assert_eq!(manifest.extends[0].app.as_str(), "acme.base");
    assert!(matches!(manifest.extends[0].version, VersionRequirement::Range(_)));
    assert!(matches!(manifest.extends[1].version, VersionRequirement::Exact(_)));
    assert_eq!(manifest.other.keys().collect::<Vec<_>>(), ["encrypted", "tittle"]);
    assert_eq!(places(&diagnostics), ["unknown-app-key - app.json:13:3", "unknown-app-key - app.json:14:3"]);
    assert!(diagnostics.iter().all(|diagnostic| !diagnostic.is_finding()));
    assert_eq!(diagnostics[1].help.as_deref(), Some("did you mean `title`?"));
}

#[test]
fn a_key_that_is_nearly_a_known_one_is_a_warning() {
    let (manifest, diagnostics) = read(r#"{"appId": "acme.shop", "version": "1.0.0", "extend": [], "colours": []}"#);
    assert!(manifest.unwrap().extends.is_empty());
    let found: Vec<_> =
        diagnostics.iter().map(|finding| (finding.severity.as_str(), finding.help.as_deref())).collect();
    let expected = [("warning", Some("did you mean `extends`?")), ("note", Some("it is kept, and has no effect"))];
    assert_eq!(found, expected);
}

#[test]
fn several_problems_are_reported_at_once() {
    let (manifest, diagnostics) = read(
        "{\n \"appId\": \"shop\",\n \"version\": \"1.0\",\n \"title\": 1,\n \"settings\": [],\n \"extends\": [\n  {\"appId\": \"x\", \"version\": \"1.0.0\"},\n  {\"appId\": \"a.b\", \"version\": \"new\"},\n  5,\n  {\"appId\": \"a.c\"},\n  {\"appId\": \"a.c\", \"version\": \"1.0.0\"}\n ]\n}",
    );
    assert!(manifest.is_none());
    assert_eq!(
        places(&diagnostics),
        [
            "bad-app-id - app.json:2:11",
            "bad-version - app.json:3:13",
            "bad-app-key - app.json:4:11",
            "bad-app-key - app.json:5:14",
            "bad-app-key - app.json:9:3",
            "bad-app-id - app.json:7:13",
            "bad-version - app.json:8:31",
            "parent-unpinned - app.json:10:3",
            "duplicate-parent - app.json:11:3",
        ]
    );
}

#[test]
fn an_app_needs_an_id_and_a_version() {
    let (manifest, diagnostics) = read("{}");
    assert!(manifest.is_none());
    assert_eq!(codes(&diagnostics), [Code::AppIdMissing, Code::AppVersionMissing]);
    let (manifest, diagnostics) = AppManifest::read(&*memory(Vec::new()));
    assert!(manifest.is_none());
    assert_eq!(codes(&diagnostics), [Code::AppManifestMissing]);
    assert_eq!(codes(&read("[1]").1), [Code::NotAnObject]);
    assert_eq!(places(&read("{\n  \"appId\" 5}").1), ["json-syntax - app.json:2:11"]);
}

proptest! {
    #[test]
    fn damaged_manifests_are_reported(at in 0usize..400, with in prop::option::of(any::<char>()), drop in 0usize..6) {
        let at = WHOLE.floor_char_boundary(at.min(WHOLE.len()));
        let mut damaged = WHOLE[..at].to_owned();
        damaged.extend(with);
        damaged.extend(WHOLE[at..].chars().skip(drop));
        let files = memory(vec![("app.json".to_owned(), damaged)]);
        let (manifest, diagnostics) = AppManifest::read(&*files);
        assert_sane(&diagnostics, &*files);
        prop_assert_eq!(manifest.is_none(), diagnostics.iter().any(mti_core::Diagnostic::is_error));
    }
}

#[test]
fn where_browsers_may_be_sent_on_to_is_read_and_what_is_no_url_is_an_error() {
    let with = |value: &str| {
        read(&format!(
            "{{\n\"appId\": \"acme.shop\",\n\"version\": \"1.0.0\",\n\"settings\": {{\"returnTo\": {value}}}\n}}"
        ))
    };
    let (manifest, diagnostics) = with(r#"["https://shop.example.com", "http://127.0.0.1:8000/app/"]"#);
    let manifest = manifest.unwrap();
    assert_eq!(manifest.return_to().collect::<Vec<_>>(), ["https://shop.example.com", "http://127.0.0.1:8000/app/"]);
    assert_eq!(codes(&diagnostics), []);
    let wrong = [
        "\"/app\"",
        "\"shop.example.com\"",
        "\"https://\"",
        "\"https:///app\"",
        "\"ftp://shop.example.com\"",
        "\"javascript:alert(1)\"",
        "\"https://*.example.com\"",
        "\"https://user@shop.example.com\"",
        "\"https://shop.example.com/?a=1\"",
        "\"https://shop.example.com/#a\"",
        "\"https://shop.example.com/a b\"",
        "1",
        "null",
    ];
    for entry in wrong {
        let (manifest, diagnostics) = with(&format!("[\"https://a.example\", {entry}]"));
        assert!(manifest.is_none(), "{entry}");
        assert_eq!(places(&diagnostics), ["bad-app-key - app.json:4:48"], "{entry}");
    }
    for whole in ["\"https://shop.example.com\"", "{}"] {
        let (manifest, diagnostics) = with(whole);
        assert!(manifest.is_none(), "{whole}");
        assert_eq!(codes(&diagnostics), [Code::BadAppKey], "{whole}");
    }
}
