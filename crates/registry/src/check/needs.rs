//! What elements need of other elements.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mti_core::json::Pointer;
use mti_core::merge::Origin;
use mti_core::{Diagnostic, ElementName};
use mti_element::{AppView as _, ElementDefinition, Kind, Live, Need, NeededElement, Shortcoming};

use crate::snapshot::Snapshot;

/// How many of the elements with the same need are named.
const MOST_NAMED: usize = 3;

/// The live objects whose needs are looked at.
#[derive(Default)]
pub(super) struct Needs(Vec<Arc<Live>>);

impl Needs {
    /// Adds what an instance needs.
    pub(super) fn extend_from(&mut self, live: Arc<Live>) {
        self.0.push(live);
    }

    /// The needs that are not met. What several elements miss in one place is one finding.
    pub(super) fn unmet(&self, snapshot: &Snapshot) -> Vec<Diagnostic> {
        let mut findings = Vec::new();
        let mut missed: BTreeMap<(ElementName, Shortcoming), BTreeSet<&ElementName>> = BTreeMap::new();
        for live in &self.0 {
            for need in live.needs() {
                match needed(snapshot, need) {
                    Needed::Absent(finding) => findings.push(*finding),
                    Needed::Unknown => {}
                    Needed::Found(definition) => {
                        for shortcoming in need.shortcomings(&definition) {
                            missed.entry((definition.name.clone(), shortcoming)).or_default().insert(live.name());
                        }
                    }
                }
            }
        }
        let located = missed.into_iter().filter_map(|((name, shortcoming), by)| {
            let definition = snapshot.definition(name.as_str()).ok()?;
            Some(missed_by(&definition, shortcoming, &by))
        });
        findings.extend(located);
        findings
    }
}

/// What of the needs of one live object is not met in a snapshot.
pub(crate) fn unmet_needs(live: &Live, snapshot: &Snapshot) -> Vec<UnmetNeed> {
    let unmet = live.needs().iter().filter_map(|need| {
        let findings = match needed(snapshot, need) {
            Needed::Absent(finding) => vec![*finding],
            Needed::Unknown => Vec::new(),
            Needed::Found(definition) => {
                let by = BTreeSet::from([live.name()]);
                let shortcomings = need.shortcomings(&definition).into_iter();
                shortcomings.map(|shortcoming| missed_by(&definition, shortcoming, &by)).collect()
            }
        };
        let is_met = findings.is_empty();
        (!is_met).then(|| UnmetNeed { element: need.element.clone(), family: need.family, findings })
    });
    unmet.collect()
}

/// A need that a snapshot does not meet.
#[derive(Debug)]
pub(crate) struct UnmetNeed {
    element: NeededElement,
    family: &'static str,
    /// What is said of it.
    pub(crate) findings: Vec<Diagnostic>,
}

impl UnmetNeed {
    /// Whether it is the same need, of the same element in another snapshot.
    pub(crate) fn is_of_the_same(&self, other: &Self) -> bool {
        self.element == other.element && self.family == other.family
    }

    /// The name of the element that is needed, in a snapshot.
    pub(crate) fn name_in<'a>(&'a self, snapshot: &'a Snapshot) -> Option<&'a str> {
        name_of(&self.element, snapshot)
    }
}

/// What became of a need.
enum Needed {
    /// The element is there, and is of the right family.
    Found(Arc<ElementDefinition>),
    /// It is not.
    Absent(Box<Diagnostic>),
    /// No element is named, or one is with findings of its own.
    Unknown,
}

fn needed(snapshot: &Snapshot, need: &Need) -> Needed {
    let Some(name) = name_of(&need.element, snapshot) else { return Needed::Unknown };
    let (problem, help) = match snapshot.definition(name) {
        Ok(definition) => match unsuited(&definition, need.family) {
            Some(problem) => (problem, None),
            None => return Needed::Found(definition),
        },
        // Whatever is wrong with an element that is there is reported for itself.
        Err(_) if snapshot.contains(name) => return Needed::Unknown,
        Err(failure) => {
            let help = failure.diagnostics().first().and_then(|finding| finding.help.clone());
            (format!("there is no element `{name}`"), help)
        }
    };
    let finding = need.unmet(problem);
    let finding = match help {
        Some(help) => finding.with_help(help),
        None => finding,
    };
    let NeededElement::Default { kind, .. } = &need.element else { return Needed::Absent(Box::new(finding)) };
    // One finding, whoever has the need.
    let finding = Diagnostic { element: None, ..finding };
    match (snapshot.declared_default(kind), snapshot.definition(name)) {
        (Some((app, _)), _) => Needed::Absent(Box::new(
            finding.with_app(app.key().id.clone()).with_location(app.manifest.default_element_location(kind)),
        )),
        (None, Ok(definition)) => {
            let finding = finding.with_element(definition.name.clone());
            Needed::Absent(Box::new(match origin_of(&definition, &Pointer::ROOT) {
                Some(origin) => finding.with_app(origin.app.id.clone()).with_location(origin.location),
                None => finding,
            }))
        }
        // Something that is no element may stand in for it.
        (None, Err(_)) => Needed::Unknown,
    }
}

/// The name of a needed element in a snapshot.
fn name_of<'a>(element: &'a NeededElement, snapshot: &'a Snapshot) -> Option<&'a str> {
    match element {
        NeededElement::Named(name) => Some(name),
        NeededElement::Default { kind, otherwise } => Some(snapshot.default_element(kind).unwrap_or(otherwise)),
        _ => None,
    }
}

/// Why an element cannot be what somebody needs of a family.
fn unsuited(definition: &ElementDefinition, family: &str) -> Option<String> {
    if !definition.is_a(family) {
        Some(format!("`{}` is no element of `{family}`", definition.name))
    } else if definition.kind == Kind::Instance {
        None
    } else {
        Some(format!("`{}` is no instance of `{family}`: only instances are called", definition.name))
    }
}

/// The finding that a definition lacks what others need, at the layer that decides it.
fn missed_by(definition: &ElementDefinition, shortcoming: Shortcoming, by: &BTreeSet<&ElementName>) -> Diagnostic {
    let mut named: Vec<String> = by.iter().take(MOST_NAMED).map(|name| format!("`{name}`")).collect();
    if by.len() > MOST_NAMED {
        named.push(format!("{} more", by.len() - MOST_NAMED));
    }
    let (last, others) = named.split_last().map_or(("", [].as_slice()), |(last, others)| (last.as_str(), others));
    let subject = if others.is_empty() { last.to_owned() } else { format!("{} and {last}", others.join(", ")) };
    let verb = if by.len() == 1 { "needs" } else { "need" };
    let finding = Diagnostic::new(shortcoming.code, format!("{}; {subject} {verb} it", shortcoming.message))
        .with_element(definition.name.clone())
        .with_help(shortcoming.help);
    match origin_of(definition, &shortcoming.pointer) {
        Some(origin) => finding.with_app(origin.app.id.clone()).with_location(origin.location),
        None => finding,
    }
}

/// Where the config has the place, or what should hold it; the `type` of an element without a config.
fn origin_of(definition: &ElementDefinition, place: &Pointer) -> Option<Origin> {
    let holders = std::iter::successors(Some(place.as_str()), |place| place.rsplit_once('/').map(|(holder, _)| holder));
    let mut origins = holders.filter_map(Pointer::parse).filter_map(|place| definition.config.origin(&place));
    origins.next().or_else(|| definition.manifest.origin(&Pointer::ROOT.key("type")))
}
