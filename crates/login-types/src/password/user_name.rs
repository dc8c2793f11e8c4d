use icu_normalizer::ComposingNormalizerBorrowed;
use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;
use mti_element::{Fail, Result};

/// The most characters of a user name.
const MAX_CHARACTERS: usize = 64;

/// The most bytes that are looked at.
const MAX_BYTES: usize = 1024;

/// A user name in the form in which names are stored and compared: Unicode's NFKC in small letters, so that `ＡＮＮＡ`,
/// `Anna` and `anna` are one name, and nobody can take a name that looks like somebody else's case of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserName(String);

impl UserName {
    /// A name that somebody wants to have.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let name = Self::look_up(text)?;
        let characters = name.0.chars().count();
        let marks = CanonicalCombiningClassMapBorrowed::new();
        let is_fit = |character: char| {
            character.is_alphanumeric() || "._-@+".contains(character) || marks.get_u8(character) != 0
        };
        if (1..=MAX_CHARACTERS).contains(&characters) && name.0.chars().all(is_fit) {
            return Ok(name);
        }
        let message =
            format!("a user name has 1 to {MAX_CHARACTERS} characters: letters, digits and `.`, `_`, `-`, `@`, `+`");
        Err(Fail::API_PARAMS_ERROR.because(message))
    }

    /// A name that somebody gives as his. That it can be nobody's is not told.
    pub(crate) fn look_up(text: &str) -> Result<Self> {
        if text.len() > MAX_BYTES {
            return Err(Fail::API_PARAMS_ERROR.because(format!("argument `username` has at most {MAX_BYTES} bytes")));
        }
        let compatible = ComposingNormalizerBorrowed::new_nfkc();
        let lower = compatible.normalize(text.trim()).to_lowercase();
        Ok(Self(compatible.normalize(&lower).into_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}
