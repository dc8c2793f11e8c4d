use std::collections::HashSet;
use std::sync::Arc;

use mti_core::{AppSearchPath, Code, resolve_chain};

use crate::fixture::{USUAL_APP, memory, split};

#[test]
fn codes_are_declared_once_and_in_order() {
    let all = Code::all();
    let ids: Vec<_> = all.iter().map(|code| code.id()).collect();
    assert!(ids.is_sorted() && ids.iter().collect::<HashSet<_>>().len() == all.len());
    assert_eq!(all.iter().map(|code| code.name()).collect::<HashSet<_>>().len(), all.len());
    for &code in all {
        let number = code.id().strip_prefix("MTI").unwrap();
        assert!(number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit()));
        assert!(
            code.name().bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "{}",
            code.name()
        );
        assert!(!code.summary().ends_with('.'), "{code}");
        assert!(code.explanation().ends_with('.'), "{code}");
        assert_eq!(Code::find(code.id()), Some(code));
        assert_eq!(Code::find(code.name()), Some(code));
    }
    assert_eq!(Code::find("mti0101"), Some(Code::JsonSyntax));
    assert_eq!(Code::find("nothing"), None);
}

/// What needs more than reading files: resolving names, expanding placeholders, or knowing a Type.
fn needs_more(code: Code) -> bool {
    code.id() > "MTI0400" && !matches!(code, Code::ConfigMissing | Code::BundleEntryEscapes)
        || matches!(code, Code::TitleMissing | Code::TypeMissing)
}

#[test]
fn examples_show_what_they_are_examples_of() {
    let mut shown = 0;
    for &code in Code::all() {
        if code.example().is_empty() {
            continue;
        }
        let mut files = split(code.example());
        assert!(!files.is_empty(), "{code}");
        if !files.iter().any(|(path, _)| path == "app.json") {
            files.push(("app.json".to_owned(), USUAL_APP.to_owned()));
        }
        let (_, diagnostics) = resolve_chain(Arc::clone(&memory(files)), &AppSearchPath::default());
        if needs_more(code) {
            assert!(diagnostics.is_empty(), "{code} shows more than itself: {diagnostics:?}");
        } else {
            assert!(
                diagnostics.iter().any(|diagnostic| diagnostic.code == code),
                "{code} is not shown: {diagnostics:?}"
            );
            shown += 1;
        }
    }
    assert!(shown > 20, "{shown}");
}
