//! A login for programs: whoever has a user's access key signs in as that user.

mod by_access_key;
mod steps;

pub use crate::by_access_key::{ACCESS_KEY_INVALID, ByAccessKey};
pub use crate::steps::{AccessKey, AccessKeySteps, NewKey};

/// The `mti` command with the code of this app.
pub fn program() -> mti::Program {
    mti::main().level::<ByAccessKey>("acme.new-login-type", "auths.loginTypes.AccessKeyType")
}
