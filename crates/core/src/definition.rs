//! One element as one app declares it.

pub(crate) mod own_files;

use std::sync::Arc;

use serde_json::{Map, Value};

use self::own_files::{OwnFiles, names_config};
use crate::app_id::AppKey;
use crate::diagnostic::{Diagnostic, Location};
use crate::json::{self, Pointer};
use crate::manifest::{AccessModifier, Backend, ElementManifest, ElementType, LoadTime};
use crate::merge::SourceRef;
use crate::name::ElementName;

/// The file in the directory of a Type that describes the configs of its instances.
pub const CONFIG_SCHEMA: &str = "config.schema.json";

/// One app's declaration of an element: what lies in its directory. Everything that can be read again from the text is.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// The element's full name.
    pub name: ElementName,
    /// The app that declares it.
    pub app: AppKey,
    /// The element's directory, relative to the app's root.
    pub directory: Box<str>,
    /// Its `e.json`, which may lie in `backend/` or `frontend/` below the directory.
    pub manifest_file: SourceFile,
    /// The business config, if there is one by this definition alone. See [`Definition::config_over`].
    pub config: Option<SourceFile>,
    /// Where `e.json` has no `frontBundleEntry`: the other JSON files, one of which an inherited entry may name.
    pub config_candidates: Vec<ConfigCandidate>,
    /// The JSON Schema of the configs of its instances, if it is a Type that describes them: [`CONFIG_SCHEMA`].
    pub config_schema: Option<SourceFile>,
    /// The title, if this definition gives one.
    pub title: Option<Box<str>>,
    /// The type, if this definition gives one.
    pub element_type: Option<ElementType>,
    /// The `backend` key.
    pub backend: Option<Backend>,
    /// When the element is loaded, as far as this definition says.
    pub load_time: LoadTime,
    /// Who may see and override the element.
    pub access: AccessModifier,
    /// Whether it cuts off the definitions of the same name in parent apps.
    pub replaces: bool,
    /// Whether the directory has a `loader.py` or an `__init__.py` that is not empty.
    pub has_python: bool,
    /// The files that belong to the element, relative to its directory; those of elements below it are theirs.
    pub files: Vec<Box<str>>,
}

/// A file whose text is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path, relative to the app's root.
    pub path: Arc<str>,
    /// Its text, without a byte order mark. It was checked to be a JSON object.
    pub text: Arc<str>,
}

/// A JSON file that is the business config if what is overridden says so.
#[derive(Debug, Clone, PartialEq)]
pub enum ConfigCandidate {
    /// An object.
    Sound(SourceFile),
    /// Something else. That matters only if it is the config.
    Broken {
        /// Its path, relative to the app's root.
        path: Arc<str>,
        /// What is wrong with it.
        problems: Vec<Diagnostic>,
    },
}

impl Definition {
    /// The text of `e.json`.
    pub fn text(&self) -> &Arc<str> {
        &self.manifest_file.text
    }

    /// The document in `e.json`.
    pub fn document(&self) -> Map<String, Value> {
        self.manifest_file.document()
    }

    /// The business config. Where this `e.json` has no `frontBundleEntry`, the nearest one among the definitions that it
    /// overrides says which file of *this* directory it is, if that is there; else the usual names count.
    pub fn config_over<'a>(
        &'a self,
        overridden: impl IntoIterator<Item = &'a Self>,
    ) -> Result<Option<&'a SourceFile>, Vec<Diagnostic>> {
        let usual = Ok(self.config.as_ref());
        if self.config_candidates.is_empty() {
            return usual;
        }
        let inherited = overridden.into_iter().find_map(|definition| definition.manifest().front_bundle_entry);
        let own = OwnFiles { directory: &self.directory, manifest: &self.manifest_file.path, files: &self.files };
        let Some(file) = inherited.filter(|entry| names_config(entry)).and_then(|entry| own.find(&entry)) else {
            return usual;
        };
        let path = own.path(file);
        match self.config_candidates.iter().find(|candidate| **candidate.path() == *path) {
            Some(ConfigCandidate::Sound(file)) => Ok(Some(file)),
            Some(ConfigCandidate::Broken { problems, .. }) => {
                Err(problems.iter().map(|found| self.own(found)).collect())
            }
            None => usual,
        }
    }

    /// Everything `e.json` says, typed.
    pub fn manifest(&self) -> ElementManifest {
        ElementManifest::read(&self.document()).0
    }

    /// The language of the level in code that this definition contributes, if it does: as `backend` says, else Python where there is Python code.
    pub fn backend_kind(&self) -> Option<Backend> {
        self.backend.or(self.has_python.then_some(Backend::Python))
    }

    fn own(&self, finding: &Diagnostic) -> Diagnostic {
        Diagnostic { element: Some(self.name.clone()), app: Some(self.app.id.clone()), ..finding.clone() }
    }

    /// Where in `e.json` the value at `pointer` is; the file alone when it is not there.
    pub fn location(&self, pointer: &Pointer) -> Location {
        self.manifest_file.location(pointer)
    }

    /// `e.json` as a layer's origin.
    pub fn manifest_source(&self) -> SourceRef {
        self.manifest_file.source(&self.app)
    }
}

impl ConfigCandidate {
    /// Its path, relative to the app's root.
    pub fn path(&self) -> &Arc<str> {
        match self {
            Self::Sound(file) => &file.path,
            Self::Broken { path, .. } => path,
        }
    }
}

impl SourceFile {
    /// The document in the file.
    pub fn document(&self) -> Map<String, Value> {
        match json::parse(&self.text).map(json::Document::into_value) {
            Ok(Value::Object(document)) => document,
            // Discovery keeps objects only.
            Ok(_) | Err(_) => Map::new(),
        }
    }

    /// Where in the file the value at `pointer` is; the file alone when it is not there.
    pub fn location(&self, pointer: &Pointer) -> Location {
        match json::locate(&self.text, pointer) {
            Some(found) => Location::at(&*self.path, &self.text, found.value),
            None => Location::file(&*self.path),
        }
    }

    /// The file as a layer's origin.
    pub fn source(&self, app: &AppKey) -> SourceRef {
        SourceRef { app: app.clone(), file: Arc::clone(&self.path), text: Some(Arc::clone(&self.text)) }
    }
}
