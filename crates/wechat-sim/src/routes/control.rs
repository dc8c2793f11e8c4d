//! The simulator's own interface: knobs, people, and answers without a phone.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use mti_element::Secret;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::error::SimulatorError;
use crate::handle::SimulatorHandle;
use crate::html::Fill;
use crate::identifiers::openid_for;
use crate::knobs::Knobs;
use crate::login::Outcome;
use crate::routes::pages::{CONTROL, page as render_template};
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

#[derive(Debug, Deserialize)]
pub(crate) struct KnobsForm {
    knobs: String,
}

/// The control page.
fn render_page(world: &World, message: &str) -> Response {
    let (knobs, apps) = {
        let contents = world.contents();
        (contents.knobs.clone(), contents.apps.ids().join(", "))
    };
    let knobs = serde_json::to_string_pretty(&knobs).unwrap_or_default();
    let people: Vec<&str> = world.people().iter().map(|person| person.id.as_str()).collect();
    render_template(
        CONTROL,
        &[
            ("message", Fill::Text(message)),
            ("knobs", Fill::Text(&knobs)),
            ("apps", Fill::Text(&apps)),
            ("people", Fill::Text(&people.join(", "))),
        ],
    )
}

pub(crate) async fn page(State(world): State<Arc<World>>) -> Response {
    render_page(&world, "")
}

pub(crate) async fn knobs(State(world): State<Arc<World>>) -> Json<Knobs> {
    Json(world.contents().knobs.clone())
}

/// Sets all knobs: what is not mentioned returns to its default.
pub(crate) async fn set_knobs(State(world): State<Arc<World>>, Json(knobs): Json<Knobs>) -> Json<Knobs> {
    SimulatorHandle { world }.set_knobs(knobs.clone());
    Json(knobs)
}

/// The same by the form of the control page.
pub(crate) async fn submit_knobs(State(world): State<Arc<World>>, Form(form): Form<KnobsForm>) -> Response {
    match serde_json::from_str(&form.knobs) {
        Ok(knobs) => {
            SimulatorHandle { world }.set_knobs(knobs);
            Redirect::to("/sim/").into_response()
        }
        Err(error) => render_page(&world, &format!("not changed: {error}")),
    }
}

/// Who there is, with openIds under the given application, or under all that are known.
pub(crate) async fn people(State(world): State<Arc<World>>, Query(filter): Query<PeopleFilter>) -> Json<Value> {
    let apps = match filter.app_id {
        Some(app_id) => vec![app_id],
        None => world.contents().apps.ids(),
    };
    let people = world.people().iter().map(|person| {
        let open_ids: Map<String, Value> =
            apps.iter().map(|app| (app.clone(), json!(openid_for(&person.id, app)))).collect();
        let mut entry = json!(person);
        if let Some(entry) = entry.as_object_mut() {
            entry.insert("openIds".to_owned(), Value::Object(open_ids));
        }
        entry
    });
    Json(people.collect())
}

/// The logins that can still be answered, newest first.
pub(crate) async fn pending(State(world): State<Arc<World>>) -> Json<Value> {
    let uuids: Vec<String> = world.contents().tickets.newest_first().map(|(uuid, _)| uuid.to_owned()).collect();
    let pending = uuids.into_iter().filter_map(|uuid| {
        let ticket = world.pending_ticket(&uuid).ok()?;
        Some(json!({
            "uuid": uuid,
            "appId": ticket.app_id,
            "scope": ticket.scope,
            "redirectUri": ticket.redirect_uri,
        }))
    });
    Json(pending.collect())
}

pub(crate) async fn approve(State(world): State<Arc<World>>, Json(answer): Json<Answer>) -> Response {
    let first = world.people().first().map(|person| person.id.clone());
    let person = answer.person.or(first).unwrap_or_default();
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

fn refusal(error: &SimulatorError) -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "error": error.to_string() }))).into_response()
}
