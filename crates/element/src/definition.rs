use std::sync::Arc;

use mti_core::json::Pointer;
use mti_core::manifest::{ElementManifest, Function};
use mti_core::merge::{Layered, SourceRef};
use mti_core::{AppKey, Code, Diagnostic, ElementName, SourceFile};
use serde_json::Value;

/// What is on disk for an element, with the overrides of the whole app chain merged. Reading it loads nothing.
#[derive(Debug)]
pub struct ElementDefinition {
    /// The full name.
    pub name: ElementName,
    /// The app whose definition is the nearest.
    pub app: AppKey,
    /// What it is in its family.
    pub kind: Kind,
    /// Its title.
    pub title: String,
    /// Its type chain, nearest first; empty for a Meta.
    pub types: Vec<ElementName>,
    /// The interface that may be called from outside: the functions of its type chain and its own, merged by name.
    pub functions: Vec<Function>,
    /// The merged `e.json`, typed.
    pub header: ElementManifest,
    /// The merged `e.json`, placeholders replaced in the keys that belong to its Type.
    pub manifest: Layered,
    /// The merged business config, placeholders replaced; below it lie the configs of the type chain.
    pub config: Layered,
    /// The schema of the configs of its Type, or of its instances: that of the nearest Type that has one.
    pub config_schema: Option<SourceFile>,
    /// The rows that the apps give it to begin with, those of the base first. Only models look at them.
    pub initial_rows: Arc<[InitialRow]>,
    /// What is wrong with the files that initial rows are in: which rows there should be is not known then.
    pub initial_rows_findings: Arc<[Diagnostic]>,
    /// What in its config is probably not meant.
    pub findings: Vec<Diagnostic>,
}

/// One row of an app's `initData.json`.
#[derive(Debug, Clone, PartialEq)]
pub struct InitialRow {
    /// The row as it is written.
    pub value: Value,
    /// The file that it is written in.
    pub source: SourceRef,
    /// The place in that file.
    pub pointer: Pointer,
}

impl InitialRow {
    /// A finding about the row, at its place.
    pub fn finding(&self, code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, message)
            .with_app(self.source.app.id.clone())
            .with_help(code.explanation())
            .with_location(self.source.location(&self.pointer))
    }
}

impl ElementDefinition {
    /// Whether the element is of a Type or of a family: whether its type chain holds that name.
    pub fn is_a(&self, type_name: &str) -> bool {
        self.types.iter().any(|name| name.as_str() == type_name)
    }

    /// A declared function.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == name)
    }

    /// A key of the merged `e.json`.
    pub fn manifest_value(&self, key: &str) -> Option<&Value> {
        self.manifest.value().get(key)
    }
}

/// What an element is in its family. It follows from the `e.json` files alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The root of a family: its `type` is empty.
    Meta,
    /// An element whose `type` is a Meta, or that is itself the `type` of another.
    Type,
    /// Any other element.
    Instance,
}

impl Kind {
    /// The word for it: `meta`, `type` or `instance`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Type => "type",
            Self::Instance => "instance",
        }
    }
}
