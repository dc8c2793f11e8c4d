use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::thread;

use mti_core::json::Pointer;
use mti_core::merge::MergeRules;
use mti_core::{Code, Diagnostic, Discovered, ElementName};
use mti_element::{Chain, ElementDefinition, Fail, Failure, InitialRow, Kind, Live, Result};
use once_cell::sync::OnceCell;
use serde_json::Value;

use crate::check::unmet_needs;
use crate::define::{define, definitions};
use crate::home::{Home, Inputs};
use crate::last_good::{Earlier, publish_last_good};
use crate::live_cell::LiveCell;
use crate::slot::Slot;

/// The keys of an `e.json` that live objects are not made of: a change to them re-makes nothing.
const SURFACE: [&str; 6] = ["title", "description", "icon", "tag", "functionList", "accessModifier"];

/// One element of a snapshot: what link found out about it, and its live object once somebody asked for it.
///
/// A node that a reload does not change is shared by the snapshots before and after. Two nodes that differ only in what
/// live objects are not made of, such as a title, share the cell of the live object.
pub(crate) struct Node {
    pub(crate) slot: &'static Slot,
    linked: Linked,
    definition: OnceCell<Arc<ElementDefinition>>,
    cell: Arc<LiveCell>,
    earlier: Earlier,
}

/// What link found out about an element.
#[derive(Clone)]
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
#[derive(Clone)]
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
    /// A node of a new snapshot. It shares the cell of the node before it if live objects of both are made of the same.
    pub(crate) fn new(linked: Linked, slot: &'static Slot, generation: u64, before: Option<&Self>) -> Self {
        let cell = Arc::new(LiveCell::new(generation));
        let mut node = Self { slot, linked, definition: OnceCell::new(), cell, earlier: Earlier::default() };
        if let Some(before) = before.filter(|before| before.makes_the_same_as(&node)) {
            node.cell = Arc::clone(&before.cell);
        }
        node
    }

    /// Whether a live object would come out the same: same levels, same config, same keys of its Type.
    fn makes_the_same_as(&self, other: &Self) -> bool {
        let (NodeState::Sound { chain: own, .. }, NodeState::Sound { chain: others, .. }) = (&self.state, &other.state)
        else {
            return false;
        };
        let same_levels = own.levels().len() == others.levels().len()
            && own.levels().iter().zip(others.levels()).all(|(own, other)| {
                own.element == other.element && own.app == other.app && Arc::ptr_eq(&own.code, &other.code)
            });
        if !same_levels {
            return false;
        }
        let (Ok(own), Ok(others)) = (self.definition(), other.definition()) else { return false };
        own.types == others.types
            && own.config.value() == others.config.value()
            && own.initial_rows == others.initial_rows
            && own.initial_rows_findings == others.initial_rows_findings
            && inner(&own).eq(inner(&others))
    }

    /// Whether both nodes have one live object.
    pub(crate) fn shares_its_live_object_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.cell, &other.cell)
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

    /// The live object, loaded by the first caller: see [`LiveCell::get_or_load`]. Once nobody uses the object any more,
    /// because a reload replaced or removed the element, it retires.
    ///
    /// If this version cannot be used and one before it can, that one goes on, and the app says so.
    pub(crate) fn live(&self) -> Result<Arc<Live>> {
        self.live_in(&self.cell)
    }

    /// The live object in that cell, which is of an element made of the same.
    pub(crate) fn live_in(&self, cell: &LiveCell) -> Result<Arc<Live>> {
        Live::while_none_is_opening(&self.name)?;
        cell.get_or_load(&self.name, || {
            let home = self.slot.home()?;
            let failure = match self.load(&home) {
                Ok(live) => {
                    self.earlier.forget();
                    return Ok(live);
                }
                Err(failure) => failure,
            };
            let Some((last_good, live)) = self.earlier.last_good() else { return Err(failure) };
            self.earlier.forget();
            let (cell, findings) = (Arc::clone(&self.cell), self.findings_of(&failure));
            let publish = move || publish_last_good(&home, &cell, last_good, &findings);
            // Without a thread the version goes on all the same: the next reload says so.
            let _thread = thread::Builder::new().name("mti-last-good".to_owned()).spawn(publish);
            Ok(live)
        })
    }

    /// Loads this version. Where there is one to go back to, it has to have what it needs as well.
    fn load(&self, home: &Arc<Home>) -> Result<Arc<Live>> {
        let live = self.open()?;
        if !self.earlier.is_empty() {
            let unmet: Vec<_> =
                unmet_needs(&live, &home.snapshot()).into_iter().flat_map(|need| need.findings).collect();
            if !unmet.is_empty() {
                return Err(Fail::ELEMENT_EXCEPTION.failure().diagnosed(unmet));
            }
        }
        let home = Arc::downgrade(home);
        // An app that was dropped retires nothing: whoever held it has ended.
        live.retire_to(move |retired| {
            if let Some(home) = home.upgrade() {
                home.retirement().take_in(retired);
            }
        });
        Ok(Arc::new(live))
    }

    /// Keeps an earlier version that was not used either, in case the edit of the element's files that lies between them
    /// turns out not to work.
    pub(crate) fn succeed(&self, last: &Arc<Self>) {
        if std::ptr::eq(self, Arc::as_ptr(last)) {
            return;
        }
        if same_definitions(&self.layers, &last.layers) {
            self.earlier.take_over(last);
        } else if last.is_sound() {
            self.earlier.follow(last);
        }
    }

    pub(crate) fn earlier(&self) -> &Earlier {
        &self.earlier
    }

    /// The same with a cell of its own.
    pub(crate) fn twin(&self) -> Self {
        Self {
            slot: self.slot,
            linked: self.linked.clone(),
            definition: self.definition.clone(),
            cell: Arc::new(LiveCell::new(self.cell.generation())),
            earlier: Earlier::default(),
        }
    }

    /// Has the live object of an element made of the same.
    pub(crate) fn adopt(&self, live: Arc<Live>) -> Result<Arc<Live>> {
        self.cell.get_or_load(&self.name, || Ok(live))
    }

    pub(crate) fn cell(&self) -> &Arc<LiveCell> {
        &self.cell
    }

    /// The live object if it was loaded, else one that is opened only to be looked at and is kept by nobody.
    pub(crate) fn live_or_scratch(&self) -> Result<Arc<Live>> {
        match self.loaded() {
            Some(live) => Ok(Arc::clone(live)),
            None => self.open().map(Arc::new),
        }
    }

    fn open(&self) -> Result<Live> {
        let NodeState::Sound { chain, .. } = &self.state else { return Err(self.quarantine_failure()) };
        let home = self.slot.home()?;
        let opened = Live::open(self.definition()?, Arc::clone(chain), home.resources(), self.cell.generation());
        opened.inspect_err(|failure| {
            tracing::debug!(element = %self.name, "loading failed: {}", failure.operator_message());
        })
    }

    /// The live object, if it was loaded.
    pub(crate) fn loaded(&self) -> Option<&Arc<Live>> {
        self.cell.loaded()
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

/// The part of a merged `e.json` that live objects are made of.
fn inner(definition: &ElementDefinition) -> impl Iterator<Item = (&String, &Value)> {
    let members = definition.manifest.value().as_object().into_iter().flatten();
    members.filter(|(key, _)| !SURFACE.contains(&key.as_str()))
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
