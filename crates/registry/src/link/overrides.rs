use mti_core::json::Pointer;
use mti_core::{Code, Diagnostic};
use mti_element::{Chain, ChainLevel};

use super::names::Named;
use crate::define::definitions;

/// Methods of overrides that override nothing: a level of the same name further down, or one of the type chain,
/// had them once and has them no more.
pub(super) fn orphans(named: &Named, own: &[ChainLevel], inherited: &Chain) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let Some(base) = definitions(&named.layers).last() else { return findings };
    for (index, level) in own.iter().enumerate() {
        let Some(definition) = definitions(&named.layers).find(|definition| definition.app == level.app) else {
            continue;
        };
        if definition.app == base.app {
            continue;
        }
        let declared = definition.manifest().function_list;
        let below = own.get(index + 1..).unwrap_or_default();
        for method in level.code.methods() {
            let exists_below = below.iter().any(|lower| lower.code.methods().iter().any(|m| m.name == method.name))
                || inherited.implementations(method.name).next().is_some();
            if exists_below || declared.iter().any(|function| function.name == method.name) {
                continue;
            }
            findings.push(
                named
                    .at(
                        Code::OrphanOverride,
                        format!(
                            "the override of `{}` in {} implements `{}`, which nothing below it has",
                            named.name, level.app, method.name
                        ),
                        Some(definition),
                        &Pointer::ROOT.key("backend"),
                    )
                    .with_help(format!(
                        "the method was renamed or removed below, or is new: then declare it in this `e.json`'s `functionList` (see {}:{})",
                        method.source.file, method.source.line
                    )),
            );
        }
    }
    findings
}
