use std::collections::BTreeSet;

use mti_core::{AppId, Code, Diagnostic, Location, Severity};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

/// All but `/` and the unreserved characters of RFC 3986, section 2.3.
const RESERVED_IN_PATHS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The findings as SARIF 2.1.0, which code hosts show beside the lines that they are about.
///
/// Paths are relative to the root of the `running` app; those in another app have its id as their base.
pub(crate) fn sarif(diagnostics: &[Diagnostic], running: Option<&AppId>) -> Value {
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
            "originalUriBaseIds": bases(diagnostics.iter().filter_map(|finding| base_of(finding, running))),
            "results": diagnostics.iter().map(|finding| result(finding, base_of(finding, running), &codes)).collect::<Vec<_>>(),
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

/// The app that the path of a finding is relative to, if it is not the running one.
fn base_of<'a>(finding: &'a Diagnostic, running: Option<&AppId>) -> Option<&'a AppId> {
    finding.app.as_ref().filter(|app| running.is_some_and(|running| *app != running))
}

/// What the bases of paths are. Where another app lies is nobody else's business.
fn bases<'a>(apps: impl Iterator<Item = &'a AppId>) -> Map<String, Value> {
    apps.map(|app| (app.to_string(), json!({"description": {"text": format!("the root of the app {app}")}}))).collect()
}

fn result(finding: &Diagnostic, base: Option<&AppId>, codes: &BTreeSet<Code>) -> Value {
    let text = match &finding.help {
        Some(help) => format!("{}\nhelp: {help}", finding.message),
        None => finding.message.clone(),
    };
    let locations: Vec<Value> = finding.location.iter().map(|place| location(place, base)).collect();
    json!({
        "ruleId": finding.code.id(),
        "ruleIndex": codes.iter().position(|code| *code == finding.code),
        "level": level(finding.severity),
        "message": {"text": text},
        "locations": locations,
    })
}

fn location(location: &Location, base: Option<&AppId>) -> Value {
    let artifact = match base {
        Some(app) => json!({"uri": uri(&location.file), "uriBaseId": app.to_string()}),
        None => json!({"uri": uri(&location.file)}),
    };
    let mut place = json!({"artifactLocation": artifact});
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
    utf8_percent_encode(if file.is_empty() { "." } else { file }, RESERVED_IN_PATHS).to_string()
}

/// The words are the same.
fn level(severity: Severity) -> &'static str {
    severity.as_str()
}
