use mti_data::Row;
use mti_element::{Value, steps};

use crate::wechat::{Done, UserAuthInfo};

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
        /// The full name of the model whose rows say who is bound; they have a `userId`.
        property "authModelElemName" fn auth_model_elem_name() -> String;
        /// What may be told of a row of that model.
        "getUserAuthInfo" fn get_user_auth_info(auth_obj: Option<Row>) -> UserAuthInfo;
    }
}
