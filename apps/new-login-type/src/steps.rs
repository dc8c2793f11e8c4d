use mti::login_types::{LoginCode, Token};
use mti::prelude::*;
use serde::{Deserialize, Serialize};

steps! {
    /// A login by access key. What it has in common with every login is in the Meta's steps.
    "auths.loginTypes.AccessKeyType": AccessKey, AccessKeySteps {
        /// Signs in with an access key.
        "getLoginCode" fn get_login_code(access_key: Token) -> LoginCode;
        /// Makes a user's access key, in the place of an earlier one. It is told this once.
        "createKey" fn create_key(user_id: UserId) -> NewKey;
    }
}

/// What `createKey` answers with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewKey {
    /// The key: 43 letters and digits, 256 bits.
    pub access_key: Token,
}
