use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mti_core::files::{FILE_LIMIT, ReadError};
use mti_core::json::{self, Pointer, Span};
use mti_core::merge::SourceRef;
use mti_core::{AppChain, AppTree, Code, Diagnostic, ElementName, Location};
use mti_element::InitialRow;
use serde_json::Value;

/// The file of an app that says which rows models begin with.
const INITIAL_DATA_FILE: &str = "initData.json";

/// The rows that the apps of a chain give to elements, those of the base first.
#[derive(Debug, Default)]
pub(crate) struct InitialData {
    rows: BTreeMap<ElementName, Vec<InitialRow>>,
}

impl InitialData {
    /// Reads the files of all apps. What cannot be used is left out and reported.
    pub(crate) fn read(chain: &AppChain, names: &BTreeSet<ElementName>) -> (Self, Vec<Diagnostic>) {
        let mut data = Self::default();
        let mut findings = Vec::new();
        for app in chain.apps.iter().rev() {
            if let Err(finding) = data.add(app, names, &mut findings) {
                findings.push(finding.with_app(app.key().id.clone()));
            }
        }
        (data, findings)
    }

    /// Takes the rows of an element out.
    pub(crate) fn take(&mut self, name: &ElementName) -> Vec<InitialRow> {
        self.rows.remove(name).unwrap_or_default()
    }

    fn add(
        &mut self,
        app: &AppTree,
        names: &BTreeSet<ElementName>,
        findings: &mut Vec<Diagnostic>,
    ) -> Result<(), Diagnostic> {
        let bytes = match app.files.read(INITIAL_DATA_FILE, FILE_LIMIT) {
            Ok(bytes) => bytes,
            Err(ReadError::NotFound) => return Ok(()),
            Err(error) => {
                let finding = Diagnostic::new(Code::FileUnreadable, format!("`{INITIAL_DATA_FILE}`: {error}"));
                return Err(finding.with_location(Location::file(INITIAL_DATA_FILE)));
            }
        };
        let text = json::decode(bytes).map_err(|problem| {
            Diagnostic::new(problem.code(), problem.to_string()).with_location(Location::file(INITIAL_DATA_FILE))
        })?;
        let at = |span: Span| Location::at(INITIAL_DATA_FILE, &text, span);
        let document = json::parse(&text).map_err(|problem| {
            Diagnostic::new(problem.code(), problem.to_string())
                .with_location(at(problem.span))
                .with_help(problem.help())
        })?;
        let Value::Object(document) = document.into_value() else {
            return Err(Diagnostic::new(Code::NotAnObject, format!("`{INITIAL_DATA_FILE}` must be a JSON object"))
                .with_location(at(Span::new(0, 1)))
                .with_help("write an object from the full names of models to arrays of rows"));
        };
        let source = SourceRef {
            app: app.key().clone(),
            file: Arc::from(INITIAL_DATA_FILE),
            text: Some(Arc::from(text.as_str())),
        };
        for (key, value) in document {
            let pointer = Pointer::ROOT.key(&key);
            let whole = InitialRow { value, source: source.clone(), pointer: pointer.clone() };
            let name = ElementName::parse(&key).ok().filter(|name| names.contains(name));
            let Some(name) = name else {
                let message = format!("there is no element `{}` to give rows to", key.escape_debug());
                findings.push(whole.finding(Code::InitDataModelNotFound, message));
                continue;
            };
            let Value::Array(rows) = whole.value else {
                let message = format!("the rows of `{name}` must be an array");
                findings.push(
                    Diagnostic::new(Code::BadInitData, message)
                        .with_element(name)
                        .with_app(app.key().id.clone())
                        .with_location(Location::file(INITIAL_DATA_FILE)),
                );
                continue;
            };
            let place = self.rows.entry(name).or_default();
            place.extend(rows.into_iter().enumerate().map(|(index, value)| InitialRow {
                value,
                source: source.clone(),
                pointer: pointer.index(index),
            }));
        }
        Ok(())
    }
}
