use mti_element::{Fail, Result};
use serde::{Deserialize, Serialize};

use super::Password;

/// What a new password must be like. Lengths are counted in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the config")]
pub struct PasswordPolicy {
    /// The fewest characters.
    pub min_length: u32,
    /// The most characters.
    pub max_length: u32,
    /// Whether a capital letter is needed.
    pub require_uppercase: bool,
    /// Whether a small letter is needed.
    pub require_lowercase: bool,
    /// Whether a digit is needed.
    pub require_number: bool,
    /// Whether something is needed that is neither letter nor digit.
    pub require_special_char: bool,
}

impl PasswordPolicy {
    /// Refuses a password that does not follow it, or is one of the `names` that belong to its owner. Says what is
    /// missing, and nothing of the password.
    pub(crate) fn check(&self, password: &Password, names: &[&str]) -> Result<()> {
        let text = password.reveal();
        let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let refused = |wanted: String| Err(Fail::API_PARAMS_ERROR.because(format!("a password must {wanted}")));
        if length < self.min_length {
            return refused(format!("have at least {} characters", self.min_length));
        }
        if length > self.max_length {
            return refused(format!("have at most {} characters", self.max_length));
        }
        let has = |is_of_kind: fn(char) -> bool| text.chars().any(is_of_kind);
        let lacking = [
            (self.require_uppercase && !has(char::is_uppercase), "a capital letter"),
            (self.require_lowercase && !has(char::is_lowercase), "a small letter"),
            (self.require_number && !has(char::is_numeric), "a digit"),
            (
                self.require_special_char && !has(|character| !character.is_alphanumeric()),
                "a character that is no letter or digit",
            ),
        ];
        if let Some((_, what)) = lacking.iter().find(|(is_lacking, _)| *is_lacking) {
            return refused(format!("have {what}"));
        }
        if names.iter().any(|name| name.to_lowercase() == text.to_lowercase()) {
            return refused("not be the user name".to_owned());
        }
        Ok(())
    }
}
