//! The simulator's own interface: knobs, people, and answers without a phone.

mod fault_form;
mod fields;
mod page;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use mti_secret::Secret;
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub(crate) use self::page::{add_fault, add_person, clear, control_page, set_all, set_fields};
use crate::apps::AppRegistration;
use crate::error::SimulatorError;
use crate::handle::SimulatorHandle;
use crate::identifiers::openid_for;
use crate::knobs::Knobs;
use crate::login::Outcome;
use crate::people::Person;
use crate::sns::union_id;
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    uuid: String,
    #[serde(default)]
    person: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CodeOrder {
    app_id: String,
    person: String,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewSecret {
    app_id: String,
    secret: Secret,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PeopleFilter {
    #[serde(default)]
    app_id: Option<String>,
}

pub(crate) async fn knobs(State(world): State<Arc<World>>) -> Json<Knobs> {
    Json(world.contents().knobs.clone())
}

/// Sets all knobs: what is not mentioned returns to its default.
pub(crate) async fn set_knobs(State(world): State<Arc<World>>, Json(knobs): Json<Knobs>) -> Json<Knobs> {
    SimulatorHandle { world }.set_knobs(knobs.clone());
    Json(knobs)
}

/// Who there is, with openIds and unionIds under the given application, or under all that are known.
pub(crate) async fn people(State(world): State<Arc<World>>, Query(filter): Query<PeopleFilter>) -> Json<Value> {
    let mut contents = world.contents();
    let apps = match filter.app_id {
        Some(app_id) => vec![app_id],
        None => contents.apps.ids(),
    };
    let people = contents.people.clone();
    let people = people.iter().map(|person| {
        let open_ids = apps.iter().map(|app| (app.clone(), json!(openid_for(&person.id, app))));
        let open_ids: Map<String, Value> = open_ids.collect();
        let union_ids = apps.iter().filter_map(|app| Some((app.clone(), json!(union_id(&mut contents, person, app)?))));
        let union_ids: Map<String, Value> = union_ids.collect();
        let mut entry = json!(person);
        if let Some(entry) = entry.as_object_mut() {
            entry.insert("openIds".to_owned(), Value::Object(open_ids));
            entry.insert("unionIds".to_owned(), Value::Object(union_ids));
        }
        entry
    });
    Json(people.collect())
}

/// Adds a person, or replaces the one of the same id.
pub(crate) async fn put_person(State(world): State<Arc<World>>, Json(person): Json<Person>) -> Response {
    let outcome = world.contents().put_person(person.clone());
    match outcome {
        Ok(()) => Json(person).into_response(),
        Err(error) => refusal(&error),
    }
}

/// The applications, without secrets.
pub(crate) async fn apps(State(world): State<Arc<World>>) -> Json<Value> {
    Json(world.contents().apps.all().map(described).collect())
}

/// Registers an application, or replaces the one of the same id.
pub(crate) async fn put_app(State(world): State<Arc<World>>, Json(app): Json<AppRegistration>) -> Response {
    let description = described(&app);
    let outcome = world.contents().apps.register_foreign(app);
    match outcome {
        Ok(()) => Json(description).into_response(),
        Err(error) => refusal(&error),
    }
}

/// The logins that can still be answered, newest first.
pub(crate) async fn pending(State(world): State<Arc<World>>) -> Json<Value> {
    let pending = world.pending_tickets(usize::MAX).into_iter().map(|(uuid, ticket)| {
        json!({
            "uuid": uuid,
            "appId": ticket.app_id,
            "stage": ticket.stage.name(),
            "scope": ticket.scope,
            "redirectUri": ticket.redirect_uri,
        })
    });
    Json(pending.collect())
}

pub(crate) async fn approve(State(world): State<Arc<World>>, Json(answer): Json<Answer>) -> Response {
    let person = answer.person.unwrap_or_else(|| world.phone_owner());
    outcome(world.approve(&answer.uuid, &person))
}

pub(crate) async fn deny(State(world): State<Arc<World>>, Json(answer): Json<Answer>) -> Response {
    outcome(world.deny(&answer.uuid))
}

pub(crate) async fn code(State(world): State<Arc<World>>, Json(order): Json<CodeOrder>) -> Response {
    let scope = order.scope.as_deref().unwrap_or("snsapi_login");
    match world.mint_code(&order.app_id, &order.person, scope) {
        Ok(code) => Json(json!({ "code": code })).into_response(),
        Err(error) => refusal(&error),
    }
}

pub(crate) async fn secret(State(world): State<Arc<World>>, Json(new): Json<NewSecret>) -> Response {
    match (SimulatorHandle { world }).reset_secret(&new.app_id, new.secret) {
        Ok(()) => Json(json!({})).into_response(),
        Err(error) => refusal(&error),
    }
}

pub(crate) async fn reset(State(world): State<Arc<World>>) -> Json<Value> {
    world.reset();
    Json(json!({}))
}

fn outcome(outcome: Result<Outcome, SimulatorError>) -> Response {
    match outcome {
        Ok(outcome) => Json(json!({ "code": outcome.code, "callbackUrl": outcome.callback })).into_response(),
        Err(error) => refusal(&error),
    }
}

fn described(app: &AppRegistration) -> Value {
    json!({
        "appId": app.app_id,
        "kind": app.kind,
        "callback": app.callback,
        "account": app.account,
        "hasSecret": app.secret.is_some(),
    })
}

fn refusal(error: &SimulatorError) -> Response {
    let status = match error {
        SimulatorError::MalformedApp(_) | SimulatorError::MalformedPerson(_) => StatusCode::UNPROCESSABLE_ENTITY,
        SimulatorError::TooMany(_) => StatusCode::INSUFFICIENT_STORAGE,
        _ => StatusCode::NOT_FOUND,
    };
    (status, Json(json!({ "error": error.to_string() }))).into_response()
}
