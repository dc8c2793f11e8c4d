//! The login by user name and password.

mod accounts;
mod config;
mod hash_memory;
mod hashing;
pub(crate) mod known_browsers;
mod level;
mod policy;
mod queue;
mod steps;
pub(crate) mod tries;
mod user_name;
mod values;

pub use self::level::PasswordLevel;
pub use self::policy::PasswordPolicy;
pub use self::steps::{PasswordLogin, PasswordSteps};
pub use self::tries::KNOWN_BROWSER_COOKIE;
pub use self::values::{OldPassword, Password, PasswordHash, PasswordLoginConfig, PublicPasswordConfig};
