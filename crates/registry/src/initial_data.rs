use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mti_core::files::{FILE_LIMIT, ReadError};
use mti_core::json::{self, Pointer, Span};
use mti_core::merge::SourceRef;
use mti_core::{AppChain, AppTree, Code, Diagnostic, ElementName, Location};
use mti_element::InitialRow;
use serde_json::{Map, Value};

/// The file of an app that says which rows models begin with.
const INITIAL_DATA_FILE: &str = "initData.json";

/// The rows that the apps of a chain give to elements, those of the base first.
#[derive(Debug, Default)]
pub(crate) struct InitialData {
    rows: BTreeMap<ElementName, Vec<InitialRow>>,
}

/// The file of one app.
struct Document {
    models: Map<String, Value>,
    source: SourceRef,
}

impl InitialData {
    /// Reads the files of all apps. What cannot be used is left out and reported.
    pub(crate) fn read(chain: &AppChain, names: &BTreeSet<ElementName>) -> (Self, Vec<Diagnostic>) {
        let mut data = Self::default();
        let mut findings = Vec::new();
        for app in chain.apps.iter().rev() {
            match read_document(app) {
                Ok(Some(document)) => data.add(document, names, &mut findings),
                Ok(None) => {}
                Err(finding) => findings.push(finding.with_app(app.key().id.clone())),
            }
        }
        (data, findings)
    }

    /// Takes the rows of an element out.
    pub(crate) fn take(&mut self, name: &ElementName) -> Vec<InitialRow> {
        self.rows.remove(name).unwrap_or_default()
    }

    fn add(&mut self, document: Document, names: &BTreeSet<ElementName>, findings: &mut Vec<Diagnostic>) {
        let Document { models, source } = document;
        for (key, value) in models {
            let pointer = Pointer::ROOT.key(&key);
            let mut report = |code, message: String| {
                let finding = Diagnostic::new(code, message).with_app(source.app.id.clone());
                findings.push(finding.with_location(source.location(&pointer)));
            };
            let Some(name) = ElementName::parse(&key).ok().filter(|name| names.contains(name)) else {
                let message = format!("there is no element `{}` to give rows to", key.escape_debug());
                report(Code::InitDataModelNotFound, message);
                continue;
            };
            let Value::Array(rows) = value else {
                report(Code::BadInitData, format!("the rows of `{name}` must be an array"));
                continue;
            };
            let rows = rows.into_iter().enumerate().map(|(index, value)| InitialRow {
                value,
                source: source.clone(),
                pointer: pointer.index(index),
            });
            self.rows.entry(name).or_default().extend(rows);
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
    let text = json::decode(bytes).map_err(|problem| whole_file(problem.code(), problem.to_string()))?;
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
