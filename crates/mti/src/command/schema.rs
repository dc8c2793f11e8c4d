use mti_core::{CONFIG_SCHEMA, files};
use serde_json::{Value, json};

use crate::command::arguments::SchemaArguments;
use crate::command::opening::Opening;
use crate::embedded::base_app;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

/// The schemas of files that every app has.
const OF_FILES: [(&str, &str); 2] =
    [("app", include_str!("../../schemas/app.json")), ("element", include_str!("../../schemas/element.json"))];

/// Prints a JSON Schema.
pub(crate) fn run(arguments: &SchemaArguments, opening: &Opening<'_>, output: &Output) -> Result<Exit, CommandError> {
    let name = arguments.name.as_str();
    let schema = match of_file(name) {
        Some(schema) => schema,
        // An official Type is known without an app, and in one that is broken.
        None => of_element(name, opening).or_else(|error| of_official_type(name).ok_or(error))?,
    };
    output.json(&schema);
    Ok(Exit::Done)
}

/// The schema of a file that every app has.
pub(super) fn of_file(name: &str) -> Option<Value> {
    let (_, text) = OF_FILES.iter().find(|(known, _)| *known == name)?;
    serde_json::from_str(text).ok()
}

/// The schema of the config of an element, or of the instances of a Type: that of the nearest Type that has one.
fn of_element(name: &str, opening: &Opening<'_>) -> Result<Value, CommandError> {
    let definition = opening.open()?.get_element_define(name)?;
    let mut schema = definition.config_schema.as_ref().map_or_else(anything, |file| Value::Object(file.document()));
    schema["title"] = format!("Config of {name}").into();
    Ok(schema)
}

/// The schema that an official Type brings.
fn of_official_type(name: &str) -> Option<Value> {
    let path = format!("{}/{CONFIG_SCHEMA}", name.replace('.', "/"));
    serde_json::from_slice(&base_app().read(&path, files::FILE_LIMIT).ok()?).ok()
}

/// The schema of what is known of any config.
fn anything() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": null,
        "description": "Its Type does not say more about its config.",
        "type": "object",
    })
}
