use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use mti_element::{Fail, Result, Secret, StepValue, Value, no_wire_form};
use serde::{Deserialize, Serialize};

use super::PasswordPolicy;

/// The most bytes of a password. Every byte of it counts: nothing is cut off.
const MAX_BYTES: usize = 1024;

/// A password that somebody brings. Its `Debug` form is redacted, and it has no JSON form: it comes in, and does not go
/// out again.
#[derive(Debug, Clone)]
pub struct Password(Secret);

impl Password {
    /// A password as it was typed.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(Secret::new(text))
    }

    /// The password in Unicode's form NFC, so that it does not matter on which keyboard it was typed.
    pub fn reveal(&self) -> Cow<'_, str> {
        ComposingNormalizerBorrowed::new_nfc().normalize(self.0.reveal())
    }

    /// Refuses one that nobody types.
    pub(crate) fn refuse_long(&self, argument: &str) -> Result<()> {
        if self.0.reveal().len() > MAX_BYTES {
            let message = format!("argument `{argument}` has at most {MAX_BYTES} bytes");
            return Err(Fail::API_PARAMS_ERROR.because(message));
        }
        Ok(())
    }
}

impl StepValue for Password {
    fn into_wire(self) -> Result<Value> {
        Err(no_wire_form("Password"))
    }

    fn from_wire(value: Value) -> Result<Self> {
        match value {
            Value::String(text) => Ok(Self::new(text)),
            _ => Err(Fail::API_PARAMS_ERROR.because("invalid type: expected a string")),
        }
    }
}

/// A password that may be left out; an empty one counts as left out.
#[derive(Debug, Clone, Default)]
pub struct OldPassword(pub Option<Password>);

impl StepValue for OldPassword {
    fn into_wire(self) -> Result<Value> {
        Err(no_wire_form("OldPassword"))
    }

    fn from_wire(value: Value) -> Result<Self> {
        match value {
            Value::Null => Ok(Self(None)),
            Value::String(text) if text.is_empty() => Ok(Self(None)),
            value => Password::from_wire(value).map(|password| Self(Some(password))),
        }
    }
}

/// What is stored of a password: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`, which says how it was made.
#[derive(Debug, Clone)]
pub struct PasswordHash(Secret);

impl PasswordHash {
    /// A hash in this form, or in that of an override of `hashPassword` and `verifyPassword`.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(Secret::new(text))
    }

    /// The text that is stored.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

impl<'de> Deserialize<'de> for PasswordHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Secret::deserialize(deserializer).map(Self)
    }
}

impl StepValue for PasswordHash {
    fn into_wire(self) -> Result<Value> {
        Err(no_wire_form("PasswordHash"))
    }

    fn from_wire(value: Value) -> Result<Self> {
        match value {
            Value::String(text) => Ok(Self::new(text)),
            _ => Err(Fail::ELEMENT_EXCEPTION.failure().noting("`hashPassword` must give a string")),
        }
    }
}

/// What `getLoginConfig` answers with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordLoginConfig {
    /// Whether the login may be used.
    pub is_active: bool,
    /// The name of the Type.
    pub auth_type: String,
    /// What everybody may know of it.
    pub auth_config: PublicPasswordConfig,
}

/// What everybody may know of the config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PublicPasswordConfig {
    /// What a new password must be like.
    pub limit: PasswordPolicy,
}
