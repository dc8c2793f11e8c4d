//! What every login Type keeps to, whoever wrote it and whatever overrides it.

mod checks;
mod contract;
mod credentials;
mod trial;

pub use contract::LoginContract;
pub use credentials::{Credentials, PasswordCredentials, WeChatCredentials};
