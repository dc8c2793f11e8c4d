use std::fmt;

use crate::error::{CodeDefect, WeChatError};

/// The longest authorization code that is sent on, in bytes. Real ones have 32.
pub const MAX_CODE_LENGTH: usize = 512;

/// What the service-account flow puts in place of a code when the user refuses.
const REFUSED: &str = "authdeny";

/// A code that came back from the authorize page and is worth asking WeChat about.
///
/// Codes are one-time credentials: the `Debug` form is redacted.
#[derive(Clone)]
pub struct AuthorizationCode(String);

impl AuthorizationCode {
    /// Judges what the browser brought, before WeChat is called.
    pub fn parse(text: &str) -> Result<Self, WeChatError> {
        if text.is_empty() {
            return Err(WeChatError::MalformedCode(CodeDefect::Empty));
        }
        if text.len() > MAX_CODE_LENGTH {
            return Err(WeChatError::MalformedCode(CodeDefect::TooLong));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(WeChatError::MalformedCode(CodeDefect::NotPrintableAscii));
        }
        if text == REFUSED {
            return Err(WeChatError::Denied);
        }
        Ok(Self(text.to_owned()))
    }

    /// The plain text, for the request only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AuthorizationCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AuthorizationCode(<redacted>)")
    }
}
