//! The rows that say which WeChat account belongs to which user.

use mti_data::q::Operator;
use mti_data::{Batch, Filter, Row};
use mti_element::{AppHandle, Failure, Result};
use serde::Deserialize;
use serde_json::json;

use super::Identity;
use crate::store::{self, Conflict};
use crate::{Evidence, Permission, UserId, fails, sessions};

/// How many rows of one unionId are looked at: one person's, in several applications.
const MOST_OF_ONE_PERSON: u64 = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Binding {
    id: i64,
    app_id: String,
    user_id: UserId,
    union_id: Option<String>,
}

impl Binding {
    /// What codes and sessions are marked with that come through it.
    pub(crate) fn key(&self) -> String {
        key_of(&self.app_id)
    }

    /// The row, as what a login code is issued for.
    pub(crate) fn evidence(&self, model: &str) -> Evidence {
        Evidence { model: model.to_owned(), id: self.id }
    }

    fn union_id(&self) -> Option<&str> {
        self.union_id.as_deref().filter(|union_id| !union_id.is_empty())
    }
}

/// What codes and sessions are marked with that come through a binding of this application.
pub(crate) fn key_of(app_id: &str) -> String {
    format!("wechat:{app_id}")
}

/// Whom an identity belongs to: the user of its openId, else the one user of its unionId.
pub(crate) async fn user_of(app: &AppHandle<'_>, model: &str, who: &Identity) -> Result<Option<UserId>> {
    if let Some(binding) = of_open_id(app, model, who).await? {
        return Ok(Some(binding.user_id));
    }
    let mut bindings = of_union_id(app, model, who).await?.into_iter();
    let Some(first) = bindings.next() else { return Ok(None) };
    if bindings.any(|binding| binding.user_id != first.user_id) {
        tracing::warn!(model, "one unionId is bound to several users: it decides nothing");
        return Ok(None);
    }
    Ok(Some(first.user_id))
}

/// The row that connects an identity to a user, if a row does. It learns the unionId when it had none so far.
pub(crate) async fn connecting(
    app: &AppHandle<'_>,
    model: &str,
    user_id: &UserId,
    who: &Identity,
) -> Result<Option<Binding>> {
    if let Some(binding) = of_open_id(app, model, who).await?.filter(|binding| binding.user_id == *user_id) {
        learn_union_id(app, model, &binding, who).await?;
        return Ok(Some(binding));
    }
    Ok(of_union_id(app, model, who).await?.into_iter().find(|binding| binding.user_id == *user_id))
}

/// Binds an identity to a user. The user's earlier account of the same application goes, and in the same step what came
/// through it, but for the session of the hash `spared`; an account of somebody else stays his. What was decided is
/// decided by the database, so it holds however many bind at once.
pub(crate) async fn bind(
    app: &AppHandle<'_>,
    model: &str,
    login_type: &str,
    user_id: &UserId,
    who: &Identity,
    permission: &Permission<'_>,
    spared: Option<String>,
) -> Result<()> {
    let of_user = Filter::equal("appId", who.app_id.as_str()) & Filter::equal("userId", user_id.as_str());
    let replaced = of_user & Filter::compare("openId", Operator::NotEqual, who.open_id.as_str());
    let replacing_none = connection(Batch::new().require(model, replaced.clone(), 0..=0), model, user_id, who);
    let outcome = match permission.run(app, replacing_none).await {
        Err(failure) if Conflict::behind(&failure) == Some(Conflict::Unmet) => {
            let replacing = connection(Batch::new().delete(model, replaced), model, user_id, who);
            let ending = sessions::ending(replacing, user_id, login_type, &key_of(&who.app_id), spared);
            permission.run(app, ending).await
        }
        outcome => outcome,
    };
    outcome.map(drop).map_err(|failure| match Conflict::behind(&failure) {
        Some(_) => Failure::from(fails::AUTH_CONFLICT),
        None => failure,
    })
}

/// Adds to a batch the row that connects an identity to a user, unless the person is somebody else.
fn connection(mut batch: Batch, model: &str, user_id: &UserId, who: &Identity) -> Batch {
    let open_id = Filter::equal("appId", who.app_id.as_str()) & Filter::equal("openId", who.open_id.as_str());
    let this_pair = open_id & Filter::equal("userId", user_id.as_str());
    if let Some(union_id) = &who.union_id {
        batch = nobody_else_has(batch, model, union_id, user_id);
        batch = learn(batch, model, this_pair.clone(), union_id);
    }
    let unchanged = store::row(json!({ "userId": user_id }));
    batch.update_or_insert(model, this_pair, unchanged, row(user_id.as_str(), who))
}

/// The row that binds an identity to a user.
pub(crate) fn row(user_id: &str, who: &Identity) -> Row {
    store::row(json!({
        "appId": who.app_id,
        "userId": user_id,
        "openId": who.open_id,
        "unionId": who.union_id,
    }))
}

/// Detaches a user from his account of an application, and ends what came through it, in one step.
pub(crate) async fn unbind(
    app: &AppHandle<'_>,
    model: &str,
    login_type: &str,
    app_id: &str,
    user_id: &UserId,
    permission: &Permission<'_>,
) -> Result<()> {
    let binding = Filter::equal("appId", app_id) & Filter::equal("userId", user_id.as_str());
    let batch = Batch::new().delete(model, binding);
    permission.run(app, sessions::ending(batch, user_id, login_type, &key_of(app_id), None)).await?;
    Ok(())
}

async fn of_open_id(app: &AppHandle<'_>, model: &str, who: &Identity) -> Result<Option<Binding>> {
    let filter = Filter::equal("appId", who.app_id.as_str()) & Filter::equal("openId", who.open_id.as_str());
    store::one(app, model, filter).await
}

async fn of_union_id(app: &AppHandle<'_>, model: &str, who: &Identity) -> Result<Vec<Binding>> {
    // Absent is not equal to absent: without a unionId nobody is found by it.
    let Some(union_id) = who.union_id.as_deref().filter(|union_id| !union_id.is_empty()) else {
        return Ok(Vec::new());
    };
    store::some(app, model, Filter::equal("unionId", union_id), MOST_OF_ONE_PERSON).await
}

async fn learn_union_id(app: &AppHandle<'_>, model: &str, binding: &Binding, who: &Identity) -> Result<()> {
    match (binding.union_id(), who.union_id.as_deref()) {
        (None, Some(union_id)) => {
            let row = Filter::equal("id", binding.id);
            let batch = nobody_else_has(Batch::new(), model, union_id, &binding.user_id);
            match store::run(app, learn(batch, model, row, union_id)).await {
                Err(failure) if Conflict::behind(&failure).is_some() => {
                    tracing::warn!(model, "a unionId appeared that is bound to another user: it is not taken over");
                    Ok(())
                }
                outcome => outcome.map(drop),
            }
        }
        (Some(stored), Some(appeared)) if stored != appeared => {
            tracing::warn!(model, "WeChat gives another unionId than the stored one, which is kept");
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Writes a unionId into the rows that have none.
fn learn(batch: Batch, model: &str, rows: Filter, union_id: &str) -> Batch {
    let without = Filter::compare("unionId", Operator::IsNull, true) | Filter::equal("unionId", "");
    batch.update(model, rows & without, store::row(json!({ "unionId": union_id })))
}

/// One person is one user, in all applications of an open-platform account.
fn nobody_else_has(batch: Batch, model: &str, union_id: &str, user_id: &UserId) -> Batch {
    let elsewhere = Filter::compare("userId", Operator::NotEqual, user_id.as_str());
    batch.require(model, Filter::equal("unionId", union_id) & elsewhere, 0..=0)
}
