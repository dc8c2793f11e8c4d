use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::rows::Unique;

/// The config of a model.
#[derive(Debug, Clone)]
pub(crate) struct ModelSource {
    /// Its full name.
    pub(crate) name: &'static str,
    /// The database that its `e.json` names.
    pub(crate) database: &'static str,
    /// What its schema has besides what every one has.
    pub(crate) parts: BTreeSet<SchemaPart>,
}

/// What the schema of a model has at times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SchemaPart {
    /// `name` is unique.
    UniqueName,
    /// `mail` and `owner` together are unique.
    UniqueMail,
    /// There is an index of `age`.
    Index,
    /// There is a field more.
    Field,
}

impl ModelSource {
    /// Whether its schema has something.
    pub(crate) fn has(&self, part: SchemaPart) -> bool {
        self.parts.contains(&part)
    }

    /// Adds something to its schema, or takes it out.
    pub(crate) fn toggle(&mut self, part: SchemaPart) {
        if !self.parts.remove(&part) {
            self.parts.insert(part);
        }
    }

    /// What is unique by its schema, besides the key.
    pub(crate) fn unique(&self) -> Unique {
        Unique { name: self.has(SchemaPart::UniqueName), mail: self.has(SchemaPart::UniqueMail) }
    }

    /// Its config.
    pub(crate) fn config(&self) -> Value {
        let mut fields = vec![
            json!({"name": "id", "title": "Id", "dataType": "AutoInt", "primaryKey": true}),
            json!({"name": "key", "title": "Key", "dataType": "Stext"}),
            json!({"name": "name", "title": "Name", "dataType": "Stext"}),
            json!({"name": "mail", "title": "Mail", "dataType": "Stext"}),
            json!({"name": "owner", "title": "Owner", "dataType": "Integer"}),
            json!({"name": "age", "title": "Age", "dataType": "Integer"}),
        ];
        if self.has(SchemaPart::Field) {
            fields.push(json!({"name": "extra", "title": "Extra", "dataType": "Stext"}));
        }
        let mut unique = vec![json!(["key"])];
        if self.has(SchemaPart::UniqueName) {
            unique.push(json!(["name"]));
        }
        if self.has(SchemaPart::UniqueMail) {
            unique.push(json!(["mail", "owner"]));
        }
        let index = if self.has(SchemaPart::Index) { json!([["age"]]) } else { json!([]) };
        json!({"fields": fields, "uniqueList": unique, "indexList": index})
    }
}
