use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use mti_data::q::{Literal, Operator};
use mti_data::{Batch, Filter};
use mti_element::{AppHandle, AppView, Result};
use serde::Deserialize;
use serde_json::json;

use crate::clock::MOST_SKEW_SECONDS;
use crate::login_codes::CODE_SECONDS;
use crate::names::{
    AUTH_SERVICE, BIND_TICKETS, CALL_COUNTS, KNOWN_BROWSERS, LOGIN_CODES, PASSWORD_TRIES, SESSIONS, SPENT_CODES, STATES,
};
use crate::password::{known_browsers, tries};
use crate::states::{SPENT_SECONDS, STATE_SECONDS};
use crate::tickets::TICKET_SECONDS;
use crate::{AuthService, Clock, UserId, sessions, shared_calls, store};

/// How many rows one step takes out: a step holds nobody up for long.
const STEP: u64 = 500;

/// How many steps one sweep makes in one table at most.
const MOST_STEPS: usize = 40;

/// How many steps one sweep makes at most on its round through the users of one table.
const MOST_STEPS_OF_ROUND: usize = 4;

/// The models whose rows expire, and how long after they were made. Sessions say it themselves, by `createdAt`.
const EXPIRING: [(&str, Option<i64>); 8] = [
    (STATES, Some(STATE_SECONDS)),
    (SPENT_CODES, Some(SPENT_SECONDS)),
    (BIND_TICKETS, Some(TICKET_SECONDS)),
    (LOGIN_CODES, Some(CODE_SECONDS)),
    (SESSIONS, None),
    (PASSWORD_TRIES, Some(tries::WINDOW_SECONDS)),
    (KNOWN_BROWSERS, Some(known_browsers::LIFETIME_SECONDS)),
    (CALL_COUNTS, Some(shared_calls::LIFETIME_SECONDS)),
];

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// How many rows were taken out.
    pub rows: u64,
    /// Whether expired rows may be left: the bound of one sweep was reached.
    pub is_partial: bool,
}

#[derive(Deserialize)]
struct Key {
    id: i64,
}

/// Takes out what has expired: states, spent codes, tickets, login codes, sessions, tries of
/// passwords, browsers that have not signed in for long; and what users have who are not
/// active any more: login codes and sessions.
///
/// None of that is ever honoured, so what depends on it is the size of the tables, and that nothing comes back to life
/// with a user who is activated again. Call it every minute or so, from one task. In a large table it looks at some
/// thousand rows of users at a time, and goes on from there the next time.
pub async fn sweep(app: Arc<dyn AppView>) -> Result<Swept> {
    let app = AppHandle::outside(&app);
    let service: AuthService<'_> = app.get(AUTH_SERVICE)?;
    let mut swept = Swept { rows: 0, is_partial: false };
    for (model, lifetime) in EXPIRING {
        if let Some(lifetime) = lifetime {
            clamp(&app, model, lifetime).await?;
        }
        let table = sweep_table(&app, model).await?;
        swept.rows += table.rows;
        swept.is_partial |= table.is_partial;
    }
    for model in [LOGIN_CODES, SESSIONS] {
        swept.rows += end_disabled(&service, model).await?;
    }
    Ok(swept)
}

/// Where the rounds through the tables have come to: the `id` of the last row. A resource of the process.
#[derive(Debug, Default)]
struct Rounds(Mutex<HashMap<&'static str, i64>>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Held {
    id: i64,
    user_id: UserId,
}

/// Goes on with the round through a table, and ends what it meets of users who are not active.
async fn end_disabled(service: &AuthService<'_>, model: &'static str) -> Result<u64> {
    let app = service.app();
    let rounds = app.resource(Rounds::default);
    let mut last = *rounds.0.lock().unwrap_or_else(PoisonError::into_inner).get(model).unwrap_or(&0);
    let mut met = HashSet::new();
    let mut ended = 0;
    for _ in 0..MOST_STEPS_OF_ROUND {
        let rows: Vec<Held> = store::after(&app, model, last, STEP).await?;
        let is_end = (rows.len() as u64) < STEP;
        last = rows.last().filter(|_| !is_end).map_or(0, |row| row.id);
        for Held { user_id, .. } in rows {
            if met.insert(user_id.clone()) && is_disabled(service, &user_id).await {
                ended += sessions::end_all_of(&app, &user_id).await?;
            }
        }
        if is_end {
            break;
        }
    }
    rounds.0.lock().unwrap_or_else(PoisonError::into_inner).insert(model, last);
    Ok(ended)
}

async fn is_disabled(service: &AuthService<'_>, user_id: &UserId) -> bool {
    match service.find_user(user_id.clone()).await {
        Ok(user) => user.is_none_or(|user| !user.is_active),
        Err(failure) => {
            // One who cannot be asked about now must not keep the others.
            tracing::warn!(%failure, "cannot find out whether a user is active");
            false
        }
    }
}

/// Has rows that a clock made which was set back since expire as if they were made now: nobody is shut out, and nothing
/// stays good, until the clock has caught up.
async fn clamp(app: &AppHandle<'_>, model: &str, lifetime: i64) -> Result<()> {
    let now = Clock::of(app);
    let ahead = Filter::compare("expiresAt", Operator::Greater, now + lifetime + MOST_SKEW_SECONDS);
    for _ in 0..MOST_STEPS {
        let keys: Vec<Key> = store::some(app, model, ahead.clone(), STEP).await?;
        let found = keys.len() as u64;
        if found > 0 {
            let clamped = store::row(json!({ "expiresAt": now + lifetime }));
            store::run(app, Batch::new().update(model, these(keys) & ahead.clone(), clamped)).await?;
        }
        if found < STEP {
            break;
        }
    }
    Ok(())
}

/// The rows of these keys.
fn these(keys: Vec<Key>) -> Filter {
    let keys = keys.into_iter().map(|key| Literal::from(key.id)).collect();
    Filter::compare("id", Operator::In, Literal::List(keys))
}

async fn sweep_table(app: &AppHandle<'_>, model: &str) -> Result<Swept> {
    let expired = Filter::compare("expiresAt", Operator::LessOrEqual, Clock::of(app));
    let mut swept = Swept { rows: 0, is_partial: true };
    for _ in 0..MOST_STEPS {
        let keys: Vec<Key> = store::some(app, model, expired.clone(), STEP).await?;
        let found = keys.len() as u64;
        if found > 0 {
            store::run(app, Batch::new().delete(model, these(keys))).await?;
        }
        swept.rows += found;
        if found < STEP {
            swept.is_partial = false;
            break;
        }
    }
    Ok(swept)
}
