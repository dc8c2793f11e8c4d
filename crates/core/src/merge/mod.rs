//! Deep merge of JSON documents that remembers where every value came from.

mod overlay;
mod rules;

use std::sync::Arc;

use serde_json::Value;

use self::overlay::MergedLists;
pub use self::rules::MergeRules;

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

/// Documents merged, nearest first: objects member by member, lists as [`MergeRules`] say, everything else replaced whole.
///
/// Where a value came from is found when it is asked for, by looking through the texts.
#[derive(Debug, Clone, Default)]
pub struct Layered {
    value: Value,
    layers: Vec<Kept>,
    lists: MergedLists,
}

/// What is kept of a layer: where it is from, and what it said if that cannot be read again.
#[derive(Debug, Clone)]
struct Kept {
    origin: SourceRef,
    value: Option<Value>,
}

impl Layered {
    /// Merges `layers`, nearest first, and replaces lists. Without any layer, the value is `null`.
    pub fn new(layers: Vec<Layer>) -> Self {
        Self::by(&MergeRules::default(), layers)
    }

    /// As [`new`](Self::new), with lists merged as `rules` say.
    pub fn by(rules: &MergeRules, layers: Vec<Layer>) -> Self {
        let rules = rules.at_root();
        let mut merged = Value::Null;
        let mut lists = MergedLists::default();
        let mut kept = Vec::with_capacity(layers.len());
        for (index, layer) in layers.into_iter().enumerate().rev() {
            kept.push(Kept { value: layer.origin.text.is_none().then(|| layer.value.clone()), origin: layer.origin });
            lists.overlay(&mut merged, layer.value, index, &Pointer::ROOT, &rules);
        }
        kept.reverse();
        Self { value: merged, layers: kept, lists }
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
        let (layer, place) = self.layer_of(pointer)?;
        Some(Origin { app: layer.origin.app.clone(), location: layer.origin.location(&place) })
    }

    /// As [`origin`](Self::origin), at the key that the value stands behind.
    pub fn key_origin(&self, pointer: &Pointer) -> Option<Origin> {
        let (layer, place) = self.layer_of(pointer)?;
        Some(Origin { app: layer.origin.app.clone(), location: layer.origin.key_location(&place) })
    }

    /// The source that the value at `pointer` came from, with the span of the value in its text.
    pub fn source(&self, pointer: &Pointer) -> Option<(&SourceRef, Option<Span>)> {
        let (layer, place) = self.layer_of(pointer)?;
        Some((&layer.origin, layer.span(&place)))
    }

    /// Every leaf of the merged document with its origin, in the document's order: scalars, empty objects, and arrays,
    /// unless they were merged of the items of several layers.
    pub fn origins(&self) -> impl Iterator<Item = (Pointer, &Value, Origin)> {
        let mut leaves = Vec::new();
        self.collect_leaves(&self.value, &Pointer::ROOT, &mut leaves);
        leaves.into_iter().filter_map(|(pointer, value)| self.origin(&pointer).map(|origin| (pointer, value, origin)))
    }

    /// The nearest layer that has what is at `pointer` of the merged document, and where that layer has it.
    fn layer_of(&self, pointer: &Pointer) -> Option<(&Kept, Pointer)> {
        pointer.get(&self.value)?;
        self.layers.iter().enumerate().find_map(|(index, layer)| {
            let place = self.lists.place_in(index, pointer)?;
            layer.has(&place).then_some((layer, place))
        })
    }

    fn collect_leaves<'value>(
        &self,
        value: &'value Value,
        pointer: &Pointer,
        leaves: &mut Vec<(Pointer, &'value Value)>,
    ) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (key, member) in members {
                    self.collect_leaves(member, &pointer.key(key), leaves);
                }
            }
            Value::Array(items) if self.lists.is_of_several(pointer) => {
                for (index, item) in items.iter().enumerate() {
                    self.collect_leaves(item, &pointer.index(index), leaves);
                }
            }
            leaf => leaves.push((pointer.clone(), leaf)),
        }
    }
}

impl Kept {
    /// Whether this layer has the place.
    fn has(&self, place: &Pointer) -> bool {
        match &self.value {
            Some(value) => place.get(value).is_some(),
            None => self.span(place).is_some(),
        }
    }

    /// Where in its text this layer has the place.
    fn span(&self, place: &Pointer) -> Option<Span> {
        let text = self.origin.text.as_ref()?;
        locate(text, place).map(|found| found.value)
    }
}
