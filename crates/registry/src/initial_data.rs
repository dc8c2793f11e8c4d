use std::collections::BTreeMap;
use std::sync::Arc;

use mti_core::files::{FILE_LIMIT, ReadError};
use mti_core::json::{self, Pointer, Span};
use mti_core::merge::SourceRef;
use mti_core::suggest::nearest;
use mti_core::{AppChain, AppTree, Code, Diagnostic, ElementName, Location};
use mti_element::InitialRow;
use serde_json::{Map, Value};

/// The file of an app that says which rows models begin with.
const INITIAL_DATA_FILE: &str = "initData.json";

/// The rows that the apps of a chain give to elements, those of the base first.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct InitialData {
    rows: BTreeMap<ElementName, Arc<[InitialRow]>>,
    /// What is wrong with the files.
    findings: Arc<[Diagnostic]>,
}

/// The file of one app.
struct Document {
    models: Map<String, Value>,
    source: SourceRef,
}

impl InitialData {
    /// Reads the files of all apps. What cannot be used is left out and reported.
    pub(crate) fn read(chain: &AppChain) -> Self {
        let mut rows = BTreeMap::new();
        let mut findings = Vec::new();
        for app in chain.apps.iter().rev() {
            match read_document(app) {
                Ok(Some(document)) => document.add_to(&mut rows, chain, &mut findings),
                Ok(None) => {}
                Err(finding) => findings.push(finding.with_app(app.key().id.clone())),
            }
        }
        let rows = rows.into_iter().map(|(name, rows): (_, Vec<_>)| (name, rows.into())).collect();
        Self { rows, findings: findings.into() }
    }

    /// What is wrong with the files.
    pub(crate) fn findings(&self) -> &Arc<[Diagnostic]> {
        &self.findings
    }

    /// What keeps the rows of an element from being known: a file that cannot be read, or something else than rows.
    pub(crate) fn findings_about(&self, name: &ElementName) -> Arc<[Diagnostic]> {
        let concerns = |finding: &&Diagnostic| match &finding.element {
            Some(element) => element == name,
            None => finding.code != Code::InitDataModelNotFound,
        };
        self.findings.iter().filter(concerns).cloned().collect()
    }

    /// The rows of an element.
    pub(crate) fn of(&self, name: &ElementName) -> Arc<[InitialRow]> {
        self.rows.get(name).cloned().unwrap_or_default()
    }
}

impl Document {
    /// Adds the rows to those of the apps below.
    fn add_to(
        self,
        all: &mut BTreeMap<ElementName, Vec<InitialRow>>,
        chain: &AppChain,
        findings: &mut Vec<Diagnostic>,
    ) {
        let Self { models, source } = self;
        let names = || chain.apps.iter().flat_map(|app| app.elements.keys()).map(ElementName::as_str);
        let is_known = |name: &ElementName| chain.apps.iter().any(|app| app.elements.contains_key(name));
        for (key, value) in models {
            let pointer = Pointer::ROOT.key(&key);
            let finding = |code: Code, message: String, location: Location| {
                let finding = Diagnostic::new(code, message).with_app(source.app.id.clone());
                finding.with_location(location).with_help(code.explanation())
            };
            let Some(name) = ElementName::parse(&key).ok().filter(is_known) else {
                let message = format!("there is no element `{}` to give rows to", key.escape_debug());
                let unknown = finding(Code::InitDataModelNotFound, message, source.key_location(&pointer));
                findings.push(match nearest(&key, names(), 1).first() {
                    Some(near) => unknown.with_help(format!("did you mean `{near}`?")),
                    None => unknown,
                });
                continue;
            };
            let Value::Array(rows) = value else {
                let message = format!("the rows of `{name}` must be an array");
                findings.push(finding(Code::BadInitData, message, source.location(&pointer)).with_element(name));
                continue;
            };
            let rows = rows.into_iter().enumerate().map(|(index, value)| InitialRow {
                value,
                source: source.clone(),
                pointer: pointer.index(index),
            });
            all.entry(name).or_default().extend(rows);
        }
    }
}

/// The document in an app's file, if it has one.
fn read_document(app: &AppTree) -> Result<Option<Document>, Box<Diagnostic>> {
    let whole_file = |code, message: String| {
        Box::new(Diagnostic::new(code, message).with_location(Location::file(INITIAL_DATA_FILE)))
    };
    let bytes = match app.files.read(INITIAL_DATA_FILE, FILE_LIMIT) {
        Ok(bytes) => bytes,
        Err(ReadError::NotFound) => return Ok(None),
        Err(error) => return Err(whole_file(Code::FileUnreadable, format!("`{INITIAL_DATA_FILE}`: {error}"))),
    };
    let text = json::decode(INITIAL_DATA_FILE, bytes)?;
    let at = |code, message: String, span, help: String| {
        let finding = Diagnostic::new(code, message).with_help(help);
        Box::new(finding.with_location(Location::at(INITIAL_DATA_FILE, &text, span)))
    };
    let document = json::parse(&text)
        .map_err(|problem| at(problem.code(), problem.to_string(), problem.span, problem.help().to_string()))?;
    let Value::Object(document) = document.into_value() else {
        let message = format!("`{INITIAL_DATA_FILE}` must be a JSON object");
        let help = "write an object from the full names of models to arrays of rows".to_owned();
        return Err(at(Code::NotAnObject, message, Span::new(0, 1), help));
    };
    let source =
        SourceRef { app: app.key().clone(), file: Arc::from(INITIAL_DATA_FILE), text: Some(Arc::from(text.as_str())) };
    Ok(Some(Document { models: document, source }))
}
