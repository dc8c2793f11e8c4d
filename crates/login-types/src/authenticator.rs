use std::sync::Arc;

use mti_element::{AppHandle, AppView, Authenticator, BoxFuture, Principal, Result, Secret, Visitor};

use crate::browser::Browser;
use crate::names::AUTH_SERVICE;
use crate::{AuthService, Clock, LoginType, User, sessions};

/// The cookie that carries the session token.
pub const SESSION_COOKIE: &str = "mti_session";

/// Tells the HTTP server whose session a token is.
///
/// A session counts only while the way that its user came in by is there and switched on. It ends, with all that the
/// user has, when he is met here and is not active any more: to activate him again revives nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct SessionAuthenticator;

impl Authenticator for SessionAuthenticator {
    fn cookie_name(&self) -> &'static str {
        SESSION_COOKIE
    }

    fn authenticate(&self, app: Arc<dyn AppView>, token: Secret) -> BoxFuture<'_, Result<Option<Principal>>> {
        Box::pin(async move {
            let app = AppHandle::outside(&app);
            Ok(signed_in(&app, token).await?.map(|(principal, _)| principal))
        })
    }

    fn greet(&self, visitor: &Visitor) {
        Browser::greet(visitor);
    }
}

/// Returns who a session token belongs to, or `None` if it opens no session now.
pub(crate) async fn signed_in(app: &AppHandle<'_>, token: Secret) -> Result<Option<(Principal, User)>> {
    let service: AuthService<'_> = app.get(AUTH_SERVICE)?;
    let Some(session) = sessions::find(app, &token).await? else { return Ok(None) };
    let user = service.find_user(session.user_id.clone()).await?;
    let Some(user) = user.filter(|user| user.is_active) else {
        sessions::end_all_of(app, &session.user_id).await?;
        return Ok(None);
    };
    let is_open = match app.get::<LoginType<'_>>(&session.login_type) {
        Ok(login_type) => login_type.is_active().await?,
        Err(failure) => {
            tracing::debug!(%failure, "a session came through an element that cannot be used now");
            false
        }
    };
    if !is_open {
        return Ok(None);
    }
    let principal = Principal {
        user_id: user.user_id.to_string(),
        expires_in_seconds: session.expires_in(Clock::of(app)),
        corp_id: session.corp_id,
        is_admin: user.is_admin,
        token,
    };
    Ok(Some((principal, user)))
}
