mod needs;

use std::collections::{BTreeMap, BTreeSet};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use mti_core::json::Pointer;
use mti_core::{Code, Diagnostic, ElementName};
use mti_element::{Chain, ChainLevel, Kind, MethodDescriptor, MethodKind, OtherName, SourcePosition};

pub(crate) use self::needs::{UnmetNeed, unmet_needs};

use self::needs::Needs;
use crate::define::definitions;
use crate::interface::{Declared, Interface};
use crate::link::deduplicate;
use crate::node::{Node, NodeState};
use crate::snapshot::Snapshot;

/// How many elements that suffer from another one are named.
const MOST_SUFFERERS: usize = 10;

/// How closely instances are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Their definitions are read, and those that are loaded are asked.
    Definitions,
    /// Those that are not loaded are opened as well.
    Levels,
}

/// Everything that can be found wrong with an app, in order of place.
pub(crate) fn check(snapshot: &Snapshot, depth: Depth) -> Vec<Diagnostic> {
    let mut findings = snapshot.diagnostics().to_vec();
    let mut needs = Needs::default();
    let mut nodes: Vec<&Arc<Node>> = snapshot.nodes().collect();
    nodes.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    for node in nodes {
        let NodeState::Sound { chain, serving } = &node.state else { continue };
        let own = if node.kind == Kind::Instance { chain } else { serving };
        findings.extend(interface_differences(node, own));
        findings.extend(signature_differences(node, own));
        findings.extend(overrides_of_nothing(node, own));
        findings.extend(shadowed_overrides(node, own));
        findings.extend(match node.kind {
            Kind::Instance if depth == Depth::Levels || node.loaded().is_some() => opening_findings(node, &mut needs),
            Kind::Instance => definition_findings(node),
            // Types and Metas are never loaded.
            Kind::Type | Kind::Meta => {
                let mut findings = definition_findings(node);
                findings.extend(stray_rows(node));
                findings
            }
        });
    }
    findings.extend(needs.unmet(snapshot));
    gather_sufferers(snapshot, &mut findings);
    deduplicate(&mut findings);
    Diagnostic::sort(&mut findings);
    findings
}

/// Makes one finding of those about elements that suffer from the same one: there is one thing to mend.
fn gather_sufferers(snapshot: &Snapshot, findings: &mut Vec<Diagnostic>) {
    let mut sufferers: BTreeMap<&ElementName, BTreeSet<&ElementName>> = BTreeMap::new();
    for node in snapshot.nodes() {
        let Some(cause) = node.cause_of_quarantine().filter(|cause| cause.name != node.name) else { continue };
        sufferers.entry(&cause.name).or_default().insert(&node.name);
    }
    for (cause, names) in sufferers.into_iter().filter(|(_, names)| names.len() > 1) {
        let is_one = |finding: &Diagnostic| {
            finding.code == Code::QuarantinedDependency
                && finding.element.as_ref().is_some_and(|element| names.contains(element))
        };
        let Some(first) = findings.iter().position(is_one) else { continue };
        let mut listed: Vec<String> = names.iter().take(MOST_SUFFERERS).map(|name| format!("`{name}`")).collect();
        if names.len() > MOST_SUFFERERS {
            listed.push(format!("{} more", names.len() - MOST_SUFFERERS));
        }
        let mut kept = findings.remove(first);
        kept.help = Some(format!("mend `{cause}`; these elements then work again"));
        kept.message = format!("`{cause}` is quarantined, and with it the elements below it: {}", listed.join(", "));
        findings.retain(|finding| !is_one(finding));
        findings.insert(first, kept);
    }
}

/// What is found by opening an instance, which reads definitions and config only. What was not loaded before is opened
/// once, looked at, and dropped.
fn opening_findings(node: &Node, needs: &mut Needs) -> Vec<Diagnostic> {
    let live = match node.live_or_scratch() {
        Ok(live) => live,
        Err(failure) => return node.findings_of(&failure),
    };
    let mut findings = live.definition().findings.clone();
    findings.extend(live.warnings().iter().cloned());
    if !live.takes_initial_rows() {
        findings.extend(stray_rows(node));
    }
    needs.extend_from(live);
    findings
}

fn definition_findings(node: &Node) -> Vec<Diagnostic> {
    match node.definition() {
        Ok(definition) => definition.findings.clone(),
        Err(failure) => node.findings_of(&failure),
    }
}

/// The first of the rows that apps give to an element that keeps none.
fn stray_rows(node: &Node) -> Option<Diagnostic> {
    let message = format!("`{}` is no model, and keeps no rows", node.name);
    let first = node.initial_rows.first()?;
    Some(first.finding(Code::InitDataModelNotFound, message).with_element(node.name.clone()))
}

/// Where the declared interface of an element and its levels disagree. For a Type, what it declares itself is looked
/// at; what no level of it implements may still be implemented by those who are of it. For an instance, all it
/// inherits has to be there too.
fn interface_differences(node: &Node, chain: &Chain) -> Vec<Diagnostic> {
    let is_instance = node.kind == Kind::Instance;
    let interface = Interface::of(node);
    let mut findings = Vec::new();
    for function in interface.functions() {
        let declared = interface.declared(&function);
        let Some((declaring, _)) = declared.entry().filter(|(declaring, _)| is_instance || declaring.name == node.name)
        else {
            continue;
        };
        match chain.implementations(&function.name).next() {
            Some((_, method)) if method.kind == MethodKind::Property => findings.extend(
                declared
                    .finding(Code::FunctionDiffers, format!("`{}` is a property, not a function", function.name))
                    .map(|finding| finding.with_help("take it out of `functionList`")),
            ),
            Some((level, method)) => findings.extend(argument_differences(&declared, level, method)),
            None if is_instance => {
                let message = format!(
                    "`{}` declares the function `{}`, which no level implements",
                    declaring.name, function.name
                );
                let help = "implement it in a level, or take it out of `functionList`";
                findings.extend(
                    declared.finding(Code::DeclaredFunctionMissing, message).map(|finding| finding.with_help(help)),
                );
            }
            None => {}
        }
    }
    findings
}

/// Where a declared function and the level that answers it disagree about its arguments.
fn argument_differences(declared: &Declared<'_>, level: &ChainLevel, method: &MethodDescriptor) -> Vec<Diagnostic> {
    let Declared { function, .. } = declared;
    let is_declared = |name: &str| function.args.iter().any(|argument| argument.name == name);
    let is_needed = |name: &&String| !method.optional.contains(*name) && !is_declared(name);
    let needed: Vec<&str> = method.arguments.iter().filter(is_needed).map(String::as_str).collect();
    let mut findings = Vec::new();
    if !needed.is_empty() {
        let listed = needed.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let message = format!(
            "`{}` cannot be called: it is declared without {listed}, which the level of `{}` in {} needs",
            function.name, level.element, level.app
        );
        let entries = needed.iter().map(|name| format!("{{\"name\": \"{name}\"}}")).collect::<Vec<_>>().join(", ");
        let SourcePosition { file, line } = method.source;
        let help = format!(
            "add {entries} to its `args`, or leave `args` out to inherit those of the definition below (see {file}:{line})"
        );
        findings
            .extend(declared.finding_about_arguments(Code::FunctionUncallable, message).map(|it| it.with_help(help)));
    }
    for argument in function.args.iter().filter(|argument| !method.arguments.contains(&argument.name)) {
        let message = format!(
            "`{}` declares the argument `{}`, which the level that answers does not take",
            function.name, argument.name
        );
        let help = format!("it takes ({})", method.arguments.join(", "));
        findings.extend(declared.finding_about_arguments(Code::FunctionDiffers, message).map(|it| it.with_help(help)));
    }
    findings
}

/// Methods of the element's own levels that take other arguments than the next level below that has them.
fn signature_differences(node: &Node, chain: &Chain) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for name in chain.method_names() {
        let implementations: Vec<_> = chain.implementations(name).collect();
        for pair in implementations.windows(2) {
            let [(level, method), (below, overridden)] = pair else { continue };
            if level.element != node.name {
                continue;
            }
            if method.kind != overridden.kind {
                let message = format!(
                    "`{name}` of `{}` in {} is a {}, and what it overrides in {} is a {}",
                    level.element,
                    level.app,
                    word_for(method.kind),
                    below.app,
                    word_for(overridden.kind),
                );
                let SourcePosition { file, line } = method.source;
                let help = format!("make it a {} (see {file}:{line})", word_for(overridden.kind));
                findings.push(at_backend(node, level, Code::SignatureDiffers, message).with_help(help));
                continue;
            }
            if method.arguments == overridden.arguments {
                continue;
            }
            let message = format!(
                "`{name}` of `{}` in {} takes ({}), and what it overrides in {} takes ({})",
                level.element,
                level.app,
                method.arguments.join(", "),
                below.app,
                overridden.arguments.join(", "),
            );
            let help = format!("give it the same arguments (see {}:{})", method.source.file, method.source.line);
            findings.push(at_backend(node, level, Code::SignatureDiffers, message).with_help(help));
        }
    }
    findings
}

fn word_for(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Method => "method",
        MethodKind::Property => "property",
    }
}

/// What in the element's own levels was probably meant to override something, and does not: a name that is nearly that of a step
/// below, and a name of a step that stands for something else.
fn overrides_of_nothing(node: &Node, chain: &Chain) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let declared: HashSet<String> = node
        .ancestry()
        .flat_map(|declaring| definitions(&declaring.layers).flat_map(|definition| definition.manifest().function_list))
        .map(|function| function.name)
        .collect();
    for (index, level) in chain.levels().iter().enumerate().filter(|(_, level)| level.element == node.name) {
        let below = chain.levels().get(index + 1..).unwrap_or_default();
        let steps: Vec<&str> = below.iter().flat_map(|lower| lower.code.methods()).map(|method| method.name).collect();
        for method in level.code.methods() {
            if steps.contains(&method.name) || declared.contains(method.name) {
                continue;
            }
            let Some(meant) = misspelt(method.name, &steps) else { continue };
            let message = format!("`{}` of `{}` in {} overrides nothing", method.name, level.element, level.app);
            let SourcePosition { file, line } = method.source;
            let help = format!(
                "did you mean `{meant}`? If not, a name that is less like it keeps the two apart (see {file}:{line})"
            );
            findings.push(at_backend(node, level, Code::OrphanOverride, message).with_help(help));
        }
        for other in level.code.other_names() {
            if !steps.contains(&&*other.name) {
                continue;
            }
            let OtherName { name, kind, source: SourcePosition { file, line } } = other;
            let message = format!(
                "`{name}` of `{}` in {} overrides nothing: it is neither a method nor a property of its class, but a `{kind}`",
                level.element, level.app
            );
            let help = format!(
                "make it a method or a property in the body of the class, or call it otherwise (see {file}:{line})"
            );
            findings.push(at_backend(node, level, Code::OrphanOverride, message).with_help(help));
        }
    }
    findings
}

/// A shorter name is near to too much.
const SHORTEST: usize = 5;

/// The step that a name was probably meant for: the same but for case and `_`, or one letter away. One letter more or less at
/// the end, or another one at the beginning, makes another word: `getUsers`, `setUser`.
fn misspelt<'a>(name: &str, steps: &[&'a str]) -> Option<&'a str> {
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    let wanted = plain(name);
    let is_meant = |step: &&&str| {
        let step = plain(step);
        let is_another_word = wanted.len().min(step.len()) < SHORTEST
            || step.starts_with(&*wanted)
            || wanted.starts_with(&*step)
            || step.chars().next() != wanted.chars().next();
        step == wanted || (!is_another_word && is_one_letter_apart(&wanted, &step))
    };
    steps.iter().find(is_meant).copied()
}

/// Whether one letter was left out, added or mistaken, or two neighbours were swapped.
fn is_one_letter_apart(a: &str, b: &str) -> bool {
    let (mut a, mut b): (VecDeque<char>, VecDeque<char>) = (a.chars().collect(), b.chars().collect());
    while a.front().is_some() && a.front() == b.front() {
        a.pop_front();
        b.pop_front();
    }
    while a.back().is_some() && a.back() == b.back() {
        a.pop_back();
        b.pop_back();
    }
    a.len().max(b.len()) <= 1 || (a.len() == 2 && a.iter().eq(b.iter().rev()))
}

/// Methods of the element that more than one app overrides: the nearer one may hide the other.
fn shadowed_overrides(node: &Node, chain: &Chain) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let Some(owner) = definitions(&node.layers).last() else { return findings };
    for name in chain.method_names() {
        let overrides: Vec<_> = chain
            .implementations(name)
            .filter(|(level, _)| level.element == node.name && level.app != owner.app)
            .collect();
        for pair in overrides.windows(2) {
            let [(nearer, method), (shadowed, _)] = pair else { continue };
            let message = format!(
                "`{name}` of `{}` is overridden by {} and by {}: the first answers, the second only where the first calls `sup`",
                node.name, nearer.app, shadowed.app
            );
            let help = format!("see {}:{}", method.source.file, method.source.line);
            findings.push(at_backend(node, nearer, Code::ShadowedOverride, message).with_help(help));
        }
    }
    findings
}

/// A finding about a level, at the definition that declares it.
fn at_backend(node: &Node, level: &ChainLevel, code: Code, message: String) -> Diagnostic {
    let finding = Diagnostic::new(code, message).with_element(node.name.clone()).with_app(level.app.id.clone());
    match definitions(&node.layers).find(|definition| definition.app == level.app) {
        Some(definition) => finding.with_location(definition.location(&Pointer::ROOT.key("backend"))),
        None => finding,
    }
}
