//! Resolution: from the definitions of the whole app chain to elements that know their type chain and their levels.
//!
//! Linking is total, as discovery is: an element that cannot be resolved is quarantined with its diagnostics, and so
//! is everything that needs it, and nothing else.

mod levels;
mod names;
mod overrides;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use mti_core::json::Pointer;
use mti_core::manifest::ElementType;
use mti_core::merge::MergeRules;
use mti_core::{AppChain, AppId, AppTree, Code, Diagnostic, ElementName, suggest};
use mti_element::{Chain, Kind, Resources};
use serde_json::Value;

use crate::codes::Codes;
use crate::define::definitions;
use crate::home::Inputs;
use crate::initial_data::InitialData;
use crate::node::{Linked, Node, NodeState};
use crate::slot::Slots;
use crate::snapshot::Snapshot;

use levels::{lost_code, own_levels};
use names::{Named, named_elements};
use overrides::orphans;

/// What elements are linked with.
pub(crate) struct Linking<'a> {
    /// The code in this binary.
    pub(crate) codes: &'a Codes,
    /// What elements are made of besides their files.
    pub(crate) inputs: Arc<Inputs>,
    /// What the process shares.
    pub(crate) resources: Arc<Resources>,
    /// The places of names.
    pub(crate) slots: &'a Slots,
    /// The snapshot that this one follows, if it is not the first.
    pub(crate) before: Option<&'a Snapshot>,
}

/// Links the elements of an app chain.
///
/// An element that is made of the same as before is the same node as before. One that is broken and was not before
/// stays in its last good version.
pub(crate) fn link(
    chain: AppChain,
    mut diagnostics: Vec<Diagnostic>,
    initial_data: InitialData,
    linking: Linking<'_>,
) -> Snapshot {
    let named = named_elements(&chain, &linking.inputs.running);
    diagnostics.extend(initial_data.findings().iter().cloned());
    diagnostics.extend(levels::unused_levels(&chain, linking.codes));
    let apps = chain.apps.iter().map(|app| (app.key().id.clone(), Arc::clone(app))).collect();
    let mut linker = Linker::new(named, apps, initial_data, linking);
    let nodes = linker.link_all();
    let Linker { generation, diagnostics: mut findings, outdated, linking, initial_data, .. } = linker;
    diagnostics.append(&mut findings);
    deduplicate(&mut diagnostics);
    Diagnostic::sort(&mut diagnostics);
    Snapshot::new(generation, linking, chain, initial_data, nodes, diagnostics, outdated)
}

struct Linker<'a> {
    /// The generation of the snapshot that is linked.
    generation: u64,
    named: BTreeMap<ElementName, Named>,
    /// The apps of the chain.
    apps: BTreeMap<AppId, Arc<AppTree>>,
    /// The names that are the `type` of some element.
    used_as_type: BTreeSet<ElementName>,
    linked: HashMap<ElementName, Arc<Node>>,
    initial_data: InitialData,
    diagnostics: Vec<Diagnostic>,
    outdated: Vec<ElementName>,
    linking: Linking<'a>,
    no_levels: Arc<Chain>,
}

impl<'a> Linker<'a> {
    fn new(
        named: BTreeMap<ElementName, Named>,
        apps: BTreeMap<AppId, Arc<AppTree>>,
        initial_data: InitialData,
        linking: Linking<'a>,
    ) -> Self {
        let used_as_type = named.values().filter_map(|named| named.type_name().cloned()).collect();
        Self {
            generation: Snapshot::next_generation(),
            named,
            apps,
            used_as_type,
            linked: HashMap::new(),
            initial_data,
            diagnostics: Vec::new(),
            outdated: Vec::new(),
            linking,
            no_levels: Arc::default(),
        }
    }

    fn link_all(&mut self) -> Vec<Arc<Node>> {
        let names: Vec<_> = self.named.keys().cloned().collect();
        names
            .iter()
            .filter_map(|name| {
                self.link_with_ancestors(name);
                self.linked.get(name).cloned()
            })
            .collect()
    }

    /// Links an element after what it needs. It walks up first and links on the way down: a type chain may be
    /// longer than a stack is deep.
    fn link_with_ancestors(&mut self, name: &ElementName) {
        let mut path: Vec<ElementName> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut cursor = Some(name.clone());
        while let Some(current) = cursor {
            if self.linked.contains_key(&current) || !self.named.contains_key(&current) {
                break;
            }
            if !seen.insert(current.clone()) {
                let start = path.iter().position(|name| *name == current).unwrap_or_default();
                for member in path.split_off(start) {
                    self.quarantine_cycle_member(&member);
                }
                break;
            }
            cursor = self.named.get(&current).and_then(|named| named.type_name().cloned());
            path.push(current);
        }
        for name in path.into_iter().rev() {
            self.link_one(&name);
        }
    }

    /// Links an element whose type is linked already, or cannot be.
    fn link_one(&mut self, name: &ElementName) {
        let Some(named) = self.named.get(name) else { return };
        let mut findings = named.problems.clone();
        let mut parent = None;
        if findings.is_empty() {
            match &named.element_type {
                Some(ElementType::Meta) | None => {}
                Some(ElementType::Of(type_name)) => match self.linked.get(type_name) {
                    Some(found) if found.invisible && !named.shares_an_app_with(found) => {
                        findings.push(private_type(named, type_name));
                    }
                    Some(found) => {
                        if let Some(cause) = found.cause_of_quarantine() {
                            findings.push(quarantined_type(named, type_name, cause));
                        }
                        parent = Some(Arc::clone(found));
                    }
                    None => findings.push(self.unknown_type(named, type_name)),
                },
            }
        }
        let before = self.linking.before.and_then(|before| before.find(name.as_str())).filter(|node| node.is_sound());
        let own = own_levels(named, self.linking.codes, &mut findings);
        findings.extend(before.map(|before| lost_code(named, before, &self.apps)).into_iter().flatten());
        let kind = self.kind(named, parent.as_deref());
        let state = if findings.iter().any(Diagnostic::is_error) {
            NodeState::Quarantined(findings.iter().cloned().collect())
        } else {
            let inherited = match parent.as_deref().map(|parent| &parent.state) {
                Some(NodeState::Sound { serving, .. }) => Arc::clone(serving),
                _ => Arc::clone(&self.no_levels),
            };
            findings.extend(orphans(named, &own, &inherited));
            let full = if own.is_empty() {
                Arc::clone(&inherited)
            } else {
                Arc::new(Chain::new(own.into_iter().chain(inherited.levels().iter().cloned()).collect()))
            };
            match kind {
                Kind::Instance => NodeState::Sound { chain: full, serving: Arc::clone(&self.no_levels) },
                // The code of a Type serves its instances, never a Type.
                Kind::Type | Kind::Meta => NodeState::Sound { chain: Arc::clone(&self.no_levels), serving: full },
            }
        };
        self.diagnostics.extend(findings);
        if matches!(state, NodeState::Quarantined(_))
            && let Some(last_good) = before
        {
            self.outdated.push(name.clone());
            self.linked.insert(name.clone(), Arc::clone(last_good));
            return;
        }
        let linked = Linked {
            name: name.clone(),
            kind,
            merge_rules: merge_rules(named, parent.as_deref()),
            layers: named.layers.clone(),
            hidden: named.hidden.clone(),
            parent,
            invisible: named.invisible,
            initial_rows: self.initial_data.of(name),
            initial_rows_findings: self.initial_data.findings_about(name),
            state,
            inputs: Arc::clone(&self.linking.inputs),
        };
        let node = match before {
            Some(before) if before.is_made_of(&linked) => Arc::clone(before),
            _ => {
                let slot = self.linking.slots.place_of(name);
                Arc::new(Node::new(linked, slot, self.generation, before.map(|before| &**before)))
            }
        };
        self.linked.insert(name.clone(), node);
    }

    fn kind(&self, named: &Named, parent: Option<&Node>) -> Kind {
        if matches!(named.element_type, Some(ElementType::Meta)) {
            Kind::Meta
        } else if parent.is_some_and(|parent| parent.kind == Kind::Meta) || self.used_as_type.contains(&named.name) {
            Kind::Type
        } else {
            Kind::Instance
        }
    }

    fn quarantine_cycle_member(&mut self, name: &ElementName) {
        let Some(named) = self.named.get_mut(name) else { return };
        let mut path = vec![name.to_string()];
        let mut cursor = named.type_name().cloned();
        while let Some(next) = cursor {
            path.push(next.to_string());
            if next == *name {
                break;
            }
            cursor = self.named.get(&next).and_then(|named| named.type_name().cloned());
        }
        let Some(named) = self.named.get_mut(name) else { return };
        let finding = named
            .at_type(Code::TypeCycle, format!("the type chain of `{name}` leads back to it: {}", path.join(" → ")))
            .with_help(
                "one of these elements must be of a Type outside of the circle; an override needs no `type` of its own",
            );
        named.problems.push(finding);
        self.link_one(name);
    }

    fn unknown_type(&self, named: &Named, type_name: &ElementName) -> Diagnostic {
        let is_meta = |name: &ElementName| {
            self.named.get(name).is_some_and(|named| matches!(named.element_type, Some(ElementType::Meta)))
        };
        let types = self.named.values().filter(|named| {
            is_meta(&named.name) || named.type_name().is_some_and(is_meta) || self.used_as_type.contains(&named.name)
        });
        let nearest = suggest::nearest(type_name.as_str(), types.map(|named| named.name.as_str()), 3);
        let finding = named.at_type(Code::UnknownType, format!("there is no element `{type_name}` to be of"));
        match nearest.as_slice() {
            [] => finding.with_help("name a Meta or a Type of this app or of an app that it inherits"),
            _ => finding.with_help(format!(
                "did you mean {}?",
                nearest.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
            )),
        }
    }
}

/// How the configs of an element merge: as the schemas of its Types say, and its own, if it is one.
fn merge_rules(named: &Named, parent: Option<&Node>) -> Arc<MergeRules> {
    let schemas = definitions(&named.layers).filter_map(|definition| definition.config_schema.as_ref());
    let own: Vec<_> = schemas.map(|schema| Arc::new(Value::Object(schema.document()))).collect();
    match parent {
        Some(parent) if own.is_empty() => Arc::clone(&parent.merge_rules),
        Some(parent) => Arc::new(MergeRules::new(own).over(&parent.merge_rules)),
        None => Arc::new(MergeRules::new(own)),
    }
}

/// What has to be mended is said, however long the chain of those who suffer from it.
fn quarantined_type(named: &Named, type_name: &ElementName, cause: &Node) -> Diagnostic {
    let message = if cause.name == *type_name {
        format!("its type `{type_name}` is quarantined")
    } else {
        format!("its type `{type_name}` is quarantined, because `{}` is", cause.name)
    };
    let finding = cause.quarantine().and_then(|findings| findings.iter().find(|finding| finding.is_error()));
    let reason = finding.map_or_else(String::new, |finding| format!(": {}", finding.message));
    let help = finding.and_then(|finding| finding.help.clone());
    named
        .at_type(Code::QuarantinedDependency, format!("{message}{reason}"))
        .with_help(help.unwrap_or_else(|| format!("mend `{}`; this element then works again", cause.name)))
}

fn private_type(named: &Named, type_name: &ElementName) -> Diagnostic {
    named
        .at_type(Code::PrivateElement, format!("`{type_name}` is `private` to the app that declares it"))
        .with_help("use a Type that is public or protected")
}

/// Takes out findings that are the same in every respect: those of an element that is quarantined are known both
/// to discovery and to the element.
pub(crate) fn deduplicate(diagnostics: &mut Vec<Diagnostic>) {
    let mut kept: Vec<Diagnostic> = Vec::with_capacity(diagnostics.len());
    let mut seen = std::collections::HashSet::new();
    for diagnostic in diagnostics.drain(..) {
        let place = diagnostic.location.as_ref().map(|place| (place.file.clone(), place.line, place.column));
        let key = (diagnostic.code.id(), diagnostic.app.clone(), place, diagnostic.message.clone());
        if seen.insert(key) {
            kept.push(diagnostic);
        }
    }
    *diagnostics = kept;
}

/// Where `type` stands in an `e.json`.
fn type_pointer() -> Pointer {
    Pointer::ROOT.key("type")
}
