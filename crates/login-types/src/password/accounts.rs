//! The rows that say which user name and password belong to which user.

use argon2::Params;
use mti_data::{Batch, Filter, Row};
use mti_element::{AppHandle, Failure, Result};
use serde::Deserialize;
use serde_json::json;

use super::hashing;
use super::known_browsers;
use super::user_name::UserName;
use super::{Password, PasswordHash};
use crate::store::{self, Conflict};
use crate::{Evidence, Permission, UserId, fails, sessions};

/// A user's name and password.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    id: i64,
    pub(crate) user_id: UserId,
    pub(crate) username: String,
    password_hash: PasswordHash,
}

impl Account {
    /// The row, as what a login code is issued for. A changed password is a new row.
    pub(crate) fn evidence(&self, model: &str) -> Evidence {
        Evidence { model: model.to_owned(), id: self.id }
    }

    /// Whether a password is the account's. Its hash is renewed when it was made with other parameters than these.
    pub(crate) async fn verify(
        &self,
        app: &AppHandle<'_>,
        model: &str,
        params: &Params,
        password: &Password,
    ) -> Result<bool> {
        let is_right = hashing::verify(app, params, password.clone(), &self.password_hash).await?;
        if is_right && hashing::is_outdated(params, &self.password_hash) {
            let renewed = hashing::hash(app, params, password.clone()).await?;
            let unchanged = self.as_it_was() & Filter::equal("passwordHash", self.password_hash.reveal());
            let renewed = store::row(json!({ "passwordHash": renewed.reveal() }));
            store::run(app, Batch::new().update(model, unchanged, renewed)).await?;
        }
        Ok(is_right)
    }

    fn as_it_was(&self) -> Filter {
        Filter::equal("id", self.id) & Filter::equal("userId", self.user_id.as_str())
    }
}

/// What codes and sessions are marked with that come through a row of this model.
pub(crate) fn key_of(model: &str) -> String {
    format!("password:{model}")
}

pub(crate) async fn of_name(app: &AppHandle<'_>, model: &str, name: &str) -> Result<Option<Account>> {
    store::one(app, model, Filter::equal("username", name)).await
}

pub(crate) async fn of_user(app: &AppHandle<'_>, model: &str, user_id: &UserId) -> Result<Option<Account>> {
    store::one(app, model, Filter::equal("userId", user_id.as_str())).await
}

/// Where an account is to be changed, and for whom.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    pub(crate) model: &'a str,
    pub(crate) login_type: &'a str,
    pub(crate) user_id: &'a UserId,
    /// The hash of the session that goes on.
    pub(crate) spared: Option<String>,
    /// What the caller may, which has to hold still when it is done.
    pub(crate) permission: Permission<'a>,
}

impl Change<'_> {
    /// Gives the user a name and a password in the place of those that he had. What came through those ends.
    pub(crate) async fn bind(
        self,
        app: &AppHandle<'_>,
        replaced: Option<&Account>,
        name: &UserName,
        hash: &PasswordHash,
    ) -> Result<()> {
        let Self { model, login_type, user_id, spared, permission } = self;
        let mut batch = Batch::new();
        if let Some(account) = replaced {
            batch = batch.require(model, account.as_it_was(), 1..=1).delete(model, account.as_it_was());
            batch = known_browsers::forgetting(batch, &account.username);
            batch = sessions::ending(batch, user_id, login_type, &key_of(model), spared);
        }
        run(app, &permission, batch.insert(model, row(user_id, name.as_str(), hash))).await
    }

    /// Gives the user another password. All that he is signed in with ends, by whichever login.
    pub(crate) async fn password(self, app: &AppHandle<'_>, account: &Account, hash: &PasswordHash) -> Result<()> {
        let Self { model, user_id, spared, permission, .. } = self;
        let batch = Batch::new().require(model, account.as_it_was(), 1..=1).delete(model, account.as_it_was());
        let batch = known_browsers::forgetting(batch, &account.username);
        let batch = sessions::ending_all(batch, user_id, spared);
        run(app, &permission, batch.insert(model, row(user_id, &account.username, hash))).await
    }

    /// Takes name and password away, and in the same step what came through them.
    pub(crate) async fn unbind(self, app: &AppHandle<'_>) -> Result<()> {
        let Self { model, login_type, user_id, spared, permission } = self;
        let mut batch = Batch::new().delete(model, Filter::equal("userId", user_id.as_str()));
        if let Some(account) = of_user(app, model, user_id).await? {
            batch = known_browsers::forgetting(batch, &account.username);
        }
        permission.run(app, sessions::ending(batch, user_id, login_type, &key_of(model), spared)).await?;
        Ok(())
    }
}

/// Of several who change one account at a time, or want one name, one succeeds.
async fn run(app: &AppHandle<'_>, permission: &Permission<'_>, batch: Batch) -> Result<()> {
    let outcome = permission.run(app, batch).await;
    outcome.map(drop).map_err(|failure| match Conflict::behind(&failure) {
        Some(Conflict::Duplicate) => fails::AUTH_CONFLICT.because("this user name is taken; please choose another one"),
        Some(Conflict::Unmet) => Failure::from(fails::AUTH_CONFLICT),
        None => failure,
    })
}

fn row(user_id: &UserId, name: &str, hash: &PasswordHash) -> Row {
    store::row(json!({ "userId": user_id, "username": name, "passwordHash": hash.reveal() }))
}
