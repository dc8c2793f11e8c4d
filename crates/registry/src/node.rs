use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use mti_core::json::Pointer;
use mti_core::merge::MergeRules;
use mti_core::{Code, Diagnostic, Discovered, ElementName};
use mti_element::{Chain, ElementDefinition, Fail, Failure, InitialRow, Kind, Live, Result};
use once_cell::sync::OnceCell;

use crate::define::{define, definitions};
use crate::home::Inputs;
use crate::slot::Slot;

/// One element of a snapshot: what link found out about it, and its live object once somebody asked for it.
///
/// A node that a reload does not change is shared by the snapshots before and after, with its live object.
pub(crate) struct Node {
    pub(crate) slot: &'static Slot,
    linked: Linked,
    /// The generation of the first snapshot that had it.
    generation: u64,
    definition: OnceCell<Arc<ElementDefinition>>,
    live: OnceCell<Arc<Live>>,
}

/// What link found out about an element.
pub(crate) struct Linked {
    pub(crate) name: ElementName,
    pub(crate) kind: Kind,
    /// The definitions of that name, nearest first, down to the one that cuts off the rest.
    pub(crate) layers: Box<[Discovered]>,
    /// The definitions that an `"override": "replace"` cut off.
    pub(crate) hidden: Box<[Discovered]>,
    /// The element that its `type` names.
    pub(crate) parent: Option<Arc<Node>>,
    /// Whether only the app that declares it may ask for it, and that app is not the running one.
    pub(crate) invisible: bool,
    /// The rows that the apps give it to begin with.
    pub(crate) initial_rows: Arc<[InitialRow]>,
    /// What keeps those rows from being known.
    pub(crate) initial_rows_findings: Arc<[Diagnostic]>,
    pub(crate) state: NodeState,
    /// How the lists of its config merge, and of the configs of those that are of it.
    pub(crate) merge_rules: Arc<MergeRules>,
    /// What it is made of besides its files.
    pub(crate) inputs: Arc<Inputs>,
}

/// Whether an element can be used.
pub(crate) enum NodeState {
    /// It can.
    Sound {
        /// Its own levels of code.
        chain: Arc<Chain>,
        /// The levels that it gives to elements whose `type` it is.
        serving: Arc<Chain>,
    },
    /// It cannot, and neither can what needs it.
    Quarantined(Arc<[Diagnostic]>),
}

impl Deref for Node {
    type Target = Linked;

    fn deref(&self) -> &Linked {
        &self.linked
    }
}

impl Node {
    pub(crate) fn new(linked: Linked, slot: &'static Slot, generation: u64) -> Self {
        Self { slot, linked, generation, definition: OnceCell::new(), live: OnceCell::new() }
    }

    /// Whether the same definitions, by the same type chain and the same environment, make it.
    pub(crate) fn is_made_of(&self, linked: &Linked) -> bool {
        let same_parent = match (&self.parent, &linked.parent) {
            (Some(parent), Some(other)) => Arc::ptr_eq(parent, other),
            (None, None) => true,
            _ => false,
        };
        same_parent
            && self.kind == linked.kind
            && self.invisible == linked.invisible
            && Arc::ptr_eq(&self.inputs, &linked.inputs)
            && same_definitions(&self.layers, &linked.layers)
            && same_definitions(&self.hidden, &linked.hidden)
            && same_levels(&self.state, &linked.state)
            && self.initial_rows == linked.initial_rows
            && self.initial_rows_findings == linked.initial_rows_findings
    }

    /// Whether the element can be used.
    pub(crate) fn is_sound(&self) -> bool {
        matches!(self.state, NodeState::Sound { .. })
    }

    /// The element and its type chain, nearest first.
    pub(crate) fn ancestry(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |node| node.parent.as_deref())
    }

    /// The merged definition, made when it is asked for first. A failure is not kept.
    pub(crate) fn definition(&self) -> Result<Arc<ElementDefinition>> {
        self.definition
            .get_or_try_init(|| {
                define(self).map(Arc::new).map_err(|diagnostics| {
                    let message = format!("`{}` has a config that cannot be used", self.name);
                    Fail::ELEMENT_EXCEPTION.because(message).diagnosed(diagnostics)
                })
            })
            .cloned()
    }

    /// The live object, loaded by whoever asks first. Whoever asks meanwhile waits for that one load; a failed
    /// load is not kept, so that the next call tries again.
    pub(crate) fn live(&self) -> Result<Arc<Live>> {
        self.live
            .get_or_try_init(|| {
                let NodeState::Sound { chain, .. } = &self.state else { return Err(self.quarantine_failure()) };
                let home = self.slot.home()?;
                let definition = self.definition()?;
                let opened = Live::open(definition, Arc::clone(chain), home.resources(), self.generation);
                opened.map(Arc::new).inspect_err(|failure| {
                    tracing::debug!(element = %self.name, "loading failed: {}", failure.operator_message());
                })
            })
            .cloned()
    }

    /// The live object, if it was loaded.
    pub(crate) fn loaded(&self) -> Option<&Arc<Live>> {
        self.live.get()
    }

    /// Takes over the live object, and with it identity and state, of an element that is made of the same.
    pub(crate) fn adopt(&self, live: Arc<Live>) {
        // Nobody else has seen this node yet, so there is no other live object.
        let adopted = self.live.set(live).is_ok();
        debug_assert!(adopted, "a node that is being linked has no live object");
    }

    /// What a failed load says, as findings at a place.
    pub(crate) fn findings_of(&self, failure: &Failure) -> Vec<Diagnostic> {
        if !failure.diagnostics().is_empty() {
            return failure.diagnostics().to_vec();
        }
        let finding = Diagnostic::new(Code::LoaderFailed, failure.operator_message()).with_element(self.name.clone());
        vec![match definitions(&self.layers).next() {
            Some(definition) => finding
                .with_app(definition.app.id.clone())
                .with_location(definition.location(&Pointer::ROOT.key("type"))),
            None => finding,
        }]
    }

    /// What is wrong with it, if it is quarantined.
    pub(crate) fn quarantine(&self) -> Option<&[Diagnostic]> {
        match &self.state {
            NodeState::Sound { .. } => None,
            NodeState::Quarantined(diagnostics) => Some(diagnostics),
        }
    }

    /// Of a quarantined element, the one that has to be mended: itself, or the one of its type chain that it suffers from.
    pub(crate) fn cause_of_quarantine(&self) -> Option<&Self> {
        let suffers = |node: &Self| {
            let mut errors = node.quarantine().unwrap_or_default().iter().filter(|finding| finding.is_error());
            errors.all(|finding| finding.code == Code::QuarantinedDependency)
        };
        let mut quarantined = self.ancestry().take_while(|node| node.quarantine().is_some()).peekable();
        let first = *quarantined.peek()?;
        quarantined.find(|node| !suffers(node)).or(Some(first))
    }

    pub(crate) fn quarantine_failure(&self) -> Failure {
        let diagnostics = self.quarantine().unwrap_or_default().to_vec();
        Fail::ELEMENT_EXCEPTION.because(format!("`{}` is quarantined", self.name)).diagnosed(diagnostics)
    }
}

/// Whether the same code answers. That of levels in Rust never changes, that of other languages does.
fn same_levels(left: &NodeState, right: &NodeState) -> bool {
    let levels = |state: &NodeState| match state {
        NodeState::Sound { chain, serving } => [chain, serving].map(Arc::clone).to_vec(),
        NodeState::Quarantined(_) => Vec::new(),
    };
    levels(left).iter().zip(&levels(right)).all(|(left, right)| {
        Arc::ptr_eq(left, right)
            || left.levels().len() == right.levels().len()
                && left.levels().iter().zip(right.levels()).all(|(left, right)| Arc::ptr_eq(&left.code, &right.code))
    })
}

/// Whether two lists hold the same definitions. Discovery shares what it did not have to read again.
fn same_definitions(left: &[Discovered], right: &[Discovered]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|(left, right)| match (left.definition(), right.definition()) {
            (Some(left), Some(right)) => Arc::ptr_eq(left, right) || left == right,
            _ => false,
        })
}

impl fmt::Debug for Node {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Node").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}
