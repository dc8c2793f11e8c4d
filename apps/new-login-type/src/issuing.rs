//! Login codes, as the login service takes them. The login family does not give them out for Types outside of it yet, so
//! this writes what `WeChatType` writes.

use mti::data::Batch;
use mti::data::q::{Literal, Operator};
use mti::element::Cookie;
use mti::login_types::{AUTH_SERVICE, AuthService, BROWSER_COOKIE, Clock, LoginCode, Token, fails};
use mti::prelude::*;
use serde::Deserialize;
use serde_json::json;

use crate::by_access_key::KEYS;
use crate::key_hash::key_hash;

const LOGIN_CODES: &str = "auths.loginTypes.models.LoginCodeModel";
const SESSIONS: &str = "auths.loginTypes.models.SessionModel";
const CORPS: &str = "corps.models.CorpModel";
const CORP_MEMBERS: &str = "corps.models.CorpMember";

const CODE_SECONDS: i64 = 300;
const BROWSER_SECONDS: u64 = 24 * 60 * 60;

/// The row of a key.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Key {
    id: i64,
    user_id: UserId,
}

/// Issues a login code for a key, for as long as the key is there.
pub(crate) async fn login_code(this: &This<'_>, key: Key) -> Result<LoginCode> {
    let app = this.app();
    let user = app.get::<AuthService<'_>>(AUTH_SERVICE)?.find_user(key.user_id.clone()).await?;
    if !user.ok_or(fails::USER_NOT_FOUND)?.is_active {
        return Err(Fail::PERMISSION_DENIED.because("this user is disabled"));
    }
    let code = LoginCode { login_code: Token::random(), corp_list: corps_of(&app, &key.user_id).await? };
    let row = json!({
        "codeHash": key_hash(&code.login_code),
        "loginType": this.name(),
        "binding": this.name(),
        "userId": key.user_id,
        "corps": code.corp_list,
        "browserHash": this.visitor().map(browser_hash).transpose()?.unwrap_or_default(),
        "tries": 0,
        "expiresAt": app.resource(Clock::system).now() + CODE_SECONDS,
    });
    let still_there = Filter::equal("id", key.id);
    let batch = Batch::new().require(KEYS, still_there, 1..=1).insert(LOGIN_CODES, serde_json::from_value(row)?);
    app.get::<Model<'_>>(KEYS)?.execute(batch).await?;
    Ok(code)
}

/// Adds to a batch the end of the codes and sessions of a user that came through a login.
pub(crate) fn ending(batch: Batch, login_type: &str, user_id: &UserId) -> Batch {
    let his = Filter::equal("loginType", login_type) & Filter::equal("userId", user_id.as_str());
    batch.delete(LOGIN_CODES, his.clone()).delete(SESSIONS, his)
}

async fn corps_of(app: &AppHandle<'_>, user_id: &UserId) -> Result<Vec<Corp>> {
    let active = Filter::equal("userId", user_id.as_str()) & Filter::equal("status", 1);
    let memberships = app.get::<Model<'_>>(CORP_MEMBERS)?.query(Some(active), None, None, None, None).await?;
    let ids = memberships.row_datas.iter().filter_map(|row| row.get("corpId")?.as_str());
    let ids = Filter::compare("corpId", Operator::In, Literal::List(ids.map(Literal::from).collect()));
    let corps = app.get::<Model<'_>>(CORPS)?.query(Some(ids), None, None, None, None).await?;
    corps.row_datas.into_iter().map(|row| Ok(serde_json::from_value(Value::Object(row))?)).collect()
}

/// The hash of the visitor's browser; it gets a cookie if it has none.
fn browser_hash(visitor: &Visitor) -> Result<String> {
    let known = visitor.cookie(BROWSER_COOKIE).cloned();
    let value = known.unwrap_or_else(|| Secret::new(Token::random().reveal()));
    visitor.set_cookie(Cookie { name: BROWSER_COOKIE, value: value.clone(), max_age_seconds: BROWSER_SECONDS });
    Ok(key_hash(&serde_json::from_value(json!(value.reveal()))?))
}
