use std::collections::BTreeMap;
use std::sync::Arc;

use mti_core::files::{FILE_LIMIT, ReadError};
use mti_core::json::Pointer;
use mti_core::manifest::Backend;
use mti_core::{AppChain, AppId, AppTree, Code, Definition, Diagnostic, Location, Severity};
use mti_element::{ChainLevel, LevelCode};

use super::names::Named;
use crate::codes::Codes;
use crate::define::definitions;
use crate::node::Node;

/// The levels that the definitions of one name declare, nearest first.
///
/// Code that is declared and not there quarantines the element: an override that tightens a policy must not
/// vanish silently.
pub(super) fn own_levels(named: &Named, codes: &Codes, findings: &mut Vec<Diagnostic>) -> Vec<ChainLevel> {
    let mut levels = Vec::new();
    for definition in definitions(&named.layers) {
        let pointer = Pointer::ROOT.key("backend");
        match definition.backend_kind() {
            None | Some(Backend::None) if codes.find(&definition.app.id, &definition.name).is_some() => {
                findings.push(undeclared_level(named, definition));
            }
            None | Some(Backend::None) => {}
            Some(Backend::Rust) => match codes.find(&definition.app.id, &definition.name) {
                Some(code) => levels.push(level_of(definition, code.clone())),
                None => findings.push(
                    named
                        .at(
                            Code::MissingCode,
                            format!(
                                "`{}` declares code in Rust for {}, and this program does not contain it",
                                definition.name, definition.app.id
                            ),
                            Some(definition),
                            &pointer,
                        )
                        .with_help(format!(
                            "it is for the app's own program, whose `main.rs` registers it: `mti::main().level::<…>(\"{}\", \"{}\").run()`",
                            definition.app.id, definition.name
                        )),
                ),
            },
            Some(Backend::Python) => match codes.language("python").map(|language| language.level(definition)) {
                Some(Ok(code)) => {
                    levels.push(level_of(definition, code));
                    if definition.backend.is_none() {
                        findings.push(undeclared_python(named, definition));
                    }
                }
                Some(Err(causes)) => findings.extend(
                    causes
                        .into_iter()
                        .map(|cause| cause.with_element(named.name.clone()).with_app(definition.app.id.clone())),
                ),
                None => findings.push(
                    named
                        .at(
                            Code::PythonUnavailable,
                            format!(
                                "`{}` declares code in Python, and this program has no interpreter",
                                definition.name
                            ),
                            Some(definition),
                            &pointer,
                        )
                        .with_help("run the same command as `python -m mti …`"),
                ),
            },
        }
    }
    levels
}

fn level_of(definition: &Definition, code: Arc<dyn LevelCode>) -> ChainLevel {
    ChainLevel { element: definition.name.clone(), app: definition.app.clone(), code }
}

/// Levels that are registered for an app of the chain and that no definition declares: most often a name that was
/// mistyped on one side.
pub(super) fn unused_levels(chain: &AppChain, codes: &Codes) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for (app, element) in codes.pairs() {
        // A definition that is there answers for itself: see `own_levels`.
        if chain.get(app).is_none_or(|tree| tree.elements.contains_key(element)) {
            continue;
        }
        let message = format!("a level in Rust is registered for `{element}` of {app}, which declares no such element");
        findings.push(
            Diagnostic::new(Code::UnusedLevel, message)
                .with_app(app.clone())
                .with_element(element.clone())
                .with_help("add the element's directory with an `e.json`, or mend the name in `main.rs`"),
        );
    }
    findings
}

/// Code that definitions had before a reload and have no more; `apps` are those of the chain.
///
/// It may be a rule that others rely on, so the element keeps its last good version until the `e.json` says that it is
/// meant to have no code. The same holds for a definition that vanished from below an override, or whose files are still
/// there: it lost its `e.json`, or is excluded since.
pub(super) fn lost_code(named: &Named, before: &Node, apps: &BTreeMap<AppId, Arc<AppTree>>) -> Vec<Diagnostic> {
    let mut above = Vec::new();
    let mut findings = Vec::new();
    if named.layers.iter().any(|layer| layer.definition().is_none()) {
        // A broken definition answers for itself.
        return findings;
    }
    for definition in definitions(&before.layers) {
        let had_code = definition.backend_kind().is_some_and(|kind| kind != Backend::None);
        if let Some(app) = apps.get(&definition.app.id).filter(|_| had_code) {
            findings.extend(lost_code_of(named, definition, app, &above));
        }
        above.push(&definition.app.id);
    }
    findings
}

/// Code that one definition had, below overrides in the apps `above`.
fn lost_code_of(named: &Named, before: &Definition, app: &AppTree, above: &[&AppId]) -> Option<Diagnostic> {
    let mut now = definitions(&named.layers).chain(definitions(&named.hidden));
    if let Some(now) = now.find(|now| now.app.id == before.app.id) {
        if now.backend_kind().is_some() {
            return None;
        }
        let message = format!("the code of `{}` in {} is gone", before.name, before.app.id);
        let help = "restore it, or write `\"backend\": \"none\"` into the `e.json` if no code is meant";
        return Some(named.at(Code::CodeLost, message, Some(now), &Pointer::ROOT).with_help(help));
    }
    if let Some(file) = remaining_file(before, app) {
        let message = format!("{} no longer declares `{}`, whose code ran before", before.app.id, before.name);
        let help = "restore its `e.json` or, if the code is no longer meant to run, remove the directory";
        let finding = Diagnostic::new(Code::CodeLost, message).with_element(named.name.clone()).with_help(help);
        return Some(finding.with_app(before.app.id.clone()).with_location(Location::file(file)));
    }
    let place = definitions(&named.layers).find(|definition| above.contains(&&definition.app.id))?;
    let message = format!("{} no longer declares `{}`, which had code below an override", before.app.id, before.name);
    let help = "restore the element's directory, or remove the override as well";
    Some(named.at(Code::CodeLost, message, Some(place), &Pointer::ROOT).with_help(help))
}

/// What is still there of a definition that is declared no more: its `e.json`, which is excluded then, or its code.
fn remaining_file(definition: &Definition, app: &AppTree) -> Option<String> {
    let code = definition.files.iter().filter(|file| file.ends_with(".py"));
    let code = code.map(|file| format!("{}/{file}", definition.directory));
    let mut files = std::iter::once(definition.manifest_file.path.to_string()).chain(code);
    files.find(|file| !matches!(app.files.read(file, FILE_LIMIT), Err(ReadError::NotFound)))
}

/// Python code that runs only because its file is there.
fn undeclared_python(named: &Named, definition: &Arc<Definition>) -> Diagnostic {
    let message = format!("`{}` has Python code that its `e.json` does not declare", definition.name);
    named
        .at(Code::PythonUndeclared, message, Some(definition), &Pointer::ROOT)
        .with_help("add `\"backend\": \"python\"` to the `e.json`")
}

/// Code that a definition does not declare would not run: a policy that is compiled in must not get lost by a line
/// missing from a file.
fn undeclared_level(named: &Named, definition: &Arc<Definition>) -> Diagnostic {
    let message = format!(
        "a level in Rust is registered for `{}` of {}, whose `e.json` does not declare it",
        definition.name, definition.app.id
    );
    named
        .at(Code::UnusedLevel, message, Some(definition), &Pointer::ROOT)
        .with_severity(Severity::Error)
        .with_help("add `\"backend\": \"rust\"` to the `e.json`")
}
