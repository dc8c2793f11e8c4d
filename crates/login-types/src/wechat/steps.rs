use mti_data::Row;
use mti_element::steps;

use super::{
    AuthConfig, AuthorizeUrl, CodeNews, CodeStatus, Done, FollowedCode, Grant, Identity, LoginConfig, OpenedCode,
    Profile, ShownCode, UserAuthInfo,
};
use crate::{Corp, LoginCode, Purpose, SignIn, User, UserId};

steps! {
    /// A WeChat website login.
    "auths.loginTypes.WeChatType": WeChat, WeChatSteps {
        /// The name of the Type, as front ends know it.
        property "authType" fn auth_type() -> String;
        /// The application at the WeChat open platform, with its secret: in process only.
        property "authConfig" fn auth_config() -> AuthConfig;
        /// Whether one can sign in and bind with it.
        property "isActive" fn is_active() -> bool;
        /// The full name of the model whose rows say which WeChat account belongs to which user.
        property "authModelElemName" fn auth_model_elem_name() -> String;

        /// What a front end needs to offer the login. Never a secret.
        "getLoginConfig" fn get_login_config() -> LoginConfig;
        /// Where to send a browser so that its user authorizes a sign-in, or a bind. `redirectUri` is one of those
        /// that are configured, or an address of this installation.
        "getAuthorizeUrl" fn get_authorize_url(redirect_uri: Option<String>, purpose: Option<Purpose>) -> AuthorizeUrl;
        /// Signs in with the code that WeChat sent, and the state that came back with it.
        "getLoginCode" fn get_login_code(code: String, state: Option<String>) -> LoginCode;
        /// The QR code for a state of this browser, to be shown by the page itself instead of WeChat's. A state shows one
        /// code. `redirectUri` is what `getAuthorizeUrl` was given.
        "showCode" fn show_code(state: String, redirect_uri: Option<String>) -> ShownCode;
        /// Waits, for some seconds, until the phone has done something else with the shown code than was seen last. When
        /// it is confirmed, this does what `getLoginCode` does, or `bind` for `userId`, else for the caller.
        "followCode" fn follow_code(
            state: String, seen: Option<CodeStatus>, user_id: Option<UserId>,
        ) -> FollowedCode;
        /// Makes a user out of whoever got the ticket, and signs him in.
        "register" fn register(bind_ticket: String, nick: Option<String>) -> LoginCode;
        /// Binds the WeChat account behind a code to a user.
        "bind" fn bind(user_id: UserId, code: String, state: Option<String>) -> Done;
        /// Binds the WeChat account behind a ticket to the caller.
        "bindByTicket" fn bind_by_ticket(bind_ticket: String) -> Done;
        /// Detaches a user from his WeChat account, and ends the sessions and codes that came through it.
        "unbind" fn unbind(user_id: UserId) -> Done;
        /// What may be told of a row of the model of bindings.
        "getUserAuthInfo" fn get_user_auth_info(auth_obj: Option<Row>) -> UserAuthInfo;

        /// The address at the open platform that a browser is sent to.
        "authorizeUrl" fn authorize_url(redirect_uri: String, state: String) -> String;
        /// The QR code on the page at that address.
        "openCode" fn open_code(authorize_url: String) -> OpenedCode;
        /// What a phone has done with a QR code, once that is something else than was seen last, or for some seconds
        /// nothing was.
        "pollCode" fn poll_code(uuid: String, seen: CodeStatus) -> CodeNews;
        /// Trades a code for the identity of the person who authorized it.
        "exchangeCode" fn exchange_code(code: String) -> Grant;
        /// What WeChat tells about the person; nothing when it may not be asked.
        "fetchProfile" fn fetch_profile(grant: Grant) -> Option<Profile>;
        /// Who this person is here. It runs in `getLoginCode`, in every bind, and before and after `registerUser`.
        "matchUser" fn match_user(who: Identity) -> Option<UserId>;
        /// Makes a user out of a person who is nobody here yet, and binds him: both or neither. What is refused later
        /// does not undo it, so whoever shall not become a user is refused here. `nick` is what he calls himself, else
        /// what WeChat does.
        "registerUser" fn register_user(who: Identity, nick: String) -> UserId;
        /// The user of that id.
        "findUser" fn find_user(user_id: UserId) -> Option<User>;
        /// The organisations that a user may sign in to.
        "listCorps" fn list_corps(user_id: UserId) -> Vec<Corp>;
        /// Issues the login code; none when the binding that it is issued for has gone meanwhile.
        "issueLoginCode" fn issue_login_code(sign_in: SignIn) -> Option<LoginCode>;
        /// Refuses, by failing, a bind that must not be.
        "checkBind" fn check_bind(user_id: UserId, who: Identity);
        /// Refuses, by failing, an unbind that must not be.
        "checkUnbind" fn check_unbind(user_id: UserId);
    }
}
