//! Which parts of a tree are never searched.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::diagnostic::{Code, Diagnostic, Location};
use crate::json::Span;

/// The file with an app's own rules about what is not searched, at its root.
pub const IGNORE_FILE: &str = ".mtiignore";

/// Directories that never contain elements, besides those whose names begin with `.`.
pub const NEVER_SEARCHED: [&str; 6] = ["dist", "node_modules", "__pycache__", "target", "appData", "commons"];

/// What an app's tree leaves out.
pub(super) struct IgnoreRules {
    own: Option<Gitignore>,
}

impl IgnoreRules {
    /// The rules of an app with this `.mtiignore`, if it has one.
    pub(super) fn new(ignore_file: Option<&str>, problems: &mut Vec<Diagnostic>) -> Self {
        Self { own: ignore_file.and_then(|text| compile(text, problems)) }
    }

    /// Whether the entry is left out. That its parent directory is not is taken for granted.
    pub(super) fn excludes(&self, path: &str, is_directory: bool) -> bool {
        let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
        name.starts_with('.')
            || is_directory && NEVER_SEARCHED.contains(&name)
            || self.own.as_ref().is_some_and(|own| own.matched(path, is_directory).is_ignore())
    }
}

fn compile(text: &str, problems: &mut Vec<Diagnostic>) -> Option<Gitignore> {
    // A byte order mark would become part of the first pattern.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = GitignoreBuilder::new("");
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let pattern = line.trim_end_matches(['\n', '\r']);
        if builder.add_line(None, pattern).is_err() {
            let span = Span::new(offset, offset + pattern.len());
            problems.push(
                Diagnostic::new(Code::BadIgnorePattern, "this line is no pattern")
                    .with_location(Location::at(IGNORE_FILE, text, span))
                    .with_help("write a pattern as in `.gitignore`"),
            );
        }
        offset += line.len();
    }
    builder.build().ok()
}
