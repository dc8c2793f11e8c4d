use std::fmt;

use mti_element::{REDACTED, Secret};
use rand::RngExt;
use rand::distr::Alphanumeric;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// As many characters of 62 as hold 256 bits.
const LENGTH: usize = 43;

/// A random value of 256 bits on its way to the one who shall keep it: 43 characters `[A-Za-z0-9]`.
///
/// Its JSON form is the plain text, its `Debug` form is redacted. What stays here is its hash.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// A new one.
    pub fn random() -> Self {
        Self(rand::rng().sample_iter(Alphanumeric).take(LENGTH).map(char::from).collect())
    }

    /// The plain text.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it: SHA-256 in 64 hexadecimal digits. Who has the hash cannot guess the token, which is random;
    /// a slow hash, as passwords need it, would be of no use.
    pub fn hash(&self) -> String {
        hash_of(&self.0)
    }

    /// The plain text as a secret.
    pub(crate) fn to_secret(&self) -> Secret {
        Secret::new(self.0.as_str())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(REDACTED)
    }
}

/// The hash of a token that somebody brings, if it can be one of ours.
pub(crate) fn hash_of_brought(text: &str) -> Option<String> {
    let well_formed = text.len() == LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    well_formed.then(|| hash_of(text))
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn hash_of(text: &str) -> String {
    use std::fmt::Write as _;
    let mut digits = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a string cannot fail.
        write!(digits, "{byte:02x}").ok();
    }
    digits
}

/// A short random identifier: 22 characters, 131 bits.
pub(crate) fn random_id() -> String {
    rand::rng().sample_iter(Alphanumeric).take(22).map(char::from).collect()
}
