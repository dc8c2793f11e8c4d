//! What several steps of the login have in common. All of it goes through `this`, so that overrides take part.

use mti_data::{Batch, Filter};
use mti_element::{Failure, Result, Visitor};
use mti_wechat::AuthorizationCode;
use serde_json::json;

use super::bindings::{self, Binding, key_of};
use super::{Grant, Identity, WeChat, nick};
use crate::auth_service_level::refuse_disabled;
use crate::browser::Browser;
use crate::names::USERS;
use crate::states::Pending;
use crate::tickets::{TICKET_SECONDS, Ticket};
use crate::token::hash_of;
use crate::{LoginCode, Permission, Purpose, SignIn, UserId, fails, sessions, store};

pub(crate) async fn refuse_inactive(this: &WeChat<'_>) -> Result<()> {
    if this.is_active().await? { Ok(()) } else { Err(fails::LOGIN_TYPE_INACTIVE.into()) }
}

/// Lets a code in that came back from WeChat: a code that can be one, and, from a visitor, with the state that his
/// browser was given for this purpose.
pub(crate) async fn admit(this: &WeChat<'_>, purpose: Purpose, code: &str, state: Option<&str>) -> Result<()> {
    let parsed = AuthorizationCode::parse(code).map_err(fails::of_wechat);
    if let Some(visitor) = this.visitor() {
        let completed = complete(this, visitor, purpose, code, state).await;
        // A state is used up even when the code that comes with it is of no use.
        parsed?;
        return completed;
    }
    parsed.map(drop)
}

async fn complete(
    this: &WeChat<'_>,
    visitor: &Visitor,
    purpose: Purpose,
    code: &str,
    state: Option<&str>,
) -> Result<()> {
    let browser = Browser::of(visitor).ok_or(fails::STATE_MISMATCH)?;
    let pending =
        Pending { login_type: this.name(), purpose, browser: &browser, session_hash: session_hash(visitor, purpose) };
    let app_id = this.auth_config().await?.app_id;
    pending.complete(&this.app(), state, hash_of(&format!("{app_id}\n{code}"))).await
}

/// The session that a state for this purpose belongs to: a bind is the matter of one user.
pub(crate) fn session_hash(visitor: &Visitor, purpose: Purpose) -> String {
    match purpose {
        Purpose::Login => String::new(),
        Purpose::Bind => sessions::token_hash_of(visitor).unwrap_or_default(),
    }
}

/// Trades a code for the identity of a real person.
pub(crate) async fn identify(this: &WeChat<'_>, code: String) -> Result<Grant> {
    let grant = this.exchange_code(code).await?;
    if grant.is_snapshot_user {
        return Err(fails::WECHAT_USER_REFUSED
            .because("WeChat shows this page in preview only; please open the full page to sign in"));
    }
    if grant.identity.open_id.is_empty() || grant.identity.app_id.is_empty() {
        return Err(fails::WECHAT_UNAVAILABLE.failure().noting("`exchangeCode` gave an identity without ids"));
    }
    Ok(grant)
}

/// A login code for a person who is somebody here; none for anybody else.
pub(crate) async fn sign_in(this: &WeChat<'_>, who: &Identity) -> Result<Option<LoginCode>> {
    let Some((user_id, binding)) = recognise(this, who).await? else { return Ok(None) };
    let user = this.find_user(user_id.clone()).await?.ok_or(fails::USER_NOT_FOUND)?;
    refuse_disabled(&this.app(), &user_id, &user).await?;
    let corps = this.list_corps(user_id.clone()).await?;
    let model = this.auth_model_elem_name().await?;
    this.issue_login_code(SignIn {
        user_id,
        corps,
        binding: binding.as_ref().map_or_else(|| key_of(&who.app_id), Binding::key),
        evidence: binding.map(|binding| binding.evidence(&model)),
    })
    .await
}

/// Who a person is here, and the row that says so. There is no row when an override knows him by other means.
async fn recognise(this: &WeChat<'_>, who: &Identity) -> Result<Option<(UserId, Option<Binding>)>> {
    let model = this.auth_model_elem_name().await?;
    let mut recognised = None;
    // A row that is not there may have gone just now: then the person is nobody any more when he is asked for again.
    for _ in 0..2 {
        let Some(user_id) = this.match_user(who.clone()).await? else { return Ok(None) };
        let binding = bindings::connecting(&this.app(), &model, &user_id, who).await?;
        let is_certain = binding.is_some();
        recognised = Some((user_id, binding));
        if is_certain {
            break;
        }
    }
    Ok(recognised)
}

/// The failure of a person who is nobody here: with a ticket, by which he can become somebody.
pub(crate) async fn miss(this: &WeChat<'_>, grant: Grant, may_register: bool) -> Result<Failure> {
    let identity = grant.identity.clone();
    let nick = if may_register { this.fetch_profile(grant).await?.map(|profile| profile.nickname) } else { None };
    let ticket = Ticket { identity, nick: nick.as_deref().and_then(nick::tidy) };
    let bind_ticket = ticket.issue(&this.app(), this.name(), this.visitor()).await?;
    Ok(fails::USER_AUTH_MISS.with(json!({ "bindTicket": bind_ticket, "expiresIn": TICKET_SECONDS })))
}

/// Binds an identity to a user who is known to be there, if the caller's permission still holds at the end.
pub(crate) async fn bind(
    this: &WeChat<'_>,
    user_id: &UserId,
    who: &Identity,
    permission: &Permission<'_>,
) -> Result<()> {
    this.check_bind(user_id.clone(), who.clone()).await?;
    if this.match_user(who.clone()).await?.is_some_and(|owner| owner != *user_id) {
        return Err(fails::AUTH_CONFLICT.into());
    }
    let app = this.app();
    let model = this.auth_model_elem_name().await?;
    // The session that replaces an account goes on, all others of that account end.
    let spared = this.visitor().and_then(sessions::token_hash_of);
    bindings::bind(&app, &model, this.name(), user_id, who, permission, spared).await?;
    // What the row knows already is not learned again; another unionId than its own is noted.
    bindings::connecting(&app, &model, user_id, who).await?;
    Ok(())
}

/// Makes a user out of a person, together with the binding: both or neither.
pub(crate) fn registration(model: &str, user_id: &str, who: &Identity, nick: &str) -> Batch {
    let mut batch = Batch::new();
    if let Some(union_id) = &who.union_id {
        batch = batch.require(model, Filter::equal("unionId", union_id.as_str()), 0..=0);
    }
    let user = store::row(json!({ "userId": user_id, "nick": nick, "isActive": true, "isAdmin": false }));
    batch.insert(USERS, user).insert(model, bindings::row(user_id, who))
}
