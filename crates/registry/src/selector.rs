use std::collections::BTreeSet;

use mti_core::ElementName;
use mti_element::{AppView, Fail, Result};
use serde_json::Value;

use crate::node::Node;
use crate::snapshot::Snapshot;

/// Which elements are meant:
///
/// | selector | elements |
/// | --- | --- |
/// | `models.User` | the one of that name |
/// | `.models.NormalType` | those whose type chain holds that name |
/// | `#title=User` | those with that value in their `e.json` (also `!=`, `>`, `<`) |
/// | `*models.User` | the type chain of that element |
/// | `models.NormalType*` | all elements below that name: those whose type chain holds it, and those inside its directory |
/// | `a:b` | those of `a` that `b` selects too |
/// | `a,b` | those of `a` and those of `b` |
#[derive(Debug)]
pub struct Selector {
    alternatives: Vec<Vec<Term>>,
}

#[derive(Debug)]
enum Term {
    Name(String),
    OfType(String),
    Attribute { key: String, comparison: Comparison, value: String },
    AncestorsOf(String),
    Below(String),
}

#[derive(Debug, Clone, Copy)]
enum Comparison {
    Equal,
    NotEqual,
    Greater,
    Less,
}

impl Selector {
    /// Reads a selector.
    pub fn parse(text: &str) -> Result<Self> {
        let alternatives = text
            .split(',')
            .map(|alternative| alternative.split(':').map(|term| Term::parse(term.trim())).collect())
            .collect::<Result<_>>()?;
        Ok(Self { alternatives })
    }

    /// The elements that are meant, in order of their names. Nothing is loaded.
    pub fn select(&self, snapshot: &Snapshot) -> BTreeSet<ElementName> {
        let visible = || snapshot.nodes().filter(|node| !node.invisible && node.quarantine().is_none());
        self.alternatives
            .iter()
            .flat_map(|terms| visible().filter(move |node| terms.iter().all(|term| term.matches(node, snapshot))))
            .map(|node| node.name.clone())
            .collect()
    }
}

impl Term {
    fn parse(text: &str) -> Result<Self> {
        if let Some(attribute) = text.strip_prefix('#') {
            return Self::parse_attribute(attribute).ok_or_else(|| {
                Fail::API_PARAMS_ERROR
                    .because(format!("`{text}` is no selector: an attribute is compared with `=`, `!=`, `>` or `<`"))
            });
        }
        let (name, term): (&str, fn(String) -> Self) = if let Some(name) = text.strip_prefix('.') {
            (name, Self::OfType)
        } else if let Some(name) = text.strip_prefix('*') {
            (name, Self::AncestorsOf)
        } else if let Some(name) = text.strip_suffix('*') {
            (name, Self::Below)
        } else {
            (text, Self::Name)
        };
        match ElementName::parse(name) {
            Ok(name) => Ok(term(name.to_string())),
            Err(error) => {
                Err(Fail::API_PARAMS_ERROR.because(format!("`{}` is no selector: {error}", text.escape_debug())))
            }
        }
    }

    fn parse_attribute(text: &str) -> Option<Self> {
        let at = text.find(['=', '!', '>', '<'])?;
        let (key, rest) = text.split_at(at);
        let (comparison, value) = [
            ("!=", Comparison::NotEqual),
            ("=", Comparison::Equal),
            (">", Comparison::Greater),
            ("<", Comparison::Less),
        ]
        .into_iter()
        .find_map(|(sign, comparison)| Some((comparison, rest.strip_prefix(sign)?)))?;
        let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
        (!key.is_empty()).then_some(Self::Attribute { key, comparison, value })
    }

    fn matches(&self, node: &Node, snapshot: &Snapshot) -> bool {
        let has_ancestor = |name: &str| node.ancestry().skip(1).any(|ancestor| ancestor.name.as_str() == name);
        match self {
            Self::Name(name) => node.name.as_str() == name,
            Self::OfType(name) => has_ancestor(name),
            Self::Below(name) => {
                let inside = node.name.as_str().strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.'));
                inside || has_ancestor(name)
            }
            Self::AncestorsOf(name) => snapshot
                .find(name)
                .is_some_and(|start| start.ancestry().skip(1).any(|ancestor| ancestor.name == node.name)),
            Self::Attribute { key, comparison, value } => {
                let Ok(definition) = snapshot.definition(node.name.as_str()) else { return false };
                let found = match key.as_str() {
                    "fullName" => Some(Value::from(node.name.as_str())),
                    _ => definition.manifest_value(key).cloned(),
                };
                comparison.holds(found.as_ref(), value)
            }
        }
    }
}

impl Comparison {
    /// Compares as numbers where both are numbers, else as text. An absent attribute is unequal to everything.
    fn holds(self, found: Option<&Value>, wanted: &str) -> bool {
        let Some(found) = found else { return matches!(self, Self::NotEqual) };
        let ordering = match (found.as_f64(), wanted.parse::<f64>()) {
            (Some(found), Ok(wanted)) => found.partial_cmp(&wanted),
            _ => match found {
                Value::String(text) => Some(text.as_str().cmp(wanted)),
                other => Some(other.to_string().as_str().cmp(wanted)),
            },
        };
        match self {
            Self::Equal => ordering.is_some_and(std::cmp::Ordering::is_eq),
            Self::NotEqual => !ordering.is_some_and(std::cmp::Ordering::is_eq),
            Self::Greater => ordering.is_some_and(std::cmp::Ordering::is_gt),
            Self::Less => ordering.is_some_and(std::cmp::Ordering::is_lt),
        }
    }
}
