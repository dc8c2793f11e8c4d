use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use axum::http::StatusCode;
use mti_element::{Fail, Value};
use serde_json::{Map, json};

use super::Context;
use super::interface::{CallableElement, CallableFunction, Interface};
use super::schema;

/// The OpenAPI 3.1 document of an app.
pub(super) fn write(interface: &Interface, context: &Context) -> String {
    let mut answers = FailureAnswers::default();
    let mut taken = HashSet::new();
    let mut paths = Map::new();
    for element in &interface.elements {
        for function in &element.functions {
            let operation = operation(element, function, &mut answers, &mut taken);
            paths.insert(function.path.clone(), json!({"post": operation}));
        }
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": interface.title,
            "version": interface.version,
            "summary": format!("The functions of {} that can be called over HTTP", interface.app_id),
            "description": INTRODUCTION,
        },
        "servers": [{"url": context.server}],
        "tags": interface.elements.iter().map(tag).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": {"Success": success_schema(), "Failure": failure_schema()},
            "responses": answers.into_components(),
            "securitySchemes": {
                "sessionCookie": {
                    "type": "apiKey", "in": "cookie", "name": &context.cookie,
                    "description": "What browsers send. A call with it has to have the content type `application/json` \
                                    and to come from a page of this site.",
                },
                "sessionToken": {
                    "type": "http", "scheme": "bearer",
                    "description": "The `token` that signing in answered with.",
                },
            },
        },
    });
    document.to_string()
}

const INTRODUCTION: &str = "Every function is called with `POST` and a JSON object of named arguments. The answer is an envelope: \
    `errcode` is 0 and `data` the result, or `errcode` is the number of a failure, `error` its name and `errmsg` a sentence about it.";

fn tag(element: &CallableElement) -> Value {
    let definition = &element.definition;
    let mut description = definition.title.clone();
    if let Some(more) = &definition.header.description {
        description.push_str(": ");
        description.push_str(more);
    }
    json!({"name": definition.name.as_str(), "description": description})
}

fn operation(
    element: &CallableElement,
    function: &CallableFunction,
    answers: &mut FailureAnswers,
    taken: &mut HashSet<String>,
) -> Value {
    let name = element.definition.name.as_str();
    let declared = &function.declared;
    let mut responses = Map::new();
    responses.insert("200".to_owned(), success(&schema::of_result(declared)));
    for (status, kinds) in &function.failures {
        responses.insert(status.to_string(), answers.reference(*status, kinds));
    }
    responses.insert("default".to_owned(), answers.other());
    let mut operation = json!({
        "operationId": operation_id(name, &declared.name, taken),
        "tags": [name],
        "summary": declared.title.as_deref().unwrap_or(&declared.name),
        "requestBody": {
            "required": declared.args.iter().any(schema::must_be_given),
            "content": {"application/json": {"schema": schema::of_arguments(declared)}},
        },
        "responses": responses,
        "security": [],
    });
    if let Some(description) = &declared.desc {
        operation["description"] = json!(description);
    }
    if declared.login_required {
        operation["security"] = json!([{"sessionCookie": []}, {"sessionToken": []}]);
    }
    operation
}

/// The full name of the function. Two can come out the same where a name has a dot in it; the later one gets a number.
fn operation_id(element: &str, function: &str, taken: &mut HashSet<String>) -> String {
    let plain = format!("{element}.{function}");
    let mut id = plain.clone();
    let mut number = 1;
    while !taken.insert(id.clone()) {
        number += 1;
        id = format!("{plain}_{number}");
    }
    id
}

fn success(result: &Value) -> Value {
    json!({
        "description": "The result, in `data`.",
        "content": {"application/json": {"schema": {
            // Side by side, because generators of clients drop what stands beside an `allOf`.
            "allOf": [
                {"$ref": "#/components/schemas/Success"},
                {"type": "object", "properties": {"data": result}, "required": ["data"]},
            ],
        }}},
    })
}

fn envelope(errcode: &Value, errmsg: &Value, data: &Value) -> Map<String, Value> {
    let properties = json!({
        "errcode": errcode,
        "errmsg": errmsg,
        "requestId": {"type": "string", "description": "The number under which the operator finds the call in the log."},
        "sysTime": {"type": "integer", "description": "Unix milliseconds."},
        "duration": {"type": "integer", "description": "How long the call took, in milliseconds."},
        "data": data,
    });
    match properties {
        Value::Object(properties) => properties,
        _ => Map::new(),
    }
}

fn success_schema() -> Value {
    json!({
        "type": "object",
        "properties": envelope(&json!({"const": 0}), &json!({"type": "null"}), &json!({})),
        "required": ["errcode", "errmsg", "requestId", "sysTime", "duration", "data"],
    })
}

fn failure_schema() -> Value {
    let mut properties = envelope(
        &json!({"type": "integer", "minimum": 1}),
        &json!({"type": "string", "description": "What went wrong, in a sentence that may be shown."}),
        &json!({"type": "object", "description": "Empty, but for failures that are documented to say more."}),
    );
    properties.insert("error".to_owned(), json!({"type": "string", "description": "The name of the failure."}));
    json!({
        "type": "object",
        "properties": properties,
        "required": ["errcode", "errmsg", "error", "requestId", "sysTime", "duration", "data"],
    })
}

/// The answers of calls that fail. Functions share them: most can fail in the same ways.
#[derive(Default)]
struct FailureAnswers {
    /// By what they say, their name.
    names: BTreeMap<(u16, Vec<&'static str>), String>,
    components: Map<String, Value>,
}

impl FailureAnswers {
    fn reference(&mut self, status: u16, kinds: &[Fail]) -> Value {
        let names = kinds.iter().map(|kind| kind.name).collect();
        let variant = self.names.keys().filter(|(other, _)| *other == status).count() + 1;
        let name = self.names.entry((status, names)).or_insert_with(|| {
            let name = if variant == 1 { format!("Failure{status}") } else { format!("Failure{status}-{variant}") };
            self.components.insert(name.clone(), answer(&description(status, kinds)));
            name
        });
        json!({"$ref": format!("#/components/responses/{name}")})
    }

    fn other(&mut self) -> Value {
        const NAME: &str = "Failure";
        if !self.components.contains_key(NAME) {
            self.components.insert(NAME.to_owned(), answer("A failure of this element's own."));
        }
        json!({"$ref": format!("#/components/responses/{NAME}")})
    }

    fn into_components(self) -> Map<String, Value> {
        self.components
    }
}

fn answer(description: &str) -> Value {
    json!({
        "description": description,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}},
    })
}

fn description(status: u16, kinds: &[Fail]) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Failure");
    let mut text = format!("{reason}.");
    for kind in kinds {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n- `{}` ({}): {}", kind.name, kind.errcode, kind.message);
    }
    text
}
