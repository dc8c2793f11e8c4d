use std::fmt;

use std::sync::Arc;

use mti_data::q::Literal;
use mti_data::{Filter, Model, Table};
use mti_element::{AppHandle, Result, Value};
use serde::{Deserialize, Serialize};

use crate::names::{SESSIONS, USERS};
use crate::store;

/// A user of the app: made of a text (`UserId::from("user123")`), read by `as_str`, in JSON the text itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(String);

impl UserId {
    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for UserId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl From<&str> for UserId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

/// For rows: `row! { "userId": user_id }`.
impl From<UserId> for Value {
    fn from(id: UserId) -> Self {
        Self::String(id.0)
    }
}

impl From<&UserId> for Value {
    fn from(id: &UserId) -> Self {
        Self::String(id.0.clone())
    }
}

/// For filters: `Filter::equal("userId", &user_id)`.
impl From<UserId> for Literal {
    fn from(id: UserId) -> Self {
        Self::from(id.0)
    }
}

impl From<&UserId> for Literal {
    fn from(id: &UserId) -> Self {
        Self::from(id.as_str())
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What the login family has to know of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The id.
    pub user_id: UserId,
    /// What the user is called.
    #[serde(default, deserialize_with = "null_is_default")]
    pub nick: String,
    /// Whether the user may sign in.
    #[serde(default, deserialize_with = "null_is_default")]
    pub is_active: bool,
    /// Whether the user may act for others.
    #[serde(default, deserialize_with = "null_is_default")]
    pub is_admin: bool,
}

/// A row of the base app's model of users. Other than a [`User`] from a step, it has every field.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserRow {
    user_id: UserId,
    #[serde(deserialize_with = "null_is_default")]
    nick: String,
    #[serde(deserialize_with = "null_is_default")]
    is_active: bool,
    #[serde(deserialize_with = "null_is_default")]
    is_admin: bool,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        let UserRow { user_id, nick, is_active, is_admin } = row;
        Self { user_id, nick, is_active, is_admin }
    }
}

/// The user of that id, in the base app's model of users.
pub(crate) async fn find(app: &AppHandle<'_>, user_id: &UserId) -> Result<Option<User>> {
    let row: Option<UserRow> = store::one(app, USERS, Filter::equal("userId", user_id.as_str())).await?;
    Ok(row.map(User::from))
}

/// Whether a batch that changes sessions can require rows of users too: they are in one database, and the rows say who is
/// active and who is an administrator. An app that keeps its users elsewhere may have a model of users without all that.
pub(crate) async fn can_be_required(app: &AppHandle<'_>) -> bool {
    let (Ok(users), Ok(sessions)) = (table(app, USERS).await, table(app, SESSIONS).await) else { return false };
    let says = |field| users.schema.field(field).is_some();
    Arc::ptr_eq(&users.database, &sessions.database) && says("userId") && says("isActive") && says("isAdmin")
}

/// The row of a user who may sign in.
pub(crate) fn active_row(user_id: &UserId) -> Filter {
    Filter::equal("userId", user_id) & Filter::equal("isActive", true)
}

async fn table(app: &AppHandle<'_>, model: &str) -> Result<Table> {
    app.get::<Model<'_>>(model)?.table().await
}

/// A field without a value reads as its type's default: nobody is active or an administrator by omission.
pub(crate) fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
