use mti_core::Diagnostic;

/// Another element that a level cannot do without. An element with a need that is not met loads all the same, and
/// `check` reports it: others can meet it, or cease to, without any change to the element.
#[derive(Debug, Clone)]
pub struct Need {
    /// Which element.
    pub element: NeededElement,
    /// The Meta or the Type that it has to be of.
    pub family: &'static str,
    pub(crate) finding: Diagnostic,
}

/// How a level says which element it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NeededElement {
    /// By its full name.
    Named(String),
    /// As the apps' default element of a kind, such as `defaultDatabase`.
    Default(&'static str),
}

impl Need {
    /// The finding that it is not met, where the element that has the need is declared.
    #[must_use]
    pub fn unmet(&self, message: String) -> Diagnostic {
        Diagnostic { message, ..self.finding.clone() }
    }
}
