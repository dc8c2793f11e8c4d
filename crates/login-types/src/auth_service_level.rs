use mti_element::{AppHandle, Fail, Level, OpenContext, Principal, Problems, Result, Visitor, level};

use crate::authenticator::signed_in;
use crate::keys::Keys;
use crate::login_codes::BroughtCode;
use crate::new_session::NewSession;
use crate::{
    AuthService, AuthServiceSteps, BindingList, Clock, Corp, CurrentUser, Evidence, LoginCode, LoginType, SessionList,
    SignIn, SignedIn, Success, Token, User, UserId, bound_logins, browser, corp, fails, login_codes, needed_fields,
    sessions, user,
};

/// How long a session lives when the config does not say.
const DEFAULT_SESSION_SECONDS: u32 = 7 * 24 * 60 * 60;

/// The shortest life that a session may be given.
const MIN_SESSION_SECONDS: u32 = 60;

/// How long after a sign-in its user may change how he signs in, when the config does not say.
const DEFAULT_RECENT_SECONDS: u32 = 15 * 60;

/// The longest name of a platform.
const MAX_PLATFORM_LENGTH: usize = 64;

/// The code of `auths.loginTypes.services.AuthSvc`.
#[derive(Debug)]
pub struct AuthServiceLevel {
    session_seconds: u32,
    recent_seconds: u32,
    sessions_per_user: u32,
}

impl Level for AuthServiceLevel {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        needed_fields::of_service(context);
        let config = Keys::of_config(context);
        let mut problems = Problems::default();
        let session_seconds = problems.take(config.whole_number("sessionSeconds", MIN_SESSION_SECONDS..=u32::MAX));
        let recent_seconds = problems.take(config.whole_number("recentSeconds", 0..=u32::MAX));
        let sessions_per_user = problems.take(config.whole_number("sessionsPerUser", 1..=sessions::MOST_OF_ONE_USER));
        let read = || {
            Some(Self {
                session_seconds: session_seconds?.unwrap_or(DEFAULT_SESSION_SECONDS),
                recent_seconds: recent_seconds?.unwrap_or(DEFAULT_RECENT_SECONDS),
                sessions_per_user: sessions_per_user?.unwrap_or(sessions::MOST_OF_ONE_USER),
            })
        };
        read().ok_or_else(|| problems.into_failure())
    }
}

#[level]
impl AuthServiceSteps for AuthServiceLevel {
    async fn login_by_code(
        &self,
        this: AuthService<'_>,
        login_code: String,
        corp: String,
        platform: String,
    ) -> Result<SignedIn> {
        if platform.chars().count() > MAX_PLATFORM_LENGTH || platform.contains(char::is_control) {
            return Err(Fail::API_PARAMS_ERROR.because("argument `platform` is too long"));
        }
        let app = this.app();
        let code = BroughtCode::find(&app, browser::brought_by(this.visitor()), &login_code).await?;
        if !is_active(&this, &code.row.login_type).await? {
            return Err(fails::LOGIN_TYPE_INACTIVE.into());
        }
        let corp_id = code.choose(&app, &corp).await?;
        let user = this.find_user(code.row.user_id.clone()).await?.ok_or(fails::USER_NOT_FOUND)?;
        refuse_disabled(&app, &code.row.user_id, &user).await?;
        let lifetime_seconds = self.session_seconds;
        let session = NewSession { code, corp_id, platform, lifetime_seconds, most_of_user: self.sessions_per_user };
        session.begin(&app, this.visitor()).await
    }

    async fn logout(&self, this: AuthService<'_>) -> Result<Success> {
        if let Some(visitor) = this.visitor() {
            sessions::end_of(&this.app(), visitor).await?;
        }
        Ok(Success { success: true })
    }

    async fn current_user(&self, this: AuthService<'_>) -> Result<CurrentUser> {
        let (_, principal, user_id) = caller(&this)?;
        let user = this.find_user(user_id).await?.ok_or(Fail::LOGIN_REQUIRED)?;
        Ok(described(principal, user))
    }

    async fn verify(&self, this: AuthService<'_>, token: Token) -> Result<CurrentUser> {
        let (principal, user) = signed_in(&this.app(), token.to_secret()).await?.ok_or(Fail::LOGIN_REQUIRED)?;
        Ok(described(&principal, user))
    }

    async fn list_sessions(&self, this: AuthService<'_>) -> Result<SessionList> {
        let (visitor, _, user_id) = caller(&this)?;
        Ok(SessionList { sessions: sessions::list(&this.app(), &user_id, sessions::token_hash_of(visitor)).await? })
    }

    async fn end_session(&self, this: AuthService<'_>, session_id: String) -> Result<Success> {
        let (visitor, _, user_id) = caller(&this)?;
        sessions::end_one(&this.app(), visitor, &user_id, &session_id).await?;
        Ok(Success { success: true })
    }

    async fn logout_everywhere(&self, this: AuthService<'_>, except_current: Option<bool>) -> Result<Success> {
        let (visitor, _, user_id) = caller(&this)?;
        sessions::end_everywhere(&this.app(), visitor, &user_id, except_current.unwrap_or(false)).await?;
        Ok(Success { success: true })
    }

    async fn find_user(&self, this: AuthService<'_>, user_id: UserId) -> Result<Option<User>> {
        user::find(&this.app(), &user_id).await
    }

    async fn list_corps(&self, this: AuthService<'_>, user_id: UserId) -> Result<Vec<Corp>> {
        corp::corps_of(&this.app(), &user_id).await
    }

    async fn issue_login_code(
        &self,
        this: AuthService<'_>,
        login_type: String,
        user_id: UserId,
        binding: String,
        evidence: Option<Evidence>,
    ) -> Result<Option<LoginCode>> {
        let app = this.app();
        let user = this.find_user(user_id.clone()).await?.ok_or(fails::USER_NOT_FOUND)?;
        refuse_disabled(&app, &user_id, &user).await?;
        let corps = this.list_corps(user_id.clone()).await?;
        login_codes::issue(&app, &login_type, this.visitor(), SignIn { user_id, corps, binding, evidence }).await
    }

    async fn check_recent_sign_in(&self, this: AuthService<'_>) -> Result<()> {
        let Some(visitor) = this.visitor().filter(|_| self.recent_seconds > 0) else { return Ok(()) };
        let app = this.app();
        let began = sessions::began_at(&app, visitor).await?;
        let earliest = Clock::of(&app) - i64::from(self.recent_seconds);
        if began.is_some_and(|began| began > earliest) {
            return Ok(());
        }
        Err(Fail::LOGIN_REQUIRED.because("please sign in again first: this is for those who have just signed in"))
    }

    async fn list_bindings(&self, this: AuthService<'_>) -> Result<BindingList> {
        let (_, _, user_id) = caller(&this)?;
        Ok(bound_logins::of(&this.app(), &user_id).await)
    }
}

/// Who calls from outside, and as whom.
fn caller<'t>(this: &'t AuthService<'_>) -> Result<(&'t Visitor, &'t Principal, UserId)> {
    let visitor = this.visitor().ok_or(Fail::LOGIN_REQUIRED)?;
    let principal = visitor.principal.as_ref().ok_or(Fail::LOGIN_REQUIRED)?;
    Ok((visitor, principal, UserId::from(principal.user_id.as_str())))
}

/// What a signed-in user is told of their session.
fn described(principal: &Principal, user: User) -> CurrentUser {
    CurrentUser {
        user_id: UserId::from(principal.user_id.as_str()),
        nick: user.nick,
        corp_id: principal.corp_id.clone(),
        expires_in: principal.expires_in_seconds,
        is_admin: user.is_admin,
    }
}

/// Refuses a user who may not sign in, and ends all that he still has.
pub(crate) async fn refuse_disabled(app: &AppHandle<'_>, user_id: &UserId, user: &User) -> Result<()> {
    if user.is_active {
        return Ok(());
    }
    sessions::end_all_of(app, user_id).await?;
    Err(Fail::PERMISSION_DENIED.because("this user is disabled; please ask the operator of this site"))
}

/// Whether the instance that somebody came through may still be used. One that is gone may not.
async fn is_active(service: &AuthService<'_>, login_type: &str) -> Result<bool> {
    match service.app().get::<LoginType<'_>>(login_type) {
        Ok(login_type) => login_type.is_active().await,
        Err(failure) if failure.is(Fail::ELEMENT_NOT_FOUND) => Ok(false),
        Err(failure) => Err(failure),
    }
}
