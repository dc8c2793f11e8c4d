use std::sync::Mutex;
use std::sync::PoisonError;

use mti_data::q::Operator;
use mti_data::{Batch, Filter};
use mti_element::{AppHandle, Fail, Failure, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::names::{SPENT_CODES, STATES};
use crate::store::{self, Conflict};
use crate::token::{Token, hash_of_brought};
use crate::{Clock, fails};

/// How long an authorization may take: as long as its code would live.
pub(crate) const STATE_SECONDS: i64 = 600;

/// How long a spent code is remembered: longer than WeChat would accept it.
const SPENT_SECONDS: i64 = 900;

/// How many authorizations one browser may have begun at once.
const PENDING_PER_BROWSER: u64 = 32;

/// How many authorizations may be begun at once in all.
const PENDING_IN_ALL: u64 = 100_000;

/// After how many new states the pending ones are counted again.
const RECOUNT_AFTER: u64 = 500;

/// What an authorization is begun for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// To sign in.
    Login,
    /// To bind an account to the user who is signed in.
    Bind,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Bind => "bind",
        }
    }
}

/// An authorization that a browser has begun: what its state stands for.
#[derive(Debug)]
pub(crate) struct Pending<'a> {
    /// The instance.
    pub(crate) login_type: &'a str,
    /// What for.
    pub(crate) purpose: Purpose,
    /// By whom.
    pub(crate) browser: &'a Browser,
    /// The hash of the session that a bind belongs to; empty for a login.
    pub(crate) session_hash: String,
}

impl Pending<'_> {
    /// Hands out a state.
    pub(crate) async fn begin(&self, app: &AppHandle<'_>) -> Result<Token> {
        let now = Clock::of(app);
        admit_one_more(app, now).await?;
        let state = Token::random();
        let mine = Filter::equal("browserHash", self.browser.hash()) & alive(now);
        let row = store::row(json!({
            "stateHash": state.hash(),
            "loginType": self.login_type,
            "purpose": self.purpose.as_str(),
            "browserHash": self.browser.hash(),
            "sessionHash": self.session_hash,
            "expiresAt": now + STATE_SECONDS,
        }));
        let batch = Batch::new().require(STATES, mine, 0..=PENDING_PER_BROWSER - 1).insert(STATES, row);
        match store::run(app, batch).await {
            Ok(_) => Ok(state),
            Err(failure) if Conflict::behind(&failure) == Some(Conflict::Unmet) => {
                Err(Fail::RATE_LIMITED.because("too many sign-ins are under way in this browser; please wait"))
            }
            Err(failure) => Err(failure),
        }
    }

    /// Takes the state that a browser brings back, and remembers the code that came with it by its hash: neither is
    /// good a second time, together or apart.
    pub(crate) async fn complete(&self, app: &AppHandle<'_>, state: Option<&str>, code_hash: String) -> Result<()> {
        let mismatch = || Failure::from(fails::STATE_MISMATCH);
        let state_hash = state.and_then(hash_of_brought).ok_or_else(mismatch)?;
        let now = Clock::of(app);
        let taken = Filter::equal("stateHash", state_hash)
            & Filter::equal("loginType", self.login_type)
            & Filter::equal("purpose", self.purpose.as_str())
            & Filter::equal("browserHash", self.browser.hash())
            & Filter::equal("sessionHash", self.session_hash.as_str())
            & alive(now);
        let spent = store::row(json!({ "codeHash": code_hash, "expiresAt": now + SPENT_SECONDS }));
        let batch =
            Batch::new().require(STATES, taken.clone(), 1..=1).delete(STATES, taken.clone()).insert(SPENT_CODES, spent);
        match store::run(app, batch).await {
            Ok(_) => Ok(()),
            Err(failure) => Err(match Conflict::behind(&failure) {
                Some(Conflict::Unmet) => mismatch(),
                Some(Conflict::Duplicate) => {
                    tracing::warn!(
                        target: "mti::security",
                        element = self.login_type,
                        "an authorization code was brought a second time"
                    );
                    store::take::<Value>(app, STATES, taken).await?;
                    fails::WECHAT_CODE_INVALID.failure()
                }
                None => failure,
            }),
        }
    }
}

/// The rows that have not expired.
pub(crate) fn alive(now: i64) -> Filter {
    Filter::compare("expiresAt", Operator::Greater, now)
}

/// How many states are pending, near enough: counted now and then, and added to in between.
#[derive(Debug, Default)]
struct Gauge(Mutex<Reading>);

#[derive(Debug, Default, Clone, Copy)]
struct Reading {
    counted: u64,
    counted_at: i64,
    begun_since: u64,
}

/// Refuses when the table of states is full. The bound holds in every process for itself, so several together may go
/// beyond it by what each hands out between two counts.
async fn admit_one_more(app: &AppHandle<'_>, now: i64) -> Result<()> {
    let gauge = app.resource(Gauge::default);
    let is_due = {
        let mut reading = gauge.0.lock().unwrap_or_else(PoisonError::into_inner);
        reading.begun_since += 1;
        let is_due = reading.begun_since >= RECOUNT_AFTER || now - reading.counted_at > STATE_SECONDS / 10;
        if is_due {
            // Whoever comes meanwhile goes by the last count.
            reading.begun_since = 0;
            reading.counted_at = now;
        }
        is_due
    };
    if is_due {
        let counted = store::count(app, STATES, alive(now)).await?;
        gauge.0.lock().unwrap_or_else(PoisonError::into_inner).counted = counted;
    }
    let reading = *gauge.0.lock().unwrap_or_else(PoisonError::into_inner);
    if reading.counted + reading.begun_since > PENDING_IN_ALL {
        return Err(Fail::RATE_LIMITED.because("too many sign-ins are under way; please try again in a few minutes"));
    }
    Ok(())
}
