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
    /// `/connect/qrconnect`: the authorize page, which shows a QR code.
    AuthorizePage,
    /// `/connect/qrcode/…`: the picture of that code.
    QrPicture,
    /// `/connect/l/qrconnect`: what the phone does with it.
    QrPoll,
}

impl Operation {
    /// The path segments of the call below its base address.
    pub(crate) fn path(self) -> &'static [&'static str] {
        match self {
            Self::ExchangeCode => &["sns", "oauth2", "access_token"],
            Self::Refresh => &["sns", "oauth2", "refresh_token"],
            Self::CheckToken => &["sns", "auth"],
            Self::UserInfo => &["sns", "userinfo"],
            Self::AuthorizePage => &["connect", "qrconnect"],
            Self::QrPicture => &["connect", "qrcode"],
            Self::QrPoll => &["connect", "l", "qrconnect"],
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
            Self::AuthorizePage => "authorize page",
            Self::QrPicture => "QR picture",
            Self::QrPoll => "QR poll",
        })
    }
}
