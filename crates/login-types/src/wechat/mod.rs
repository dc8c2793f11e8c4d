//! The WeChat website login.

mod bindings;
mod config;
mod flow;
mod identity;
mod level;
mod nick;
mod open_platform;
mod qr_code;
mod quota;
mod redirect;
mod steps;
mod values;

pub use self::identity::{Grant, Identity};
pub use self::level::WeChatLevel;
pub use self::qr_code::Followers;
pub use self::steps::{WeChat, WeChatSteps};
pub use self::values::{
    AuthConfig, AuthorizeUrl, CodeDisplay, CodeNews, CodeResult, CodeStatus, Done, FollowedCode, LoginConfig,
    OpenedCode, Profile, PublicAuthConfig, ShownCode, UserAuthInfo,
};
