use std::collections::HashSet;

use mti_core::json::Pointer;
use mti_core::merge::Layered;
use mti_core::{Code, Diagnostic, ElementName, Severity, suggest};
use mti_element::{AppView as _, ElementDefinition};
use mti_login_types::WECHAT_TYPE;
use serde_json::Value;

use super::schema;
use crate::App;

/// The keys of `e.json` that belong to a Type.
const OF_MANIFESTS: [(&str, &[&str]); 2] =
    [(WECHAT_TYPE, &["allowRegister", "appSecret", "redirectUris"]), ("models.NormalType", &["db"])];

/// A shorter key is near to too much.
const SHORTEST: usize = 5;

/// Keys that nothing reads, and that are nearly keys that something would: `isActve`, or that something reads in the
/// other file: `db` in a model's config. Other keys that are not known may be those of a level of the
/// app.
pub(super) fn near_misses(app: &App) -> Vec<Diagnostic> {
    let snapshot = app.snapshot();
    let mut found = Vec::new();
    for name in snapshot.names() {
        // What cannot be defined is reported already.
        let Ok(definition) = app.get_element_define(name.as_str()) else { continue };
        let names =
            || std::iter::once(definition.name.as_str()).chain(definition.types.iter().map(ElementName::as_str));
        let of_type = names().find_map(|name| OF_MANIFESTS.iter().find(|(type_name, _)| *type_name == name));
        if let Some(schema) = definition.config_schema.as_ref().map(|schema| Value::Object(schema.document())) {
            let mut look =
                Look { definition: &definition, document: &definition.config, schema: &schema, found: &mut found };
            look.at(&Pointer::ROOT, definition.config.value(), &schema, &[]);
            look.misplaced(of_type.map_or(&[], |(_, keys)| keys));
        }
        if let Some(schema) = schema::of_file("element") {
            let mut look =
                Look { definition: &definition, document: &definition.manifest, schema: &schema, found: &mut found };
            look.at(&Pointer::ROOT, definition.manifest.value(), &schema, of_type.map_or(&[], |(_, keys)| keys));
        }
    }
    // What a Type says is in the config of all that are of it.
    let mut places = HashSet::new();
    found.retain(|finding| {
        let place = finding.location.as_ref().map(|place| (place.file.clone(), place.line, place.column));
        places.insert((finding.app.clone(), place))
    });
    found
}

/// One document, held against its schema.
struct Look<'a> {
    definition: &'a ElementDefinition,
    document: &'a Layered,
    schema: &'a Value,
    found: &'a mut Vec<Diagnostic>,
}

impl<'a> Look<'a> {
    fn at(&mut self, pointer: &Pointer, value: &Value, schema: &'a Value, more_keys: &[&str]) {
        let schema = self.referred(schema);
        match value {
            Value::Object(object) => {
                let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
                for (key, inner) in object {
                    let here = pointer.key(key);
                    if let Some(schema) = properties.get(key) {
                        self.at(&here, inner, schema, &[]);
                    } else if !more_keys.contains(&key.as_str()) {
                        let known = properties.keys().map(String::as_str).chain(more_keys.iter().copied());
                        self.unknown(pointer, key, known);
                    }
                }
            }
            Value::Array(items) => {
                let Some(schema) = schema.get("items") else { return };
                for (index, item) in items.iter().enumerate() {
                    self.at(&pointer.index(index), item, schema, &[]);
                }
            }
            _ => {}
        }
    }

    /// The schema that `$ref` refers to, or the schema itself.
    fn referred(&self, schema: &'a Value) -> &'a Value {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
        let root = self.schema;
        target.and_then(|target| root.pointer(target)).unwrap_or(schema)
    }

    /// Keys of a config that are read in `e.json` only.
    fn misplaced(&mut self, of_manifest: &[&str]) {
        let known = self.schema.get("properties").and_then(Value::as_object);
        for key in of_manifest.iter().filter(|key| !known.is_some_and(|known| known.contains_key(**key))) {
            let Some(origin) = self.document.key_origin(&Pointer::ROOT.key(key)) else { continue };
            self.found.push(
                Diagnostic::new(Code::UnknownConfigKey, format!("nothing reads the key `{key}` of a config"))
                    .with_severity(Severity::Warning)
                    .with_element(self.definition.name.clone())
                    .with_app(origin.app.id.clone())
                    .with_location(origin.location)
                    .with_help(format!("move `{key}` into the element's `e.json`")),
            );
        }
    }

    fn unknown<'k>(&mut self, parent: &Pointer, key: &str, known: impl Iterator<Item = &'k str>) {
        let Some(origin) = self.document.key_origin(&parent.key(key)) else { return };
        // A file that has the known key as well means another one.
        let is_given = |known: &str| {
            let given = self.document.origin(&parent.key(known));
            given.is_some_and(|given| given.app == origin.app && given.location.file == origin.location.file)
        };
        let known = known.filter(|known| known.len() >= SHORTEST && !is_given(known));
        let Some(meant) = suggest::nearest(key, known, 1).pop() else { return };
        self.found.push(
            Diagnostic::new(Code::UnknownConfigKey, format!("nothing reads the key `{key}`"))
                .with_severity(Severity::Warning)
                .with_element(self.definition.name.clone())
                .with_app(origin.app.id.clone())
                .with_location(origin.location)
                .with_help(format!("did you mean `{meant}`?")),
        );
    }
}
