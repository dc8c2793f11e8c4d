//! `app.json`, typed.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::field::{FieldProblem, FieldReader};
use crate::app_id::{AppId, AppKey};
use crate::diagnostic::{Code, Diagnostic, Location, Severity};
use crate::files::{AppFiles, FILE_LIMIT, ReadError};
use crate::json::{self, Pointer, Span};
use crate::suggest::nearest;
use crate::version::{VersionRequirement, parse_version};

/// The file that makes a directory an app.
pub(crate) const APP_FILE: &str = "app.json";

const KNOWN: [&str; 8] = ["appId", "name", "title", "version", "icon", "theme", "extends", "settings"];

/// What an `app.json` says.
#[derive(Debug, Clone, PartialEq)]
pub struct AppManifest {
    /// The app and its version.
    pub key: AppKey,
    /// Its name, for people.
    pub name: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its icon.
    pub icon: Option<String>,
    /// Its colour.
    pub theme: Option<String>,
    /// Its parents, in order.
    pub extends: Vec<Extension>,
    /// Its settings, as they are written.
    pub settings: Map<String, Value>,
    /// All other keys.
    pub other: Map<String, Value>,
    /// The text of the file.
    pub text: Arc<str>,
}

/// One parent that an app names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Which app.
    pub app: AppId,
    /// Which versions of it will do.
    pub version: VersionRequirement,
    /// Where in `app.json` it is named.
    pub pointer: Pointer,
}

impl AppManifest {
    /// Reads an app's `app.json`. Without an app id and a version of its own there is no manifest.
    pub fn read(files: &dyn AppFiles) -> (Option<Self>, Vec<Diagnostic>) {
        let text = match read_text(files) {
            Ok(text) => text,
            Err(diagnostic) => return (None, vec![*diagnostic]),
        };
        match json::parse(&text).map(json::Document::into_value) {
            Ok(Value::Object(document)) => Self::from_document(&document, &text),
            Ok(_) => {
                let diagnostic = Diagnostic::new(Code::NotAnObject, "`app.json` must be a JSON object")
                    .with_location(Location::at(APP_FILE, &text, Span::new(0, 1)))
                    .with_help("write `{\"appId\": \"org.name\", \"version\": \"1.0.0\"}`");
                (None, vec![diagnostic])
            }
            Err(problem) => {
                let diagnostic = Diagnostic::new(problem.code(), problem.to_string())
                    .with_location(Location::at(APP_FILE, &text, problem.span))
                    .with_help(problem.help());
                (None, vec![diagnostic])
            }
        }
    }

    /// The full name of the app's default element of a kind, as in `settings.defaultElement.defaultDatabase`.
    pub fn default_element(&self, kind: &str) -> Option<&str> {
        self.settings.get("defaultElement")?.get(kind)?.as_str().filter(|name| !name.is_empty())
    }

    /// Where in `app.json` the default element of a kind is named.
    pub fn default_element_location(&self, kind: &str) -> Location {
        self.location(&Pointer::ROOT.key("settings").key("defaultElement").key(kind))
    }

    /// Where else than at its own origin the portal may send browsers on to: `settings.returnTo`, URLs of applications.
    pub fn return_to(&self) -> impl Iterator<Item = &str> {
        let entries = self.settings.get("returnTo").and_then(Value::as_array);
        entries.into_iter().flatten().filter_map(Value::as_str)
    }

    /// Where in `app.json` a place is.
    pub(crate) fn location(&self, pointer: &Pointer) -> Location {
        match json::locate(&self.text, pointer) {
            Some(found) => Location::at(APP_FILE, &self.text, found.value),
            None => Location::file(APP_FILE),
        }
    }

    fn from_document(document: &Map<String, Value>, text: &str) -> (Option<Self>, Vec<Diagnostic>) {
        let mut problems = Vec::new();
        let mut reader = FieldReader::new(document, Pointer::ROOT, Code::BadAppKey, &mut problems);
        let id = read_id(&mut reader, "appId", Some(Code::AppIdMissing));
        let version = read_version(&mut reader);
        let name = reader.string("name");
        let title = reader.string("title");
        let icon = reader.string("icon");
        let theme = reader.string("theme");
        let settings = reader.object("settings").cloned().unwrap_or_default();
        check_return_to(&settings, &mut problems);
        let extends = read_extends(document, &mut problems);
        report_unknown(document, &mut problems);
        let sound = !problems.iter().any(|problem| problem.code.severity() == Severity::Error);
        let diagnostics =
            problems.into_iter().map(|problem| problem.into_diagnostic(id.as_ref(), APP_FILE, text)).collect();
        let (Some(id), Some(version), true) = (id, version, sound) else {
            return (None, diagnostics);
        };
        let manifest = Self {
            key: AppKey { id, version },
            name,
            title,
            icon,
            theme,
            extends,
            settings,
            other: document
                .iter()
                .filter(|(key, _)| !KNOWN.contains(&key.as_str()))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            text: Arc::from(text),
        };
        (Some(manifest), diagnostics)
    }
}

fn read_text(files: &dyn AppFiles) -> Result<String, Box<Diagnostic>> {
    let bytes = files.read(APP_FILE, FILE_LIMIT).map_err(|error| {
        let (code, message) = match error {
            ReadError::NotFound => {
                (Code::AppManifestMissing, format!("there is no `{APP_FILE}` in {}", files.description()))
            }
            ref error => (error.code(), format!("`{APP_FILE}` cannot be read: {error}")),
        };
        let help = match code {
            Code::AppManifestMissing => "create it with at least an `appId` and a `version`",
            _ => error.help(),
        };
        Box::new(Diagnostic::new(code, message).with_location(Location::file(APP_FILE)).with_help(help))
    })?;
    json::decode(APP_FILE, bytes)
}

fn read_id(reader: &mut FieldReader<'_, '_>, key: &str, missing: Option<Code>) -> Option<AppId> {
    if let (Some(code), false) = (missing, reader.has(key)) {
        reader.report(code, reader.here(), format!("`{key}` is missing"), format!("add `\"{key}\": \"org.name\"`"));
    }
    match AppId::parse(reader.text(key)?) {
        Ok(id) => Some(id),
        Err(error) => {
            reader.report(
                Code::BadAppId,
                reader.at(key),
                format!("`{key}` is no app id: {error}"),
                "write `org.name`, two identifiers with one dot between".to_owned(),
            );
            None
        }
    }
}

fn read_version(reader: &mut FieldReader<'_, '_>) -> Option<semver::Version> {
    if !reader.has("version") {
        reader.report(
            Code::AppVersionMissing,
            reader.here(),
            "`version` is missing".to_owned(),
            "add `\"version\": \"1.0.0\"`".to_owned(),
        );
    }
    match parse_version(reader.text("version")?) {
        Ok(version) => Some(version),
        Err(error) => {
            reader.report(
                Code::BadVersion,
                reader.at("version"),
                error.to_string(),
                "write three numbers, as in `1.0.0`".to_owned(),
            );
            None
        }
    }
}

fn read_extends(document: &Map<String, Value>, problems: &mut Vec<FieldProblem>) -> Vec<Extension> {
    let entries = FieldReader::new(document, Pointer::ROOT, Code::BadAppKey, problems).objects("extends");
    let mut named = HashSet::new();
    let mut extends = Vec::with_capacity(entries.len());
    for (pointer, entry) in entries {
        let mut reader = FieldReader::new(entry, pointer.clone(), Code::BadAppKey, problems);
        let app = read_id(&mut reader, "appId", Some(Code::BadAppId));
        let version = read_requirement(&mut reader);
        let (Some(app), Some(version)) = (app, version) else {
            continue;
        };
        if !named.insert(app.clone()) {
            reader.report(
                Code::DuplicateParent,
                pointer,
                format!("`{app}` is named twice"),
                "keep one of the two entries".to_owned(),
            );
            continue;
        }
        extends.push(Extension { app, version, pointer });
    }
    extends
}

/// Refuses entries of `settings.returnTo` that are no URL of an application: a mistake there must not open a way to elsewhere.
fn check_return_to(settings: &Map<String, Value>, problems: &mut Vec<FieldProblem>) {
    let Some(value) = settings.get("returnTo") else { return };
    let pointer = Pointer::ROOT.key("settings").key("returnTo");
    let mut reader = FieldReader::new(settings, Pointer::ROOT.key("settings"), Code::BadAppKey, problems);
    let help =
        || "write `[\"https://shop.example.com/app\"]`: an origin, and a path if not all of it is meant".to_owned();
    let Value::Array(entries) = value else {
        return reader.report(Code::BadAppKey, pointer, "`returnTo` must be an array of URLs".to_owned(), help());
    };
    for (index, entry) in entries.iter().enumerate() {
        if !entry.as_str().is_some_and(is_url_of_application) {
            let message = format!("item {index} of `returnTo` is no URL of an application");
            reader.report(Code::BadAppKey, pointer.index(index), message, help());
        }
    }
}

/// An origin of `http` or `https`, and perhaps a path.
fn is_url_of_application(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"?#@\\*".contains(&byte);
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && rest.bytes().all(is_plain))
}

fn read_requirement(reader: &mut FieldReader<'_, '_>) -> Option<VersionRequirement> {
    if !reader.has("version") {
        reader.report(
            Code::ParentUnpinned,
            reader.here(),
            "the parent is named without a version, so any will do".to_owned(),
            "add a `version`, such as `^1.0`".to_owned(),
        );
        return Some(VersionRequirement::ANY);
    }
    match VersionRequirement::parse(reader.text("version")?) {
        Ok(requirement) => Some(requirement),
        Err(error) => {
            reader.report(
                Code::BadVersion,
                reader.at("version"),
                error.to_string(),
                "write a version, `1.2.3`, or a range, `^1.2`".to_owned(),
            );
            None
        }
    }
}

fn report_unknown(document: &Map<String, Value>, problems: &mut Vec<FieldProblem>) {
    for key in document.keys().filter(|key| !KNOWN.contains(&key.as_str())) {
        let near = nearest(key, KNOWN, 1).pop();
        // A file that has the known key as well means another one.
        let is_misspelt = near.as_ref().is_some_and(|near| !document.contains_key(near));
        let severity = if is_misspelt { Severity::Warning } else { Code::UnknownAppKey.severity() };
        let help =
            near.map_or_else(|| "it is kept, and has no effect".to_owned(), |near| format!("did you mean `{near}`?"));
        let mut reader = FieldReader::new(document, Pointer::ROOT, Code::BadAppKey, problems);
        let pointer = reader.at(key);
        let message = format!("`{}` means nothing in `app.json`", crate::text::shorten(key, 80));
        reader.report_key(Code::UnknownAppKey, severity, pointer, message, help);
    }
}
