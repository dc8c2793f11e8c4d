//! The Rust code of `docs/writing-logins.md`, word for word: it does what is said of it.

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
