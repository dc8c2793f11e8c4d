/// The family of all ways to sign in.
pub const LOGIN_META: &str = "auths.loginTypes.Meta";
/// The Type of WeChat website logins.
pub const WECHAT_TYPE: &str = "auths.loginTypes.WeChatType";
/// The Type of logins by user name and password.
pub const PASSWORD_TYPE: &str = "auths.loginTypes.PasswordType";
/// The login service.
pub const AUTH_SERVICE: &str = "auths.loginTypes.services.AuthSvc";

pub(crate) const USERS: &str = "auths.models.UserModel";
pub(crate) const CALL_COUNTS: &str = "auths.models.CallCountModel";
pub(crate) const CORPS: &str = "corps.models.CorpModel";
pub(crate) const CORP_MEMBERS: &str = "corps.models.CorpMember";
pub(crate) const WECHAT_BINDINGS: &str = "auths.loginTypes.WeChatType.WeChatAuthModel";
pub(crate) const STATES: &str = "auths.loginTypes.models.LoginStateModel";
pub(crate) const SPENT_CODES: &str = "auths.loginTypes.models.SpentCodeModel";
pub(crate) const BIND_TICKETS: &str = "auths.loginTypes.models.BindTicketModel";
pub(crate) const LOGIN_CODES: &str = "auths.loginTypes.models.LoginCodeModel";
pub(crate) const SESSIONS: &str = "auths.loginTypes.models.SessionModel";
pub(crate) const PASSWORD_ACCOUNTS: &str = "auths.loginTypes.PasswordType.PasswordAuthModel";
pub(crate) const PASSWORD_TRIES: &str = "auths.loginTypes.PasswordType.PasswordTryModel";
pub(crate) const KNOWN_BROWSERS: &str = "auths.loginTypes.PasswordType.KnownBrowserModel";
