//! Reading the files of one element.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use super::duplicate_findings;
use super::layout::Place;
use crate::app_id::AppKey;
use crate::definition::{Definition, SourceFile};
use crate::diagnostic::{Code, Diagnostic, Location};
use crate::files::{AppFiles, EntryKind, FILE_LIMIT, ReadError};
use crate::json::{self, Pointer, Span};
use crate::manifest::{ElementManifest, ElementType, FieldProblem};
use crate::name::ElementName;

/// Fewer elements than this are read by one thread: starting others would take longer.
const PARALLEL_FROM: usize = 64;
/// More threads than this wait for the disk rather than help.
const THREAD_LIMIT: usize = 8;

/// Reads elements of one app.
pub(super) struct ElementReader<'app> {
    files: &'app dyn AppFiles,
    app: &'app AppKey,
    /// The names of types, each kept once: thousands of instances share one.
    types: Mutex<HashSet<ElementName>>,
}

/// What came of one element.
pub(super) struct ReadElement {
    /// The definition, if nothing is wrong with it.
    pub(super) definition: Option<Definition>,
    /// What was found.
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl<'app> ElementReader<'app> {
    pub(super) fn new(files: &'app dyn AppFiles, app: &'app AppKey) -> Self {
        Self { files, app, types: Mutex::default() }
    }

    /// Reads every element, on several threads where that pays.
    pub(super) fn read_all(&self, places: BTreeMap<ElementName, Vec<Place<'_>>>) -> Vec<(ElementName, ReadElement)> {
        let places: Vec<_> = places.into_iter().collect();
        let threads = std::thread::available_parallelism()
            .map_or(1, usize::from)
            .min(THREAD_LIMIT)
            .min(places.len() / PARALLEL_FROM + 1);
        if threads == 1 {
            return self.read_some(&places);
        }
        let share = places.len().div_ceil(threads);
        std::thread::scope(|scope| {
            let workers: Vec<_> =
                places.chunks(share).map(|share| scope.spawn(move || self.read_some(share))).collect();
            workers
                .into_iter()
                .flat_map(|worker| match worker.join() {
                    Ok(read) => read,
                    Err(panic) => std::panic::resume_unwind(panic),
                })
                .collect()
        })
    }

    fn read_some(&self, places: &[(ElementName, Vec<Place<'_>>)]) -> Vec<(ElementName, ReadElement)> {
        places.iter().map(|(name, places)| (name.clone(), self.read(name, places))).collect()
    }

    fn read(&self, name: &ElementName, places: &[Place<'_>]) -> ReadElement {
        let [place] = places else {
            return ReadElement { definition: None, diagnostics: duplicate_findings(name, places) };
        };
        let mut diagnostics = Vec::new();
        let mut definition = self.read_place(name, place, &mut diagnostics);
        if diagnostics.iter().any(Diagnostic::is_error) {
            definition = None;
        }
        for diagnostic in &mut diagnostics {
            diagnostic.element = Some(name.clone());
        }
        ReadElement { definition, diagnostics }
    }

    fn read_place(
        &self,
        name: &ElementName,
        place: &Place<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Definition> {
        if place.kind != EntryKind::File {
            let what = if place.kind == EntryKind::Directory { "a directory" } else { "something else" };
            diagnostics.push(
                Diagnostic::new(Code::NotAFile, format!("`e.json` must be a file, but it is {what}"))
                    .with_location(Location::file(place.manifest))
                    .with_help("put a file there"),
            );
            return None;
        }
        let (manifest_file, document) = self.read_object(place.manifest, diagnostics)?;
        let (manifest, problems) = ElementManifest::read(&document);
        diagnostics.extend(
            problems.into_iter().map(|problem| problem.into_diagnostic(None, place.manifest, &manifest_file.text)),
        );
        let config = self.read_config(name, place, &manifest, &manifest_file, diagnostics);
        Some(Definition {
            name: name.clone(),
            app: self.app.clone(),
            directory: place.directory.into(),
            config,
            title: manifest.title.map(String::into_boxed_str),
            element_type: manifest.element_type.map(|element_type| self.share(element_type)),
            backend: manifest.backend,
            load_time: manifest.backend_load_time,
            access: manifest.access_modifier,
            replaces: manifest.replaces,
            has_python: self.has_python(place),
            files: place.files.iter().map(|&file| file.into()).collect(),
            manifest_file,
        })
    }

    /// Reads a file that must be a JSON object.
    fn read_object(&self, path: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<(SourceFile, Map<String, Value>)> {
        let text = match self.files.read_listed(path, FILE_LIMIT) {
            Ok(bytes) => match json::decode(bytes) {
                Ok(text) => text,
                Err(problem) => {
                    let diagnostic = Diagnostic::new(problem.code(), problem.to_string());
                    diagnostics.push(diagnostic.with_location(Location::file(path)).with_help(problem.help()));
                    return None;
                }
            },
            Err(error) => {
                diagnostics.push(unreadable(path, &error));
                return None;
            }
        };
        let problem = match json::parse(&text).map(json::Document::into_value) {
            Ok(Value::Object(document)) => {
                let file = SourceFile { path: Arc::from(path), text: Arc::from(text) };
                return Some((file, document));
            }
            Ok(_) => Diagnostic::new(Code::NotAnObject, format!("`{path}` must be a JSON object"))
                .with_location(Location::at(path, &text, Span::new(0, 1)))
                .with_help("write an object in braces"),
            Err(problem) => Diagnostic::new(problem.code(), problem.to_string())
                .with_location(Location::at(path, &text, problem.span))
                .with_help(problem.help()),
        };
        diagnostics.push(problem);
        None
    }

    /// The business config: what `frontBundleEntry` names, else `<Name>.json`, else `config.json`.
    fn read_config(
        &self,
        name: &ElementName,
        place: &Place<'_>,
        manifest: &ElementManifest,
        manifest_file: &SourceFile,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<SourceFile> {
        let named = manifest.front_bundle_entry.as_deref().filter(|entry| has_json_extension(entry));
        let relative = if let Some(entry) = named {
            let found = plain(entry).and_then(|entry| place.find(entry));
            if found.is_none() {
                let problem = FieldProblem {
                    code: Code::ConfigMissing,
                    pointer: Pointer::ROOT.key("frontBundleEntry"),
                    on_key: false,
                    message: format!("there is no file `{}` in `{}`", crate::text::shorten(entry, 80), place.directory),
                    help: "create it, or leave `frontBundleEntry` out".to_owned(),
                };
                diagnostics.push(problem.into_diagnostic(None, place.manifest, &manifest_file.text));
            }
            found?
        } else {
            place.find(&format!("{}.json", name.last_segment())).or_else(|| place.find("config.json"))?
        };
        let path = format!("{}/{relative}", place.directory);
        self.read_object(&path, diagnostics).map(|(file, _)| file)
    }

    fn has_python(&self, place: &Place<'_>) -> bool {
        place.find("loader.py").is_some()
            || place.find("__init__.py").is_some_and(|relative| {
                let path = format!("{}/{relative}", place.directory);
                // What cannot be read, or is longer than the one byte asked for, is not empty.
                self.files.read_listed(&path, 1).map_or(true, |bytes| !bytes.is_empty())
            })
    }

    fn share(&self, element_type: ElementType) -> ElementType {
        let ElementType::Of(name) = element_type else {
            return element_type;
        };
        let mut types = self.types.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = types.get(&name) {
            return ElementType::Of(shared.clone());
        }
        types.insert(name.clone());
        ElementType::Of(name)
    }
}

impl<'entries> Place<'entries> {
    /// A file of the element: beside its `e.json`, in its directory, or on one of its sides.
    fn find(&self, file: &str) -> Option<&'entries str> {
        let manifest = self.manifest.get(self.directory.len() + 1..).unwrap_or_default();
        let beside = manifest.rsplit_once('/').map(|(side, _)| side);
        [beside.unwrap_or_default(), "", "backend", "frontend"].into_iter().find_map(|side| {
            self.files.iter().copied().find(|&own| {
                let within = match side {
                    "" => Some(own),
                    side => own.strip_prefix(side).and_then(|rest| rest.strip_prefix('/')),
                };
                within == Some(file) && own != manifest
            })
        })
    }
}

fn has_json_extension(entry: &str) -> bool {
    entry.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("json"))
}

/// A path as an author writes it, `./a.json`, without what adds nothing; none when it leads out of the directory.
fn plain(entry: &str) -> Option<&str> {
    let mut rest = entry;
    while let Some(shorter) = rest.strip_prefix("./") {
        rest = shorter;
    }
    let stays = !rest.is_empty() && rest.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
    stays.then_some(rest)
}

fn unreadable(path: &str, error: &ReadError) -> Diagnostic {
    Diagnostic::new(error.code(), format!("`{path}` cannot be read: {error}"))
        .with_location(Location::file(path))
        .with_help(error.help())
}
