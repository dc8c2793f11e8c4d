use std::fmt;

use mti_core::json::Pointer;
use mti_core::merge::{Layered, Origin};
use mti_core::{AppChain, Diagnostic, Discovered, is_secret_name, render};
use mti_element::{MethodKind, REDACTED, Result};
use serde::Serialize;
use serde_json::Value;

use crate::define::{define, merged_manifest};
use crate::interface::Interface;
use crate::node::{Node, NodeState};
use crate::snapshot::Snapshot;

/// Everything that decides what an element is, and where each part of it was said.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The full name.
    pub full_name: String,
    /// `meta`, `type` or `instance`.
    pub kind: &'static str,
    /// Whether it can be used.
    pub quarantined: bool,
    /// Its definitions, nearest first: the first one wins, the rest is merged below it or hidden.
    pub definitions: Vec<ExplainedDefinition>,
    /// The type chain, nearest first.
    pub types: Vec<ExplainedType>,
    /// Which level makes the live object: the language of the nearest code, or `definition` where there is none.
    pub loader: String,
    /// Every method with its levels, most derived first.
    pub methods: Vec<ExplainedMethod>,
    /// The functions that may be called from outside, those of the Meta first.
    pub functions: Vec<ExplainedFunction>,
    /// Every value of the merged `e.json`, with its origin.
    pub manifest: Vec<ExplainedValue>,
    /// Every value of the merged config, with its origin.
    pub config: Vec<ExplainedValue>,
    /// What is wrong with it.
    pub diagnostics: Value,
    #[serde(skip)]
    rendered_diagnostics: String,
}

/// One definition of an element.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedDefinition {
    /// The app that it belongs to.
    pub app_key: String,
    /// Its `e.json`, relative to the app's root.
    pub file: String,
    /// The title that it gives, if it does.
    pub title: Option<String>,
    /// What it does in the merge.
    pub role: DefinitionRole,
    /// The language of the level that it contributes, if it does.
    pub backend: Option<&'static str>,
}

/// What a definition does in the merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DefinitionRole {
    /// The nearest one: what it says holds.
    Won,
    /// Merged below nearer ones: what they do not say holds from here.
    Merged,
    /// Cut off by a nearer `"override": "replace"`.
    Hidden,
    /// It cannot be read, and quarantines the element.
    Broken,
}

/// One element of a type chain.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedType {
    /// The full name.
    pub full_name: String,
    /// `meta` or `type`.
    pub kind: &'static str,
    /// The apps that define it, nearest first.
    pub apps: Vec<String>,
}

/// One method of an element.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedMethod {
    /// The name.
    pub name: String,
    /// `method`, or `property` for what is read like a field.
    pub kind: &'static str,
    /// What it takes and answers, in the words of the language of the level that answers: `(name: String) -> String`.
    pub signature: String,
    /// The names of its arguments, in order.
    pub arguments: Vec<String>,
    /// What it does, as its declaration says.
    pub documentation: String,
    /// The levels that implement it, most derived first.
    pub levels: Vec<ExplainedLevel>,
}

/// One place that implements a method.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedLevel {
    /// The element whose definition declares the code.
    pub element: String,
    /// The app of that definition.
    pub app_key: String,
    /// The language.
    pub language: &'static str,
    /// The source file.
    pub file: &'static str,
    /// The line in it, from 1.
    pub line: u32,
}

/// One declared function.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedFunction {
    /// The name.
    pub name: String,
    /// Every key that its declarations give it, with its origin; the place is below the function's own.
    pub values: Vec<ExplainedValue>,
}

/// One value of a merged document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedValue {
    /// Its place: `/authConfig/appId`.
    pub pointer: String,
    /// The value; a secret is redacted.
    pub value: Value,
    /// The app that says it.
    pub app_key: String,
    /// The file, relative to the app's root.
    pub file: String,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
}

/// Explains an element, broken or not.
pub(crate) fn explain(snapshot: &Snapshot, name: &str) -> Result<Explanation> {
    let node = snapshot.node(name)?;
    let mut diagnostics: Vec<Diagnostic> =
        snapshot.diagnostics().iter().filter(|finding| finding.element.as_ref() == Some(&node.name)).cloned().collect();
    let (manifest, config) = match define(node) {
        Ok(definition) => (definition.manifest, definition.config),
        Err(mut findings) => {
            diagnostics.append(&mut findings);
            (merged_manifest(&node.layers), Layered::default())
        }
    };
    if node.quarantine().is_none()
        && let Err(failure) = node.live_or_scratch()
    {
        let found: Vec<_> =
            node.findings_of(&failure).into_iter().filter(|finding| !diagnostics.contains(finding)).collect();
        diagnostics.extend(found);
    }
    Ok(Explanation {
        full_name: node.name.to_string(),
        kind: node.kind.as_str(),
        quarantined: node.quarantine().is_some(),
        definitions: explained_definitions(node, snapshot.chain()),
        types: node.ancestry().skip(1).map(explained_type).collect(),
        loader: loader(node),
        methods: explained_methods(node),
        functions: explained_functions(&Interface::of(node)),
        manifest: explained_values(&manifest),
        config: explained_values(&config),
        rendered_diagnostics: render::human(&diagnostics, false),
        diagnostics: render::json(&diagnostics).get("diagnostics").cloned().unwrap_or_default(),
    })
}

fn explained_definitions(node: &Node, apps: &AppChain) -> Vec<ExplainedDefinition> {
    let kept = node
        .layers
        .iter()
        .enumerate()
        .map(|(index, layer)| (layer, if index == 0 { DefinitionRole::Won } else { DefinitionRole::Merged }));
    let hidden = node.hidden.iter().map(|layer| (layer, DefinitionRole::Hidden));
    kept.chain(hidden).map(|(layer, role)| explained_definition(layer, role, apps)).collect()
}

fn explained_definition(layer: &Discovered, role: DefinitionRole, apps: &AppChain) -> ExplainedDefinition {
    match layer {
        Discovered::Sound(definition) => ExplainedDefinition {
            app_key: definition.app.to_string(),
            file: definition.manifest_file.path.to_string(),
            title: definition.title.as_deref().map(str::to_owned),
            role,
            backend: definition.backend_kind().map(|backend| match backend {
                mti_core::manifest::Backend::Rust => "rust",
                mti_core::manifest::Backend::Python => "python",
                mti_core::manifest::Backend::None => "none",
            }),
        },
        Discovered::Broken { manifest_file, title, diagnostics, .. } => ExplainedDefinition {
            app_key: diagnostics
                .first()
                .and_then(|finding| apps.get(finding.app.as_ref()?))
                .map_or_else(String::new, |app| app.key().to_string()),
            file: manifest_file.to_string(),
            title: title.as_deref().map(str::to_owned),
            role: if role == DefinitionRole::Hidden { role } else { DefinitionRole::Broken },
            backend: None,
        },
    }
}

fn explained_type(node: &Node) -> ExplainedType {
    ExplainedType {
        full_name: node.name.to_string(),
        kind: node.kind.as_str(),
        apps: crate::define::definitions(&node.layers).map(|definition| definition.app.to_string()).collect(),
    }
}

fn loader(node: &Node) -> String {
    match &node.state {
        NodeState::Quarantined(_) => "none: the element is quarantined".to_owned(),
        NodeState::Sound { chain, .. } => match chain.levels().first() {
            Some(level) => format!("{} ({} of {})", level.code.language(), level.element, level.app),
            None => "definition".to_owned(),
        },
    }
}

fn explained_methods(node: &Node) -> Vec<ExplainedMethod> {
    let NodeState::Sound { chain, .. } = &node.state else { return Vec::new() };
    chain
        .method_names()
        .into_iter()
        .filter_map(|name| chain.implementations(name).next().map(|(_, answering)| (name, answering)))
        .map(|(name, answering)| ExplainedMethod {
            name: name.to_owned(),
            kind: match answering.kind {
                MethodKind::Method => "method",
                MethodKind::Property => "property",
            },
            signature: answering.signature.clone(),
            arguments: answering.arguments.clone(),
            documentation: answering.documentation.clone(),
            levels: chain
                .implementations(name)
                .map(|(level, method)| ExplainedLevel {
                    element: level.element.to_string(),
                    app_key: level.app.to_string(),
                    language: level.code.language(),
                    file: method.source.file,
                    line: method.source.line,
                })
                .collect(),
        })
        .collect()
}

fn explained_functions(interface: &Interface) -> Vec<ExplainedFunction> {
    let functions = interface.functions();
    let explained = functions.iter().map(|function| ExplainedFunction {
        name: function.name.clone(),
        values: interface
            .declared(function)
            .values()
            .map(|(pointer, value, origin)| explained_value(&pointer, value, origin))
            .collect(),
    });
    explained.collect()
}

fn explained_values(document: &Layered) -> Vec<ExplainedValue> {
    document.origins().map(|(pointer, value, origin)| explained_value(&pointer, value, origin)).collect()
}

fn explained_value(pointer: &Pointer, value: &Value, origin: Origin) -> ExplainedValue {
    let secret = pointer.segments().any(|segment| is_secret_name(&segment));
    ExplainedValue {
        pointer: pointer.as_str().to_owned(),
        value: if secret { Value::from(REDACTED) } else { crate::secrets::without_secrets(value) },
        app_key: origin.app.to_string(),
        file: origin.location.file,
        line: origin.location.line,
        column: origin.location.column,
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{} ({})", self.full_name, self.kind)?;
        if self.quarantined {
            writeln!(formatter, "  quarantined: see the diagnostics below")?;
        }
        writeln!(formatter, "\ndefinitions, nearest first")?;
        for definition in &self.definitions {
            let role = match definition.role {
                DefinitionRole::Won => "won",
                DefinitionRole::Merged => "merged below",
                DefinitionRole::Hidden => "hidden by override: replace",
                DefinitionRole::Broken => "broken",
            };
            let title = definition.title.as_deref().unwrap_or("-");
            writeln!(formatter, "  {role:<14} {}  {}  {title:?}", definition.app_key, definition.file)?;
        }
        writeln!(formatter, "\ntype chain")?;
        for element in &self.types {
            writeln!(formatter, "  {} ({}) in {}", element.full_name, element.kind, element.apps.join(", "))?;
        }
        if self.types.is_empty() {
            writeln!(formatter, "  none")?;
        }
        writeln!(formatter, "\nloader\n  {}", self.loader)?;
        if !self.methods.is_empty() {
            writeln!(formatter, "\nmethods, most derived level first")?;
        }
        for method in &self.methods {
            // A property takes nothing.
            let signature = match method.kind {
                "property" => method.signature.strip_prefix("()").unwrap_or(&method.signature),
                _ => &method.signature,
            };
            writeln!(formatter, "  {}{signature}", method.name)?;
            if !method.documentation.is_empty() {
                let words: Vec<&str> = method.documentation.split_whitespace().collect();
                writeln!(formatter, "      {}", words.join(" "))?;
            }
            for ExplainedLevel { language, element, app_key, file, line } in &method.levels {
                writeln!(formatter, "      {language}  {element} of {app_key}  {}:{line}", shown_source(file))?;
            }
        }
        if !self.functions.is_empty() {
            writeln!(formatter, "\nfunctions that may be called from outside")?;
        }
        for function in &self.functions {
            writeln!(formatter, "  {}", function.name)?;
            for value in &function.values {
                writeln!(formatter, "      {value}")?;
            }
        }
        for (heading, values) in [("e.json", &self.manifest), ("config", &self.config)] {
            if values.is_empty() {
                continue;
            }
            writeln!(formatter, "\n{heading}")?;
            for value in values {
                writeln!(formatter, "  {value}")?;
            }
        }
        if !self.rendered_diagnostics.is_empty() {
            writeln!(formatter, "\ndiagnostics\n{}", self.rendered_diagnostics.trim_end())?;
        }
        Ok(())
    }
}

impl fmt::Display for ExplainedValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = shortened(&self.value.to_string());
        let line = self.line.map_or_else(String::new, |line| format!(":{line}"));
        let column = self.column.map_or_else(String::new, |column| format!(":{column}"));
        write!(formatter, "{} = {shown}  {} {}{line}{column}", self.pointer, self.app_key, self.file)
    }
}

/// The source of MTI's own levels is in its crates, and those who read this hardly have the repository at hand:
/// `crates/login-types/src/…` is `mti-login-types: src/…`.
fn shown_source(file: &str) -> String {
    let own = file.strip_prefix("crates/").and_then(|rest| rest.split_once("/src/"));
    match own {
        Some((directory, rest)) => format!("mti-{directory}: src/{rest}"),
        None => file.to_owned(),
    }
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 100;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(LONGEST).collect();
    short.push('…');
    short
}
