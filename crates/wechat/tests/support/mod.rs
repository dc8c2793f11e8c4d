//! What all tests share.

mod capture;
mod server;

pub(crate) use capture::Capture;
pub(crate) use server::{Reply, ScriptedServer};

use std::time::Duration;

use mti_secret::Secret;
use mti_wechat::{
    AppCredentials, AuthorizationCode, Client, Endpoints, Language, OpenId, Profile, Tokens, WeChatError,
};

pub(crate) const APP_ID: &str = "wx0123456789abcdef";
pub(crate) const APP_SECRET: &str = "canarysecret00112233445566778899";
pub(crate) const CODE: &str = "canarycode0987654321canarycode00";
pub(crate) const ACCESS_TOKEN: &str = "canaryaccesstoken";
pub(crate) const REFRESH_TOKEN: &str = "canaryrefreshtoken";
pub(crate) const OPEN_ID: &str = "ocanaryopenid0000000000000000";
pub(crate) const UNION_ID: &str = "ocanaryunionid000000000000000";

/// Long enough for a loaded machine; tests of the deadline itself pass their own.
pub(crate) const AMPLE: Duration = Duration::from_secs(30);

pub(crate) fn client() -> Client {
    Client::new().unwrap()
}

pub(crate) fn credentials() -> AppCredentials {
    AppCredentials { app_id: APP_ID.to_owned(), app_secret: Secret::new(APP_SECRET) }
}

pub(crate) fn open_id() -> OpenId {
    OpenId::parse(OPEN_ID).unwrap()
}

pub(crate) fn good_tokens() -> String {
    format!(
        r#"{{"access_token":"{ACCESS_TOKEN}","expires_in":7200,"refresh_token":"{REFRESH_TOKEN}","openid":"{OPEN_ID}","scope":"snsapi_login","unionid":"{UNION_ID}"}}"#
    )
}

pub(crate) async fn exchange_at(server: &ScriptedServer, deadline: Duration) -> Result<Tokens, WeChatError> {
    let code = AuthorizationCode::parse(CODE).unwrap();
    client().exchange_code(&endpoints_of(server), &credentials(), &code, deadline).await
}

pub(crate) async fn exchange(replies: Vec<Reply>) -> Result<Tokens, WeChatError> {
    exchange_at(&ScriptedServer::start(replies).await, AMPLE).await
}

pub(crate) async fn refresh(replies: Vec<Reply>) -> Result<Tokens, WeChatError> {
    let server = ScriptedServer::start(replies).await;
    let token = Secret::new(REFRESH_TOKEN);
    client().refresh(&endpoints_of(&server), APP_ID, &token, AMPLE).await
}

pub(crate) async fn check_token(replies: Vec<Reply>) -> Result<(), WeChatError> {
    let server = ScriptedServer::start(replies).await;
    let token = Secret::new(ACCESS_TOKEN);
    client().check_token(&endpoints_of(&server), &token, &open_id(), AMPLE).await
}

pub(crate) async fn user_info(replies: Vec<Reply>) -> Result<Profile, WeChatError> {
    let server = ScriptedServer::start(replies).await;
    let token = Secret::new(ACCESS_TOKEN);
    let language = Language::SimplifiedChinese;
    client().user_info(&endpoints_of(&server), &token, &open_id(), language, AMPLE).await
}

pub(crate) fn endpoints_of(server: &ScriptedServer) -> Endpoints {
    Endpoints::new(None, Some(&server.url())).unwrap()
}
