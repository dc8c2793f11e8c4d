use std::sync::Arc;

use mti_data::q::{Literal, Operator};
use mti_data::{Batch, Filter};
use mti_element::{AppHandle, AppView, Result};
use serde::Deserialize;

use crate::names::{AUTH_SERVICE, BIND_TICKETS, LOGIN_CODES, SESSIONS, SPENT_CODES, STATES};
use crate::{AuthService, Clock, store};

/// How many rows one step takes out: a step holds nobody up for long.
const STEP: u64 = 500;

/// How many steps one sweep makes in one table at most.
const MOST_STEPS: usize = 40;

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// How many expired rows were taken out.
    pub rows: u64,
    /// Whether expired rows may be left: the bound of one sweep was reached.
    pub is_partial: bool,
}

#[derive(Deserialize)]
struct Key {
    id: i64,
}

/// Takes out what has expired: states, spent codes, tickets, login codes, sessions.
///
/// Nothing depends on it but the size of the tables, for what has expired is never honoured. Call it every minute or
/// so, from one task.
pub async fn sweep(app: Arc<dyn AppView>) -> Result<Swept> {
    let service: AuthService<'static> = app.element(AUTH_SERVICE)?.through()?;
    let app = service.app();
    let mut swept = Swept { rows: 0, is_partial: false };
    for model in [STATES, SPENT_CODES, BIND_TICKETS, LOGIN_CODES, SESSIONS] {
        let table = sweep_table(&app, model).await?;
        swept.rows += table.rows;
        swept.is_partial |= table.is_partial;
    }
    Ok(swept)
}

async fn sweep_table(app: &AppHandle<'_>, model: &str) -> Result<Swept> {
    let expired = Filter::compare("expiresAt", Operator::LessOrEqual, Clock::of(app));
    let mut swept = Swept { rows: 0, is_partial: true };
    for _ in 0..MOST_STEPS {
        let keys: Vec<Key> = store::some(app, model, expired.clone(), STEP).await?;
        let found = keys.len() as u64;
        if found > 0 {
            let keys = keys.into_iter().map(|key| Literal::from(key.id)).collect();
            let these = Filter::compare("id", Operator::In, Literal::List(keys));
            store::run(app, Batch::new().delete(model, these)).await?;
        }
        swept.rows += found;
        if found < STEP {
            swept.is_partial = false;
            break;
        }
    }
    Ok(swept)
}
