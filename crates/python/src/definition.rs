//! Definitions as documents.

use mti_core::ElementName;
use mti_element::{Chain, ElementDefinition, MethodKind, Value};
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

/// The steps of a chain, with what the declared interface says of them.
pub(crate) fn steps(chain: &Chain, definition: &ElementDefinition) -> Value {
    let steps = chain.method_names().into_iter().filter_map(|name| {
        let (level, method) = chain.implementations(name).next()?;
        let declared = definition.function(name);
        let arguments = method.arguments.iter().map(|argument| {
            let declared = declared.and_then(|function| function.args.iter().find(|known| known.name == *argument));
            json!({
                "name": argument,
                "dataType": declared.and_then(|argument| argument.data_type.as_deref()),
                "required": !method.optional.contains(argument),
            })
        });
        Some(json!({
            "name": name,
            "kind": if method.kind == MethodKind::Property { "property" } else { "method" },
            "documentation": method.documentation,
            "arguments": arguments.collect::<Vec<_>>(),
            "returnType": declared.and_then(|function| function.return_type.as_deref()),
            "declared": declared.is_some(),
            "language": level.code.language(),
        }))
    });
    steps.collect()
}
