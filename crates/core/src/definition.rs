//! One element as one app declares it.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::app_id::AppKey;
use crate::diagnostic::Location;
use crate::json::{self, Pointer};
use crate::manifest::{AccessModifier, Backend, ElementManifest, ElementType, LoadTime};
use crate::merge::SourceRef;
use crate::name::ElementName;

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
    /// The business config, if there is one.
    pub config: Option<SourceFile>,
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

impl Definition {
    /// The text of `e.json`.
    pub fn text(&self) -> &Arc<str> {
        &self.manifest_file.text
    }

    /// The document in `e.json`.
    pub fn document(&self) -> Map<String, Value> {
        self.manifest_file.document()
    }

    /// The document in the business config, if there is one.
    pub fn config_document(&self) -> Option<Map<String, Value>> {
        self.config.as_ref().map(SourceFile::document)
    }

    /// Everything `e.json` says, typed.
    pub fn manifest(&self) -> ElementManifest {
        ElementManifest::read(&self.document()).0
    }

    /// The language of the level in code that this definition contributes, if it does: as `backend` says, else Python where there is Python code.
    pub fn backend_kind(&self) -> Option<Backend> {
        self.backend.or(self.has_python.then_some(Backend::Python))
    }

    /// Where in `e.json` the value at `pointer` is; the file alone when it is not there.
    pub fn location(&self, pointer: &Pointer) -> Location {
        self.manifest_file.location(pointer)
    }

    /// `e.json` as a layer's origin.
    pub fn manifest_source(&self) -> SourceRef {
        self.manifest_file.source(&self.app)
    }

    /// The business config as a layer's origin.
    pub fn config_source(&self) -> Option<SourceRef> {
        self.config.as_ref().map(|config| config.source(&self.app))
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
