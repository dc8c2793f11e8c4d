//! Models, rows and filters that the tests share.

use std::sync::Arc;

use mti_data::{BoundFilter, Filter, ModelSchema, Row};
use serde_json::{Value, json};

/// A schema of the model that most checks use.
pub fn schema(definition: &Value) -> Arc<ModelSchema> {
    named("shop.models.Person", definition)
}

/// A schema of a model of that name.
pub fn named(model: &str, definition: &Value) -> Arc<ModelSchema> {
    Arc::new(ModelSchema::parse(model, "acme.shop", definition).expect("a good schema"))
}

/// A model with a field of most kinds.
pub fn person() -> Arc<ModelSchema> {
    schema(&json!({
        "fields": [
            {"name": "id", "title": "Key", "dataType": "AutoInt", "primaryKey": true},
            {"name": "userId", "title": "User", "dataType": "Stext", "unique": true},
            {"name": "name", "title": "Name", "dataType": "Stext"},
            {"name": "age", "title": "Age", "dataType": "Integer"},
            {"name": "height", "title": "Height", "dataType": "Numeric"},
            {"name": "active", "title": "Active", "dataType": "Boolean", "default": true},
            {"name": "born", "title": "Born", "dataType": "Date"},
            {"name": "extra", "title": "Extra", "dataType": "Json"}
        ],
        "uniqueList": [["name", "age"]],
        "indexList": [{"fieldNameList": ["age", "name"]}]
    }))
}

/// An object as a row.
pub fn row(value: Value) -> Row {
    match value {
        Value::Object(row) => row,
        other => panic!("not a row: {other}"),
    }
}

/// A filter that fits a model.
pub fn filter(schema: &ModelSchema, text: &str) -> BoundFilter {
    Filter::parse(text).and_then(|filter| filter.bind(schema)).unwrap_or_else(|error| panic!("{text}: {error}"))
}
