use std::sync::{Mutex, MutexGuard, PoisonError};

use mti_data::q::{Literal, Operator};
use mti_data::{Batch, Filter};
use mti_element::{AppHandle, Fail, Failure, Principal, Result, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::names::{SPENT_CODES, STATES};
use crate::store::{self, Conflict};
use crate::token::{Token, hash_of_brought};
use crate::{Clock, fails, sessions};

/// How long an authorization may take: as long as its code would live.
pub(crate) const STATE_SECONDS: i64 = 600;

/// How long a spent code is remembered: longer than WeChat would accept it.
pub(crate) const SPENT_SECONDS: i64 = 900;

/// How many authorizations one visitor may have begun at once.
const PENDING_PER_VISITOR: u64 = 32;

/// How many authorizations may be begun at once in all.
const PENDING_IN_ALL: u64 = 100_000;

/// After how many new states the pending ones are counted again when there is little room left.
const RECOUNT_AFTER: u64 = 1_000;

/// How many states are taken out at a time.
const MOST_AT_A_STEP: u64 = 500;

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
    /// Hands out a state. Whoever is signed in is counted by who he is, for he may come with any number of browsers and no
    /// limit of the server's holds for him.
    pub(crate) async fn begin(&self, app: &AppHandle<'_>, by: Option<&Principal>) -> Result<Token> {
        let now = Clock::of(app);
        make_room(app, now).await?;
        let state = Token::random();
        let user_id = by.map(|principal| principal.user_id.as_str());
        let mine = match user_id {
            Some(user_id) => Filter::equal("userId", user_id),
            None => Filter::equal("browserHash", self.browser.hash()),
        };
        let mine = mine & alive(now);
        let row = store::row(json!({
            "stateHash": state.hash(),
            "loginType": self.login_type,
            "purpose": self.purpose.as_str(),
            "browserHash": self.browser.hash(),
            "userId": user_id,
            "sessionHash": self.session_hash,
            "expiresAt": now + STATE_SECONDS,
        }));
        let batch = Batch::new().require(STATES, mine.clone(), 0..=PENDING_PER_VISITOR - 1).insert(STATES, row);
        match store::run(app, batch).await {
            Ok(_) => Ok(state),
            Err(failure) if Conflict::behind(&failure) == Some(Conflict::Unmet) => {
                let failure = Fail::RATE_LIMITED.because("too many sign-ins are under way here; please wait");
                let wait = store::first_expiry(app, STATES, mine, STATE_SECONDS).await?;
                Err(failure.retry_after(wait.unwrap_or(1)))
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

/// A state that a browser shows without bringing it back: it goes on being good.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShownState {
    id: i64,
    /// What the authorization was begun for.
    pub(crate) purpose: Purpose,
    /// WeChat's name of the QR code that was made for it. It is empty while one is made.
    qr_uuid: Option<String>,
    expires_at: i64,
}

impl ShownState {
    /// The state, if this instance gave it to the visitor's browser, and, for a bind, in his session.
    pub(crate) async fn find(app: &AppHandle<'_>, login_type: &str, visitor: &Visitor, state: &str) -> Result<Self> {
        let mismatch = || Failure::from(fails::STATE_MISMATCH);
        let browser = Browser::of(visitor).ok_or_else(mismatch)?;
        let session_hashes = [Some(String::new()), sessions::token_hash_of(visitor)];
        let session_hashes = session_hashes.into_iter().flatten().map(Literal::from).collect();
        let filter = Filter::equal("stateHash", hash_of_brought(state).ok_or_else(mismatch)?)
            & Filter::equal("loginType", login_type)
            & Filter::equal("browserHash", browser.hash())
            & Filter::compare("sessionHash", Operator::In, Literal::List(session_hashes))
            & alive(Clock::of(app));
        store::one(app, STATES, filter).await?.ok_or_else(mismatch)
    }

    /// How many seconds it is still good for.
    pub(crate) fn expires_in(&self, app: &AppHandle<'_>) -> i64 {
        (self.expires_at - Clock::of(app)).min(STATE_SECONDS)
    }

    /// WeChat's name of the QR code that was made for it, if one was.
    pub(crate) fn qr_uuid(&self) -> Option<&str> {
        self.qr_uuid.as_deref().filter(|uuid| !uuid.is_empty())
    }

    /// Claims the one QR code that it may have, before WeChat is asked for it: so WeChat is asked once for each state, and
    /// not again when that failed.
    pub(crate) async fn claim_qr_code(&self, app: &AppHandle<'_>) -> Result<()> {
        self.set_qr_uuid(app, Filter::compare("qrUuid", Operator::IsNull, true), "").await
    }

    /// Remembers the QR code that was claimed.
    pub(crate) async fn keep_qr_uuid(&self, app: &AppHandle<'_>, uuid: &str) -> Result<()> {
        self.set_qr_uuid(app, Filter::equal("qrUuid", ""), uuid).await
    }

    async fn set_qr_uuid(&self, app: &AppHandle<'_>, before: Filter, uuid: &str) -> Result<()> {
        let state = Filter::equal("id", self.id) & before;
        let row = store::row(json!({ "qrUuid": uuid }));
        let batch = Batch::new().require(STATES, state.clone(), 1..=1).update(STATES, state, row);
        store::run(app, batch).await.map(drop).map_err(|failure| match Conflict::behind(&failure) {
            Some(_) => fails::STATE_MISMATCH.into(),
            None => failure,
        })
    }
}

/// The rows that have not expired.
pub(crate) fn alive(now: i64) -> Filter {
    Filter::compare("expiresAt", Operator::Greater, now)
}

/// How many authorizations may be begun at once in all, when it is not 100 000. A resource of the process.
#[derive(Debug, Clone, Copy)]
pub struct PendingLimit(pub u64);

/// How many states are pending, near enough: counted now and then, and added to in between.
#[derive(Debug, Default)]
struct Gauge(Mutex<Reading>);

#[derive(Debug, Default, Clone, Copy)]
struct Reading {
    counted: u64,
    counted_at: i64,
    begun_since: u64,
}

impl Gauge {
    fn reading(&self) -> MutexGuard<'_, Reading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Deserialize)]
struct Key {
    id: i64,
}

/// Keeps the table of states from growing without bound: when it is full, the oldest go. So nobody can fill it up and shut
/// everybody else out; who fills it shortens the time that a sign-in may take, and an address alone cannot begin enough
/// for that. The bound holds in every process for itself, so several together may go beyond it by what each hands out
/// between two counts.
async fn make_room(app: &AppHandle<'_>, now: i64) -> Result<()> {
    let limit = app.resource(|| PendingLimit(PENDING_IN_ALL)).0;
    let gauge = app.resource(Gauge::default);
    let is_due = {
        let mut reading = gauge.reading();
        reading.begun_since += 1;
        // Far from the limit, counting by time is enough.
        let patience = (limit.saturating_sub(reading.counted) / 4).max(RECOUNT_AFTER.min(limit / 4));
        let is_due = reading.begun_since > patience || (now - reading.counted_at).abs() > STATE_SECONDS / 10;
        if is_due {
            // Whoever comes meanwhile goes by the last count.
            reading.begun_since = 0;
            reading.counted_at = now;
        }
        is_due
    };
    if !is_due {
        return Ok(());
    }
    let mut counted = store::count(app, STATES, alive(now)).await?;
    if counted >= limit {
        tracing::warn!(target: "mti::security", counted, "too many sign-ins are under way: the oldest expire");
        while counted >= limit {
            // More than the surplus, or the next ones would count again at once.
            let surplus = (counted - limit + RECOUNT_AFTER.min(limit / 4)).clamp(1, MOST_AT_A_STEP);
            let oldest: Vec<Key> = store::after(app, STATES, 0, surplus).await?;
            let found = oldest.len() as u64;
            let oldest = oldest.into_iter().map(|key| Literal::from(key.id)).collect();
            let these = Filter::compare("id", Operator::In, Literal::List(oldest));
            store::run(app, Batch::new().delete(STATES, these)).await?;
            counted = if found == 0 { 0 } else { counted.saturating_sub(found) };
        }
    }
    gauge.reading().counted = counted;
    Ok(())
}
