use std::collections::BTreeMap;

use mti_core::json::Pointer;
use mti_core::manifest::Backend;
use mti_core::{AppChain, Code, Diagnostic, ElementName};
use mti_element::ChainLevel;

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
            None => {}
            Some(Backend::Rust) => match codes.find(&definition.app.id, &definition.name) {
                Some(code) => levels.push(ChainLevel {
                    element: definition.name.clone(),
                    app: definition.app.clone(),
                    code: code.clone(),
                }),
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
                            "run the app's own program, whose `main.rs` registers it: `mti::main().level::<…>(\"{}\", \"{}\").run()`",
                            definition.app.id, definition.name
                        )),
                ),
            },
            Some(Backend::Python) => findings.push(
                named
                    .at(
                        Code::PythonUnavailable,
                        format!("`{}` declares code in Python, and this program has no interpreter", definition.name),
                        Some(definition),
                        &pointer,
                    )
                    .with_help("run the same command as `python -m mti …`"),
            ),
        }
    }
    levels
}

/// Levels that are registered for an app of the chain and that no definition declares: most often a name that was
/// mistyped on one side.
pub(super) fn unused_levels(chain: &AppChain, named: &BTreeMap<ElementName, Named>, codes: &Codes) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for (app, element) in codes.pairs() {
        if !chain.apps.iter().any(|tree| tree.key().id == *app) {
            continue;
        }
        let definition = named.get(element).and_then(|named| {
            let all = definitions(&named.layers).chain(definitions(&named.hidden));
            all.into_iter().find(|definition| definition.app.id == *app)
        });
        let broken = chain.apps.iter().any(|tree| {
            tree.key().id == *app && tree.elements.get(element).is_some_and(|found| found.definition().is_none())
        });
        let finding = match definition {
            Some(definition) if definition.backend_kind() == Some(Backend::Rust) => continue,
            None if broken => continue,
            Some(definition) => Diagnostic::new(
                Code::UnusedLevel,
                format!("a level in Rust is registered for `{element}` of {app}, whose `e.json` does not declare it"),
            )
            .with_location(definition.location(&Pointer::ROOT))
            .with_help("add `\"backend\": \"rust\"` to the `e.json`"),
            None => Diagnostic::new(
                Code::UnusedLevel,
                format!("a level in Rust is registered for `{element}` of {app}, which declares no such element"),
            )
            .with_help("add the element's directory with an `e.json`, or mend the name in `main.rs`"),
        };
        findings.push(finding.with_app(app.clone()).with_element(element.clone()));
    }
    findings
}
