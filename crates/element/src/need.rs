use std::fmt;
use std::sync::Arc;

use mti_core::json::Pointer;
use mti_core::{Code, Diagnostic};

use crate::ElementDefinition;

/// Another element that a level cannot do without. An element with a need that is not met loads all the same, and
/// `check` reports it: others can meet it, or cease to, without any change to the element.
#[derive(Debug, Clone)]
pub struct Need {
    /// Which element.
    pub element: NeededElement,
    /// The Meta or the Type that it has to be of.
    pub family: &'static str,
    /// What it has to be like besides.
    pub(crate) expectation: Option<Arc<dyn Expectation>>,
    pub(crate) finding: Diagnostic,
}

/// How a level says which element it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NeededElement {
    /// By its full name.
    Named(String),
    /// As the apps' default element of a kind, such as `defaultDatabase`.
    Default {
        /// The kind.
        kind: &'static str,
        /// The name that it has where no app says otherwise. There may be no such element.
        otherwise: &'static str,
    },
}

/// What a level counts on in the definition of an element that it needs, such as the fields of a model.
pub trait Expectation: fmt::Debug + Send + Sync {
    /// In what the definition, overrides merged, falls short of it.
    fn shortcomings(&self, definition: &ElementDefinition) -> Vec<Shortcoming>;
}

/// What a definition lacks that another element counts on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shortcoming {
    /// Which kind of finding.
    pub code: Code,
    /// The place in the config; where it is missing, what should hold it.
    pub pointer: Pointer,
    /// What is wrong, as the main clause of a sentence: "`hr.Staff` has no field `email`".
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Need {
    /// The finding that it is not met, where the element that has the need is declared.
    #[must_use]
    pub fn unmet(&self, message: String) -> Diagnostic {
        Diagnostic { message, ..self.finding.clone() }
    }

    /// In what the definition of the needed element falls short of what the level counts on.
    pub fn shortcomings(&self, definition: &ElementDefinition) -> Vec<Shortcoming> {
        self.expectation.as_ref().map(|expectation| expectation.shortcomings(definition)).unwrap_or_default()
    }
}
