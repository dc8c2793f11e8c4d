use mti_element::steps;
use serde::{Deserialize, Serialize};

use crate::{BindingList, Corp, Evidence, LoginCode, Token, User, UserId};

steps! {
    /// The login service: it turns login codes into sessions.
    "auths.loginTypes.services.AuthSvc": AuthService, AuthServiceSteps {
        /// Signs in with a login code, to one of the organisations that came with it: its id or its name, or an empty
        /// text when there were none. The answer to a browser carries the session as a cookie too.
        "loginByCode" fn login_by_code(login_code: String, corp: String, platform: String) -> SignedIn;
        /// Ends the caller's session.
        "logout" fn logout() -> Success;
        /// Who the caller is.
        "currentUser" fn current_user() -> CurrentUser;
        /// Returns whose session a token opens, as `currentUser` does: for code in process that a token was brought to.
        /// Fails with `LOGIN_REQUIRED` if the token opens no session, or no longer.
        "verify" fn verify(token: Token) -> CurrentUser;
        /// Where the caller is signed in, the newest session first.
        "listSessions" fn list_sessions() -> SessionList;
        /// Ends one of the caller's sessions, by the id that `listSessions` gave. To end one that has ended succeeds.
        "endSession" fn end_session(session_id: String) -> Success;
        /// Ends all sessions of the caller, or all but this one, and the login codes that he has not used yet.
        "logoutEverywhere" fn logout_everywhere(except_current: Option<bool>) -> Success;
        /// The user of that id. An app that keeps its users elsewhere overrides it.
        "findUser" fn find_user(user_id: UserId) -> Option<User>;
        /// The organisations that a user may sign in to. An app that keeps its members elsewhere overrides it.
        "listCorps" fn list_corps(user_id: UserId) -> Vec<Corp>;
        /// Issues a login code to a user whom a login has recognised, for as long as the row is there that says so. `binding`
        /// names what connects him to the login: when that is dissolved, see [`end_sign_ins`](crate::end_sign_ins).
        "issueLoginCode" fn issue_login_code(
            login_type: String,
            user_id: UserId,
            binding: String,
            evidence: Option<Evidence>,
        ) -> Option<LoginCode>;
        /// Refuses, by failing, a caller who signed in too long ago to change how he or somebody else signs in. Types ask for
        /// it wherever a way in is made; a call in process is trusted.
        "checkRecentSignIn" fn check_recent_sign_in();
        /// Which logins the caller can sign in with.
        "listBindings" fn list_bindings() -> BindingList;
    }
}

/// What `loginByCode` answers with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// Always true.
    pub success: bool,
    /// The session: for a program to send as `Authorization: Bearer`; a browser has it as a cookie.
    pub token: Token,
    /// Who signed in.
    pub user_id: UserId,
    /// To which organisation; empty when he belongs to none.
    pub corp_id: String,
    /// How many seconds the session lives.
    pub expires_in: u64,
}

/// The answer of what has nothing to say but that it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Success {
    /// Always true.
    pub success: bool,
}

/// What `currentUser` and `verify` answer with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CurrentUser {
    /// The user.
    pub user_id: UserId,
    /// What the user is called.
    pub nick: String,
    /// The organisation that the user signed in to; empty when there is none.
    pub corp_id: String,
    /// How many seconds the session still lives.
    pub expires_in: u64,
    /// Whether the user is an administrator.
    #[serde(default)]
    pub is_admin: bool,
}

/// What `listSessions` answers with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionList {
    /// The sessions, the newest first.
    pub sessions: Vec<SessionInfo>,
}

/// What a user is told of one of his sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    /// What `endSession` takes. It opens nothing.
    pub session_id: String,
    /// The full name of the login that he came in by.
    pub login_type: String,
    /// What he said that he signs in from.
    pub platform: String,
    /// The organisation; empty when there is none.
    pub corp_id: String,
    /// When the session began, in Unix milliseconds.
    pub created_at: i64,
    /// How many seconds it still lives.
    pub expires_in: u64,
    /// Whether it is the caller's own.
    pub is_current: bool,
}
