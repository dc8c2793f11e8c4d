use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mti_core::json::Pointer;
use mti_core::manifest::{AccessModifier, ElementType};
use mti_core::{AppChain, AppKey, Code, Definition, Diagnostic, Discovered, ElementName, suggest};

use super::type_pointer;
use crate::define::definitions;
use crate::node::Node;

/// Every definition of one name along the app chain, judged together.
pub(super) struct Named {
    pub(super) name: ElementName,
    /// Nearest first, down to the one that cuts off the rest.
    pub(super) layers: Box<[Discovered]>,
    /// Those that were cut off.
    pub(super) hidden: Box<[Discovered]>,
    /// The type, once overrides are merged.
    pub(super) element_type: Option<ElementType>,
    /// Whether it is private to a parent app.
    pub(super) invisible: bool,
    /// What quarantines the element before anything else is known of it.
    pub(super) problems: Vec<Diagnostic>,
}

/// Gathers the definitions of every name of the app chain.
pub(super) fn named_elements(chain: &AppChain, running: &AppKey) -> BTreeMap<ElementName, Named> {
    let names: BTreeSet<&ElementName> = chain.apps.iter().flat_map(|app| app.elements.keys()).collect();
    names.into_iter().map(|name| (name.clone(), Named::gather(name, chain, running))).collect()
}

impl Named {
    fn gather(name: &ElementName, chain: &AppChain, running: &AppKey) -> Self {
        let mut layers: Vec<Discovered> = chain.apps.iter().filter_map(|app| app.elements.get(name)).cloned().collect();
        let mut problems = forbidden_overrides(&layers);
        let kept = layers
            .iter()
            .position(|layer| layer.definition().is_some_and(|definition| definition.replaces))
            .map_or(layers.len(), |replacing| replacing + 1);
        let hidden = layers.split_off(kept);
        for layer in &layers {
            if let Discovered::Broken { diagnostics, .. } = layer {
                problems.extend(diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).cloned());
            }
        }
        let element_type = definitions(&layers).find_map(|definition| definition.element_type.clone());
        let has_title = definitions(&layers).any(|definition| definition.title.is_some());
        let is_own = layers.first().is_some_and(|layer| is_declared_by(layer, running));
        let invisible = !is_own && definitions(&layers).any(|definition| definition.access == AccessModifier::Private);
        let mut named = Self {
            name: name.clone(),
            layers: layers.into(),
            hidden: hidden.into(),
            element_type,
            invisible,
            problems,
        };
        if named.problems.is_empty() {
            if named.element_type.is_none() {
                let help = "add `\"type\"`: the full name of a Type, or `\"\"` for a Meta";
                named.problems.push(named.missing(Code::TypeMissing, "type", help));
            }
            if !has_title {
                let help = "add `\"title\"`: what people call the element";
                named.problems.push(named.missing(Code::TitleMissing, "title", help));
            }
        }
        named
    }

    /// The name of its type, unless it is a Meta.
    pub(super) fn type_name(&self) -> Option<&ElementName> {
        self.element_type.as_ref().and_then(ElementType::name)
    }

    /// A finding about its `type`, at the definition that says it.
    pub(super) fn at_type(&self, code: Code, message: String) -> Diagnostic {
        let definition = definitions(&self.layers).find(|definition| definition.element_type.is_some());
        self.at(code, message, definition, &type_pointer())
    }

    /// A finding about a place in the `e.json` of one of its definitions.
    pub(super) fn at(
        &self,
        code: Code,
        message: String,
        definition: Option<&Arc<Definition>>,
        pointer: &Pointer,
    ) -> Diagnostic {
        let finding = Diagnostic::new(code, message).with_element(self.name.clone());
        match definition {
            Some(definition) => finding.with_app(definition.app.id.clone()).with_location(definition.location(pointer)),
            None => finding,
        }
    }

    /// Whether an app declares both this element and another one.
    pub(super) fn shares_an_app_with(&self, other: &Node) -> bool {
        let apps: Vec<&AppKey> = definitions(&other.layers).map(|definition| &definition.app).collect();
        definitions(&self.layers).any(|definition| apps.contains(&&definition.app))
    }

    fn missing(&self, code: Code, key: &str, help: &str) -> Diagnostic {
        let definition = definitions(&self.layers).next();
        let finding = self.at(code, format!("`e.json` has no `{key}`"), definition, &Pointer::ROOT);
        let document = definition.map(|definition| definition.document()).unwrap_or_default();
        match suggest::nearest(key, document.keys().map(String::as_str), 1).first() {
            Some(near) => finding.with_help(format!("did you mean `{key}` where it says `{near}`?")),
            None => finding.with_help(help),
        }
    }
}

/// Whether a definition is the running app's own. A broken one tells by its findings.
fn is_declared_by(layer: &Discovered, app: &AppKey) -> bool {
    match layer {
        Discovered::Sound(definition) => definition.app == *app,
        Discovered::Broken { diagnostics, .. } => {
            diagnostics.iter().any(|finding| finding.app.as_ref() == Some(&app.id))
        }
    }
}

/// One finding for each definition that overrides what its owner does not let others override.
fn forbidden_overrides(layers: &[Discovered]) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for (index, owner) in layers.iter().enumerate() {
        let Some(owner) = owner.definition() else { continue };
        let word = match owner.access {
            AccessModifier::Public => continue,
            AccessModifier::Protected => "protected",
            AccessModifier::Private => "private",
        };
        for override_ in definitions(layers.get(..index).unwrap_or_default()) {
            let message = format!("`{}` is `{word}` in {}: it cannot be overridden", owner.name, owner.app);
            findings.push(
                Diagnostic::new(Code::ProtectedOverride, message)
                    .with_element(owner.name.clone())
                    .with_app(override_.app.id.clone())
                    .with_location(override_.location(&Pointer::ROOT))
                    .with_help("give the element another name, or ask its owner to make it `public`"),
            );
        }
    }
    findings
}
