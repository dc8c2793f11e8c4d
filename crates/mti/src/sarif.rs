use std::collections::BTreeSet;
use std::fmt::Write as _;

use mti_core::{Code, Diagnostic, Location, Severity};
use serde_json::{Value, json};

/// The findings as SARIF 2.1.0, which code hosts show beside the lines that they are about.
pub(crate) fn sarif(diagnostics: &[Diagnostic]) -> Value {
    // One rule for every code, in the order of their numbers.
    let codes: BTreeSet<Code> = diagnostics.iter().map(|finding| finding.code).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "mti",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": codes.iter().copied().map(rule).collect::<Vec<_>>(),
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": diagnostics.iter().map(|finding| result(finding, &codes)).collect::<Vec<_>>(),
        }],
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.id(),
        "name": code.name(),
        "shortDescription": {"text": code.summary()},
        "fullDescription": {"text": code.explanation()},
        "help": {"text": code.explanation()},
        "defaultConfiguration": {"level": level(code.severity())},
    })
}

fn result(finding: &Diagnostic, codes: &BTreeSet<Code>) -> Value {
    let text = match &finding.help {
        Some(help) => format!("{}\nhelp: {help}", finding.message),
        None => finding.message.clone(),
    };
    let locations: Vec<Value> = finding.location.iter().map(location).collect();
    json!({
        "ruleId": finding.code.id(),
        "ruleIndex": codes.iter().position(|code| *code == finding.code),
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
