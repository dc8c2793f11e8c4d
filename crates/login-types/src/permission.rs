use mti_data::{Batch, Filter, Outcome};
use mti_element::{AppHandle, Fail, Failure, Principal, Result, Visitor};

use crate::names::{AUTH_SERVICE, SESSIONS, USERS};
use crate::{AuthService, UserId, sessions, store, user};

/// A caller's permission to change what belongs to a user: how they sign in, and where they are signed in.
///
/// Visitors act for themselves, administrators for everybody. A call in process is trusted.
///
/// A call may wait long before it writes: for WeChat, for a phone, for its turn to hash a password. Meanwhile the
/// session may end, the user be disabled, the administrator lose the role. So a permission is checked twice: at
/// [`Permission::of`], to refuse early, and in the batch that does the work, by [`Permission::run`].
///
/// ```ignore
/// async fn unbind(&self, this: LoginType<'_>, user_id: UserId) -> Result<Done> {
///     let app = this.app();
///     let permission = Permission::of(&app, this.visitor(), &user_id).await?;
///     permission.run(&app, Batch::new().delete(KEYS, Filter::equal("userId", &user_id))).await?;
///     Ok(Done::new())
/// }
/// ```
#[derive(Debug)]
pub struct Permission<'v> {
    caller: Option<Caller<'v>>,
}

/// A caller from outside.
#[derive(Debug)]
struct Caller<'v> {
    principal: &'v Principal,
    user_id: UserId,
    /// Whether the caller acts for another user.
    acts_for_another: bool,
    /// Whether the session must have begun recently.
    is_recent: bool,
}

impl<'v> Permission<'v> {
    /// Finds out whether a caller may act for a user: `Permission::of(&this.app(), this.visitor(), &user_id)`.
    ///
    /// Fails with `LOGIN_REQUIRED` for visitors without a session, and with `PERMISSION_DENIED` for strangers.
    pub async fn of(app: &AppHandle<'_>, visitor: Option<&'v Visitor>, user_id: &UserId) -> Result<Self> {
        let Some(visitor) = visitor else { return Ok(Self::trusted()) };
        let principal = visitor.principal.as_ref().ok_or(Fail::LOGIN_REQUIRED)?;
        let caller = Caller {
            principal,
            user_id: UserId::from(principal.user_id.as_str()),
            acts_for_another: principal.user_id != user_id.as_str(),
            is_recent: false,
        };
        // A stranger costs no look-up.
        if caller.acts_for_another && !principal.is_admin {
            return Err(Fail::PERMISSION_DENIED.into());
        }
        caller.check(app).await?;
        Ok(Self { caller: Some(caller) })
    }

    /// The permission of a call in process, and of whoever has proved otherwise that they may.
    pub(crate) fn trusted() -> Self {
        Self { caller: None }
    }

    /// Asks for a recent sign-in too, now and in the batch: see [`AuthService`]'s `checkRecentSignIn`.
    pub async fn with_recent_sign_in(mut self, app: &AppHandle<'_>) -> Result<Self> {
        if let Some(caller) = &mut self.caller {
            caller.is_recent = true;
            check_recent_sign_in(app).await?;
        }
        Ok(self)
    }

    /// Does all that is in a batch if the permission still holds, or nothing.
    ///
    /// Fails with `LOGIN_REQUIRED` or `PERMISSION_DENIED` if it does not.
    pub async fn run(&self, app: &AppHandle<'_>, batch: Batch) -> Result<Vec<Outcome>> {
        match &self.caller {
            Some(caller) => caller.run(app, batch).await,
            None => store::run(app, batch).await,
        }
    }
}

impl Caller<'_> {
    /// Checks what the permission rests on, through the steps that overrides take part in.
    async fn check(&self, app: &AppHandle<'_>) -> Result<()> {
        sessions::find(app, &self.principal.token).await?.ok_or(Fail::LOGIN_REQUIRED)?;
        let service: AuthService<'_> = app.get(AUTH_SERVICE)?;
        let user = service.find_user(self.user_id.clone()).await?.filter(|user| user.is_active);
        let user = user.ok_or(Fail::LOGIN_REQUIRED)?;
        if self.acts_for_another && !user.is_admin {
            return Err(Fail::PERMISSION_DENIED.into());
        }
        Ok(())
    }

    async fn run(&self, app: &AppHandle<'_>, batch: Batch) -> Result<Vec<Outcome>> {
        if self.is_recent {
            check_recent_sign_in(app).await?;
        }
        let session = sessions::alive_with(app, &self.principal.token).ok_or(Fail::LOGIN_REQUIRED)?;
        let session = Batch::new().require(SESSIONS, session, 1..=1);
        if user::can_be_required(app).await {
            let required = session.clone().require(USERS, self.user_row(), 1..=1);
            match store::run(app, required.then(batch.clone())).await {
                Err(failure) if store::unmet_requirement(&failure) == Some(1) => {}
                outcome => return outcome.map_err(without_session),
            }
        }
        // The app knows its users by other means than these rows: `findUser` is overridden. Or they have changed.
        self.check(app).await?;
        store::run(app, session.then(batch)).await.map_err(without_session)
    }

    /// The row of a caller who may act.
    fn user_row(&self) -> Filter {
        let active = user::active_row(&self.user_id);
        if self.acts_for_another { active & Filter::equal("isAdmin", true) } else { active }
    }
}

async fn check_recent_sign_in(app: &AppHandle<'_>) -> Result<()> {
    app.get::<AuthService<'_>>(AUTH_SERVICE)?.check_recent_sign_in().await
}

/// The session is the first thing that a batch requires.
fn without_session(failure: Failure) -> Failure {
    if store::unmet_requirement(&failure) == Some(0) { Fail::LOGIN_REQUIRED.into() } else { failure }
}
