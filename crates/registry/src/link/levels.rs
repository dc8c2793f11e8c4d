use std::sync::Arc;

use mti_core::json::Pointer;
use mti_core::manifest::Backend;
use mti_core::{AppChain, Code, Definition, Diagnostic, Severity};
use mti_element::{ChainLevel, LevelCode};

use super::names::Named;
use crate::codes::Codes;
use crate::define::definitions;

/// The levels that the definitions of one name declare, nearest first.
///
/// Code that is declared and not there quarantines the element: an override that tightens a policy must not
/// vanish silently.
pub(super) fn own_levels(named: &Named, codes: &Codes, findings: &mut Vec<Diagnostic>) -> Vec<ChainLevel> {
    let mut levels = Vec::new();
    for definition in definitions(&named.layers) {
        let pointer = Pointer::ROOT.key("backend");
        match definition.backend_kind() {
            None if codes.find(&definition.app.id, &definition.name).is_some() => {
                findings.push(undeclared_level(named, definition));
            }
            None => {}
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
                Some(Ok(code)) => levels.push(level_of(definition, code)),
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
