use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::sealed_secrets::{self, Found};

/// A value that must not be shown: an application secret, a code, a token.
///
/// `Debug` is redacted, and there is no `Display`, `Serialize` or `PartialEq`: a secret reaches a log, an
/// answer or a comparison only where somebody wrote [`Secret::reveal`].
#[derive(Clone)]
pub struct Secret(Box<str>);

/// What stands in the place of a secret wherever one would be shown.
pub const REDACTED: &str = "<redacted>";

impl Secret {
    /// Wraps a value that must not be shown.
    pub fn new(value: impl Into<Box<str>>) -> Self {
        Self(value.into())
    }

    /// The value itself. Every call is a place to look at when asking where secrets go.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// A handle: an opaque text that stands for the secret while it crosses to another language of this process. Whoever
    /// reads it there as a secret has it, once; anywhere else it means nothing.
    pub fn seal(self) -> String {
        sealed_secrets::keep(self)
    }

    /// The secret that a handle stands for; none for any other text, and none the second time.
    pub fn unseal(handle: &str) -> Option<Self> {
        match sealed_secrets::take(handle) {
            Found::Secret(secret) => Some(secret),
            Found::Used | Found::NoHandle => None,
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(REDACTED)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<str>::deserialize(deserializer)?;
        match sealed_secrets::take(&text) {
            Found::Secret(secret) => Ok(secret),
            Found::NoHandle => Ok(Self(text)),
            Found::Used => {
                Err(D::Error::custom("a secret's handle was used before, or not for so long that it expired"))
            }
        }
    }
}
