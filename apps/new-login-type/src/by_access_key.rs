use mti::login_types::{Done, Evidence, Permission, end_sign_ins};
use mti::prelude::*;
use serde::Deserialize;
use serde_json::json;

use crate::{AccessKey, AccessKeySteps, NewKey};

/// The key is unknown here, or was revoked.
pub const ACCESS_KEY_INVALID: Fail =
    Fail::new("ACCESS_KEY_INVALID", 90001, 401, "this access key is not valid, or not any more");

/// The model of the keys' hashes.
const KEYS: &str = "auths.loginTypes.AccessKeyType.AccessKeyModel";

/// The code of `auths.loginTypes.AccessKeyType`.
#[derive(Debug, Deserialize, Level)]
#[serde(rename_all = "camelCase")]
pub struct ByAccessKey {
    is_active: Option<bool>,
}

/// The row of a key.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    id: i64,
    user_id: UserId,
}

#[level(AccessKeySteps)]
impl LoginTypeSteps for ByAccessKey {
    async fn auth_type(&self, _: LoginType<'_>) -> Result<String> {
        Ok("AccessKeyType".to_owned())
    }

    async fn is_active(&self, _: LoginType<'_>) -> Result<bool> {
        Ok(self.is_active.unwrap_or(true))
    }

    async fn get_login_config(&self, this: LoginType<'_>) -> Result<Value> {
        let (is_active, auth_type) = (this.is_active().await?, this.auth_type().await?);
        Ok(json!({ "isActive": is_active, "authType": auth_type, "authConfig": {} }))
    }

    async fn unbind(&self, this: LoginType<'_>, user_id: UserId) -> Result<Done> {
        let permission = Permission::of(&this.app(), this.visitor(), &user_id).await?;
        permission.run(&this.app(), revocation(&this, &user_id)).await?;
        Ok(Done::new())
    }
}

#[level(part)]
impl AccessKeySteps for ByAccessKey {
    async fn get_login_code(&self, this: AccessKey<'_>, access_key: Token) -> Result<LoginCode> {
        refuse_inactive(&this).await?;
        let found = Filter::equal("loginType", this.name()) & Filter::equal("keyHash", access_key.hash());
        let app = this.app();
        let row = app.get::<Model<'_>>(KEYS)?.get(found, None).await?.ok_or(ACCESS_KEY_INVALID)?;
        let Key { id, user_id } = Key::deserialize(row)?;
        let (login_type, binding) = (this.name().to_owned(), this.name().to_owned());
        let evidence = Some(Evidence { model: KEYS.to_owned(), id });
        let service = app.get::<AuthService<'_>>(AUTH_SERVICE)?;
        let issued = service.issue_login_code(login_type, user_id, binding, evidence).await?;
        Ok(issued.ok_or(ACCESS_KEY_INVALID)?)
    }

    async fn create_key(&self, this: AccessKey<'_>, user_id: UserId) -> Result<NewKey> {
        let app = this.app();
        let permission = Permission::of(&app, this.visitor(), &user_id).await?;
        refuse_inactive(&this).await?;
        let service = app.get::<AuthService<'_>>(AUTH_SERVICE)?;
        service.find_user(user_id.clone()).await?.ok_or(fails::USER_NOT_FOUND)?;
        let access_key = Token::random();
        let row = row! { "loginType": this.name(), "userId": &user_id, "keyHash": access_key.hash() };
        permission.run(&app, revocation(&this, &user_id).insert(KEYS, row)).await?;
        Ok(NewKey { access_key })
    }
}

/// Overrides decide too whether the login is switched on, so it is asked of the element and not of the config.
async fn refuse_inactive(this: &This<'_>) -> Result<()> {
    let is_active = this.through::<LoginType<'_>>()?.is_active().await?;
    if is_active { Ok(()) } else { Err(fails::LOGIN_TYPE_INACTIVE.into()) }
}

/// Takes a user's key away, and with it what he came in with by it.
fn revocation(this: &This<'_>, user_id: &UserId) -> Batch {
    let mine = Filter::equal("loginType", this.name()) & Filter::equal("userId", user_id);
    end_sign_ins(Batch::new().delete(KEYS, mine), user_id, this.name(), this.name())
}
