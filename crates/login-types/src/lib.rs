//! The login family `auths.loginTypes`: what every way to sign in has in common, the WeChat website login,
//! and the login by user name and password.
//!
//! Signing in takes two steps. A login Type finds out who somebody is and answers with a *login code* and the
//! organisations that he may sign in to; the login service ([`AuthService`]) turns code and organisation into a
//! *session*. The HTTP server learns from [`SessionAuthenticator`] whose session a token is.
//!
//! Everything that is handed out (states, tickets, codes, session tokens) is a random value of 256 bits. Only its
//! hash is stored, as a row of a model element, so any number of processes share it; whoever takes such a row out of
//! its table has used it up, and of several who try, one succeeds.
//!
//! A call without a [visitor](mti_element::This::visitor) comes from the same process and is trusted: it needs no
//! state and no session, and what it is given may be brought back from any browser. What a visitor is given may be
//! brought back from his browser only: he gets a cookie for that if he has none.

mod auth_service;
mod auth_service_level;
mod authenticator;
mod bound_logins;
mod browser;
mod clock;
mod corp;
pub mod fails;
mod keys;
mod login_codes;
mod login_type;
mod names;
mod needed_fields;
mod new_session;
mod password;
mod permission;
mod public_url;
mod sessions;
mod shared_calls;
mod states;
mod store;
mod sweep;
mod tickets;
mod token;
mod user;
mod wechat;

use std::sync::Arc;

use mti_element::{LevelCode, NativeCode};

pub use crate::auth_service::{
    AuthService, AuthServiceSteps, CurrentUser, SessionInfo, SessionList, SignedIn, Success,
};
pub use crate::auth_service_level::AuthServiceLevel;
pub use crate::authenticator::{SESSION_COOKIE, SessionAuthenticator};
pub use crate::bound_logins::{BindingInfo, BindingList};
pub use crate::browser::BROWSER_COOKIE;
pub use crate::clock::Clock;
pub use crate::corp::Corp;
pub use crate::login_codes::{Evidence, LoginCode, SignIn};
pub use crate::login_type::{LoginType, LoginTypeSteps};
pub use crate::names::{AUTH_SERVICE, LOGIN_META, PASSWORD_TYPE, WECHAT_TYPE};
pub use crate::password::{
    KNOWN_BROWSER_COOKIE, OldPassword, Password, PasswordHash, PasswordLevel, PasswordLogin, PasswordLoginConfig,
    PasswordPolicy, PasswordSteps, PublicPasswordConfig,
};
pub use crate::permission::Permission;
pub use crate::public_url::PublicUrl;
pub use crate::sessions::end_sign_ins;
pub use crate::shared_calls::CallTable;
pub use crate::states::{PendingLimit, Purpose};
pub use crate::sweep::{Swept, sweep};
pub use crate::token::Token;
pub use crate::user::{User, UserId};
pub use crate::wechat::{
    AuthConfig, AuthorizeUrl, CodeDisplay, CodeNews, CodeResult, CodeStatus, Done, FollowedCode, Followers, Grant,
    Identity, LoginConfig, OpenedCode, Profile, PublicAuthConfig, ShownCode, UserAuthInfo, WeChat, WeChatLevel,
    WeChatSteps,
};

/// The levels of this crate, each with the element of the official app that declares it.
pub fn levels() -> Vec<(&'static str, Arc<dyn LevelCode>)> {
    vec![
        (WECHAT_TYPE, Arc::new(NativeCode::<WeChatLevel>::new())),
        (PASSWORD_TYPE, Arc::new(NativeCode::<PasswordLevel>::new())),
        (AUTH_SERVICE, Arc::new(NativeCode::<AuthServiceLevel>::new())),
    ]
}
