//! The Rust code of `docs/writing-logins.md`, word for word: it does what is said of it.

use std::sync::{Mutex, PoisonError};

use mti::login_types::WECHAT_TYPE;
use mti::prelude::*;
use mti_testkit::{Browser, LoginContract, SimulatedWeChat, Tree, WeChatCredentials};
use serde_json::json;

use crate::guide_of_logins::club::program;

#[expect(unreachable_pub, reason = "in the guide it is a crate of its own")]
mod club {
    use mti::prelude::*;

    /// Nobody becomes a user here by himself.
    #[derive(Level)]
    pub struct ByInvitation;

    #[level]
    impl WeChatSteps for ByInvitation {
        async fn register_user(&self, _: WeChat<'_>, _: Identity, nick: String) -> Result<UserId> {
            Err(Fail::PERMISSION_DENIED.because(format!("nobody has invited {nick} yet")))
        }
    }

    pub fn program() -> mti::Program {
        mti::main().level::<ByInvitation>("acme.club", "auths.loginTypes.ClubType")
    }
}

/// The files of the guide.
pub(crate) const CLUB: &str = r#"
//- app.json
{ "appId": "acme.club", "version": "0.1.0" }
//- auths/loginTypes/ClubType/e.json
{ "title": "By invitation", "type": "auths.loginTypes.WeChatType", "backend": "rust" }
//- auths/loginTypes/Club/e.json
{ "title": "The club", "type": "auths.loginTypes.ClubType", "allowRegister": 1 }
//- auths/loginTypes/Club/Club.json
{ "authConfig": { "appId": "wx0123456789abcdef", "appSecret": "0123456789abcdef0123456789abcdef" } }
//- initData.json
{ "auths.models.UserModel": [{ "userId": "ann" }, { "userId": "ben" }, { "userId": "cleo" }] }
"#;

const LOGIN: &str = "auths.loginTypes.Club";
const APP_ID: &str = "wx0123456789abcdef";

#[tokio::test]
async fn a_member_signs_in() -> Result<()> {
    let wechat = SimulatedWeChat::start().await;
    let (tree, data) = (Tree::new(CLUB), Tree::empty());
    let app = program().app(tree.path()).data(data.path()).type_defaults(WECHAT_TYPE, wechat.endpoints()).open()?;
    let login: WeChat<'_> = app.get(LOGIN)?;
    login.bind(UserId::from("cleo"), wechat.code(APP_ID, "zhang-san"), None).await?; // in process: no state, no session

    let browser = Browser::new(&app);
    let begun = browser.call(LOGIN, "getAuthorizeUrl", json!({})).await?;
    let scanned = json!({ "code": wechat.code(APP_ID, "zhang-san"), "state": begun["state"] });
    let login_code = browser.call(LOGIN, "getLoginCode", scanned).await?;
    browser.begin_session(&login_code).await?;
    assert_eq!(browser.user().await?.as_deref(), Some("cleo"));

    let credentials = WeChatCredentials::new(&app, LOGIN, &wechat).await?;
    let (users, people) = (["ann", "ben"], ["li-si", "mona"]);
    LoginContract { app: &app, login: LOGIN, credentials: &credentials, users, people }.run().await;
    Ok(())
}

#[tokio::test]
async fn a_newcomer_who_is_refused_leaves_nothing_behind() -> Result<()> {
    let wechat = SimulatedWeChat::start().await;
    let (tree, data) = (Tree::new(CLUB), Tree::empty());
    let app = program().app(tree.path()).data(data.path()).type_defaults(WECHAT_TYPE, wechat.endpoints()).open()?;
    let login: WeChat<'_> = app.get(LOGIN)?;

    let miss = login.get_login_code(wechat.code(APP_ID, "zhang-san"), None).await.unwrap_err();
    assert!(miss.is(fails::USER_AUTH_MISS));
    let ticket = miss.data().and_then(|data| data["bindTicket"].as_str()).unwrap_or_default();
    let refused = login.register(ticket.to_owned(), None).await.unwrap_err();
    assert_eq!(refused.message(), "nobody has invited 张三💤 yet");
    let users = app.get::<Model<'_>>("auths.models.UserModel")?.query(None, None, None, None, None).await?;
    assert_eq!(users.total_count, 3);
    Ok(())
}

/// The steps that ran, in their order.
#[derive(Default)]
struct Steps(Mutex<Vec<&'static str>>);

impl Steps {
    fn note(&self, step: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(step);
    }

    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Level)]
struct Recorder;

macro_rules! recorded {
    ($($step:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[level]
        impl WeChatSteps for Recorder {
            $(async fn $step(&self, this: WeChat<'_>, $($argument: $type),*) -> Result<$answer> {
                this.app().resource(Steps::default).note(stringify!($step));
                this.sup().$step($($argument),*).await
            })*
        }
    };
}

recorded! {
    is_active() -> bool;
    authorize_url(redirect_uri: String, state: String) -> String;
    exchange_code(code: String) -> mti::login_types::Grant;
    fetch_profile(grant: mti::login_types::Grant) -> Option<Profile>;
    match_user(who: Identity) -> Option<UserId>;
    register_user(who: Identity, nick: String) -> UserId;
    find_user(user_id: UserId) -> Option<User>;
    list_corps(user_id: UserId) -> Vec<Corp>;
    issue_login_code(sign_in: SignIn) -> Option<LoginCode>;
    check_bind(user_id: UserId, who: Identity) -> ();
    check_unbind(user_id: UserId) -> ();
}

#[tokio::test]
async fn the_steps_run_in_the_order_of_the_guide() -> Result<()> {
    let wechat = SimulatedWeChat::start().await;
    let (tree, data) = (Tree::new(CLUB), Tree::empty());
    let program = mti::main().level::<Recorder>("acme.club", "auths.loginTypes.ClubType");
    let app = program.app(tree.path()).data(data.path()).type_defaults(WECHAT_TYPE, wechat.endpoints()).open()?;
    let login: WeChat<'_> = app.get(LOGIN)?;
    let steps = login.app().resource(Steps::default);

    login.get_authorize_url(None, None).await?;
    assert_eq!(steps.take(), ["authorize_url"]);

    let miss = login.get_login_code(wechat.code(APP_ID, "zhang-san"), None).await.unwrap_err();
    assert_eq!(steps.take(), ["is_active", "exchange_code", "match_user", "fetch_profile"]);

    let ticket = miss.data().and_then(|data| data["bindTicket"].as_str()).unwrap_or_default();
    login.register(ticket.to_owned(), None).await?;
    let signing_in = ["match_user", "find_user", "list_corps", "issue_login_code"];
    assert_eq!(steps.take(), [&["is_active", "match_user", "register_user", "match_user"], &signing_in[..]].concat());

    login.get_login_code(wechat.code(APP_ID, "zhang-san"), None).await?;
    assert_eq!(steps.take(), [&["is_active", "exchange_code"], &signing_in[..]].concat());

    login.bind(UserId::from("ann"), wechat.code(APP_ID, "li-si"), None).await?;
    assert_eq!(steps.take(), ["is_active", "find_user", "exchange_code", "check_bind", "match_user"]);

    login.unbind(UserId::from("ann")).await?;
    assert_eq!(steps.take(), ["check_unbind"]);
    Ok(())
}
