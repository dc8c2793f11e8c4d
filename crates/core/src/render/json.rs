use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Location};
use crate::name::ElementName;

/// The findings as one JSON object, every key present in each: `{"diagnostics": [{"code", "severity", "message", "element", "file", "line", "column",
/// "help"}]}`. A finding about no file in particular is about the app's root, `.`.
pub fn json(diagnostics: &[Diagnostic]) -> Value {
    let list: Vec<Value> = diagnostics.iter().map(one).collect();
    json!({ "diagnostics": list })
}

fn one(diagnostic: &Diagnostic) -> Value {
    let location = diagnostic.location.as_ref();
    json!({
        "code": diagnostic.code.id(),
        "severity": diagnostic.severity.as_str(),
        "message": diagnostic.message,
        "element": diagnostic.element.as_ref().map(ElementName::as_str),
        "file": location.map_or(".", file),
        "line": location.and_then(|at| at.line),
        "column": location.and_then(|at| at.column),
        "help": diagnostic.help,
    })
}

fn file(location: &Location) -> &str {
    if location.file.is_empty() { "." } else { &location.file }
}
