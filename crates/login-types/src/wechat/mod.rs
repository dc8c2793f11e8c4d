//! The WeChat website login.

mod bindings;
mod config;
mod flow;
mod identity;
mod level;
mod open_platform;
mod quota;
mod redirect;
mod steps;
mod values;

pub use self::identity::{Grant, Identity};
pub use self::level::WeChatLevel;
pub use self::steps::{WeChat, WeChatSteps};
pub use self::values::{AuthConfig, AuthorizeUrl, Done, LoginConfig, Profile, PublicAuthConfig, UserAuthInfo};
