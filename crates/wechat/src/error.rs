use std::fmt;

use thiserror::Error;

use crate::errcode::{ErrorKind, Handling, is_suspicious, meaning};
use crate::operation::Operation;

/// Why a call to WeChat brought nothing usable.
///
/// Messages are for the operator: they contain no address, secret, code, token or openId, and nothing of the
/// text that WeChat sent.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WeChatError {
    /// The code cannot be one of WeChat's; WeChat was not called.
    #[error("the authorization code {0}")]
    MalformedCode(CodeDefect),
    /// The user pressed refuse; WeChat was not called.
    #[error("the user refused the authorization")]
    Denied,
    /// WeChat answered with an errcode.
    #[error("{0}")]
    Refused(Refusal),
    /// The answer is not about the person to whom the token belongs.
    #[error("{operation}: the answer is about another openId than the one that was asked for")]
    IdentityMismatch {
        /// The call that brought the answer.
        operation: Operation,
    },
    /// There was no answer, or none that can be trusted.
    #[error("{operation}: no usable answer from WeChat")]
    Unavailable {
        /// The call that failed.
        operation: Operation,
        /// What went wrong.
        #[source]
        cause: UnavailableCause,
    },
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot be set up")]
    Setup(#[source] reqwest::Error),
}

impl WeChatError {
    /// Who has to act.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::MalformedCode(_) | Self::IdentityMismatch { .. } => ErrorKind::CodeInvalid,
            Self::Denied => ErrorKind::UserRefused,
            Self::Refused(refusal) => refusal.kind(),
            Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::Setup(_) => ErrorKind::Config,
        }
    }

    /// What a caller can do about it.
    pub fn handling(&self) -> Handling {
        match self {
            // A code whose exchange failed on the way may have been consumed.
            Self::MalformedCode(_)
            | Self::IdentityMismatch { .. }
            | Self::Unavailable { operation: Operation::ExchangeCode, .. } => Handling::Restart,
            Self::Denied => Handling::TellUser,
            Self::Refused(refusal) => meaning(refusal.operation, refusal.errcode).handling,
            Self::Unavailable { .. } => Handling::RetryLater,
            Self::Setup(_) => Handling::AlertOperator,
        }
    }

    /// The errcode of the answer, when there was one.
    pub fn errcode(&self) -> Option<i64> {
        match self {
            Self::Refused(refusal) => Some(refusal.errcode),
            _ => None,
        }
    }

    /// WeChat's id of the request, for its support and our log.
    pub fn rid(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => refusal.rid.as_deref(),
            _ => None,
        }
    }

    /// Whether somebody may be tampering, so that the event belongs into the security log.
    ///
    /// A used code is none when this very exchange was retried: WeChat may have consumed the code in the
    /// attempt that it answered with "busy".
    pub fn is_security_event(&self) -> bool {
        match self {
            Self::IdentityMismatch { .. } => true,
            Self::Refused(refusal) => is_suspicious(refusal.errcode) && !refusal.retried,
            _ => false,
        }
    }
}

/// An answer with an errcode.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The call that was refused.
    pub operation: Operation,
    /// WeChat's number of the error.
    pub errcode: i64,
    /// WeChat's id of the request.
    pub rid: Option<String>,
    /// Whether this is the answer to the second attempt.
    pub retried: bool,
}

impl Refusal {
    /// Who has to act.
    pub fn kind(&self) -> ErrorKind {
        meaning(self.operation, self.errcode).kind
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = meaning(self.operation, self.errcode).message;
        write!(formatter, "{}: {message} (errcode {}", self.operation, self.errcode)?;
        if let Some(rid) = &self.rid {
            write!(formatter, ", rid {rid}")?;
        }
        formatter.write_str(")")
    }
}

/// What is wrong with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeDefect {
    /// There is none.
    Empty,
    /// Over 512 bytes.
    TooLong,
    /// Spaces, control characters, or anything beyond ASCII.
    NotPrintableAscii,
}

impl fmt::Display for CodeDefect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "is empty",
            Self::TooLong => "is longer than 512 bytes",
            Self::NotPrintableAscii => "contains characters other than printable ASCII",
        })
    }
}

/// Why there is no usable answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UnavailableCause {
    /// The time for the whole exchange is over.
    #[error("timed out")]
    Timeout,
    /// No connection came about: nothing was sent.
    #[error("cannot connect")]
    Connect(#[source] reqwest::Error),
    /// The connection broke after it was made: WeChat may have acted on the request.
    #[error("the connection broke")]
    Interrupted(#[source] reqwest::Error),
    /// An HTTP status other than 200.
    #[error("HTTP status {0}")]
    Status(u16),
    /// A redirect, which is never followed.
    #[error("HTTP status {0} redirects elsewhere")]
    Redirected(u16),
    /// More than 64 KiB.
    #[error("the body is larger than 64 KiB")]
    TooLarge,
    /// Not the JSON object it should be.
    #[error("{0}")]
    Malformed(&'static str),
}
