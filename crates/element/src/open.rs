use std::cell::RefCell;
use std::sync::Arc;

use mti_core::json::Pointer;
use mti_core::merge::Layered;
use mti_core::{Code, Diagnostic};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::payload::requirement;
use crate::{ChainLevel, ElementDefinition, Fail, Failure, Resources, Result};

/// What a level is opened with: definitions and config, and nothing that could block.
#[derive(Debug)]
pub struct OpenContext<'a> {
    definition: &'a Arc<ElementDefinition>,
    level: &'a ChainLevel,
    resources: &'a Resources,
    warnings: &'a RefCell<Vec<Diagnostic>>,
}

impl<'a> OpenContext<'a> {
    pub(crate) fn new(
        definition: &'a Arc<ElementDefinition>,
        level: &'a ChainLevel,
        resources: &'a Resources,
        warnings: &'a RefCell<Vec<Diagnostic>>,
    ) -> Self {
        Self { definition, level, resources, warnings }
    }

    /// The merged definition of the element that is loaded.
    pub fn definition(&self) -> &'a Arc<ElementDefinition> {
        self.definition
    }

    /// The level itself: which definition in which app declares it.
    pub fn level(&self) -> &'a ChainLevel {
        self.level
    }

    /// What the whole process shares.
    pub fn resources(&self) -> &'a Resources {
        self.resources
    }

    /// A key of the merged `e.json`.
    pub fn manifest_value(&self, key: &str) -> Option<&'a Value> {
        self.definition.manifest_value(key)
    }

    /// The element's business config, as this level reads it. Each level reads its own part; keys that it does
    /// not know are another level's.
    pub fn config<T: DeserializeOwned>(&self) -> Result<T> {
        serde_path_to_error::deserialize(self.definition.config.value()).map_err(|error| {
            // Serde quotes the value, which may be a secret: only what it expected is shown.
            let expected = requirement(&error.inner().to_string());
            let message = match error.path().to_string().as_str() {
                "." => format!("the config {expected}"),
                path => format!("`{path}` in the config {expected}"),
            };
            self.config_problem(Code::ConfigWrongType, &pointer_of(error.path()), message)
        })
    }

    /// The failure of an element whose config cannot work, at a place in its config (`/authConfig/appId`).
    /// The place need not exist: a missing key is shown at what should hold it.
    pub fn config_problem(&self, code: Code, pointer: &str, message: impl Into<String>) -> Failure {
        failed(self.finding(&self.definition.config, code, pointer, message))
    }

    /// As [`config_problem`](Self::config_problem), at a place in the `e.json` (`/appSecret`).
    pub fn manifest_problem(&self, code: Code, pointer: &str, message: impl Into<String>) -> Failure {
        failed(self.finding(&self.definition.manifest, code, pointer, message))
    }

    /// Reports something about the config that is probably not meant. The element loads all the same.
    pub fn warn(&self, code: Code, pointer: &str, message: impl Into<String>) {
        self.report(self.finding(&self.definition.config, code, pointer, message));
    }

    /// As [`warn`](Self::warn), at a place in the `e.json`.
    pub fn manifest_warn(&self, code: Code, pointer: &str, message: impl Into<String>) {
        self.report(self.finding(&self.definition.manifest, code, pointer, message));
    }

    fn report(&self, finding: Diagnostic) {
        tracing::warn!(element = %self.definition.name, code = finding.code.id(), "{}", finding.message);
        self.warnings.borrow_mut().push(finding);
    }

    /// A finding at a place in a document, or at what should hold the place; where nothing does, at the `type`.
    fn finding(&self, document: &Layered, code: Code, pointer: &str, message: impl Into<String>) -> Diagnostic {
        let origin = ancestors(pointer)
            .filter_map(Pointer::parse)
            .filter_map(|pointer| document.origin(&pointer))
            // What the process adds is in no file that somebody could mend.
            .find(|origin| origin.location.line.is_some())
            .or_else(|| self.definition.manifest.origin(&Pointer::ROOT.key("type")));
        let finding =
            Diagnostic::new(code, message).with_element(self.definition.name.clone()).with_help(code.explanation());
        match origin {
            Some(origin) => finding.with_app(origin.app.id.clone()).with_location(origin.location),
            None => finding,
        }
    }
}

fn failed(finding: Diagnostic) -> Failure {
    Fail::ELEMENT_EXCEPTION.failure().diagnosed(vec![finding])
}

/// A pointer and what holds it, innermost first: `/a/b`, `/a`, and the document.
fn ancestors(pointer: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(pointer), |pointer| pointer.rsplit_once('/').map(|(parent, _)| parent))
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        pointer.push('/');
        match segment {
            Segment::Seq { index } => pointer.push_str(&index.to_string()),
            Segment::Map { key } => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => pointer.push_str(variant),
            Segment::Unknown => {}
        }
    }
    pointer
}
