use std::fmt;

/// Real ones have 28 or 29 characters; the bound only keeps nonsense out of the database.
const MAX_LENGTH: usize = 128;

/// A person as one application sees them: `f(person, appId)`.
///
/// Its `Debug` form is redacted: an openId reaches no log.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OpenId(String);

/// A person as all applications of one open-platform account see them.
///
/// It may be absent, appear later, or change when the application moves to another account: a second key,
/// never the first. Its `Debug` form is redacted.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UnionId(String);

impl OpenId {
    /// Takes a non-empty text of at most 128 printable ASCII characters without spaces.
    pub fn parse(text: &str) -> Option<Self> {
        is_identifier(text).then(|| Self(text.to_owned()))
    }

    /// The plain text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl UnionId {
    /// Takes a non-empty text of at most 128 printable ASCII characters without spaces.
    pub fn parse(text: &str) -> Option<Self> {
        is_identifier(text).then(|| Self(text.to_owned()))
    }

    /// The plain text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OpenId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OpenId(<redacted>)")
    }
}

impl fmt::Debug for UnionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("UnionId(<redacted>)")
    }
}

fn is_identifier(text: &str) -> bool {
    (1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}
