use mti_data::q::Operator;
use mti_data::{Batch, Filter, Row};
use mti_element::{AppHandle, Cookie, Fail, Result, Visitor};
use serde::Deserialize;
use serde_json::json;

use crate::auth_service_level::refuse_disabled;
use crate::authenticator::SESSION_COOKIE;
use crate::login_codes::BroughtCode;
use crate::names::{AUTH_SERVICE, LOGIN_CODES, SESSIONS, USERS};
use crate::states::alive;
use crate::token::Token;
use crate::{AuthService, Clock, SignedIn, fails, sessions, store, user};

/// How often a session is tried to begin while others of the same user begin too.
const ATTEMPTS: usize = 16;

/// A session about to begin.
#[derive(Debug)]
pub(crate) struct NewSession {
    /// The code that it is begun with.
    pub(crate) code: BroughtCode,
    /// The organisation.
    pub(crate) corp_id: String,
    /// What the user signs in from.
    pub(crate) platform: String,
    /// How long it may live.
    pub(crate) lifetime_seconds: u32,
    /// How many sessions its user may have, this one included.
    pub(crate) most_of_user: u32,
}

impl NewSession {
    /// Uses the code up and begins the session, in one step. The session that the browser had so far ends: a session
    /// never outlives a sign-in, so none can be planted. So do the user's oldest sessions beyond the bound.
    pub(crate) async fn begin(self, app: &AppHandle<'_>, visitor: Option<&Visitor>) -> Result<SignedIn> {
        let token = Token::random();
        self.store(app, &token, visitor.and_then(sessions::token_hash_of)).await?;
        let expires_in = u64::from(self.lifetime_seconds);
        if let Some(visitor) = visitor {
            visitor.set_cookie(Cookie { name: SESSION_COOKIE, value: token.to_secret(), max_age_seconds: expires_in });
        }
        let Self { code, corp_id, .. } = self;
        Ok(SignedIn { success: true, token, user_id: code.row.user_id, corp_id, expires_in })
    }

    async fn store(&self, app: &AppHandle<'_>, token: &Token, earlier: Option<String>) -> Result<()> {
        let user_id = &self.code.row.user_id;
        let mut users_are_rows = user::can_be_required(app).await;
        for _ in 0..ATTEMPTS {
            let mut batch = Batch::new().require(LOGIN_CODES, self.code.filter.clone(), 1..=1);
            if users_are_rows {
                batch = batch.require(USERS, user::active_row(user_id), 1..=1);
            }
            batch = batch.delete(LOGIN_CODES, self.code.filter.clone());
            if let Some(earlier) = &earlier {
                batch = batch.delete(SESSIONS, Filter::equal("tokenHash", earlier));
            }
            let batch = self.making_room(app, batch, earlier.clone()).await?.insert(SESSIONS, self.row(app, token));
            let Err(failure) = store::run(app, batch).await else { return Ok(()) };
            match store::unmet_requirement(&failure) {
                Some(0) => return Err(fails::LOGIN_CODE_INVALID.into()),
                // The app knows its users by other means than these rows. Or this one was disabled meanwhile.
                Some(1) if users_are_rows => {
                    let service: AuthService<'_> = app.get(AUTH_SERVICE)?;
                    let user = service.find_user(user_id.clone()).await?.ok_or(fails::USER_NOT_FOUND)?;
                    refuse_disabled(app, user_id, &user).await?;
                    users_are_rows = false;
                }
                // Another session of the user has begun since the oldest ones were looked up.
                Some(_) => {}
                None => return Err(failure),
            }
        }
        Err(Fail::RATE_LIMITED.because("too many sign-ins are under way; please try again in a moment"))
    }

    /// Adds to a batch the end of the user's oldest sessions, and that there is room for one more then.
    async fn making_room(&self, app: &AppHandle<'_>, batch: Batch, earlier: Option<String>) -> Result<Batch> {
        let of_user = Filter::equal("userId", &self.code.row.user_id);
        let others = of_user.clone() & alive(Clock::of(app)) & sessions::but(earlier);
        let oldest: Option<Key> = store::nth_newest(app, SESSIONS, others.clone(), self.most_of_user.into()).await?;
        let batch = match oldest {
            Some(Key { id }) => batch.delete(SESSIONS, of_user & Filter::compare("id", Operator::LessOrEqual, id)),
            None => batch,
        };
        Ok(batch.require(SESSIONS, others, 0..=u64::from(self.most_of_user.saturating_sub(1))))
    }

    fn row(&self, app: &AppHandle<'_>, token: &Token) -> Row {
        let now = Clock::of(app);
        store::row(json!({
            "tokenHash": token.hash(),
            "loginType": self.code.row.login_type,
            "binding": self.code.row.binding,
            "userId": self.code.row.user_id,
            "corpId": self.corp_id,
            "platform": self.platform,
            "createdAt": now,
            "expiresAt": now + i64::from(self.lifetime_seconds),
        }))
    }
}

#[derive(Debug, Deserialize)]
struct Key {
    id: i64,
}
