use std::collections::BTreeMap;
use std::sync::Arc;

use mti_core::manifest::{ElementManifest, function_list_rules};
use mti_core::merge::{Layer, Layered, SourceRef};
use mti_core::placeholder::substitute;
use mti_core::{AppKey, Definition, Diagnostic, Discovered, SourceFile};
use mti_element::ElementDefinition;
use serde_json::{Map, Value};

use crate::interface::{Interface, keep_nearest_descriptions};
use crate::node::Node;

/// Merges what is on disk for an element: its `e.json` over those that it overrides, its config over those of its
/// type chain, its `functionList` over both, and puts the values of variables in the place of placeholders.
pub(crate) fn define(node: &Node) -> Result<ElementDefinition, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let mut manifest = merged_manifest(&node.layers);
    fill_placeholders(node, &mut manifest, &node.inputs.environment, &mut diagnostics);
    let mut config = Layered::by(&node.merge_rules, config_layers(node, &node.inputs.type_defaults)?);
    if config.value().is_null() {
        *config.value_mut() = Value::Object(Map::new());
    }
    fill_placeholders(node, &mut config, &node.inputs.environment, &mut diagnostics);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    let header = header_of(&manifest);
    Ok(ElementDefinition {
        name: node.name.clone(),
        app: nearest_app(node),
        kind: node.kind,
        title: header.title.clone().unwrap_or_default(),
        types: node.ancestry().skip(1).map(|ancestor| ancestor.name.clone()).collect(),
        functions: Interface::of(node).functions(),
        header,
        manifest,
        config,
        config_schema: config_schema(node),
        initial_rows: Arc::clone(&node.initial_rows),
        initial_rows_findings: Arc::clone(&node.initial_rows_findings),
        findings: diagnostics,
    })
}

/// The `e.json` files of one name, merged.
pub(crate) fn merged_manifest(layers: &[Discovered]) -> Layered {
    let mut layers: Vec<Layer> = definitions(layers)
        .map(|definition| Layer { origin: definition.manifest_source(), value: Value::Object(definition.document()) })
        .collect();
    keep_nearest_descriptions(layers.iter_mut().map(|layer| &mut layer.value));
    Layered::by(function_list_rules(), layers)
}

/// The nearest schema of the configs of a Type and its instances.
fn config_schema(node: &Node) -> Option<SourceFile> {
    node.ancestry()
        .flat_map(|ancestor| definitions(&ancestor.layers))
        .find_map(|definition| definition.config_schema.clone())
}

/// The config files of an element and of its type chain, nearest first, and below them what the process adds.
fn config_layers(node: &Node, type_defaults: &BTreeMap<String, Value>) -> Result<Vec<Layer>, Vec<Diagnostic>> {
    let mut layers = Vec::new();
    for ancestor in node.ancestry() {
        for (definition, config) in configs(&ancestor.layers) {
            if let Some(config) = config? {
                let origin = config.source(&definition.app);
                layers.push(Layer { origin, value: Value::Object(config.document()) });
            }
        }
    }
    for ancestor in node.ancestry() {
        let Some(defaults) = type_defaults.get(ancestor.name.as_str()) else { continue };
        let Some(definition) = definitions(&ancestor.layers).next() else { continue };
        let origin = SourceRef { app: definition.app.clone(), file: Arc::from("(set by the command)"), text: None };
        layers.push(Layer { origin, value: defaults.clone() });
    }
    Ok(layers)
}

fn fill_placeholders(
    node: &Node,
    document: &mut Layered,
    environment: &BTreeMap<String, String>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let substitution = substitute(document.value_mut(), &|name| environment.get(name).cloned());
    let findings = substitution.diagnostics(document);
    diagnostics.extend(findings.into_iter().map(|finding| finding.with_element(node.name.clone())));
}

pub(crate) fn header_of(manifest: &Layered) -> ElementManifest {
    match manifest.value() {
        Value::Object(document) => ElementManifest::read(document).0,
        _ => ElementManifest::default(),
    }
}

pub(crate) fn definitions(layers: &[Discovered]) -> impl Iterator<Item = &Arc<Definition>> {
    layers.iter().filter_map(Discovered::definition)
}

/// The definitions of one name, nearest first, each with its config file.
pub(crate) fn configs(
    layers: &[Discovered],
) -> impl Iterator<Item = (&Arc<Definition>, Result<Option<&SourceFile>, Vec<Diagnostic>>)> {
    layers.iter().enumerate().filter_map(|(position, layer)| {
        let definition = layer.definition()?;
        let overridden = definitions(layers.get(position + 1..).unwrap_or_default()).map(Arc::as_ref);
        Some((definition, definition.config_over(overridden)))
    })
}

fn nearest_app(node: &Node) -> AppKey {
    definitions(&node.layers).next().map_or_else(|| node.inputs.running.clone(), |definition| definition.app.clone())
}
