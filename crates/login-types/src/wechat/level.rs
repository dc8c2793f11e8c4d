use mti_data::Row;
use mti_element::{Fail, Level, OpenContext, Result, level};
use mti_wechat::AuthorizeRequest;

use super::config::WeChatConfig;
use super::{
    AuthConfig, AuthorizeUrl, CodeDisplay, CodeNews, CodeStatus, Done, FollowedCode, Grant, Identity, LoginConfig,
    OpenedCode, Profile, PublicAuthConfig, ShownCode, UserAuthInfo, WeChat, WeChatSteps, bindings, flow, nick,
    open_platform, qr_code, redirect,
};
use crate::browser::Browser;
use crate::names::{AUTH_SERVICE, WECHAT_BINDINGS};
use crate::states::{Pending, STATE_SECONDS};
use crate::store::{self, Conflict};
use crate::tickets::Ticket;
use crate::token::random_id;
use crate::{
    AuthService, Corp, LoginCode, Permission, Purpose, SignIn, Token, User, UserId, fails, login_codes, needed_fields,
};

/// The code of `auths.loginTypes.WeChatType`.
#[derive(Debug)]
pub struct WeChatLevel {
    config: WeChatConfig,
}

impl Level for WeChatLevel {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        needed_fields::of_wechat(context);
        Ok(Self { config: WeChatConfig::read(context)? })
    }
}

#[level]
impl WeChatSteps for WeChatLevel {
    async fn auth_type(&self, _: WeChat<'_>) -> Result<String> {
        Ok("WeChatType".to_owned())
    }

    async fn auth_config(&self, _: WeChat<'_>) -> Result<AuthConfig> {
        Ok(AuthConfig { app_id: self.config.app_id.clone(), app_secret: self.config.app_secret.clone() })
    }

    async fn is_active(&self, _: WeChat<'_>) -> Result<bool> {
        Ok(self.config.is_active)
    }

    async fn auth_model_elem_name(&self, _: WeChat<'_>) -> Result<String> {
        Ok(WECHAT_BINDINGS.to_owned())
    }

    async fn get_login_config(&self, this: WeChat<'_>) -> Result<LoginConfig> {
        Ok(LoginConfig {
            is_active: this.is_active().await?,
            auth_type: this.auth_type().await?,
            auth_config: PublicAuthConfig { app_id: this.auth_config().await?.app_id },
        })
    }

    async fn get_authorize_url(
        &self,
        this: WeChat<'_>,
        redirect_uri: Option<String>,
        purpose: Option<Purpose>,
    ) -> Result<AuthorizeUrl> {
        let app = this.app();
        let redirect_uri = redirect::choose(app.view().as_ref(), &self.config, redirect_uri.as_deref())?;
        let purpose = purpose.unwrap_or(Purpose::Login);
        let state = match this.visitor() {
            // Nobody will be asked for it: what comes back in process is trusted.
            None => Token::random(),
            Some(visitor) => {
                if purpose == Purpose::Bind {
                    app.get::<AuthService<'_>>(AUTH_SERVICE)?.check_recent_sign_in().await?;
                }
                let browser = Browser::of_or_new(visitor);
                let session_hash = flow::session_hash(visitor, purpose);
                let pending = Pending { login_type: this.name(), purpose, browser: &browser, session_hash };
                pending.begin(&app, visitor.principal.as_ref()).await?
            }
        };
        let url = this.authorize_url(redirect_uri.into(), state.reveal().to_owned()).await?;
        let code_display = Some(self.config.code_display).filter(|display| *display != CodeDisplay::Frame);
        Ok(AuthorizeUrl { url, state, expires_in: STATE_SECONDS, code_display })
    }

    async fn show_code(&self, this: WeChat<'_>, state: String, redirect_uri: Option<String>) -> Result<ShownCode> {
        flow::refuse_inactive(&this).await?;
        let redirect_uri = redirect::choose(this.app().view().as_ref(), &self.config, redirect_uri.as_deref())?;
        qr_code::show(&this, self.config.code_display, state, redirect_uri).await
    }

    async fn follow_code(
        &self,
        this: WeChat<'_>,
        state: String,
        seen: Option<CodeStatus>,
        user_id: Option<UserId>,
    ) -> Result<FollowedCode> {
        flow::refuse_inactive(&this).await?;
        qr_code::follow(&this, state, seen.unwrap_or(CodeStatus::Waiting), user_id).await
    }

    async fn get_login_code(&self, this: WeChat<'_>, code: String, state: Option<String>) -> Result<LoginCode> {
        flow::refuse_inactive(&this).await?;
        flow::admit(&this, Purpose::Login, &code, state.as_deref()).await?;
        let grant = flow::identify(&this, code).await?;
        match flow::sign_in(&this, &grant.identity).await? {
            Some(login_code) => Ok(login_code),
            None => Err(flow::miss(&this, grant, self.config.allow_register).await?),
        }
    }

    async fn register(&self, this: WeChat<'_>, bind_ticket: String, nick: Option<String>) -> Result<LoginCode> {
        flow::refuse_inactive(&this).await?;
        if !self.config.allow_register {
            return Err(Fail::PERMISSION_DENIED.because("new users cannot register here by themselves"));
        }
        nick::refuse_long(nick.as_deref())?;
        let ticket: Ticket<Identity> = Ticket::redeem(&this.app(), this.name(), this.visitor(), &bind_ticket).await?;
        let who = ticket.identity;
        if this.match_user(who.clone()).await?.is_none() {
            let nick = nick::choose(nick.as_deref(), ticket.nick.as_deref());
            let user_id = this.register_user(who.clone(), nick).await?;
            if this.match_user(who.clone()).await?.as_ref() != Some(&user_id) {
                flow::bind(&this, &user_id, &who, &Permission::trusted()).await?;
            }
        }
        flow::sign_in(&this, &who).await?.ok_or_else(|| fails::LOGIN_CODE_INVALID.failure())
    }

    async fn bind(&self, this: WeChat<'_>, user_id: UserId, code: String, state: Option<String>) -> Result<Done> {
        let permission = Permission::of(&this.app(), this.visitor(), &user_id).await?;
        flow::refuse_inactive(&this).await?;
        this.find_user(user_id.clone()).await?.ok_or(fails::USER_NOT_FOUND)?;
        flow::admit(&this, Purpose::Bind, &code, state.as_deref()).await?;
        let grant = flow::identify(&this, code).await?;
        flow::bind(&this, &user_id, &grant.identity, &permission).await?;
        Ok(Done::new())
    }

    async fn bind_by_ticket(&self, this: WeChat<'_>, bind_ticket: String) -> Result<Done> {
        let caller = this.visitor().and_then(|visitor| visitor.principal.as_ref());
        let user_id = UserId::from(caller.ok_or(Fail::LOGIN_REQUIRED)?.user_id.as_str());
        let app = this.app();
        let permission = Permission::of(&app, this.visitor(), &user_id).await?;
        flow::refuse_inactive(&this).await?;
        let permission = permission.with_recent_sign_in(&app).await?;
        this.find_user(user_id.clone()).await?.ok_or(fails::USER_NOT_FOUND)?;
        let ticket: Ticket<Identity> = Ticket::redeem(&app, this.name(), this.visitor(), &bind_ticket).await?;
        flow::bind(&this, &user_id, &ticket.identity, &permission).await?;
        Ok(Done::new())
    }

    async fn unbind(&self, this: WeChat<'_>, user_id: UserId) -> Result<Done> {
        let app = this.app();
        let permission = Permission::of(&app, this.visitor(), &user_id).await?;
        this.check_unbind(user_id.clone()).await?;
        let model = this.auth_model_elem_name().await?;
        let app_id = this.auth_config().await?.app_id;
        bindings::unbind(&app, &model, this.name(), &app_id, &user_id, &permission).await?;
        Ok(Done::new())
    }

    async fn get_user_auth_info(&self, this: WeChat<'_>, auth_obj: Option<Row>) -> Result<UserAuthInfo> {
        let app_id = this.auth_config().await?.app_id;
        let is_bound = auth_obj.is_some_and(|row| {
            let text = |field: &str| row.get(field).and_then(|value| value.as_str()).unwrap_or_default();
            text("appId") == app_id && !text("openId").is_empty()
        });
        Ok(UserAuthInfo { is_active: is_bound && this.is_active().await? })
    }

    async fn authorize_url(&self, this: WeChat<'_>, redirect_uri: String, state: String) -> Result<String> {
        let app_id = this.auth_config().await?.app_id;
        let request = AuthorizeRequest {
            app_id: &app_id,
            redirect_uri: &redirect_uri,
            scope: &self.config.scope,
            state: &state,
            language: None,
        };
        Ok(request.url(&self.config.endpoints).into())
    }

    async fn open_code(&self, this: WeChat<'_>, authorize_url: String) -> Result<OpenedCode> {
        open_platform::open_code(&this.app(), &self.config, &authorize_url).await
    }

    async fn poll_code(&self, this: WeChat<'_>, uuid: String, seen: CodeStatus) -> Result<CodeNews> {
        open_platform::poll_code(&this.app(), &self.config, &uuid, seen).await
    }

    async fn exchange_code(&self, this: WeChat<'_>, code: String) -> Result<Grant> {
        let application = this.auth_config().await?;
        open_platform::exchange_code(&this.app(), &self.config, application, &code).await
    }

    async fn fetch_profile(&self, this: WeChat<'_>, grant: Grant) -> Result<Option<Profile>> {
        open_platform::fetch_profile(&this.app(), &self.config, grant).await
    }

    async fn match_user(&self, this: WeChat<'_>, who: Identity) -> Result<Option<UserId>> {
        bindings::user_of(&this.app(), &this.auth_model_elem_name().await?, &who).await
    }

    async fn register_user(&self, this: WeChat<'_>, who: Identity, nick: String) -> Result<UserId> {
        let model = this.auth_model_elem_name().await?;
        let user_id = random_id();
        let registration = flow::registration(&model, &user_id, &who, &nick);
        match store::run(&this.app(), registration).await {
            Ok(_) => Ok(user_id.into()),
            // The same person registers a second time at the same moment: he is one user.
            Err(failure) if Conflict::behind(&failure).is_some() => this.match_user(who).await?.ok_or(failure),
            Err(failure) => Err(failure),
        }
    }

    async fn find_user(&self, this: WeChat<'_>, user_id: UserId) -> Result<Option<User>> {
        this.app().get::<AuthService<'_>>(AUTH_SERVICE)?.find_user(user_id).await
    }

    async fn list_corps(&self, this: WeChat<'_>, user_id: UserId) -> Result<Vec<Corp>> {
        this.app().get::<AuthService<'_>>(AUTH_SERVICE)?.list_corps(user_id).await
    }

    async fn issue_login_code(&self, this: WeChat<'_>, sign_in: SignIn) -> Result<Option<LoginCode>> {
        login_codes::issue(&this.app(), this.name(), this.visitor(), sign_in).await
    }

    async fn check_bind(&self, _: WeChat<'_>, _: UserId, _: Identity) -> Result<()> {
        Ok(())
    }

    async fn check_unbind(&self, _: WeChat<'_>, _: UserId) -> Result<()> {
        Ok(())
    }
}
