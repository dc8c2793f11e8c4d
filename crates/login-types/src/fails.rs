//! The failures of the login family: rows of the published error table.

use mti_element::{Fail, Failure};
use mti_wechat::{ErrorKind, WeChatError};

/// Nobody here is bound to the identity that signed in. Its data is `{bindTicket, expiresIn}`.
pub const USER_AUTH_MISS: Fail = Fail::new(
    "USER_AUTH_MISS",
    30001,
    403,
    "this account is not bound to any user yet; bind it first, then sign in again",
);
/// The identity belongs to another user.
pub const AUTH_CONFLICT: Fail =
    Fail::new("AUTH_CONFLICT", 30002, 409, "this account is already in use; unbind it there first");
/// The way to sign in is switched off.
pub const LOGIN_TYPE_INACTIVE: Fail =
    Fail::new("LOGIN_TYPE_INACTIVE", 30003, 403, "this way to sign in is switched off");
/// The answer of an authorization does not belong to a question that this browser asked.
pub const STATE_MISMATCH: Fail =
    Fail::new("STATE_MISMATCH", 30004, 403, "this sign-in was not started here, or took too long; please start again");
/// A login code or bind ticket is unknown, used up or expired.
pub const LOGIN_CODE_INVALID: Fail =
    Fail::new("LOGIN_CODE_INVALID", 30005, 401, "this sign-in has expired; please start again");
/// The user does not belong to the organisation that he chose.
pub const CORP_NOT_FOUND: Fail =
    Fail::new("CORP_NOT_FOUND", 30006, 403, "choose one of the organisations that were offered");
/// Wrong user name or password.
pub const PASSWORD_ERROR: Fail = Fail::new("PASSWORD_ERROR", 30007, 401, "the user name or the password is wrong");
/// No such user.
pub const USER_NOT_FOUND: Fail = Fail::new("USER_NOT_FOUND", 30008, 404, "there is no such user");
/// WeChat's code is malformed, expired or used.
pub const WECHAT_CODE_INVALID: Fail =
    Fail::new("WECHAT_CODE_INVALID", 31001, 400, "the WeChat authorization is not valid any more; please scan again");
/// The application is not set up correctly with WeChat.
pub const WECHAT_CONFIG: Fail = Fail::new(
    "WECHAT_CONFIG",
    31002,
    502,
    "WeChat sign-in is not set up correctly here; please tell the operator of this site",
);
/// WeChat gave no usable answer.
pub const WECHAT_UNAVAILABLE: Fail =
    Fail::new("WECHAT_UNAVAILABLE", 31003, 502, "WeChat cannot be reached right now; please try again");
/// WeChat's quota for the application is used up.
pub const WECHAT_RATE_LIMITED: Fail =
    Fail::new("WECHAT_RATE_LIMITED", 31004, 503, "WeChat is busy; please try again in a minute");
/// The user refused, or WeChat refuses the user.
pub const WECHAT_USER_REFUSED: Fail =
    Fail::new("WECHAT_USER_REFUSED", 31005, 403, "WeChat did not authorize this sign-in");

/// WeChat's errcode of a quota that is counted by the minute.
const MINUTE_QUOTA: i64 = 45011;

/// How the functions of every login can fail.
pub const OF_LOGINS: &[Fail] = &[
    USER_AUTH_MISS,
    AUTH_CONFLICT,
    LOGIN_TYPE_INACTIVE,
    STATE_MISMATCH,
    LOGIN_CODE_INVALID,
    CORP_NOT_FOUND,
    PASSWORD_ERROR,
    USER_NOT_FOUND,
];

/// How the functions of a WeChat login can fail besides.
pub const OF_WECHAT: &[Fail] =
    &[WECHAT_CODE_INVALID, WECHAT_CONFIG, WECHAT_UNAVAILABLE, WECHAT_RATE_LIMITED, WECHAT_USER_REFUSED];

/// What the visitor is told of a failed call to WeChat, with everything that the operator needs kept for the log.
pub fn of_wechat(error: WeChatError) -> Failure {
    let kind = match error.kind() {
        ErrorKind::CodeInvalid => WECHAT_CODE_INVALID,
        ErrorKind::Config => WECHAT_CONFIG,
        ErrorKind::RateLimited => WECHAT_RATE_LIMITED,
        ErrorKind::UserRefused => WECHAT_USER_REFUSED,
        // What is not understood is treated as no answer.
        _ => WECHAT_UNAVAILABLE,
    };
    match error.kind() {
        ErrorKind::Config => tracing::error!(error = %error, "WeChat refuses the application"),
        _ if error.is_security_event() => {
            tracing::warn!(target: "mti::security", error = %error, "WeChat's answer points at tampering");
        }
        _ => tracing::debug!(error = %error, "WeChat refuses"),
    }
    let failure = kind.failure();
    let failure = if error.errcode() == Some(MINUTE_QUOTA) { failure.retry_after(60) } else { failure };
    failure.caused_by(error)
}
