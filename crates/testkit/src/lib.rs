//! What tests of apps and of Types are written with.
//!
//! A whole app tree is one string: see [`Tree`].
//!
//! With the feature `login`: a `Browser` that signs in as visitors do, a `SimulatedWeChat` for WeChat logins to
//! talk to, and `LoginContract`, what every login Type and every override of one keeps to.
//!
//! With the feature `database`: `database_contract!`, what every database keeps to, and private PostgreSQL servers.

#[cfg(feature = "login")]
mod browser;
#[cfg(feature = "database")]
pub mod database;
#[cfg(feature = "login")]
mod login;
#[cfg(feature = "login")]
mod simulated_wechat;
mod tree;

#[cfg(feature = "login")]
pub use browser::Browser;
#[cfg(feature = "login")]
pub use login::{Credentials, LoginContract, PasswordCredentials, WeChatCredentials};
#[cfg(feature = "login")]
pub use simulated_wechat::SimulatedWeChat;
pub use tree::Tree;
