use std::fmt;

use mti_element::{REDACTED, Result, Secret, StepValue, Value};
use serde::{Deserialize, Deserializer, Serialize};

/// A person as WeChat knows him: first by appId and openId, second, across the applications of one open-platform
/// account, by unionId.
///
/// The `Debug` form has none of the person's ids: they reach no log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The application.
    pub app_id: String,
    /// The person, as this application sees him.
    pub open_id: String,
    /// The person, as all applications of the account see him; never empty.
    #[serde(default, deserialize_with = "empty_is_none")]
    pub union_id: Option<String>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let union_id = self.union_id.as_ref().map(|_| REDACTED);
        formatter
            .debug_struct("Identity")
            .field("app_id", &self.app_id)
            .field("open_id", &REDACTED)
            .field("union_id", &union_id)
            .finish()
    }
}

/// What a code was worth: an identity, and access to the profile.
///
/// In the JSON form the tokens are left out; to levels in other languages they are handles.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Who authorized.
    pub identity: Identity,
    /// Whether the identity is virtual and may stand for several people: nobody is signed in or bound with it.
    pub is_snapshot_user: bool,
    /// What was granted, separated by commas.
    pub scope: String,
    /// Opens the profile.
    pub access_token: Option<Secret>,
    /// Opens new access tokens.
    pub refresh_token: Option<Secret>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireGrant {
    #[serde(flatten)]
    identity: Identity,
    #[serde(default)]
    is_snapshot_user: bool,
    #[serde(default)]
    scope: String,
    #[serde(default, skip_serializing)]
    access_token: Option<Secret>,
    #[serde(default, skip_serializing)]
    refresh_token: Option<Secret>,
}

impl StepValue for Grant {
    fn into_wire(self) -> Result<Value> {
        let Self { identity, is_snapshot_user, scope, .. } = self;
        WireGrant { identity, is_snapshot_user, scope, access_token: None, refresh_token: None }.into_wire()
    }

    fn into_language(mut self) -> Result<Value> {
        let tokens = [("accessToken", self.access_token.take()), ("refreshToken", self.refresh_token.take())];
        let mut value = self.into_wire()?;
        for (key, token) in tokens {
            if let (Some(token), Some(members)) = (token, value.as_object_mut()) {
                members.insert(key.to_owned(), Value::String(token.seal()));
            }
        }
        Ok(value)
    }

    fn from_wire(value: Value) -> Result<Self> {
        let WireGrant { identity, is_snapshot_user, scope, access_token, refresh_token } = StepValue::from_wire(value)?;
        Ok(Self { identity, is_snapshot_user, scope, access_token, refresh_token })
    }
}

fn empty_is_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|union_id| !union_id.is_empty()))
}
