//! Reading the files of one element.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use super::layout::Place;
use super::{Discovered, duplicate_findings};
use crate::app_id::AppKey;
use crate::definition::own_files::{OwnFiles, leads_out, names_config};
use crate::definition::{CONFIG_SCHEMA, ConfigCandidate, Definition, SourceFile};
use crate::diagnostic::{Code, Diagnostic, Location};
use crate::files::{AppFiles, EntryKind, FILE_LIMIT};
use crate::json::{self, JsonProblem, Pointer, Span};
use crate::manifest::{ElementManifest, ElementType, FieldProblem};
use crate::merge::MergeRules;
use crate::name::ElementName;

/// Fewer elements than this are read by one thread: starting others would take longer.
const PARALLEL_FROM: usize = 64;
/// An element with more JSON files than this, none of which it names, keeps data there.
const CANDIDATE_LIMIT: usize = 16;
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
    pub(super) discovered: Discovered,
    /// What was found. Of a broken element it is in `discovered` too.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Where a broken element is declared. Of a sound one the definition says it.
    pub(super) places: Option<Arc<[Place]>>,
}

/// Where an element is declared that cannot be used, and what it is called.
struct Unusable {
    place: Place,
    title: Option<Box<str>>,
}

/// What the files of an element say.
struct Content {
    manifest_file: SourceFile,
    manifest: ElementManifest,
    config: Option<SourceFile>,
    config_candidates: Vec<ConfigCandidate>,
    config_schema: Option<SourceFile>,
    has_python: bool,
}

impl<'app> ElementReader<'app> {
    pub(super) fn new(files: &'app dyn AppFiles, app: &'app AppKey) -> Self {
        Self { files, app, types: Mutex::default() }
    }

    /// Reads every element, on several threads where that pays.
    pub(super) fn read_all(&self, places: BTreeMap<ElementName, Vec<Place>>) -> Vec<(ElementName, ReadElement)> {
        if places.len() < PARALLEL_FROM {
            return self.read_some(places);
        }
        let threads = std::thread::available_parallelism()
            .map_or(1, usize::from)
            .min(THREAD_LIMIT)
            .min(places.len() / PARALLEL_FROM + 1);
        let share = places.len().div_ceil(threads);
        let mut places = places.into_iter();
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|_| {
                    let share: Vec<_> = places.by_ref().take(share).collect();
                    scope.spawn(move || self.read_some(share))
                })
                .collect();
            workers
                .into_iter()
                .flat_map(|worker| match worker.join() {
                    Ok(read) => read,
                    Err(panic) => std::panic::resume_unwind(panic),
                })
                .collect()
        })
    }

    fn read_some(
        &self,
        places: impl IntoIterator<Item = (ElementName, Vec<Place>)>,
    ) -> Vec<(ElementName, ReadElement)> {
        places.into_iter().map(|(name, places)| (name.clone(), self.read(name, places))).collect()
    }

    fn read(&self, name: ElementName, mut places: Vec<Place>) -> ReadElement {
        let mut diagnostics = Vec::new();
        let mut title = None;
        let definition = match <[Place; 1]>::try_from(places) {
            Ok([place]) => self.read_place(&name, place, &mut diagnostics).map_err(|unusable| {
                title = unusable.title;
                vec![unusable.place]
            }),
            Err(several) => Err(several),
        };
        let discovered = match definition {
            Ok(definition) => {
                self.complete(&name, &mut diagnostics);
                places = Vec::new();
                Discovered::Sound(Arc::new(definition))
            }
            Err(declared) => {
                places = declared;
                places.sort_unstable_by(|a, b| a.manifest.cmp(&b.manifest));
                if places.len() > 1 {
                    diagnostics = duplicate_findings(&name, &places);
                }
                self.complete(&name, &mut diagnostics);
                let manifest_file = places.first().map(|place| Arc::clone(&place.manifest)).unwrap_or_default();
                Discovered::Broken { name, manifest_file, title, diagnostics: diagnostics.as_slice().into() }
            }
        };
        ReadElement { discovered, diagnostics, places: (!places.is_empty()).then(|| places.into()) }
    }

    fn complete(&self, name: &ElementName, diagnostics: &mut [Diagnostic]) {
        for diagnostic in diagnostics {
            diagnostic.element = Some(name.clone());
            diagnostic.app = Some(self.app.id.clone());
        }
    }

    /// The definition, or the place back, with the title, when something is wrong with it.
    fn read_place(
        &self,
        name: &ElementName,
        place: Place,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<Definition, Unusable> {
        let Some(content) = self.read_content(name, &place, diagnostics) else {
            return Err(Unusable { place, title: None });
        };
        let Content { manifest_file, manifest, config, config_candidates, config_schema, has_python } = content;
        let title = manifest.title.map(String::into_boxed_str);
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Err(Unusable { place, title });
        }
        Ok(Definition {
            name: name.clone(),
            app: self.app.clone(),
            directory: place.directory,
            manifest_file,
            config,
            config_candidates,
            config_schema,
            title,
            element_type: manifest.element_type.map(|element_type| self.share(element_type)),
            backend: manifest.backend,
            load_time: manifest.backend_load_time,
            access: manifest.access_modifier,
            replaces: manifest.replaces,
            has_python,
            files: place.files,
        })
    }

    fn read_content(&self, name: &ElementName, place: &Place, diagnostics: &mut Vec<Diagnostic>) -> Option<Content> {
        if place.kind != EntryKind::File {
            let what = if place.kind == EntryKind::Directory { "a directory" } else { "something else" };
            diagnostics.push(
                Diagnostic::new(Code::NotAFile, format!("`e.json` must be a file, but it is {what}"))
                    .with_location(Location::file(&*place.manifest))
                    .with_help("put a file there"),
            );
            return None;
        }
        let (manifest_file, document) = self.read_object(&place.manifest, diagnostics)?;
        let (manifest, problems) = ElementManifest::read(&document);
        diagnostics.extend(
            problems.into_iter().map(|problem| problem.into_diagnostic(None, &place.manifest, &manifest_file.text)),
        );
        diagnostics.extend(
            escaping_entries(&manifest)
                .map(|problem| problem.into_diagnostic(None, &place.manifest, &manifest_file.text)),
        );
        let config = self.read_config(name, place, &manifest, &manifest_file, diagnostics);
        let config_candidates = match manifest.front_bundle_entry {
            Some(_) => Vec::new(),
            None => self.read_config_candidates(place, config.as_ref()),
        };
        let config_schema = self.read_config_schema(place, diagnostics);
        let has_python = self.has_python(place);
        Some(Content { manifest_file, manifest, config, config_candidates, config_schema, has_python })
    }

    /// Reads a file that must be a JSON object.
    fn read_object(
        &self,
        path: &Arc<str>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<(SourceFile, Map<String, Value>)> {
        let text = self.read_text(path, diagnostics)?;
        let parsed = json::parse(&text).map(|document| match document.into_value() {
            Value::Object(document) => Some(document),
            _ => None,
        });
        let document = report_unless_object(path, &text, parsed, diagnostics)?;
        Some((SourceFile { path: Arc::clone(path), text: Arc::from(text) }, document))
    }

    /// Reads a file that must be a JSON object, of which nobody wants to know more yet.
    fn read_checked(&self, path: &Arc<str>, diagnostics: &mut Vec<Diagnostic>) -> Option<SourceFile> {
        let text = self.read_text(path, diagnostics)?;
        let checked = json::is_object(&text).map(|is_object| is_object.then_some(()));
        report_unless_object(path, &text, checked, diagnostics)?;
        Some(SourceFile { path: Arc::clone(path), text: Arc::from(text) })
    }

    fn read_text(&self, path: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
        let problem = match self.files.read_listed(path, FILE_LIMIT).map(|bytes| json::decode(path, bytes)) {
            Ok(Ok(text)) => return Some(text),
            Ok(Err(finding)) => *finding,
            Err(error) => Diagnostic::new(error.code(), format!("`{path}` cannot be read: {error}"))
                .with_location(Location::file(path))
                .with_help(error.help()),
        };
        diagnostics.push(problem);
        None
    }

    /// The business config: what `frontBundleEntry` names, else `<Name>.json`, else `config.json`.
    fn read_config(
        &self,
        name: &ElementName,
        place: &Place,
        manifest: &ElementManifest,
        manifest_file: &SourceFile,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<SourceFile> {
        let named = manifest.front_bundle_entry.as_deref().filter(|entry| names_config(entry));
        let relative = if let Some(entry) = named {
            let found = place.own_files().find(entry);
            if found.is_none() {
                let problem = FieldProblem {
                    code: Code::ConfigMissing,
                    severity: Code::ConfigMissing.severity(),
                    pointer: Pointer::ROOT.key("frontBundleEntry"),
                    on_key: false,
                    message: format!("there is no file `{}` in `{}`", crate::text::shorten(entry, 80), place.directory),
                    help: "create it, or leave `frontBundleEntry` out".to_owned(),
                };
                diagnostics.push(problem.into_diagnostic(None, &place.manifest, &manifest_file.text));
            }
            found?
        } else {
            let own = place.own_files();
            own.find(&format!("{}.json", name.last_segment())).or_else(|| own.find("config.json"))?
        };
        let path = Arc::from(format!("{}/{relative}", place.directory));
        self.read_checked(&path, diagnostics)
    }

    /// What may turn out to be the config: nothing here says which file is, but what is overridden may.
    fn read_config_candidates(&self, place: &Place, usual: Option<&SourceFile>) -> Vec<ConfigCandidate> {
        let own = place.own_files();
        let candidates: Vec<Arc<str>> = own
            .direct()
            .filter(|file| names_config(file) && file.rsplit('/').next() != Some(CONFIG_SCHEMA))
            .map(|file| Arc::from(format!("{}/{file}", place.directory)))
            .filter(|path: &Arc<str>| usual.is_none_or(|usual| usual.path != *path))
            .take(CANDIDATE_LIMIT + 1)
            .collect();
        if candidates.len() > CANDIDATE_LIMIT {
            return Vec::new();
        }
        let read = |path: Arc<str>| {
            let mut problems = Vec::new();
            match self.read_checked(&path, &mut problems) {
                Some(file) => ConfigCandidate::Sound(file),
                None => ConfigCandidate::Broken { path, problems },
            }
        };
        candidates.into_iter().map(read).collect()
    }

    /// The schema of the configs of a Type's instances.
    fn read_config_schema(&self, place: &Place, diagnostics: &mut Vec<Diagnostic>) -> Option<SourceFile> {
        let path = Arc::from(place.own_files().path(place.own_files().find(CONFIG_SCHEMA)?));
        let (file, schema) = self.read_object(&path, diagnostics)?;
        let problems = MergeRules::problems(&Value::Object(schema));
        diagnostics.extend(problems.into_iter().map(|problem| problem.into_diagnostic(None, &path, &file.text)));
        Some(file)
    }

    fn has_python(&self, place: &Place) -> bool {
        let own = place.own_files();
        own.find("loader.py").is_some()
            || own.find("__init__.py").is_some_and(|relative| {
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

impl Place {
    fn own_files(&self) -> OwnFiles<'_> {
        OwnFiles { directory: &self.directory, manifest: &self.manifest, files: &self.files }
    }
}

/// Entries that lead out of the element's directory. A config that is named so is missing, which is said by itself.
fn escaping_entries(manifest: &ElementManifest) -> impl Iterator<Item = FieldProblem> {
    let front = manifest.front_bundle_entry.as_deref().filter(|entry| !names_config(entry));
    let entries = [("frontBundleEntry", front), ("backendBundleEntry", manifest.backend_bundle_entry.as_deref())];
    let escaping = entries.into_iter().filter_map(|(key, entry)| Some((key, entry.filter(|entry| leads_out(entry))?)));
    escaping.map(|(key, entry)| FieldProblem {
        code: Code::BundleEntryEscapes,
        severity: Code::BundleEntryEscapes.severity(),
        pointer: Pointer::ROOT.key(key),
        on_key: false,
        message: format!("`{}` leads out of the element's directory", crate::text::shorten(entry, 80)),
        help: format!("name something in the element's directory, or leave `{key}` out"),
    })
}

fn report_unless_object<T>(
    path: &str,
    text: &str,
    found: Result<Option<T>, JsonProblem>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<T> {
    let problem = match found {
        Ok(Some(found)) => return Some(found),
        Ok(None) => Diagnostic::new(Code::NotAnObject, format!("`{path}` must be a JSON object"))
            .with_location(Location::at(path, text, Span::new(0, 1)))
            .with_help("write an object in braces"),
        Err(problem) => Diagnostic::new(problem.code(), problem.to_string())
            .with_location(Location::at(path, text, problem.span))
            .with_help(problem.help()),
    };
    diagnostics.push(problem);
    None
}
