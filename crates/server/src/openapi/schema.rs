use mti_core::manifest::{Argument, Function};
use mti_element::Value;
use serde_json::{Map, json};

/// The JSON Schema of a data type. One that is not known here admits anything.
pub(super) fn of_data_type(data_type: Option<&str>) -> Map<String, Value> {
    let name = data_type.unwrap_or_default();
    let schema = match name.strip_prefix("datatypes.").unwrap_or(name) {
        "Stext" | "Ltext" | "Phone" | "Radio" | "Dropdown" => json!({"type": "string"}),
        "Date" => json!({"type": "string", "format": "date"}),
        "Datetime" => json!({"type": "string", "description": "A point in time: `2026-11-22 18:30:00`."}),
        "Time" => json!({"type": "string", "description": "A time of day: `18:30:00`."}),
        "Numeric" | "Money" | "Percent" => json!({"type": "number"}),
        "AutoInt" | "Integer" => json!({"type": "integer"}),
        "Checkbox" => json!({"type": "integer", "enum": [0, 1]}),
        "Boolean" => json!({"type": "boolean"}),
        "JitDict" | "JitMap" | "RowData" => json!({"type": "object"}),
        "JitList" | "RowList" => json!({"type": "array"}),
        _ => json!({}),
    };
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
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
    if let Some(title) = &argument.title {
        schema.insert("title".to_owned(), json!(title));
    }
    if let Some(value) = &argument.value {
        schema.insert("default".to_owned(), value.clone());
    } else if !argument.required
        && let Some(kind) = schema.get_mut("type")
    {
        // What may be left out may as well be null.
        *kind = json!([kind.clone(), "null"]);
        if let Some(Value::Array(values)) = schema.get_mut("enum") {
            values.push(Value::Null);
        }
    }
    Value::Object(schema)
}
