use std::cell::RefCell;
use std::sync::Arc;

use mti_core::json::Pointer;
use mti_core::merge::Layered;
use mti_core::placeholder::substitute;
use mti_core::{Code, Diagnostic, suggest};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config_problems::{self, ConfigProblem, Wrong};
use crate::{
    ChainLevel, ElementDefinition, Expectation, Fail, Failure, InitialRow, Need, NeededElement, Resources, Result,
};

/// What a level is opened with: definitions and config, and nothing that could block.
#[derive(Debug)]
pub struct OpenContext<'a> {
    definition: &'a Arc<ElementDefinition>,
    level: &'a ChainLevel,
    resources: &'a Resources,
    generation: u64,
    remarks: &'a RefCell<Remarks>,
}

/// What levels say of themselves while they are opened.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    pub(crate) warnings: Vec<Diagnostic>,
    pub(crate) needs: Vec<Need>,
    pub(crate) takes_initial_rows: bool,
}

impl<'a> OpenContext<'a> {
    pub(crate) fn new(
        definition: &'a Arc<ElementDefinition>,
        level: &'a ChainLevel,
        resources: &'a Resources,
        generation: u64,
        remarks: &'a RefCell<Remarks>,
    ) -> Self {
        Self { definition, level, resources, generation, remarks }
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

    /// The generation of the snapshot that first had the element as it is opened now. It grows within a process, so of
    /// two versions of an element it tells the newer one, whichever is opened first.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// A key of the merged `e.json`.
    pub fn manifest_value(&self, key: &str) -> Option<&'a Value> {
        self.definition.manifest_value(key)
    }

    /// The element's business config, as this level reads it. Each level reads its own part; keys that it does
    /// not know are another level's.
    pub fn config<T: DeserializeOwned>(&self) -> Result<T> {
        config_problems::read(self.definition.config.value()).map_err(|problems| {
            let findings = problems.into_iter().map(|ConfigProblem { place, wrong }| match wrong {
                Wrong::Missing => self.missing_key(&place),
                Wrong::Kind { path, requirement } => {
                    let message = match path.as_str() {
                        "." => format!("the config {requirement}"),
                        path => format!("`{path}` in the config {requirement}"),
                    };
                    self.finding(&self.definition.config, Code::ConfigWrongType, place.as_str(), message)
                }
            });
            failed(findings.collect())
        })
    }

    /// What is said of a config that lacks the key at `place`: shown at the key that was probably meant, or in the
    /// element's own file, or, where it has none, at its `type`.
    fn missing_key(&self, place: &Pointer) -> Diagnostic {
        let ElementDefinition { name, config, manifest, .. } = &**self.definition;
        let path = place.segments().collect::<Vec<_>>().join(".");
        let directory = name.as_str().replace('.', "/") + "/";
        let mut files = config.sources().filter(|source| source.text.is_some()).map(|source| &*source.file);
        let own_file = files.find(|file| file.starts_with(&directory));
        let (code, message) = (Code::ConfigKeyMissing, format!("`{path}` is missing in the config"));
        match own_file {
            _ if near_miss(config, place).is_some() => self.finding(config, code, place.as_str(), message),
            Some(file) => {
                self.finding(config, code, place.as_str(), message).with_help(format!("add `{path}` to `{file}`"))
            }
            None => self
                .finding(manifest, code, "/type", message)
                .with_help(format!("write `{directory}{}.json` with `{path}`", name.last_segment())),
        }
    }

    /// The failure of an element whose config cannot work, at a place in its config (`/authConfig/appId`).
    /// The place need not exist: a missing key is shown at what should hold it.
    pub fn config_problem(&self, code: Code, pointer: &str, message: impl Into<String>) -> Failure {
        failed(vec![self.finding(&self.definition.config, code, pointer, message)])
    }

    /// As [`config_problem`](Self::config_problem), at a place in the `e.json` (`/appSecret`).
    pub fn manifest_problem(&self, code: Code, pointer: &str, message: impl Into<String>) -> Failure {
        failed(vec![self.finding(&self.definition.manifest, code, pointer, message)])
    }

    /// The rows that the apps give the element in `initData.json`, for a level that keeps rows. `check` reports those
    /// that no level asks for.
    pub fn initial_rows(&self) -> &'a [InitialRow] {
        self.remarks.borrow_mut().takes_initial_rows = true;
        &self.definition.initial_rows
    }

    /// Reports something about the config that is probably not meant. The element loads all the same.
    pub fn warn(&self, code: Code, pointer: &str, message: impl Into<String>) {
        self.report(self.finding(&self.definition.config, code, pointer, message));
    }

    /// As [`warn`](Self::warn), at a place in the `e.json`.
    pub fn manifest_warn(&self, code: Code, pointer: &str, message: impl Into<String>) {
        self.report(self.finding(&self.definition.manifest, code, pointer, message));
    }

    /// Says that the level cannot do without another element, which is to be of `family`. Whether there is such a one
    /// is for `check` to see; it reports `code` at a place in the `e.json`.
    pub fn needs(&self, element: NeededElement, family: &'static str, code: Code, pointer: &str) {
        self.note_need(element, family, None, code, pointer);
    }

    /// As [`needs`](Self::needs), of an element whose definition has to be as the level expects it. `check` reports what
    /// that definition lacks where the definition is.
    pub fn needs_that(
        &self,
        element: NeededElement,
        family: &'static str,
        expectation: impl Expectation + 'static,
        code: Code,
        pointer: &str,
    ) {
        self.note_need(element, family, Some(Arc::new(expectation)), code, pointer);
    }

    fn note_need(
        &self,
        element: NeededElement,
        family: &'static str,
        expectation: Option<Arc<dyn Expectation>>,
        code: Code,
        pointer: &str,
    ) {
        let finding = self.finding(&self.definition.manifest, code, pointer, "");
        self.remarks.borrow_mut().needs.push(Need { element, family, expectation, finding });
    }

    fn report(&self, finding: Diagnostic) {
        tracing::warn!(element = %self.definition.name, code = finding.code.id(), "{}", finding.message);
        self.remarks.borrow_mut().warnings.push(finding);
    }

    /// A finding at a place in a document, or at what should hold the place; where nothing does, at the `type`.
    fn finding(&self, document: &Layered, code: Code, pointer: &str, message: impl Into<String>) -> Diagnostic {
        let near_miss = Pointer::parse(pointer).and_then(|pointer| near_miss(document, &pointer));
        let misspelt = near_miss.as_ref().and_then(|near_miss| document.key_origin(&near_miss.place));
        let origin = misspelt
            .into_iter()
            .chain(ancestors(pointer).filter_map(Pointer::parse).filter_map(|pointer| document.origin(&pointer)))
            // What the process adds is in no file that somebody could mend.
            .find(|origin| origin.location.line.is_some())
            .or_else(|| self.definition.manifest.origin(&Pointer::ROOT.key("type")));
        let help = near_miss
            .map(|near_miss| near_miss.advice)
            .or_else(|| advice_for_empty_variables(document, &Pointer::parse(pointer)?))
            .unwrap_or_else(|| code.explanation().to_owned());
        let finding = Diagnostic::new(code, message).with_element(self.definition.name.clone()).with_help(help);
        match origin {
            Some(origin) => finding.with_app(origin.app.id.clone()).with_location(origin.location),
            None => finding,
        }
    }
}

/// A key that is nearly the one that is missing.
struct NearMiss {
    place: Pointer,
    advice: String,
}

/// Where a place does not exist, the key beside it that was probably meant to lead there.
fn near_miss(document: &Layered, wanted: &Pointer) -> Option<NearMiss> {
    let (mut here, mut value) = (Pointer::ROOT, document.value());
    for key in wanted.segments() {
        let object = value.as_object()?;
        if let Some(inner) = object.get(&*key) {
            (here, value) = (here.key(&key), inner);
            continue;
        }
        let near = suggest::nearest(&key, object.keys().map(String::as_str), 1).pop()?;
        let advice = format!("did you mean `{key}` where it says `{near}`?");
        return Some(NearMiss { place: here.key(&near), advice });
    }
    None
}

/// What to do about a value that is empty because the variables are that it comes from.
fn advice_for_empty_variables(document: &Layered, place: &Pointer) -> Option<String> {
    let is_empty = place.get(document.value())?.as_str()?.trim().is_empty();
    let (source, span) = document.source(place).filter(|_| is_empty)?;
    let mut written = serde_json::from_str(span?.of(source.text.as_ref()?)).ok()?;
    let used = substitute(&mut written, &|_| Some(String::new())).used;
    let names: Vec<String> = used.iter().map(|name| format!("`{name}`")).collect();
    let state = if names.len() == 1 { "it is set, and has none" } else { "they are set, and have none" };
    (!names.is_empty()).then(|| format!("give {} a value in `.env`, or in the environment: {state}", names.join(", ")))
}

fn failed(findings: Vec<Diagnostic>) -> Failure {
    Fail::ELEMENT_EXCEPTION.failure().diagnosed(findings)
}

/// A pointer and what holds it, innermost first: `/a/b`, `/a`, and the document.
fn ancestors(pointer: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(pointer), |pointer| pointer.rsplit_once('/').map(|(parent, _)| parent))
}
