//! What happens between the authorize page and the callback.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::error::SimulatorError;
use crate::grants::{Authorization, Grants};
use crate::identifiers::random_text;
use crate::knobs::DenyMode;
use crate::tickets::{PollAnswer, Stage, Ticket};
use crate::world::{Contents, World};

/// The longest that a poll is held.
const MAX_POLL_HOLD: Duration = Duration::from_mins(10);

/// What the phone's answer came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) code: Option<String>,
    /// Where the browser goes; `None` when it stays.
    pub(crate) callback: Option<String>,
    /// Whether it goes there once, whatever the knobs say.
    pub(crate) is_once: bool,
}

impl World {
    /// Begins a login and names it.
    pub(crate) fn open_ticket(&self, ticket: Ticket) -> String {
        let uuid = format!("0{}", random_text(15));
        self.contents().tickets.insert(uuid.clone(), ticket);
        uuid
    }

    /// A login that can still be answered.
    pub(crate) fn pending_ticket(&self, uuid: &str) -> Result<Ticket, SimulatorError> {
        pending(&self.contents(), uuid, self.now()).cloned()
    }

    /// The logins that can still be answered, newest first, but not more than this many.
    pub(crate) fn pending_tickets(&self, at_most: usize) -> Vec<(String, Ticket)> {
        let now = self.now();
        let contents = self.contents();
        let uuids = contents.tickets.newest_first().map(|(uuid, _)| uuid);
        let tickets = uuids.filter_map(|uuid| Some((uuid.to_owned(), pending(&contents, uuid, now).ok()?.clone())));
        tickets.take(at_most).collect()
    }

    /// The phone opens the page.
    pub(crate) fn scan(&self, uuid: &str) -> Result<Ticket, SimulatorError> {
        self.answer_ticket(uuid, |_, _| Stage::Scanned)
    }

    /// The phone says yes.
    pub(crate) fn approve(&self, uuid: &str, person_id: &str) -> Result<Outcome, SimulatorError> {
        let person = self.person(person_id)?;
        let now = self.now();
        let ticket = self.answer_ticket(uuid, |ticket, grants| {
            let authorization = Authorization {
                app_id: ticket.app_id.clone(),
                person_id: person.id.clone(),
                scope: ticket.scope.clone(),
            };
            Stage::Confirmed { code: grants.issue_code(authorization, now) }
        })?;
        let code = match &ticket.stage {
            Stage::Confirmed { code } => Some(code.clone()),
            _ => None,
        };
        Ok(Outcome { callback: Some(ticket.callback(code.as_deref())), code, is_once: ticket.wants_one_callback })
    }

    /// The phone says no.
    pub(crate) fn deny(&self, uuid: &str) -> Result<Outcome, SimulatorError> {
        let ticket = self.answer_ticket(uuid, |_, _| Stage::Cancelled)?;
        let deny_mode = self.contents().knobs.deny_mode;
        let callback = match deny_mode {
            DenyMode::None => None,
            DenyMode::StateOnly => Some(ticket.callback(None)),
            DenyMode::Authdeny => Some(ticket.callback(Some("authdeny"))),
        };
        Ok(Outcome { code: None, callback, is_once: ticket.wants_one_callback })
    }

    /// A code without a browser.
    pub(crate) fn mint_code(&self, app_id: &str, person_id: &str, scope: &str) -> Result<String, SimulatorError> {
        let person = self.person(person_id)?;
        let now = self.now();
        let mut contents = self.contents();
        if contents.apps.resolve(app_id).is_none() {
            return Err(SimulatorError::UnknownApp(app_id.to_owned()));
        }
        let authorization =
            Authorization { app_id: app_id.to_owned(), person_id: person.id.clone(), scope: scope.to_owned() };
        Ok(contents.grants.issue_code(authorization, now))
    }

    /// Answers the long poll: at once when there is news, else when there is some or the time is over.
    pub(crate) async fn poll(&self, uuid: &str, last: Option<u16>) -> PollAnswer {
        let mut changes = self.watch_changes();
        let knobs = self.contents().knobs.clone();
        if let Some(errcode) = knobs.poll_error {
            return PollAnswer::without_code(errcode);
        }
        let deadline = Instant::now() + Duration::from_millis(knobs.poll_hold_ms).min(MAX_POLL_HOLD);
        loop {
            if let Some(answer) = self.news(uuid, last) {
                return answer;
            }
            if self.is_closing() || timeout_at(deadline, changes.changed()).await.is_err() {
                // Time passes without any change to announce it.
                let waiting = PollAnswer::without_code(PollAnswer::WAITING);
                return self.news(uuid, last).unwrap_or(waiting);
            }
        }
    }

    fn news(&self, uuid: &str, last: Option<u16>) -> Option<PollAnswer> {
        let now = self.now();
        let contents = self.contents();
        let ttl = Duration::from_secs(contents.knobs.qr_ttl);
        match contents.tickets.get(uuid) {
            Some(ticket) => ticket.news(last, now.saturating_sub(ticket.created) >= ttl),
            None => Some(PollAnswer::without_code(PollAnswer::EXPIRED)),
        }
    }

    /// Moves a login that can still be answered, so that of two answers one counts.
    fn answer_ticket(
        &self,
        uuid: &str,
        stage: impl FnOnce(&Ticket, &mut Grants) -> Stage,
    ) -> Result<Ticket, SimulatorError> {
        let ticket = {
            let mut contents = self.contents();
            let mut ticket = pending(&contents, uuid, self.now())?.clone();
            ticket.stage = stage(&ticket, &mut contents.grants);
            contents.tickets.insert(uuid.to_owned(), ticket.clone());
            ticket
        };
        self.announce_change();
        Ok(ticket)
    }
}

fn pending<'a>(contents: &'a Contents, uuid: &str, now: Duration) -> Result<&'a Ticket, SimulatorError> {
    let ttl = Duration::from_secs(contents.knobs.qr_ttl);
    let ticket = contents
        .tickets
        .get(uuid)
        .filter(|ticket| !matches!(ticket.stage, Stage::Confirmed { .. }) && now.saturating_sub(ticket.created) < ttl);
    ticket.ok_or_else(|| SimulatorError::UnknownLogin(uuid.to_owned()))
}
