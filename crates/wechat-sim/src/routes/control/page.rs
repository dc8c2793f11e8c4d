//! The control page and its forms. Each form ends in the page again.

use std::sync::Arc;

use axum::Form;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::apps::{AppKind, AppRegistration, CallbackRule};
use crate::handle::SimulatorHandle;
use crate::html::{Fill, render};
use crate::identifiers::openid_for;
use crate::knobs::Knobs;
use crate::parameters::Parameters;
use crate::people::Person;
use crate::routes::asked_at::AskedAt;
use crate::routes::control::{fault_form, fields};
use crate::routes::pages::{self, CONTROL};
use crate::tickets::{Flow, Ticket};
use crate::world::World;

const LOGIN: &str = include_str!("../../pages/control_login.html");
const PERSON: &str = include_str!("../../pages/control_person.html");
const APP: &str = include_str!("../../pages/control_app.html");
const OPEN_ID: &str = "<dt>{{app}}</dt><dd><code>{{id}}</code></dd>";

/// How many waiting logins are shown.
const SHOWN_LOGINS: usize = 20;

/// For how many applications openIds are shown.
const SHOWN_APPS: usize = 20;

#[derive(Debug, Deserialize)]
pub(crate) struct KnobsForm {
    knobs: String,
}

pub(crate) async fn control_page(State(world): State<Arc<World>>, AskedAt(origin): AskedAt) -> Response {
    show(&world, &origin, "")
}

/// All knobs as JSON: what is not mentioned returns to its default.
pub(crate) async fn set_all(
    State(world): State<Arc<World>>,
    AskedAt(origin): AskedAt,
    Form(form): Form<KnobsForm>,
) -> Response {
    set(world, &origin, serde_json::from_str(&form.knobs).map_err(|error| error.to_string()))
}

/// All knobs but the faults, one field each.
pub(crate) async fn set_fields(State(world): State<Arc<World>>, AskedAt(origin): AskedAt, form: Bytes) -> Response {
    let current = world.contents().knobs.clone();
    set(world, &origin, fields::read(&Parameters::parse(None, &form), &current))
}

/// One fault more.
pub(crate) async fn add_fault(State(world): State<Arc<World>>, AskedAt(origin): AskedAt, form: Bytes) -> Response {
    let current = world.contents().knobs.clone();
    set(world, &origin, fault_form::add(&Parameters::parse(None, &form), &current))
}

/// No faults, or with `all` the default of every knob.
pub(crate) async fn clear(State(world): State<Arc<World>>, AskedAt(origin): AskedAt, form: Bytes) -> Response {
    let is_all = Parameters::parse(None, &form).get("all").is_some();
    let current = if is_all { Knobs::default() } else { world.contents().knobs.clone() };
    set(world, &origin, Ok(Knobs { faults: Vec::new(), ..current }))
}

/// Somebody more, with a name of one's own choosing.
pub(crate) async fn add_person(State(world): State<Arc<World>>, AskedAt(origin): AskedAt, form: Bytes) -> Response {
    let form = Parameters::parse(None, &form);
    let text = |name| form.get(name).unwrap_or_default().to_owned();
    let person = Person {
        id: text("id"),
        title: "Added here / 新增".to_owned(),
        nickname: text("nickname"),
        has_avatar: form.get("avatar").is_some(),
        has_union_id: form.get("union").is_some(),
        is_snapshot: form.get("snapshot").is_some(),
    };
    let outcome = world.contents().put_person(person);
    match outcome {
        Ok(()) => Redirect::to("/sim/").into_response(),
        Err(error) => show(&world, &origin, &format!("not changed: {error}")),
    }
}

fn set(world: Arc<World>, origin: &str, knobs: Result<Knobs, String>) -> Response {
    match knobs {
        Ok(knobs) => {
            SimulatorHandle { world }.set_knobs(knobs);
            Redirect::to("/sim/").into_response()
        }
        Err(message) => show(&world, origin, &format!("not changed: {message}")),
    }
}

fn show(world: &World, origin: &str, message: &str) -> Response {
    let people = world.people();
    let (knobs, apps) = {
        let contents = world.contents();
        (contents.knobs.clone(), contents.apps.all().cloned().collect::<Vec<_>>())
    };
    let owner = world.phone_owner();
    let logins = world.pending_tickets(SHOWN_LOGINS);
    // Inside WeChat the page itself is the phone's.
    let logins = logins.iter().filter(|(_, ticket)| ticket.flow == Flow::QrCode);
    let logins: String = logins.map(|(uuid, ticket)| login(uuid, ticket, &people, &owner)).collect();
    let shown_people: String = people.iter().map(|one| person(one, &apps)).collect();
    let shown_apps: String = apps.iter().map(app).collect();
    let json = serde_json::to_string_pretty(&knobs).unwrap_or_default();
    pages::page(
        CONTROL,
        &[
            ("message", Fill::Text(message)),
            ("origin", Fill::Text(origin)),
            ("logins", Fill::Markup(&logins)),
            ("faults", Fill::Markup(&fault_form::show(&knobs))),
            ("endpoints", Fill::Markup(&fault_form::endpoint_options())),
            ("effects", Fill::Markup(&fault_form::effect_options())),
            ("fields", Fill::Markup(&fields::show(&knobs))),
            ("knobs", Fill::Text(&json)),
            ("people", Fill::Markup(&shown_people)),
            ("apps", Fill::Markup(&shown_apps)),
        ],
    )
}

fn login(uuid: &str, ticket: &Ticket, people: &[Person], owner: &str) -> String {
    let people: String = people.iter().map(|one| fields::option((&one.id, name(one)), Some(owner))).collect();
    let stage = match ticket.stage.name() {
        "scanned" => "scanned",
        "cancelled" => "refused, may scan again",
        _ => "waits to be scanned",
    };
    render(
        LOGIN,
        &[
            ("uuid", Fill::Text(uuid)),
            ("app", Fill::Text(&ticket.app_id)),
            ("stage", Fill::Text(stage)),
            ("redirect", Fill::Text(&ticket.redirect_uri)),
            ("people", Fill::Markup(&people)),
        ],
    )
}

fn person(person: &Person, apps: &[AppRegistration]) -> String {
    let open_ids = apps.iter().take(SHOWN_APPS).map(|app| {
        let id = openid_for(&person.id, &app.app_id);
        render(OPEN_ID, &[("app", Fill::Text(&app.app_id)), ("id", Fill::Text(&id))])
    });
    let open_ids: String = open_ids.collect();
    render(
        PERSON,
        &[
            ("id", Fill::Text(&person.id)),
            ("title", Fill::Text(&person.title)),
            ("nickname", Fill::Text(name(person))),
            ("openids", Fill::Markup(&open_ids)),
        ],
    )
}

fn app(app: &AppRegistration) -> String {
    let kind = match app.kind {
        AppKind::Website => "website",
        AppKind::ServiceAccount => "service account",
        AppKind::Either => "website and service account",
    };
    let callback = match &app.callback {
        CallbackRule::Loopback => "this machine".to_owned(),
        CallbackRule::Hosts(hosts) => hosts.join(", "),
        CallbackRule::Exactly(addresses) => addresses.join(", "),
        CallbackRule::HostsAndExactly { hosts, addresses } => {
            format!("{} on {}", addresses.join(", "), hosts.join(", "))
        }
    };
    render(
        APP,
        &[
            ("id", Fill::Text(&app.app_id)),
            ("kind", Fill::Text(kind)),
            ("callback", Fill::Text(&callback)),
            ("account", Fill::Text(&app.account)),
        ],
    )
}

/// Somebody without a nickname is called by his id.
fn name(person: &Person) -> &str {
    if person.nickname.trim().is_empty() { &person.id } else { &person.nickname }
}
