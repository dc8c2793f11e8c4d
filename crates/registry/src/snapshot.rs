use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mti_core::{AppChain, AppKey, AppTree, Code, Diagnostic, ElementName, suggest};
use mti_element::{
    AppView, Chain, Element, ElementDefinition, Fail, Failure, Kind, Live, MethodKind, Resources, Result,
};

use crate::home::Inputs;
use crate::initial_data::InitialData;
use crate::link::{Linking, deduplicate};
use crate::names::Names;
use crate::node::{Node, NodeState};
use crate::slot::Slot;

/// The app at one moment: every element of the app chain, resolved. It never changes; a reload makes another one.
#[derive(Clone)]
pub struct Snapshot {
    generation: u64,
    inputs: Arc<Inputs>,
    chain: AppChain,
    initial_data: InitialData,
    names: Arc<Names>,
    /// The places of the names that only other apps may ask for.
    invisible: Arc<[usize]>,
    /// By the index of the name's place. There are gaps: names that earlier snapshots had.
    nodes: Vec<Option<Arc<Node>>>,
    diagnostics: Vec<Diagnostic>,
    /// The elements that go on in their last good version, because what is on disk is broken.
    outdated: Vec<ElementName>,
    resources: Arc<Resources>,
}

static GENERATIONS: AtomicU64 = AtomicU64::new(1);

impl Snapshot {
    pub(crate) fn new(
        generation: u64,
        linking: Linking<'_>,
        chain: AppChain,
        initial_data: InitialData,
        linked: Vec<Arc<Node>>,
        diagnostics: Vec<Diagnostic>,
        outdated: Vec<ElementName>,
    ) -> Self {
        let Linking { inputs, resources, .. } = linking;
        let names = Arc::new(Names::new(linked.iter().map(|node| node.slot)));
        let invisible = linked.iter().filter(|node| node.invisible).map(|node| node.slot.index).collect();
        let length = linked.iter().map(|node| node.slot.index + 1).max().unwrap_or_default();
        let mut nodes = vec![None; length];
        for node in linked {
            if let Some(place) = nodes.get_mut(node.slot.index) {
                *place = Some(node);
            }
        }
        Self { generation, inputs, chain, initial_data, names, invisible, nodes, diagnostics, outdated, resources }
    }

    /// A next snapshot that is like this one.
    pub(crate) fn followed_by_itself(&self) -> Self {
        Self { generation: Self::next_generation(), ..self.clone() }
    }

    /// The generation of the next snapshot.
    pub(crate) fn next_generation() -> u64 {
        GENERATIONS.fetch_add(1, Ordering::Relaxed)
    }

    /// A number that no other snapshot of this process has; later snapshots have higher ones.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The running app and its parents, nearest first.
    pub fn chain(&self) -> &AppChain {
        &self.chain
    }

    /// What is wrong with the app's files, as far as it is known without loading an element.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// How many elements there are, quarantined ones included.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no element at all.
    pub fn is_empty(&self) -> bool {
        self.names.len() == 0
    }

    /// Whether a call of that function of that element would find code that answers it. Nothing is loaded.
    pub fn answers(&self, element: &str, function: &str) -> bool {
        let implementation = self.node(element).ok().and_then(|node| match &node.state {
            NodeState::Sound { chain, .. } => chain.implementations(function).next(),
            NodeState::Quarantined(_) => None,
        });
        implementation.is_some_and(|(_, method)| method.kind == MethodKind::Method)
    }

    /// The names of quarantined elements, in order.
    pub fn quarantined(&self) -> Vec<ElementName> {
        self.sorted(|node| node.quarantine().is_some())
    }

    /// The names of elements whose files are broken and whose last good version goes on, in order.
    pub fn outdated(&self) -> &[ElementName] {
        &self.outdated
    }

    /// Puts the last good version of an element back, because the new one does not load. Only for a snapshot that
    /// nobody else has seen yet.
    pub(crate) fn keep_outdated(&mut self, last_good: Arc<Node>, findings: &[Diagnostic]) {
        self.diagnostics.extend(findings.iter().cloned());
        deduplicate(&mut self.diagnostics);
        Diagnostic::sort(&mut self.diagnostics);
        self.outdated.push(last_good.name.clone());
        self.outdated.sort_unstable();
        self.outdated.dedup();
        if let Some(place) = self.nodes.get_mut(last_good.slot.index) {
            *place = Some(last_good);
        }
    }

    /// Whether the same is known to be wrong, and the same elements go on in their last good version.
    pub(crate) fn says_the_same_as(&self, other: &Self) -> bool {
        self.outdated == other.outdated && self.diagnostics == other.diagnostics
    }

    pub(crate) fn initial_data(&self) -> &InitialData {
        &self.initial_data
    }

    pub(crate) fn inputs(&self) -> &Arc<Inputs> {
        &self.inputs
    }

    pub(crate) fn table(&self) -> &Arc<Names> {
        &self.names
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Arc<Node>> {
        self.nodes.get(self.names.find(name)?.index)?.as_ref()
    }

    /// The node at a place, whatever has become of the name since a handle to it was taken.
    pub(crate) fn node_at(&self, slot: &Slot) -> Result<&Arc<Node>> {
        match self.nodes.get(slot.index) {
            Some(Some(node)) if !node.invisible => Ok(node),
            _ => self.node(slot.name.as_str()),
        }
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.nodes.iter().flatten()
    }

    /// The node of a name that may be asked for from outside, or the failure that says where it was looked for.
    pub(crate) fn node(&self, name: &str) -> Result<&Arc<Node>> {
        match self.find(name) {
            Some(node) if !node.invisible => Ok(node),
            Some(_) => Err(self.not_found(name, Some("it is `private` to the app that declares it"))),
            None => Err(self.not_found(name, None)),
        }
    }

    /// The levels that answer calls of an element; of a Type or Meta, those that it gives to its instances.
    pub(crate) fn levels(&self, name: &str) -> Result<Arc<Chain>> {
        let node = self.node(name)?;
        match &node.state {
            NodeState::Sound { chain, serving } => {
                Ok(Arc::clone(if node.kind == Kind::Instance { chain } else { serving }))
            }
            NodeState::Quarantined(_) => Err(node.quarantine_failure()),
        }
    }

    /// The default element of a kind, and the nearest app that says it.
    pub(crate) fn declared_default(&self, kind: &str) -> Option<(&AppTree, &str)> {
        self.chain.apps.iter().find_map(|app| Some((&**app, app.manifest.default_element(kind)?)))
    }

    pub(crate) fn sorted(&self, wanted: impl Fn(&Node) -> bool) -> Vec<ElementName> {
        let mut names: Vec<_> = self.nodes().filter(|node| wanted(node)).map(|node| node.name.clone()).collect();
        names.sort_unstable();
        names
    }

    /// Whoever asks may want to know only that the name is unknown. So similar names are looked for when the failure is shown.
    fn not_found(&self, name: &str, reason: Option<&'static str>) -> Failure {
        let apps: Vec<String> = self.chain.keys().map(ToString::to_string).collect();
        let (names, invisible, name) = (Arc::clone(&self.names), Arc::clone(&self.invisible), name.to_owned());
        Fail::ELEMENT_NOT_FOUND.explained_by(move || {
            let visible = names.iter().filter(|slot| !invisible.contains(&slot.index));
            let mut known: Vec<&str> = visible.map(|slot| slot.name.as_str()).collect();
            known.sort_unstable();
            unknown_name(&name, &apps, &known, reason)
        })
    }
}

/// What is said of a name that no element has.
fn unknown_name(name: &str, apps: &[String], known: &[&str], reason: Option<&str>) -> (String, Vec<Diagnostic>) {
    let nearest = suggest::nearest(name, known.iter().copied(), 3);
    let shown = name.escape_debug().take(200).collect::<String>();
    let mut message = format!("there is no element `{shown}` in {}", apps.join(", "));
    if let Some(reason) = reason {
        message.push_str(": ");
        message.push_str(reason);
    }
    let mut diagnostic = Diagnostic::new(Code::ElementNotFound, message.clone());
    if !nearest.is_empty() {
        let listed = nearest.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        message.push_str("; the nearest are ");
        message.push_str(&listed);
        diagnostic = diagnostic.with_help(format!("did you mean {listed}?"));
    }
    (message, vec![diagnostic])
}

impl AppView for Snapshot {
    fn key(&self) -> &AppKey {
        &self.inputs.running
    }

    fn contains(&self, name: &str) -> bool {
        self.find(name).is_some_and(|node| !node.invisible)
    }

    fn live(&self, name: &str) -> Result<Arc<Live>> {
        self.node(name)?.live()
    }

    fn element(&self, name: &str) -> Result<Element> {
        let node = self.node(name)?;
        node.live()?;
        node.slot.set_ready();
        Ok(Element::new(node.slot))
    }

    fn definition(&self, name: &str) -> Result<Arc<ElementDefinition>> {
        let node = self.node(name)?;
        if node.quarantine().is_some() { Err(node.quarantine_failure()) } else { node.definition() }
    }

    fn names(&self) -> Vec<ElementName> {
        self.sorted(|node| !node.invisible)
    }

    fn instances_of(&self, type_name: &str) -> Vec<ElementName> {
        self.sorted(|node| {
            node.kind == Kind::Instance
                && !node.invisible
                && node.ancestry().skip(1).any(|ancestor| ancestor.name.as_str() == type_name)
        })
    }

    fn default_element(&self, kind: &str) -> Option<&str> {
        self.declared_default(kind).map(|(_, name)| name)
    }

    fn environment(&self) -> &BTreeMap<String, String> {
        &self.inputs.environment
    }

    fn resources(&self) -> &Resources {
        &self.resources
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Snapshot")
            .field("generation", &self.generation)
            .field("app", self.key())
            .field("elements", &self.names.len())
            .finish_non_exhaustive()
    }
}
