use mti_data::{Filter, Row};
use mti_element::{AppHandle, Result};
use serde::{Deserialize, Serialize};

use crate::names::LOGIN_META;
use crate::{LoginType, UserId, store};

/// The most rows of one user that are looked at: he may be bound to several applications of one Type.
const MOST_ROWS: u64 = 100;

/// What `listBindings` answers with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindingList {
    /// Every login instance, by name.
    pub bindings: Vec<BindingInfo>,
}

/// What a user is told of one login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BindingInfo {
    /// The full name of the login.
    pub login_type: String,
    /// Whether he can sign in with it; absent when it does not say, or is switched off.
    pub is_bound: Option<bool>,
}

/// Which logins a user can sign in with. A login that cannot tell does not keep the others from it.
pub(crate) async fn of(app: &AppHandle<'_>, user_id: &UserId) -> BindingList {
    let mut bindings = Vec::new();
    for name in app.instances_of(LOGIN_META) {
        let is_bound = is_bound(app, name.as_str(), user_id).await.unwrap_or_else(|failure| {
            tracing::debug!(login = %name, "cannot tell who is bound: {}", failure.operator_message());
            None
        });
        bindings.push(BindingInfo { login_type: name.to_string(), is_bound });
    }
    BindingList { bindings }
}

async fn is_bound(app: &AppHandle<'_>, name: &str, user_id: &UserId) -> Result<Option<bool>> {
    let login: LoginType<'_> = app.get(name)?;
    if !login.is_active().await? {
        return Ok(None);
    }
    let model = login.auth_model_elem_name().await?;
    let rows: Vec<Row> = store::some(app, &model, Filter::equal("userId", user_id.as_str()), MOST_ROWS).await?;
    for row in rows {
        if login.get_user_auth_info(Some(row)).await?.is_active {
            return Ok(Some(true));
        }
    }
    Ok(Some(false))
}
