//! QR codes that the page shows by itself: it asks here what WeChat's own page would ask WeChat.
//!
//! Which code it is stands beside the state that it was made for, and in no answer. So a browser can follow what it began
//! itself, and the authorization code that comes of it never leaves the server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mti_element::{AppHandle, Fail, Failure, Result, Visitor};
use tokio::sync::watch;
use tokio::time::sleep;
use url::Url;

use super::{CodeDisplay, CodeNews, CodeResult, CodeStatus, FollowedCode, ShownCode, WeChat};
use crate::browser::Browser;
use crate::states::ShownState;
use crate::{Purpose, UserId, fails};

/// How many pages of one browser may follow a code at once. Browsers have six connections for a site, and need some for
/// everything else.
const MOST_OF_ONE_BROWSER: usize = 3;

/// How many pages may follow a code at once in this process.
const MOST_IN_ALL: usize = 1_000;

/// The longest that a call waits for the phone. What follows on a confirmation has to fit into the time of the call too.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// How often a poll that fails is tried in one call.
const TRIES: usize = 3;

/// How long to wait before a poll that failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Has WeChat make a QR code for a state of the visitor's.
pub(crate) async fn show(
    this: &WeChat<'_>,
    display: CodeDisplay,
    state: String,
    redirect_uri: Url,
) -> Result<ShownCode> {
    if display != CodeDisplay::Own {
        return Err(Fail::API_PARAMS_ERROR.because("WeChat's page shows the code of this login"));
    }
    let app = this.app();
    let visitor = browsers_only(this)?;
    let shown = ShownState::find(&app, this.name(), visitor, &state).await?;
    let page = this.authorize_url(redirect_uri.into(), state).await?;
    shown.claim_qr_code(&app).await?;
    let opened = this.open_code(page).await?;
    shown.keep_qr_uuid(&app, &opened.uuid).await?;
    Ok(ShownCode { picture: opened.picture, expires_in: shown.expires_in(&app) })
}

/// Waits for the phone, and finishes what it confirms.
pub(crate) async fn follow(
    this: &WeChat<'_>,
    state: String,
    seen: CodeStatus,
    user_id: Option<UserId>,
) -> Result<FollowedCode> {
    if matches!(seen, CodeStatus::Expired | CodeStatus::Confirmed) {
        return Err(Fail::API_PARAMS_ERROR.because("argument `seen` must be one of `waiting`, `scanned`, `cancelled`"));
    }
    let app = this.app();
    let visitor = browsers_only(this)?;
    let shown = ShownState::find(&app, this.name(), visitor, &state).await?;
    let uuid = shown.qr_uuid().ok_or(fails::STATE_MISMATCH)?;
    let place = Followers::admit(&app, visitor)?;
    let news = tokio::select! {
        news = poll(this, uuid, seen) => news,
        () = sleep(LONGEST_WAIT) => seen.into(),
        () = place.dismissed() => seen.into(),
    };
    drop(place);
    let CodeNews { status: CodeStatus::Confirmed, code: Some(code) } = news else {
        return Ok(FollowedCode { status: news.status, result: None });
    };
    let result = match shown.purpose {
        Purpose::Login => CodeResult::Login(this.get_login_code(code, Some(state)).await?),
        Purpose::Bind => {
            let caller = visitor.principal.as_ref().map(|caller| UserId::from(caller.user_id.as_str()));
            let user_id = user_id.or(caller).ok_or(Fail::LOGIN_REQUIRED)?;
            CodeResult::Bind(this.bind(user_id, code, Some(state)).await?)
        }
    };
    Ok(FollowedCode { status: CodeStatus::Confirmed, result: Some(result) })
}

fn browsers_only<'v>(this: &'v WeChat<'_>) -> Result<&'v Visitor> {
    let in_process = "a code is shown to a browser; a program takes `getAuthorizeUrl` and `getLoginCode`";
    this.visitor().ok_or_else(|| Fail::API_PARAMS_ERROR.because(in_process))
}

/// Asks WeChat. A code that cannot be asked for is as good as expired: WeChat's page makes a new one too.
async fn poll(this: &WeChat<'_>, uuid: &str, seen: CodeStatus) -> CodeNews {
    let mut tries = 1;
    loop {
        match this.poll_code(uuid.to_owned(), seen).await {
            Ok(CodeNews { status: CodeStatus::Confirmed, code: None }) => {
                tracing::warn!(element = this.name(), "`pollCode` gave a confirmation without a code");
            }
            Ok(news) => return news,
            Err(failure) if tries < TRIES => {
                tracing::debug!(element = this.name(), "{}", failure.operator_message());
                tries += 1;
                sleep(PAUSE).await;
                continue;
            }
            Err(failure) => tracing::warn!(element = this.name(), "{}", failure.operator_message()),
        }
        return CodeStatus::Expired.into();
    }
}

/// The pages that are waiting here for a phone: a resource of the process.
#[derive(Debug, Default)]
pub struct Followers {
    of_browsers: Mutex<HashMap<String, usize>>,
    dismissal: watch::Sender<bool>,
}

impl Followers {
    /// Has all of them answered now, and those that come later at once: the process is about to end, and another one may go
    /// on.
    pub fn dismiss(&self) {
        self.dismissal.send_replace(true);
    }

    /// A place to wait at, unless there are too many.
    fn admit(app: &AppHandle<'_>, visitor: &Visitor) -> Result<Place> {
        let browser = Browser::of(visitor).ok_or(fails::STATE_MISMATCH)?.hash().to_owned();
        let followers = app.resource(Self::default);
        {
            let mut of_browsers = followers.of_browsers();
            let all: usize = of_browsers.values().sum();
            let own = of_browsers.entry(browser.clone()).or_default();
            if *own >= MOST_OF_ONE_BROWSER || all >= MOST_IN_ALL {
                of_browsers.retain(|_, places| *places > 0);
                return Err(Failure::from(Fail::RATE_LIMITED));
            }
            *own += 1;
        }
        Ok(Place { followers, browser })
    }

    fn of_browsers(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.of_browsers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place of one page, for as long as it waits.
struct Place {
    followers: Arc<Followers>,
    browser: String,
}

impl Place {
    async fn dismissed(&self) {
        // The sender lives as long as this place.
        self.followers.dismissal.subscribe().wait_for(|is_dismissed| *is_dismissed).await.ok();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut of_browsers = self.followers.of_browsers();
        if let Some(own) = of_browsers.get_mut(&self.browser) {
            *own = own.saturating_sub(1);
        }
        of_browsers.retain(|_, places| *places > 0);
    }
}
