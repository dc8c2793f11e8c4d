use mti_data::Row;
use mti_element::{Level, OpenContext, Result, Visitor, level};

use super::accounts::{self, Change, key_of};
use super::config::PasswordConfig;
use super::hashing;
use super::tries::{self, Try};
use super::user_name::UserName;
use super::{
    OldPassword, Password, PasswordHash, PasswordLogin, PasswordLoginConfig, PasswordSteps, PublicPasswordConfig,
};
use crate::auth_service_level::refuse_disabled;
use crate::names::{AUTH_SERVICE, PASSWORD_ACCOUNTS};
use crate::{
    AuthService, Corp, Done, LoginCode, Permission, SignIn, User, UserAuthInfo, UserId, fails, login_codes,
    needed_fields, sessions,
};

/// The code of `auths.loginTypes.PasswordType`.
#[derive(Debug)]
pub struct PasswordLevel {
    config: PasswordConfig,
}

impl Level for PasswordLevel {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        needed_fields::of_password(context);
        Ok(Self { config: PasswordConfig::read(context)? })
    }
}

#[level]
impl PasswordSteps for PasswordLevel {
    async fn auth_type(&self, _: PasswordLogin<'_>) -> Result<String> {
        Ok("PasswordType".to_owned())
    }

    async fn is_active(&self, _: PasswordLogin<'_>) -> Result<bool> {
        Ok(self.config.is_active)
    }

    async fn auth_model_elem_name(&self, _: PasswordLogin<'_>) -> Result<String> {
        Ok(PASSWORD_ACCOUNTS.to_owned())
    }

    async fn get_login_config(&self, this: PasswordLogin<'_>) -> Result<PasswordLoginConfig> {
        Ok(PasswordLoginConfig {
            is_active: this.is_active().await?,
            auth_type: this.auth_type().await?,
            auth_config: PublicPasswordConfig { limit: self.config.policy.clone() },
        })
    }

    async fn get_login_code(&self, this: PasswordLogin<'_>, username: String, password: Password) -> Result<LoginCode> {
        refuse_inactive(&this).await?;
        let name = UserName::look_up(&username)?;
        password.refuse_long("password")?;
        let app = this.app();
        let tried = Try::begin(&app, this.visitor(), name.as_str()).await?;
        let model = this.auth_model_elem_name().await?;
        let user_id = this.match_user(name.into_string()).await?;
        // Read before the password is compared: one that is changed meanwhile is another row.
        let account = accounts::of_user(&app, &model, &asked_about(user_id.as_ref())).await?;
        let is_right = this.verify_password(user_id.clone(), password).await?;
        let Some(user_id) = user_id.filter(|_| is_right) else { return Err(fails::PASSWORD_ERROR.into()) };
        tried.succeed_and_remember(&app).await?;
        let user = this.find_user(user_id.clone()).await?.ok_or(fails::USER_NOT_FOUND)?;
        refuse_disabled(&app, &user_id, &user).await?;
        let corps = this.list_corps(user_id.clone()).await?;
        let evidence = account.map(|account| account.evidence(&model));
        let issued = this.issue_login_code(SignIn { user_id, corps, binding: key_of(&model), evidence }).await?;
        Ok(issued.ok_or(fails::PASSWORD_ERROR)?)
    }

    async fn bind(
        &self,
        this: PasswordLogin<'_>,
        user_id: UserId,
        username: String,
        password: Password,
    ) -> Result<Done> {
        let app = this.app();
        let permission = Permission::of(&app, this.visitor(), &user_id).await?;
        refuse_inactive(&this).await?;
        this.find_user(user_id.clone()).await?.ok_or(fails::USER_NOT_FOUND)?;
        let name = UserName::parse(&username)?;
        password.refuse_long("password")?;
        let model = this.auth_model_elem_name().await?;
        let account = accounts::of_user(&app, &model, &user_id).await?;
        if let Some(account) = &account {
            // Whoever sits at an open session must not get to know the password, nor replace it.
            let own = this.visitor().filter(|visitor| is_self(visitor, &user_id));
            let is_same = account.username == name.as_str()
                && match own {
                    Some(_) => self.is_right(&this, &user_id, password.clone()).await?,
                    // Who may replace the password anyway learns nothing from trying it.
                    None => this.verify_password(Some(user_id.clone()), password.clone()).await?,
                };
            if is_same {
                return Ok(Done::new());
            }
            if own.is_some() {
                let message = "you have a user name and a password already; change the password, or unbind it first";
                return Err(fails::AUTH_CONFLICT.because(message));
            }
        }
        // An open session that somebody finds is not enough to make a way in, not even after an unbind.
        let permission = permission.with_recent_sign_in(&app).await?;
        this.check_password(user_id.clone(), name.as_str().to_owned(), password.clone()).await?;
        this.check_bind(user_id.clone(), name.as_str().to_owned()).await?;
        let hash = hash_in_turn(&this, password).await?;
        change(&this, &model, &user_id, permission).bind(&app, account.as_ref(), &name, &hash).await?;
        Ok(Done::new())
    }

    async fn unbind(&self, this: PasswordLogin<'_>, user_id: UserId) -> Result<Done> {
        let app = this.app();
        let permission = Permission::of(&app, this.visitor(), &user_id).await?;
        this.check_unbind(user_id.clone()).await?;
        let model = this.auth_model_elem_name().await?;
        Change { spared: None, ..change(&this, &model, &user_id, permission) }.unbind(&app).await?;
        Ok(Done::new())
    }

    async fn update_password(
        &self,
        this: PasswordLogin<'_>,
        user_id: UserId,
        old_password: OldPassword,
        new_password: Password,
    ) -> Result<Done> {
        let app = this.app();
        let mut permission = Permission::of(&app, this.visitor(), &user_id).await?;
        refuse_inactive(&this).await?;
        this.find_user(user_id.clone()).await?.ok_or(fails::USER_NOT_FOUND)?;
        new_password.refuse_long("newPassword")?;
        let model = this.auth_model_elem_name().await?;
        let account = accounts::of_user(&app, &model, &user_id).await?;
        let own = this.visitor().filter(|visitor| is_self(visitor, &user_id));
        match old_password.0 {
            Some(old) if account.is_some() => {
                old.refuse_long("oldPassword")?;
                if !self.is_right(&this, &user_id, old).await? {
                    return Err(fails::PASSWORD_ERROR.because("the old password is wrong"));
                }
            }
            // Who sets a password and shows none for it has just shown otherwise who they are.
            _ if own.is_none() => permission = permission.with_recent_sign_in(&app).await?,
            _ if account.is_none() => {
                return Err(
                    fails::PASSWORD_ERROR.because("you have no password yet; bind a user name and a password first")
                );
            }
            _ => return Err(fails::PASSWORD_ERROR.because("the old password is missing")),
        }
        let name = match &account {
            Some(account) => account.username.clone(),
            None => UserName::parse(user_id.as_str())?.into_string(),
        };
        this.check_password(user_id.clone(), name.clone(), new_password.clone()).await?;
        let hash = hash_in_turn(&this, new_password).await?;
        let change = change(&this, &model, &user_id, permission);
        if let Some(account) = &account {
            change.password(&app, account, &hash).await?;
        } else {
            this.check_bind(user_id.clone(), name.clone()).await?;
            change.bind(&app, None, &UserName::parse(&name)?, &hash).await?;
        }
        Ok(Done::new())
    }

    async fn get_user_auth_info(&self, this: PasswordLogin<'_>, auth_obj: Option<Row>) -> Result<UserAuthInfo> {
        let is_bound = auth_obj.is_some_and(|row| {
            let is_there =
                |field: &str| row.get(field).and_then(|value| value.as_str()).is_some_and(|text| !text.is_empty());
            is_there("userId") && is_there("username")
        });
        Ok(UserAuthInfo { is_active: is_bound && this.is_active().await? })
    }

    async fn match_user(&self, this: PasswordLogin<'_>, username: String) -> Result<Option<UserId>> {
        // What can be nobody's name here need not be asked for.
        let Ok(name) = UserName::parse(&username) else { return Ok(None) };
        let account = accounts::of_name(&this.app(), &this.auth_model_elem_name().await?, name.as_str()).await?;
        Ok(account.map(|account| account.user_id))
    }

    async fn verify_password(
        &self,
        this: PasswordLogin<'_>,
        user_id: Option<UserId>,
        password: Password,
    ) -> Result<bool> {
        let app = this.app();
        let model = this.auth_model_elem_name().await?;
        match accounts::of_user(&app, &model, &asked_about(user_id.as_ref())).await? {
            Some(account) => account.verify(&app, &model, &self.config.hashing, &password).await,
            None => hashing::pretend(&app, &self.config.hashing, password).await,
        }
    }

    async fn hash_password(&self, this: PasswordLogin<'_>, password: Password) -> Result<PasswordHash> {
        hashing::hash(&this.app(), &self.config.hashing, password).await
    }

    async fn check_password(
        &self,
        _: PasswordLogin<'_>,
        user_id: UserId,
        username: String,
        password: Password,
    ) -> Result<()> {
        self.config.policy.check(&password, &[user_id.as_str(), &username])
    }

    async fn find_user(&self, this: PasswordLogin<'_>, user_id: UserId) -> Result<Option<User>> {
        this.app().get::<AuthService<'_>>(AUTH_SERVICE)?.find_user(user_id).await
    }

    async fn list_corps(&self, this: PasswordLogin<'_>, user_id: UserId) -> Result<Vec<Corp>> {
        this.app().get::<AuthService<'_>>(AUTH_SERVICE)?.list_corps(user_id).await
    }

    async fn issue_login_code(&self, this: PasswordLogin<'_>, sign_in: SignIn) -> Result<Option<LoginCode>> {
        login_codes::issue(&this.app(), this.name(), this.visitor(), sign_in).await
    }

    async fn check_bind(&self, _: PasswordLogin<'_>, _: UserId, _: String) -> Result<()> {
        Ok(())
    }

    async fn check_unbind(&self, _: PasswordLogin<'_>, _: UserId) -> Result<()> {
        Ok(())
    }
}

impl PasswordLevel {
    /// Whether a password is a user's. Wrong ones are counted.
    async fn is_right(&self, this: &PasswordLogin<'_>, user_id: &UserId, password: Password) -> Result<bool> {
        let app = this.app();
        // No user name has a line feed in it.
        let tried = Try::begin(&app, this.visitor(), &format!("user\n{user_id}")).await?;
        let is_right = this.verify_password(Some(user_id.clone()), password).await?;
        if is_right {
            tried.succeed(&app).await?;
        }
        Ok(is_right)
    }
}

/// Overrides decide too whether the login is switched on, so it is asked of the element and not of the config.
async fn refuse_inactive(this: &PasswordLogin<'_>) -> Result<()> {
    if this.is_active().await? { Ok(()) } else { Err(fails::LOGIN_TYPE_INACTIVE.into()) }
}

/// Whose account is looked for when a name is given. It is looked for as well when nobody has the name: how long the
/// answer takes does not tell.
fn asked_about(user_id: Option<&UserId>) -> UserId {
    user_id.cloned().unwrap_or_else(|| UserId::from(""))
}

/// What is stored of a new password.
async fn hash_in_turn(this: &PasswordLogin<'_>, password: Password) -> Result<PasswordHash> {
    let _turn = match this.visitor() {
        Some(visitor) => Some(tries::turn_of(&this.app(), Some(visitor)).await?),
        None => None,
    };
    this.hash_password(password).await
}

fn is_self(visitor: &Visitor, user_id: &UserId) -> bool {
    visitor.principal.as_ref().is_some_and(|principal| principal.user_id == user_id.as_str())
}

/// A change that the session of the caller outlives, when he makes it for himself.
fn change<'a>(
    this: &'a PasswordLogin<'_>,
    model: &'a str,
    user_id: &'a UserId,
    permission: Permission<'a>,
) -> Change<'a> {
    let own = this.visitor().filter(|visitor| is_self(visitor, user_id));
    let spared = own.and_then(sessions::token_hash_of);
    Change { model, login_type: this.name(), user_id, spared, permission }
}
