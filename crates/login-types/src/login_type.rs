use mti_element::{Value, steps};

use crate::wechat::Done;

steps! {
    /// What every way to sign in has: the view of any login Type's instance that knows no more of it.
    "auths.loginTypes.Meta": LoginType, LoginTypeSteps {
        /// The name of the Type, as front ends know it.
        property "authType" fn auth_type() -> String;
        /// Whether it may be used.
        property "isActive" fn is_active() -> bool;
        /// What a front end needs to offer it. Never a secret.
        "getLoginConfig" fn get_login_config() -> Value;
        /// Detaches a user, and ends the sessions that came through it.
        "unbind" fn unbind(user_id: crate::UserId) -> Done;
    }
}
