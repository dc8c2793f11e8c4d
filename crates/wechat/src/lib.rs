//! Protocol client and protocol types of the WeChat open platform.
//!
//! The website login in three steps:
//!
//! 1. [`AuthorizeRequest`] is the page to which the browser is sent.
//! 2. The browser returns with a code, which [`AuthorizationCode::parse`] judges before anyone is called.
//! 3. [`Client::exchange_code`] trades the code for [`Tokens`], which name the person; [`Client::user_info`]
//!    fetches the [`Profile`] when one is wanted.
//!
//! A site that shows the QR code by itself, instead of WeChat's page, has [`Client::open_qr_code`] fetch it, and
//! [`Client::follow_qr_code`] say what the phone does, down to the code of step 3.
//!
//! Everything that can go wrong is a [`WeChatError`], whose [`kind`](WeChatError::kind) says who has to act
//! and whose [`handling`](WeChatError::handling) says how. Whatever is not understood is refused: an answer
//! counts as a success only when all that makes a success is there.
//!
//! The open platform departs from OAuth 2 in most details: parameters are called `appid` and `secret` and
//! travel in the query, errors come with HTTP status 200 and `Content-Type: text/plain`, there is no
//! `token_type`. Hence a client of its own. Secrets and codes are part of the addresses it calls; no address
//! appears in any error or log.

mod answer;
mod authorize;
mod client;
mod code;
mod credentials;
mod endpoints;
mod errcode;
mod error;
mod identity;
mod operation;
mod profile;
mod qr_code;
mod tokens;
mod transport;

pub use authorize::{AuthorizeRequest, DEFAULT_SCOPE, PageLanguage};
pub use client::Client;
pub use code::{AuthorizationCode, MAX_CODE_LENGTH};
pub use credentials::AppCredentials;
pub use endpoints::{DEFAULT_API, DEFAULT_OPEN, DEFAULT_POLL, EndpointError, Endpoints};
pub use errcode::{ErrorKind, Handling};
pub use error::{CodeDefect, Refusal, UnavailableCause, WeChatError};
pub use identity::{OpenId, UnionId};
pub use operation::Operation;
pub use profile::{Language, Profile};
pub use qr_code::{QrCode, QrPicture, QrProgress, QrUuid};
pub use tokens::Tokens;
pub use transport::MAX_BODY_LENGTH;
