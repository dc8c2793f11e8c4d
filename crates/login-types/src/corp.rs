use mti_data::Filter;
use mti_data::q::{Literal, Operator};
use mti_element::{AppHandle, Result};
use serde::{Deserialize, Serialize};

use crate::names::{CORP_MEMBERS, CORPS};
use crate::{UserId, store};

/// How many organisations of one user are offered.
const MOST: u64 = 200;

/// The status of somebody who belongs to an organisation.
const ACTIVE: i64 = 1;

/// An organisation that a user may sign in to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Corp {
    /// Its id.
    pub corp_id: String,
    /// Its name.
    pub corp_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Membership {
    corp_id: String,
}

/// The organisations that a user belongs to, in the order in which they were founded.
pub(crate) async fn corps_of(app: &AppHandle<'_>, user_id: &UserId) -> Result<Vec<Corp>> {
    let active = Filter::equal("userId", user_id.as_str()) & Filter::equal("status", ACTIVE);
    let memberships: Vec<Membership> = store::some(app, CORP_MEMBERS, active, MOST).await?;
    if memberships.is_empty() {
        return Ok(Vec::new());
    }
    let ids = memberships.into_iter().map(|membership| Literal::from(membership.corp_id)).collect();
    store::some(app, CORPS, Filter::compare("corpId", Operator::In, Literal::List(ids)), MOST).await
}
