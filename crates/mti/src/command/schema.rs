use mti_login_types::{PASSWORD_TYPE, WECHAT_TYPE};
use serde_json::{Value, json};

use crate::command::arguments::SchemaArguments;
use crate::command::opening::Opening;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

/// The schemas of files that every app has.
const OF_FILES: [(&str, &str); 2] =
    [("app", include_str!("../../schemas/app.json")), ("element", include_str!("../../schemas/element.json"))];

/// The schemas of configs, by the Type that they are for.
const OF_TYPES: [(&str, &str); 5] = [
    (WECHAT_TYPE, include_str!("../../schemas/wechat_login.json")),
    (PASSWORD_TYPE, include_str!("../../schemas/password_login.json")),
    ("models.NormalType", include_str!("../../schemas/model.json")),
    ("databases.PgSqlType", include_str!("../../schemas/postgres_database.json")),
    ("databases.SledType", include_str!("../../schemas/sled_database.json")),
];

/// Prints a JSON Schema.
pub(crate) fn run(arguments: &SchemaArguments, opening: &Opening<'_>, output: &Output) -> Result<Exit, CommandError> {
    let name = arguments.name.as_str();
    let known = of_file(name).or_else(|| of_type(name));
    let schema = match known {
        Some(schema) => schema,
        None => of_element(name, opening)?,
    };
    output.json(&schema);
    Ok(Exit::Done)
}

/// The schema of the configs of a Type, if one is known.
pub(super) fn of_type(name: &str) -> Option<Value> {
    find(&OF_TYPES, name)
}

/// The schema of a file that every app has.
pub(super) fn of_file(name: &str) -> Option<Value> {
    find(&OF_FILES, name)
}

/// The schema of the config of an element, or of the instances of a Type: that of the nearest Type that has one.
fn of_element(name: &str, opening: &Opening<'_>) -> Result<Value, CommandError> {
    let definition = opening.open()?.get_element_define(name)?;
    let nearest = definition.types.iter().find_map(|type_name| of_type(type_name.as_str()));
    let mut schema = nearest.unwrap_or_else(anything);
    schema["title"] = format!("Config of {name}").into();
    Ok(schema)
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

fn find(schemas: &[(&str, &str)], wanted: &str) -> Option<Value> {
    let (_, text) = schemas.iter().find(|(name, _)| *name == wanted)?;
    serde_json::from_str(text).ok()
}
