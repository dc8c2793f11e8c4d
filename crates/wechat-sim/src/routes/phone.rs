//! What the phone shows, and what it answers.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::error::SimulatorError;
use crate::html::{Fill, render};
use crate::login::Outcome;
use crate::routes::pages::{CONFIRM, PERSON, RETURN, notice, page};
use crate::tickets::Flow;
use crate::world::World;

#[derive(Debug, Deserialize)]
pub(crate) struct Scan {
    #[serde(default)]
    uuid: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Answer {
    uuid: String,
    #[serde(default)]
    person: String,
    action: Action,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Approve,
    Deny,
}

/// Opening the page is scanning the picture.
pub(crate) async fn show(State(world): State<Arc<World>>, Query(scan): Query<Scan>) -> Response {
    question(&world, &scan.uuid)
}

/// The form of the page.
pub(crate) async fn answer(State(world): State<Arc<World>>, Form(answer): Form<Answer>) -> Response {
    let flow = match world.pending_ticket(&answer.uuid) {
        Ok(ticket) => ticket.flow,
        Err(error) => return refusal(&error),
    };
    let outcome = match answer.action {
        Action::Approve => world.approve(&answer.uuid, &answer.person),
        Action::Deny => world.deny(&answer.uuid),
    };
    match (outcome, flow, answer.action) {
        (Err(error), ..) => refusal(&error),
        (Ok(outcome), Flow::InsideWeChat, _) => go_back(&world, outcome),
        (Ok(_), Flow::QrCode, Action::Approve) => {
            notice("已确认登录，请回到电脑。", "Confirmed. Return to the computer.")
        }
        (Ok(_), Flow::QrCode, Action::Deny) => {
            notice("已取消登录，可再次扫码。", "Cancelled. You may scan the picture again.")
        }
    }
}

/// Asks who it is and whether he agrees.
pub(crate) fn question(world: &World, uuid: &str) -> Response {
    let ticket = match world.scan(uuid) {
        Ok(ticket) => ticket,
        Err(error) => return refusal(&error),
    };
    let mut people = String::new();
    for (index, person) in world.people().iter().enumerate() {
        people.push_str(&render(
            PERSON,
            &[
                ("id", Fill::Text(&person.id)),
                ("title", Fill::Text(&person.title)),
                ("nickname", Fill::Text(&person.nickname)),
                ("checked", Fill::Text(if index == 0 { "checked" } else { "" })),
            ],
        ));
    }
    page(
        CONFIRM,
        &[
            ("uuid", Fill::Text(uuid)),
            ("app", Fill::Text(&ticket.app_id)),
            ("scope", Fill::Text(&ticket.scope)),
            ("people", Fill::Markup(&people)),
        ],
    )
}

/// Where nobody is asked, the owner of the phone agrees.
pub(crate) fn answer_silently(world: &World, uuid: &str) -> Response {
    let owner = world.contents().knobs.phone_owner.clone();
    let owner = owner.or_else(|| world.people().first().map(|person| person.id.clone()));
    match world.approve(uuid, &owner.unwrap_or_default()) {
        Ok(outcome) => go_back(world, outcome),
        Err(error) => refusal(&error),
    }
}

fn go_back(world: &World, outcome: Outcome) -> Response {
    let Some(callback) = outcome.callback else {
        return notice("已取消授权。", "Cancelled.");
    };
    if world.contents().knobs.double_callback {
        return page(RETURN, &[("callback", Fill::Text(&callback))]);
    }
    (StatusCode::FOUND, [(LOCATION, callback)]).into_response()
}

fn refusal(error: &SimulatorError) -> Response {
    match error {
        SimulatorError::UnknownPerson(_) => notice("没有这个人。", "There is no such person."),
        _ => notice("二维码已过期或已使用。", "The picture is expired or was used."),
    }
}
