use crate::operation::Operation;

/// Who has to act, and thereby which failure the caller of a login sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The code, or a token, is of no use: the user has to start again (`WECHAT_CODE_INVALID`).
    CodeInvalid,
    /// The application or its registration with WeChat is wrong: the operator has to act (`WECHAT_CONFIG`).
    Config,
    /// There is no usable answer: try later (`WECHAT_UNAVAILABLE`).
    Unavailable,
    /// The application's quota is used up (`WECHAT_RATE_LIMITED`).
    RateLimited,
    /// The user refused, or WeChat refuses the user (`WECHAT_USER_REFUSED`).
    UserRefused,
}

/// What a caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Handling {
    /// WeChat was busy: the same request may succeed later. The client has retried once already.
    RetryLater,
    /// Start a new authorization.
    Restart,
    /// Refresh the access token once; if that fails, start a new authorization.
    RefreshThenRestart,
    /// Forget the stored tokens, then start a new authorization.
    DropTokensAndRestart,
    /// Tell the operator; do not retry.
    AlertOperator,
    /// The scope does not cover profiles: go on with the openId alone.
    ProceedWithoutProfile,
    /// Stop calling: until the next minute for 45011, until tomorrow for 45009.
    BackOff,
    /// Tell the user.
    TellUser,
    /// Refuse with a generic message and log the error's number and request id.
    FailClosed,
}

/// What is known about one errcode.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meaning {
    pub(crate) kind: ErrorKind,
    pub(crate) handling: Handling,
    /// For the operator: what it means and what to do.
    pub(crate) message: &'static str,
}

impl Meaning {
    const fn new(kind: ErrorKind, handling: Handling, message: &'static str) -> Self {
        Self { kind, handling, message }
    }

    const fn restart(message: &'static str) -> Self {
        Self::new(ErrorKind::CodeInvalid, Handling::Restart, message)
    }

    const fn refresh(message: &'static str) -> Self {
        Self::new(ErrorKind::CodeInvalid, Handling::RefreshThenRestart, message)
    }

    const fn drop_tokens(message: &'static str) -> Self {
        Self::new(ErrorKind::CodeInvalid, Handling::DropTokensAndRestart, message)
    }

    const fn config(message: &'static str) -> Self {
        Self::new(ErrorKind::Config, Handling::AlertOperator, message)
    }

    const fn back_off(message: &'static str) -> Self {
        Self::new(ErrorKind::RateLimited, Handling::BackOff, message)
    }

    const fn user(message: &'static str) -> Self {
        Self::new(ErrorKind::UserRefused, Handling::TellUser, message)
    }
}

/// The table of errcodes. Only the number counts: one number comes with different texts.
pub(crate) const fn meaning(operation: Operation, errcode: i64) -> Meaning {
    match errcode {
        -1 => Meaning::new(ErrorKind::Unavailable, Handling::RetryLater, "WeChat is busy"),
        40001 if matches!(operation, Operation::ExchangeCode) => {
            Meaning::config("the app secret is not accepted, check `appSecret`")
        }
        40001 => Meaning::refresh("the access token is not the latest"),
        40002 => Meaning::config("the grant type is not accepted"),
        40003 => Meaning::restart("the openId does not belong to the access token"),
        40013 => Meaning::config("the app id is not accepted, check `appId`"),
        40014 => Meaning::refresh("the access token is not accepted"),
        40029 => Meaning::restart("the code is expired, of another application, or invented"),
        40030 => Meaning::drop_tokens("the refresh token is not accepted"),
        40125 => Meaning::config("the app secret is wrong or was reset, check `appSecret`"),
        40163 => Meaning::restart("the code was used before"),
        40164 | 61004 => Meaning::config("this server's address is not on the allow list, add it at WeChat"),
        40243 => Meaning::config("the app secret is frozen, unfreeze it at WeChat"),
        41001 => Meaning::config("the request lacks the access token"),
        41002 => Meaning::config("the request lacks the app id"),
        41003 => Meaning::config("the request lacks the refresh token"),
        41004 => Meaning::config("the request lacks the app secret"),
        41008 => Meaning::restart("the request lacks the code"),
        41009 => Meaning::config("the request lacks the openId"),
        42001 => Meaning::refresh("the access token is expired"),
        42002 => Meaning::restart("the refresh token is expired"),
        42003 => Meaning::restart("the code is expired"),
        42007 => Meaning::drop_tokens("the user changed his password, all tokens are void"),
        43003 => Meaning::config("WeChat requires https, check the API endpoint"),
        45009 => Meaning::back_off("the daily quota of the interface is used up"),
        45011 => Meaning::back_off("the quota of this minute is used up"),
        48001 if matches!(operation, Operation::UserInfo) => Meaning::new(
            ErrorKind::Config,
            Handling::ProceedWithoutProfile,
            "the application may not read profiles with this scope",
        ),
        48001 => Meaning::config("the application may not use this interface"),
        48004 => Meaning::config("the interface is blocked for irregularities, see WeChat's notices"),
        50001 => Meaning::restart("the user did not authorize the application"),
        50002 => Meaning::user("the user's WeChat account is restricted"),
        50005 => Meaning::user("the user does not follow the service account"),
        _ => Meaning::new(ErrorKind::Unavailable, Handling::FailClosed, "WeChat answered with an unknown error"),
    }
}

/// Whether the errcode points at someone who tampers, not at someone who is late.
pub(crate) fn is_suspicious(errcode: i64) -> bool {
    matches!(errcode, 40003 | 40163)
}
