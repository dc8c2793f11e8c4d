use std::collections::BTreeMap;
use std::fmt::Write as _;

use mti_core::{Diagnostic, Location, Severity};
use serde_json::{Value, json};

/// The findings as SARIF 2.1.0, which code hosts show beside the lines that they are about.
pub(crate) fn sarif(diagnostics: &[Diagnostic]) -> Value {
    let mut rules: BTreeMap<&str, Value> = BTreeMap::new();
    for finding in diagnostics {
        let level = level(finding.code.severity());
        rules
            .entry(finding.code.id())
            .or_insert_with(|| json!({"id": finding.code.id(), "defaultConfiguration": {"level": level}}));
    }
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "mti",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": rules.into_values().collect::<Vec<_>>(),
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": diagnostics.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn result(finding: &Diagnostic) -> Value {
    let text = match &finding.help {
        Some(help) => format!("{}\nhelp: {help}", finding.message),
        None => finding.message.clone(),
    };
    let locations: Vec<Value> = finding.location.iter().map(location).collect();
    json!({
        "ruleId": finding.code.id(),
        "level": level(finding.severity),
        "message": {"text": text},
        "locations": locations,
    })
}

fn location(location: &Location) -> Value {
    let mut place = json!({"artifactLocation": {"uri": uri(&location.file)}});
    if let (Some(line), Some(members)) = (location.line, place.as_object_mut()) {
        let region = match location.column {
            Some(column) => json!({"startLine": line, "startColumn": column}),
            None => json!({"startLine": line}),
        };
        members.insert("region".to_owned(), region);
    }
    json!({"physicalLocation": place})
}

/// A path relative to the app's root, as a relative reference.
fn uri(file: &str) -> String {
    let file = if file.is_empty() { "." } else { file };
    let mut uri = String::with_capacity(file.len());
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// The words are the same.
fn level(severity: Severity) -> &'static str {
    severity.as_str()
}
