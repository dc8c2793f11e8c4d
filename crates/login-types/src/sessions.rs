use mti_data::q::Operator;
use mti_data::{Batch, Filter};
use mti_element::{AppHandle, Cookie, Result, Secret, Visitor};
use serde::Deserialize;
use serde_json::json;

use crate::authenticator::SESSION_COOKIE;
use crate::clock::MOST_SKEW_SECONDS;
use crate::names::{LOGIN_CODES, SESSIONS};
use crate::states::alive;
use crate::token::{hash_of, hash_of_brought};
use crate::{Clock, Permission, SessionInfo, UserId, store};

/// The most sessions that one user may have, and how many are shown: so a user can see and end all of them.
pub(crate) const MOST_OF_ONE_USER: u32 = 200;

/// A session as it is stored.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionRow {
    pub(crate) login_type: String,
    pub(crate) user_id: UserId,
    #[serde(deserialize_with = "crate::user::null_is_default")]
    pub(crate) corp_id: String,
    created_at: i64,
    expires_at: i64,
}

impl SessionRow {
    /// How many seconds it still lives.
    pub(crate) fn expires_in(&self, now: i64) -> u64 {
        seconds_left(self.created_at, self.expires_at, now)
    }
}

/// How many seconds something still lives: no more than it was made for, whatever the clock says now.
fn seconds_left(created_at: i64, expires_at: i64, now: i64) -> u64 {
    let lifetime = expires_at.saturating_sub(created_at);
    u64::try_from(expires_at.saturating_sub(now).min(lifetime)).unwrap_or_default()
}

/// When the visitor's session began, if he has one.
pub(crate) async fn began_at(app: &AppHandle<'_>, visitor: &Visitor) -> Result<Option<i64>> {
    let Some(principal) = &visitor.principal else { return Ok(None) };
    Ok(find(app, &principal.token).await?.map(|session| session.created_at))
}

/// The session that a token opens.
pub(crate) async fn find(app: &AppHandle<'_>, token: &Secret) -> Result<Option<SessionRow>> {
    let Some(row) = alive_with(app, token) else { return Ok(None) };
    let Some(mut session): Option<SessionRow> = store::one(app, SESSIONS, row.clone()).await? else { return Ok(None) };
    let now = Clock::of(app);
    if session.created_at > now + MOST_SKEW_SECONDS {
        // The clock was set back since: the session lives no longer than one that begins now.
        let unchanged = row & Filter::equal("createdAt", session.created_at);
        session.expires_at = now + session.expires_at.saturating_sub(session.created_at);
        session.created_at = now;
        let clamped = json!({ "createdAt": session.created_at, "expiresAt": session.expires_at });
        store::run(app, Batch::new().update(SESSIONS, unchanged, store::row(clamped))).await?;
    }
    Ok(Some(session))
}

/// The row of the session that a token opens, while it is good; none for what can be no token.
pub(crate) fn alive_with(app: &AppHandle<'_>, token: &Secret) -> Option<Filter> {
    Some(Filter::equal("tokenHash", hash_of_brought(token.reveal())?) & alive(Clock::of(app)))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShownRow {
    id: i64,
    token_hash: String,
    login_type: String,
    #[serde(deserialize_with = "crate::user::null_is_default")]
    platform: String,
    #[serde(deserialize_with = "crate::user::null_is_default")]
    corp_id: String,
    created_at: i64,
    expires_at: i64,
}

impl ShownRow {
    /// What the user knows the session by: nothing that opens it, and nothing that says how many there are.
    fn session_id(&self) -> String {
        hash_of(&format!("session\n{}", self.token_hash)).split_off(32)
    }
}

/// The sessions of a user, the newest first.
pub(crate) async fn list(app: &AppHandle<'_>, user_id: &UserId, current: Option<String>) -> Result<Vec<SessionInfo>> {
    let now = Clock::of(app);
    let rows = rows_of(app, user_id).await?;
    let shown = rows.into_iter().map(|row| SessionInfo {
        session_id: row.session_id(),
        is_current: current.as_ref() == Some(&row.token_hash),
        login_type: row.login_type,
        platform: row.platform,
        corp_id: row.corp_id,
        created_at: row.created_at.saturating_mul(1000),
        expires_in: seconds_left(row.created_at, row.expires_at, now),
    });
    Ok(shown.collect())
}

/// Ends one session of a user.
pub(crate) async fn end_one(app: &AppHandle<'_>, visitor: &Visitor, user_id: &UserId, session_id: &str) -> Result<()> {
    let permission = Permission::of(app, Some(visitor), user_id).await?;
    let rows = rows_of(app, user_id).await?;
    let Some(row) = rows.into_iter().find(|row| row.session_id() == session_id) else { return Ok(()) };
    if token_hash_of(visitor).as_ref() == Some(&row.token_hash) {
        return end_of(app, visitor).await;
    }
    permission.run(app, Batch::new().delete(SESSIONS, Filter::equal("id", row.id))).await.map(drop)
}

/// Ends all sessions of a user, or all but the visitor's own, and the login codes that are not used yet.
pub(crate) async fn end_everywhere(
    app: &AppHandle<'_>,
    visitor: &Visitor,
    user_id: &UserId,
    except_current: bool,
) -> Result<()> {
    let permission = Permission::of(app, Some(visitor), user_id).await?;
    let spared = token_hash_of(visitor).filter(|_| except_current);
    permission.run(app, ending_all(Batch::new(), user_id, spared)).await?;
    if !except_current {
        forget(visitor);
    }
    Ok(())
}

async fn rows_of(app: &AppHandle<'_>, user_id: &UserId) -> Result<Vec<ShownRow>> {
    let his = Filter::equal("userId", user_id.as_str()) & alive(Clock::of(app));
    store::newest(app, SESSIONS, his, MOST_OF_ONE_USER.into()).await
}

/// Ends the visitor's session and takes its cookie away.
pub(crate) async fn end_of(app: &AppHandle<'_>, visitor: &Visitor) -> Result<()> {
    if let Some(hash) = token_hash_of(visitor) {
        store::run(app, Batch::new().delete(SESSIONS, Filter::equal("tokenHash", hash))).await?;
    }
    forget(visitor);
    Ok(())
}

/// Takes the cookie of a session away.
fn forget(visitor: &Visitor) {
    visitor.set_cookie(Cookie { name: SESSION_COOKIE, value: Secret::new(""), max_age_seconds: 0 });
}

/// Ends all that a user is signed in with or could sign in with: sessions and codes. Gives how many there were.
pub(crate) async fn end_all_of(app: &AppHandle<'_>, user_id: &UserId) -> Result<u64> {
    let outcomes = store::run(app, ending_all(Batch::new(), user_id, None)).await?;
    Ok(outcomes.iter().map(|outcome| outcome.rows().len() as u64).sum())
}

/// The hash of the session token that a visitor came with: as the one who is signed in, or as a mere cookie.
pub(crate) fn token_hash_of(visitor: &Visitor) -> Option<String> {
    let principal = visitor.principal.as_ref().map(|principal| &principal.token);
    hash_of_brought(principal.or_else(|| visitor.cookie(SESSION_COOKIE))?.reveal())
}

/// Adds to a batch the end of all that a user is signed in with or could sign in with, but for the session of the hash
/// `spared`.
pub(crate) fn ending_all(batch: Batch, user_id: &UserId, spared: Option<String>) -> Batch {
    let his = Filter::equal("userId", user_id.as_str());
    batch.delete(LOGIN_CODES, his.clone()).delete(SESSIONS, his & but(spared))
}

/// Adds to a batch the end of what a user came in with through a login, or through a binding of whichever login: login
/// codes and sessions. For the batch that dissolves the binding, so that nothing can come in between.
#[must_use]
pub fn end_sign_ins(batch: Batch, user_id: &UserId, login_type: &str, binding: &str) -> Batch {
    ending(batch, user_id, login_type, binding, None)
}

/// The same but for the session of this hash.
pub(crate) fn ending(batch: Batch, user_id: &UserId, login_type: &str, binding: &str, spared: Option<String>) -> Batch {
    let came_through = Filter::equal("binding", binding) | Filter::equal("loginType", login_type);
    let codes = Filter::equal("userId", user_id.as_str()) & came_through;
    let sessions = codes.clone() & but(spared);
    batch.delete(LOGIN_CODES, codes).delete(SESSIONS, sessions)
}

/// The rows of all sessions but the one of this hash.
pub(crate) fn but(spared: Option<String>) -> Filter {
    spared.map_or(Filter::All, |hash| Filter::compare("tokenHash", Operator::NotEqual, hash))
}
