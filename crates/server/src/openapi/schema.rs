use mti_core::manifest::{Argument, Function};
use mti_element::Value;
use serde_json::{Map, json};

use crate::data_type::DataType;

/// The JSON Schema of a data type. One that is not known here admits anything.
pub(super) fn of_data_type(name: Option<&str>) -> Map<String, Value> {
    let schema = match DataType::of(name) {
        DataType::Text => json!({"type": "string"}),
        DataType::Date => json!({"type": "string", "format": "date"}),
        DataType::Datetime => json!({"type": "string", "description": "A point in time: `2026-11-22 18:30:00`."}),
        DataType::Time => json!({"type": "string", "description": "A time of day: `18:30:00`."}),
        DataType::Number => json!({"type": "number"}),
        DataType::Integer => json!({"type": "integer"}),
        DataType::Checkbox => json!({"type": "integer", "enum": [0, 1]}),
        DataType::Boolean => json!({"type": "boolean"}),
        DataType::Object => json!({"type": "object"}),
        // There may be no row.
        DataType::Row => json!({"type": ["object", "null"]}),
        DataType::Array => json!({"type": "array"}),
        DataType::Any => json!({}),
    };
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

/// The JSON Schema of what a function answers: that of its data type, and what its declaration says beyond it.
pub(super) fn of_result(function: &Function) -> Value {
    let mut schema = of_data_type(function.return_type.as_deref());
    schema.extend(function.return_schema.clone().unwrap_or_default());
    Value::Object(schema)
}

/// The JSON Schema of an object of a function's arguments.
pub(super) fn of_arguments(function: &Function) -> Value {
    let properties: Map<String, Value> =
        function.args.iter().map(|argument| (argument.name.clone(), of_argument(argument))).collect();
    let required: Vec<&str> = function
        .args
        .iter()
        .filter(|argument| must_be_given(argument))
        .map(|argument| argument.name.as_str())
        .collect();
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// Whether a call without the argument is refused.
pub(super) fn must_be_given(argument: &Argument) -> bool {
    argument.required && argument.value.is_none()
}

fn of_argument(argument: &Argument) -> Value {
    let mut schema = of_data_type(argument.data_type.as_deref());
    schema.extend(argument.schema.clone());
    if let Some(title) = &argument.title {
        schema.insert("title".to_owned(), json!(title));
    }
    if let Some(value) = &argument.value {
        schema.insert("default".to_owned(), value.clone());
    } else if !argument.required {
        admit_null(&mut schema);
    }
    Value::Object(schema)
}

/// What may be left out may be null as well.
fn admit_null(schema: &mut Map<String, Value>) {
    match schema.get_mut("type") {
        Some(Value::Array(kinds)) if !kinds.contains(&json!("null")) => kinds.push(json!("null")),
        Some(kind @ Value::String(_)) => *kind = json!([kind.clone(), "null"]),
        _ => {}
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
}
