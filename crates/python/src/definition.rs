//! Definitions as documents.

use mti_core::ElementName;
use mti_element::{ElementDefinition, Value};
use mti_registry::without_secrets;
use serde_json::json;

/// What is on disk for an element, overrides merged, without secrets.
pub(crate) fn document(definition: &ElementDefinition) -> Value {
    json!({
        "fullName": definition.name.as_str(),
        "kind": definition.kind.as_str(),
        "type": definition.types.first().map_or("", |name| name.as_str()),
        "types": definition.types.iter().map(ElementName::as_str).collect::<Vec<_>>(),
        "title": definition.title,
        "appKey": definition.app.to_string(),
        "define": without_secrets(definition.manifest.value()),
        "config": without_secrets(definition.config.value()),
    })
}
