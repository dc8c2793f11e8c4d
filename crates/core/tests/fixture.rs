//! A whole app written as one text: a line `//- path` starts a file.

use std::path::Path;
use std::sync::Arc;

use mti_core::{AppFiles, AppTree, Code, Diagnostic, MemoryFiles, discover};

/// The `app.json` of an app that is given none.
pub(crate) const USUAL_APP: &str = r#"{"appId": "acme.shop", "version": "1.0.0"}"#;

/// The files of a text.
pub(crate) fn split(text: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(path) = line.strip_prefix("//- ") {
            files.push((path.trim().to_owned(), String::new()));
        } else if let Some((_, content)) = files.last_mut() {
            content.push_str(line);
        }
    }
    files
}

/// The app of a text, with the usual `app.json` unless it has its own.
pub(crate) fn app(text: &str) -> Arc<dyn AppFiles> {
    let mut files = split(text);
    if !files.iter().any(|(path, _)| path == "app.json") {
        files.push(("app.json".to_owned(), USUAL_APP.to_owned()));
    }
    memory(files)
}

/// An app of exactly these files.
pub(crate) fn memory(files: Vec<(String, String)>) -> Arc<dyn AppFiles> {
    Arc::new(MemoryFiles::new("test app", files.into_iter().map(|(path, text)| (path, text.into_bytes()))))
}

/// Discovers the app of a text.
pub(crate) fn tree(text: &str) -> AppTree {
    discover(app(text)).0.expect("the app should be readable")
}

/// Writes the files of a text below a directory.
pub(crate) fn write(directory: &Path, text: &str) {
    for (path, content) in split(text) {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
}

/// The codes of findings.
pub(crate) fn codes(diagnostics: &[Diagnostic]) -> Vec<Code> {
    diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

/// Each finding as `CODE element file:line:column`.
pub(crate) fn places(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics
        .iter()
        .map(|diagnostic| {
            let element = diagnostic.element.as_ref().map_or("-", |name| name.as_str());
            let place = diagnostic.location.as_ref().map_or("-".to_owned(), |at| {
                let number = |n: Option<u32>| n.map_or(String::new(), |n| format!(":{n}"));
                format!("{}{}{}", at.file, number(at.line), number(at.column))
            });
            format!("{} {element} {place}", diagnostic.code.name())
        })
        .collect()
}

/// Checks what must hold of any finding about these files.
pub(crate) fn assert_sane(diagnostics: &[Diagnostic], files: &dyn AppFiles) {
    for diagnostic in diagnostics {
        assert!(!diagnostic.message.is_empty() && !diagnostic.message.ends_with('.'), "{diagnostic:?}");
        let Some(location) = &diagnostic.location else {
            continue;
        };
        let (Some(line), Some(column)) = (location.line, location.column) else {
            continue;
        };
        let text = String::from_utf8(files.read(&location.file, 1 << 20).unwrap()).unwrap();
        let text = text.trim_start_matches('\u{feff}');
        let lines: Vec<&str> = text.split('\n').collect();
        let quoted = lines.get(line as usize - 1).unwrap_or_else(|| panic!("no line {line}: {diagnostic:?}"));
        assert!(column >= 1 && column as usize <= quoted.chars().count() + 1, "{diagnostic:?}");
        let excerpt = location.excerpt.as_ref().expect("a place is quoted");
        let length = excerpt.line_text.chars().count();
        assert!(length <= 200, "{diagnostic:?}");
        assert!(excerpt.length >= 1 && excerpt.start_column as usize <= length + 1, "{diagnostic:?}");
    }
}
