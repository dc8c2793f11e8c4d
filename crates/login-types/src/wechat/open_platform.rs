use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mti_element::{AppHandle, Result};
use mti_wechat::{
    AppCredentials, AuthorizationCode, Client, Handling, Language, OpenId, Operation, QrProgress, QrUuid, WeChatError,
};
use url::Url;

use super::config::WeChatConfig;
use super::quota::Quota;
use super::{AuthConfig, CodeNews, CodeStatus, Grant, Identity, OpenedCode, Profile};
use crate::fails;

/// How long a poll may take: WeChat answers after some 25 seconds at the latest.
const POLL_TIMEOUT: Duration = Duration::from_secs(30);

/// The one client of the process.
async fn client(app: &AppHandle<'_>) -> Result<Arc<Client>> {
    let resources = app.view().resources();
    if let Some(client) = resources.get::<Client>() {
        return Ok(client);
    }
    // Reads the certificates of the system.
    let client = tokio::task::spawn_blocking(Client::new).await?.map_err(fails::of_wechat)?;
    Ok(resources.get_or_insert_with(|| client))
}

/// Fetches the QR code of an authorize page.
pub(crate) async fn open_code(app: &AppHandle<'_>, config: &WeChatConfig, page: &str) -> Result<OpenedCode> {
    let no_page = || fails::WECHAT_UNAVAILABLE.failure().noting("`authorizeUrl` gave no absolute address");
    let page = Url::parse(page).map_err(|_| no_page())?;
    let opened = client(app).await?.open_qr_code(&config.endpoints, page, config.timeout).await;
    let code = opened.map_err(fails::of_wechat)?;
    let picture = format!("data:{};base64,{}", code.picture.media_type, BASE64_STANDARD.encode(&code.picture.bytes));
    Ok(OpenedCode { uuid: code.uuid.reveal().to_owned(), picture })
}

/// Asks what a phone does with a QR code.
pub(crate) async fn poll_code(
    app: &AppHandle<'_>,
    config: &WeChatConfig,
    uuid: &str,
    seen: CodeStatus,
) -> Result<CodeNews> {
    let no_uuid = || fails::WECHAT_UNAVAILABLE.failure().noting("`openCode` gave no name of a QR code");
    let uuid = QrUuid::parse(uuid).ok_or_else(no_uuid)?;
    let seen = match seen {
        CodeStatus::Scanned => QrProgress::Scanned,
        CodeStatus::Cancelled => QrProgress::Cancelled,
        CodeStatus::Waiting | CodeStatus::Expired | CodeStatus::Confirmed => QrProgress::Waiting,
    };
    let polled = client(app).await?.follow_qr_code(&config.endpoints, &uuid, seen, POLL_TIMEOUT).await;
    Ok(match polled.map_err(fails::of_wechat)? {
        QrProgress::Waiting => CodeStatus::Waiting.into(),
        QrProgress::Scanned => CodeStatus::Scanned.into(),
        QrProgress::Cancelled => CodeStatus::Cancelled.into(),
        QrProgress::Expired => CodeStatus::Expired.into(),
        QrProgress::Confirmed(code) => CodeNews { status: CodeStatus::Confirmed, code: Some(code.reveal().to_owned()) },
    })
}

/// Trades a code for an identity.
pub(crate) async fn exchange_code(
    app: &AppHandle<'_>,
    config: &WeChatConfig,
    application: AuthConfig,
    code: &str,
) -> Result<Grant> {
    let code = AuthorizationCode::parse(code).map_err(fails::of_wechat)?;
    let AuthConfig { app_id, app_secret } = application;
    let credentials = AppCredentials { app_id, app_secret };
    Quota::check(app, &credentials.app_id)?;
    let answer = client(app).await?.exchange_code(&config.endpoints, &credentials, &code, config.timeout).await;
    Quota::note(app, &credentials.app_id, &answer);
    let tokens = answer.map_err(fails::of_wechat)?;
    Ok(Grant {
        identity: Identity {
            app_id: credentials.app_id,
            open_id: tokens.open_id.as_str().to_owned(),
            union_id: tokens.union_id.map(|union_id| union_id.as_str().to_owned()),
        },
        is_snapshot_user: tokens.is_snapshot_user,
        scope: tokens.scope,
        access_token: Some(tokens.access_token),
        refresh_token: tokens.refresh_token,
    })
}

/// Fetches a profile; a stale access token is refreshed once. There is none when the scope does not cover it; every
/// other failure fails the sign-in, for it leaves open whose token it is.
pub(crate) async fn fetch_profile(app: &AppHandle<'_>, config: &WeChatConfig, grant: Grant) -> Result<Option<Profile>> {
    let (Some(access_token), Some(open_id)) = (grant.access_token, OpenId::parse(&grant.identity.open_id)) else {
        return Ok(None);
    };
    let client = client(app).await?;
    let ask = async |access_token| {
        let language = Language::SimplifiedChinese;
        client.user_info(&config.endpoints, access_token, &open_id, language, config.timeout).await
    };
    let mut answer = ask(&access_token).await;
    if let (Err(error), Some(refresh_token)) = (&answer, &grant.refresh_token)
        && error.handling() == Handling::RefreshThenRestart
    {
        let app_id = &grant.identity.app_id;
        let tokens = client.refresh(&config.endpoints, app_id, refresh_token, config.timeout).await;
        let tokens = tokens.map_err(fails::of_wechat)?;
        if tokens.open_id != open_id {
            return Err(fails::of_wechat(WeChatError::IdentityMismatch { operation: Operation::Refresh }));
        }
        answer = ask(&tokens.access_token).await;
    }
    match answer {
        Ok(profile) => Ok(Some(Profile {
            nickname: profile.nickname,
            avatar: profile.avatar,
            union_id: profile.union_id.map(|union_id| union_id.as_str().to_owned()),
        })),
        Err(error) if error.handling() == Handling::ProceedWithoutProfile => {
            tracing::info!(%error, "going on without a profile");
            Ok(None)
        }
        Err(error) => Err(fails::of_wechat(error)),
    }
}
