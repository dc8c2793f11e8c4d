//! Deep merge of JSON documents that remembers where every value came from.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::app_id::AppKey;
use crate::diagnostic::Location;
use crate::json::{Found, Pointer, Span, locate};

/// The file that a layer was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRef {
    /// The app to whose root the file is relative.
    pub app: AppKey,
    /// The file.
    pub file: Arc<str>,
    /// Its text; none for a layer that was read from no file.
    pub text: Option<Arc<str>>,
}

impl SourceRef {
    /// Where in the file the value at `pointer` is; the file alone when it is not there.
    pub fn location(&self, pointer: &Pointer) -> Location {
        self.location_of(pointer, |found| found.value)
    }

    /// As [`location`](Self::location), of the key that the value stands behind.
    pub fn key_location(&self, pointer: &Pointer) -> Location {
        self.location_of(pointer, |found| found.key.unwrap_or(found.value))
    }

    fn location_of(&self, pointer: &Pointer, part: impl Fn(Found) -> Span) -> Location {
        let file = &*self.file;
        match self.text.as_deref().and_then(|text| Some((text, locate(text, pointer)?))) {
            Some((text, found)) => Location::at(file, text, part(found)),
            None => Location::file(file),
        }
    }
}

/// One document of a merge.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Where it is from.
    pub origin: SourceRef,
    /// What it says.
    pub value: Value,
}

/// Where a value of a merged document came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The app.
    pub app: AppKey,
    /// The file of that app, and the place in it.
    pub location: Location,
}

/// Documents merged, nearest first: objects member by member, everything else replaced whole.
///
/// Where a value came from is found when it is asked for, by looking through the texts.
#[derive(Debug, Clone, Default)]
pub struct Layered {
    value: Value,
    layers: Vec<Kept>,
}

/// What is kept of a layer: where it is from, and what it said if that cannot be read again.
#[derive(Debug, Clone)]
struct Kept {
    origin: SourceRef,
    value: Option<Value>,
}

impl Layered {
    /// Merges `layers`, nearest first. Without any, the value is `null`.
    pub fn new(layers: Vec<Layer>) -> Self {
        let mut merged = Value::Null;
        let mut kept = Vec::with_capacity(layers.len());
        for layer in layers.into_iter().rev() {
            kept.push(Kept { value: layer.origin.text.is_none().then(|| layer.value.clone()), origin: layer.origin });
            overlay(&mut merged, layer.value);
        }
        kept.reverse();
        Self { value: merged, layers: kept }
    }

    /// The merged document.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The merged document, owned.
    pub fn into_value(self) -> Value {
        self.value
    }

    /// The merged document for changing values in place, as placeholders are: origins stay those of the places.
    pub fn value_mut(&mut self) -> &mut Value {
        &mut self.value
    }

    /// The files that were merged, nearest first.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = &SourceRef> {
        self.layers.iter().map(|layer| &layer.origin)
    }

    /// Where the value at `pointer` came from: the nearest layer that has the place.
    pub fn origin(&self, pointer: &Pointer) -> Option<Origin> {
        Some(self.layer_of(pointer)?.origin_of(pointer))
    }

    /// As [`origin`](Self::origin), at the key that the value stands behind.
    pub fn key_origin(&self, pointer: &Pointer) -> Option<Origin> {
        let source = &self.layer_of(pointer)?.origin;
        Some(Origin { app: source.app.clone(), location: source.key_location(pointer) })
    }

    /// The source that the value at `pointer` came from, with the span of the value in its text.
    pub fn source(&self, pointer: &Pointer) -> Option<(&SourceRef, Option<Span>)> {
        let layer = self.layer_of(pointer)?;
        Some((&layer.origin, layer.span(pointer)))
    }

    fn layer_of(&self, pointer: &Pointer) -> Option<&Kept> {
        pointer.get(&self.value)?;
        self.layers.iter().find(|layer| layer.has(pointer))
    }

    /// Every leaf of the merged document with its origin: scalars, arrays and empty objects, in the document's order.
    pub fn origins(&self) -> impl Iterator<Item = (Pointer, &Value, Origin)> {
        let mut leaves = Vec::new();
        collect_leaves(&self.value, &Pointer::ROOT, &mut leaves);
        leaves.into_iter().filter_map(|(pointer, value)| self.origin(&pointer).map(|origin| (pointer, value, origin)))
    }
}

impl Kept {
    /// Whether this layer has the place.
    fn has(&self, pointer: &Pointer) -> bool {
        match &self.value {
            Some(value) => pointer.get(value).is_some(),
            None => self.span(pointer).is_some(),
        }
    }

    /// Where in its text this layer has the place.
    fn span(&self, pointer: &Pointer) -> Option<Span> {
        let text = self.origin.text.as_ref()?;
        locate(text, pointer).map(|found| found.value)
    }

    fn origin_of(&self, pointer: &Pointer) -> Origin {
        let file = &*self.origin.file;
        let location = match (self.span(pointer), &self.origin.text) {
            (Some(span), Some(text)) => Location::at(file, text, span),
            _ => Location::file(file),
        };
        Origin { app: self.origin.app.clone(), location }
    }
}

/// Lays `nearer` over `target`. Documents come from a parser that bounds their depth, and so the recursion.
fn overlay(target: &mut Value, nearer: Value) {
    match (target, nearer) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                match below.get_mut(&key) {
                    Some(existing) => overlay(existing, value),
                    None => {
                        below.insert(key, value);
                    }
                }
            }
        }
        (target, nearer) => *target = nearer,
    }
}

/// Merges objects, nearest first, without keeping origins.
pub fn merge_objects(nearest_first: Vec<Map<String, Value>>) -> Map<String, Value> {
    let mut merged = Value::Object(Map::new());
    for object in nearest_first.into_iter().rev() {
        overlay(&mut merged, Value::Object(object));
    }
    match merged {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn collect_leaves<'value>(value: &'value Value, pointer: &Pointer, leaves: &mut Vec<(Pointer, &'value Value)>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (key, member) in members {
                collect_leaves(member, &pointer.key(key), leaves);
            }
        }
        leaf => leaves.push((pointer.clone(), leaf)),
    }
}
