use mti_data::Row;
use mti_element::steps;

use super::{OldPassword, Password, PasswordHash, PasswordLoginConfig};
use crate::{Corp, Done, LoginCode, SignIn, User, UserAuthInfo, UserId};

steps! {
    /// A login by user name and password.
    "auths.loginTypes.PasswordType": PasswordLogin, PasswordSteps {
        /// The name of the Type, as front ends know it.
        property "authType" fn auth_type() -> String;
        /// Whether one can sign in and bind with it.
        property "isActive" fn is_active() -> bool;
        /// The full name of the model whose rows say which user name and password belong to which user.
        property "authModelElemName" fn auth_model_elem_name() -> String;

        /// What a front end needs to offer the login: also what a new password must be like.
        "getLoginConfig" fn get_login_config() -> PasswordLoginConfig;
        /// Signs in with a user name and its password. A wrong name and a wrong password are the same failure.
        "getLoginCode" fn get_login_code(username: String, password: Password) -> LoginCode;
        /// Gives a user a user name and a password.
        "bind" fn bind(user_id: UserId, username: String, password: Password) -> Done;
        /// Takes a user's name and password away, and ends the sessions and codes that came through them.
        "unbind" fn unbind(user_id: UserId) -> Done;
        /// Changes a user's password, and ends all that he has but the session of the caller. In process, and when an
        /// administrator does it for somebody else, the old password may be left out; a user who has no password yet
        /// gets his first one then, with his id as user name.
        "updatePassword" fn update_password(user_id: UserId, old_password: OldPassword, new_password: Password) -> Done;
        /// What may be told of a row of the model of user names.
        "getUserAuthInfo" fn get_user_auth_info(auth_obj: Option<Row>) -> UserAuthInfo;

        /// Who has this user name, which is in its stored form: NFKC, in small letters.
        "matchUser" fn match_user(username: String) -> Option<UserId>;
        /// Whether the password is the user's. It must take as long when there is no such user.
        "verifyPassword" fn verify_password(user_id: Option<UserId>, password: Password) -> bool;
        /// What is stored of a password.
        "hashPassword" fn hash_password(password: Password) -> PasswordHash;
        /// Refuses, by failing, a new password that is too weak.
        "checkPassword" fn check_password(user_id: UserId, username: String, password: Password);
        /// The user of that id.
        "findUser" fn find_user(user_id: UserId) -> Option<User>;
        /// The organisations that a user may sign in to.
        "listCorps" fn list_corps(user_id: UserId) -> Vec<Corp>;
        /// Issues the login code; none when the row that it is issued for has gone meanwhile.
        "issueLoginCode" fn issue_login_code(sign_in: SignIn) -> Option<LoginCode>;
        /// Refuses, by failing, a bind that must not be.
        "checkBind" fn check_bind(user_id: UserId, username: String);
        /// Refuses, by failing, an unbind that must not be.
        "checkUnbind" fn check_unbind(user_id: UserId);
    }
}
