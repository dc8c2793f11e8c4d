//! What the phone shows, and what it answers.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::error::SimulatorError;
use crate::html::{Fill, render};
use crate::login::Outcome;
use crate::routes::pages::{CONFIRM, PERSON, RETURN, WAIT, notice, page};
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
    /// Where the answer was given, if not on the phone.
    #[serde(default, rename = "return")]
    place: Option<Place>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    Control,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Approve,
    Deny,
    /// Nothing for now: the login goes on waiting.
    Wait,
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
        Action::Wait => {
            return page(WAIT, &[("uuid", Fill::Text(&answer.uuid))]);
        }
    };
    match (outcome, flow, answer.action) {
        (Err(error), ..) => refusal(&error),
        (Ok(_), ..) if matches!(answer.place, Some(Place::Control)) => Redirect::to("/sim/").into_response(),
        (Ok(outcome), Flow::InsideWeChat, _) => go_back(&world, outcome),
        (Ok(_), Flow::QrCode, Action::Approve) => {
            notice("已确认登录，请回到电脑。", "Confirmed. Return to the computer.")
        }
        (Ok(_), Flow::QrCode, Action::Deny | Action::Wait) => {
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
    let owner = world.phone_owner();
    for person in world.people() {
        people.push_str(&render(
            PERSON,
            &[
                ("id", Fill::Text(&person.id)),
                ("title", Fill::Text(&person.title)),
                ("nickname", Fill::Text(&person.nickname)),
                ("checked", Fill::Text(if person.id == owner { "checked" } else { "" })),
            ],
        ));
    }
    let asks = match ticket.scope.as_str() {
        "snsapi_login" => "登录该网站 / Sign in to this website",
        _ => "获取你的昵称、头像 / Learn your nickname and picture",
    };
    page(
        CONFIRM,
        &[
            ("uuid", Fill::Text(uuid)),
            ("app", Fill::Text(&ticket.app_id)),
            ("scope", Fill::Text(asks)),
            ("people", Fill::Markup(&people)),
        ],
    )
}

/// Where nobody is asked, the owner of the phone agrees.
pub(crate) fn answer_silently(world: &World, uuid: &str) -> Response {
    match world.approve(uuid, &world.phone_owner()) {
        Ok(outcome) => go_back(world, outcome),
        Err(error) => refusal(&error),
    }
}

fn go_back(world: &World, outcome: Outcome) -> Response {
    let Some(callback) = outcome.callback else {
        return notice("已取消授权。", "Cancelled.");
    };
    if !outcome.is_once && world.contents().knobs.double_callback {
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
