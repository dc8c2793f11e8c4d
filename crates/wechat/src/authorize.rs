use url::Url;

use crate::endpoints::{Endpoints, join};
use crate::operation::Operation;

/// The only scope of the website login.
pub const DEFAULT_SCOPE: &str = "snsapi_login";

/// The page to which a browser is sent so that its user can sign in.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizeRequest<'a> {
    /// The application.
    pub app_id: &'a str,
    /// Where the browser returns, unencoded. Its host must be the one registered with WeChat.
    pub redirect_uri: &'a str,
    /// What is asked for, [`DEFAULT_SCOPE`] as a rule.
    pub scope: &'a str,
    /// The value that comes back unchanged and ties the answer to this request.
    pub state: &'a str,
    /// The page's language; `None` leaves it to WeChat.
    pub language: Option<PageLanguage>,
}

/// The languages of the authorize page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageLanguage {
    /// Simplified Chinese.
    Chinese,
    /// English.
    English,
}

impl AuthorizeRequest<'_> {
    /// Writes the address in the documented form.
    ///
    /// WeChat open platform: the order of the parameters has mattered at times, and so has an incomplete
    /// encoding of `redirect_uri`; the fragment is part of the address.
    pub fn url(&self, endpoints: &Endpoints) -> Url {
        let mut query = String::new();
        for (name, value) in [
            ("appid", self.app_id),
            ("redirect_uri", self.redirect_uri),
            ("response_type", "code"),
            ("scope", self.scope),
            ("state", self.state),
        ] {
            push_parameter(&mut query, name, value);
        }
        if let Some(language) = self.language {
            push_parameter(&mut query, "lang", language.as_str());
        }
        let mut address = join(endpoints.open(), Operation::AuthorizePage.path());
        address.set_query(Some(&query));
        address.set_fragment(Some("wechat_redirect"));
        address
    }
}

impl PageLanguage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Chinese => "cn",
            Self::English => "en",
        }
    }
}

fn push_parameter(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str(name);
    query.push('=');
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            query.push(char::from(byte));
        } else {
            query.push('%');
            query.push(hexadecimal_digit(byte >> 4));
            query.push(hexadecimal_digit(byte & 0x0f));
        }
    }
}

fn hexadecimal_digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).unwrap_or('0').to_ascii_uppercase()
}
