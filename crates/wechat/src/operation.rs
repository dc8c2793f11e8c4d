use std::fmt;

/// The call during which something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `/sns/oauth2/access_token`: a code becomes tokens.
    ExchangeCode,
    /// `/sns/oauth2/refresh_token`: a refresh token becomes tokens.
    Refresh,
    /// `/sns/auth`: is an access token still good?
    CheckToken,
    /// `/sns/userinfo`: nickname and avatar.
    UserInfo,
}

impl Operation {
    /// The path segments of the call below the API's base address.
    pub(crate) fn path(self) -> &'static [&'static str] {
        match self {
            Self::ExchangeCode => &["sns", "oauth2", "access_token"],
            Self::Refresh => &["sns", "oauth2", "refresh_token"],
            Self::CheckToken => &["sns", "auth"],
            Self::UserInfo => &["sns", "userinfo"],
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ExchangeCode => "code exchange",
            Self::Refresh => "token refresh",
            Self::CheckToken => "token check",
            Self::UserInfo => "user information",
        })
    }
}
