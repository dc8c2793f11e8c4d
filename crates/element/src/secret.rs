use std::fmt;

use serde::{Deserialize, Deserializer};

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
        Box::<str>::deserialize(deserializer).map(Self)
    }
}
