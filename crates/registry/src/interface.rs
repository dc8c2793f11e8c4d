//! The declared interface of an element: its `functionList`, merged.

use std::collections::HashMap;
use std::sync::Arc;

use mti_core::json::Pointer;
use mti_core::manifest::{Function, function_list_rules};
use mti_core::merge::{Layer, Layered, Origin};
use mti_core::{Code, Definition, Diagnostic, Location};
use serde_json::{Map, Value};

use crate::define::definitions;
use crate::node::Node;

/// The key of `e.json`.
const KEY: &str = "functionList";

/// The two names of one key of a function. What is nearer under either holds.
const DESCRIPTION: [&str; 2] = ["desc", "description"];

/// The functions that an element declares: those of all its definitions and of its type chain. Entries of one name are one,
/// merged key by key, and the nearest definition that has a key decides it.
pub(crate) struct Interface {
    document: Layered,
    declaring: Vec<Arc<Definition>>,
}

/// One function, and where it is declared.
pub(crate) struct Declared<'a> {
    interface: &'a Interface,
    place: Pointer,
    pub(crate) function: &'a Function,
}

impl Interface {
    /// Merges what the definitions of an element and of its type chain declare.
    pub(crate) fn of(node: &Node) -> Self {
        let declaring: Vec<_> =
            node.ancestry().flat_map(|ancestor| definitions(&ancestor.layers)).map(Arc::clone).collect();
        let mut layers: Vec<Layer> = declaring
            .iter()
            .map(|definition| {
                let list = definition.document().remove(KEY).map(|list| (KEY.to_owned(), list));
                Layer { origin: definition.manifest_source(), value: Value::Object(list.into_iter().collect()) }
            })
            .collect();
        keep_nearest_descriptions(layers.iter_mut().map(|layer| &mut layer.value));
        Self { document: Layered::by(function_list_rules(), layers), declaring }
    }

    /// The functions, those of the Meta first.
    pub(crate) fn functions(&self) -> Vec<Function> {
        Function::list_of(self.document.value())
    }

    /// One of its functions, with where it is declared.
    pub(crate) fn declared<'a>(&'a self, function: &'a Function) -> Declared<'a> {
        let entries = self.document.value().get(KEY).and_then(Value::as_array);
        let is_of_that_name = |entry: &Value| entry.get("name").and_then(Value::as_str) == Some(&*function.name);
        let index = entries.and_then(|entries| entries.iter().position(is_of_that_name)).unwrap_or_default();
        Declared { interface: self, place: Pointer::ROOT.key(KEY).index(index), function }
    }
}

impl Declared<'_> {
    /// The nearest definition that has an entry for the function, and where.
    pub(crate) fn entry(&self) -> Option<(&Arc<Definition>, Location)> {
        self.at(&self.place)
    }

    /// What the declarations say of the function, key by key, with the place below the function's own and the origin.
    pub(crate) fn values(&self) -> impl Iterator<Item = (Pointer, &Value, Origin)> {
        let document = &self.interface.document;
        let entry = self.place.get(document.value()).and_then(Value::as_object).into_iter().flatten();
        entry
            .filter(|(key, _)| *key != "name")
            .filter_map(|(key, value)| Some((Pointer::ROOT.key(key), value, document.origin(&self.place.key(key))?)))
    }

    /// A finding about the function, at its nearest entry.
    pub(crate) fn finding(&self, code: Code, message: String) -> Option<Diagnostic> {
        self.entry().map(|place| finding_at(place, code, message))
    }

    /// A finding about the arguments that are declared, at the definition that decides which there are.
    pub(crate) fn finding_about_arguments(&self, code: Code, message: String) -> Option<Diagnostic> {
        let place = self.at(&self.place.key("args")).or_else(|| self.entry())?;
        Some(finding_at(place, code, message))
    }

    fn at(&self, place: &Pointer) -> Option<(&Arc<Definition>, Location)> {
        let Origin { app, location } = self.interface.document.origin(place)?;
        let is_origin =
            |definition: &&Arc<Definition>| definition.app == app && *definition.manifest_file.path == *location.file;
        Some((self.interface.declaring.iter().find(is_origin)?, location))
    }
}

fn finding_at((definition, location): (&Arc<Definition>, Location), code: Code, message: String) -> Diagnostic {
    Diagnostic::new(code, message)
        .with_element(definition.name.clone())
        .with_app(definition.app.id.clone())
        .with_location(location)
}

/// Takes a description out of every entry for a function that a nearer entry describes under the key's other name.
pub(crate) fn keep_nearest_descriptions<'a>(nearest_first: impl Iterator<Item = &'a mut Value>) {
    let mut described: HashMap<String, &str> = HashMap::new();
    for document in nearest_first {
        let entries = document.get_mut(KEY).and_then(Value::as_array_mut);
        let entries = entries.into_iter().flatten().filter_map(Value::as_object_mut);
        for entry in entries {
            let Some(name) = entry.get("name").and_then(Value::as_str).map(str::to_owned) else { continue };
            if let Some(nearer) = described.get(&name) {
                DESCRIPTION.iter().filter(|key| *key != nearer).for_each(|key| drop(entry.remove(*key)));
            } else if let Some(key) = described_by(entry) {
                described.insert(name, key);
            }
        }
    }
}

fn described_by(entry: &Map<String, Value>) -> Option<&'static str> {
    DESCRIPTION.into_iter().find(|key| entry.contains_key(*key))
}
