use std::sync::Arc;

use mti_core::json::Pointer;
use mti_core::{Code, Diagnostic};
use mti_element::{Chain, Kind, MethodKind};

use crate::define::definitions;
use crate::node::{Node, NodeState};
use crate::snapshot::Snapshot;

/// Everything that can be found wrong with an app, in order of place.
pub(crate) fn check(snapshot: &Snapshot) -> Vec<Diagnostic> {
    let mut findings = snapshot.diagnostics().to_vec();
    let mut nodes: Vec<&Arc<Node>> = snapshot.nodes().collect();
    nodes.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    for node in nodes {
        let NodeState::Sound { chain, serving } = &node.state else { continue };
        findings.extend(match node.kind {
            Kind::Instance => interface_differences(node, chain),
            Kind::Type | Kind::Meta => interface_differences(node, serving),
        });
        if node.kind == Kind::Instance {
            findings.extend(loading_problems(node));
        }
    }
    Diagnostic::sort(&mut findings);
    findings
}

/// What loading the instance says. Loading reads definitions and config only.
fn loading_problems(node: &Node) -> Vec<Diagnostic> {
    match node.live() {
        Ok(live) => live.warnings().to_vec(),
        Err(failure) => node.findings_of(&failure),
    }
}

/// Where the `functionList` of an element and its levels disagree. Only functions that the element itself declares
/// are looked at: inherited ones were looked at where they are declared.
fn interface_differences(node: &Node, chain: &Chain) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for definition in definitions(&node.layers) {
        for (index, function) in definition.manifest().function_list.iter().enumerate() {
            let pointer = Pointer::ROOT.key("functionList").index(index);
            let report = |code: Code, message: String, help: String| {
                Diagnostic::new(code, message)
                    .with_element(node.name.clone())
                    .with_app(definition.app.id.clone())
                    .with_location(definition.location(&pointer))
                    .with_help(help)
            };
            let Some((_, method)) = chain.implementations(&function.name).next() else {
                if node.kind == Kind::Instance || !chain.levels().is_empty() {
                    findings.push(report(
                        Code::DeclaredFunctionMissing,
                        format!("`{}` declares the function `{}`, which no level implements", node.name, function.name),
                        "implement it in a level, or take it out of `functionList`".to_owned(),
                    ));
                }
                continue;
            };
            if method.kind == MethodKind::Property {
                findings.push(report(
                    Code::FunctionDiffers,
                    format!("`{}` is a property, not a function", function.name),
                    "take it out of `functionList`".to_owned(),
                ));
                continue;
            }
            for argument in &function.args {
                if !method.arguments.contains(&argument.name) {
                    findings.push(report(
                        Code::FunctionDiffers,
                        format!(
                            "`{}` declares the argument `{}`, which the level that answers does not take",
                            function.name, argument.name
                        ),
                        format!("it takes ({})", method.arguments.join(", ")),
                    ));
                }
            }
        }
    }
    findings
}
