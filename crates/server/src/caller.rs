use std::borrow::Cow;
use std::sync::Arc;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use mti_element::{AppView, Fail, Principal, Secret};

use crate::envelope::Refusal;
use crate::site::Site;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The session token of a request, by the way that it came.
pub(crate) enum Credential {
    /// `Authorization: Bearer`, which no browser sends by itself.
    Bearer(Secret),
    /// The session cookie, which a browser sends whoever makes it ask.
    Cookie(Secret),
    /// None.
    Absent,
}

impl Credential {
    pub(crate) fn of(headers: &HeaderMap, cookies: &[(String, Secret)], cookie_name: &str) -> Self {
        if let Some(token) = bearer_token(headers) {
            return Self::Bearer(token);
        }
        match cookies.iter().find(|(name, _)| name == cookie_name) {
            Some((_, value)) if !value.is_empty() => Self::Cookie(value.clone()),
            _ => Self::Absent,
        }
    }

    /// The token, if there is one.
    pub(crate) fn token(&self) -> Option<&Secret> {
        match self {
            Self::Bearer(token) | Self::Cookie(token) => Some(token),
            Self::Absent => None,
        }
    }

    /// Whose session it is. A token that is not, or no longer, one is the same as none.
    pub(crate) async fn authenticate(
        self,
        site: &Site,
        view: &Arc<dyn AppView>,
        page: &AskingPage<'_>,
    ) -> Result<Option<Principal>, Refusal> {
        let token = match self {
            Self::Absent => return Ok(None),
            Self::Bearer(token) => token,
            Self::Cookie(token) => {
                page.refuse_foreign()?;
                token
            }
        };
        let authenticator = &site.options.authenticator;
        authenticator.authenticate(Arc::clone(view), token).await.map_err(Refusal::of_element)
    }
}

fn bearer_token(headers: &HeaderMap) -> Option<Secret> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| Secret::new(token))
}

/// What a request says of the page that it comes from. Browsers say it; other clients say nothing.
pub(crate) struct AskingPage<'a> {
    headers: &'a HeaderMap,
    /// The origin of this site's own pages. Without one, any origin is another site's.
    origin: Option<Cow<'a, str>>,
    way: Way,
}

/// Which requests bring calls.
#[derive(PartialEq, Eq)]
enum Way {
    /// Those to this server: only scripts make them, and they send JSON.
    Http,
    /// Those to another web framework, whose handlers call: pages are opened, and forms are sent.
    Visit,
}

impl<'a> AskingPage<'a> {
    /// The page behind a request to this server.
    pub(crate) fn of_request(headers: &'a HeaderMap, origin: &'a str) -> Self {
        Self { headers, origin: Some(Cow::Borrowed(origin)), way: Way::Http }
    }

    /// The page behind a request to another web framework. Without a known origin, it is that of the host that the request
    /// names: no page of another site can have a browser name it.
    pub(crate) fn of_visit(headers: &'a HeaderMap, origin: Option<&'a str>) -> Self {
        let origin = origin.map(Cow::Borrowed).or_else(|| named_origin(headers).map(Cow::Owned));
        Self { headers, origin, way: Way::Visit }
    }

    /// A call with the session cookie must come from a page of this site. Over HTTP it must be JSON too, which no form of
    /// another site can send.
    fn refuse_foreign(&self) -> Result<(), Refusal> {
        if self.way == Way::Http && !is_json(self.headers) {
            return Err(denied("a call with the session cookie must have the content type `application/json`"));
        }
        if self.is_foreign() {
            return Err(denied("a call with the session cookie must come from a page of this site"));
        }
        Ok(())
    }

    /// A form of another site needs nobody's leave to be sent, and what an anonymous call answers may set cookies here.
    pub(crate) fn refuse_foreign_form(&self) -> Result<(), Refusal> {
        if self.is_foreign() && !is_json(self.headers) {
            return Err(denied("a call from a page of another site must have the content type `application/json`"));
        }
        Ok(())
    }

    /// Whether a browser says that something else than a page of this site asks.
    fn is_foreign(&self) -> bool {
        let is_own_origin = |value: &HeaderValue| self.origin.as_deref().is_some_and(|origin| value == origin);
        let sites = || self.headers.get_all(SEC_FETCH_SITE).iter();
        let is_from_elsewhere = sites().any(|value| value != "same-origin");
        match self.way {
            Way::Http => self.headers.get_all(ORIGIN).iter().any(|value| !is_own_origin(value)) || is_from_elsewhere,
            Way::Visit => {
                // A form of an own page with the policy `no-referrer` has the origin `null`.
                let is_surely_own = sites().next().is_some() && !is_from_elsewhere;
                let is_own = |value: &HeaderValue| is_own_origin(value) || (is_surely_own && value == "null");
                let has_foreign_origin = self.headers.get_all(ORIGIN).iter().any(|value| !is_own(value));
                has_foreign_origin || (is_from_elsewhere && !self.is_opened())
            }
        }
    }

    /// Whether a browser opens a page: a link of another site was followed, or an address typed. Browsers name the origin of
    /// everything else that another site can have them send.
    fn is_opened(&self) -> bool {
        let is_only = |name: &HeaderName, wanted: &str| {
            let mut values = self.headers.get_all(name).iter();
            values.next().is_some_and(|value| value == wanted) && values.next().is_none()
        };
        !self.headers.contains_key(ORIGIN)
            && is_only(&SEC_FETCH_MODE, "navigate")
            && is_only(&SEC_FETCH_DEST, "document")
    }
}

/// The origin of the host that a request names, by the scheme that its `Origin` has.
fn named_origin(headers: &HeaderMap) -> Option<String> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(HOST).filter(|host| !host.is_empty())?;
    let scheme = if text(ORIGIN)?.starts_with("https:") { "https" } else { "http" };
    Some(format!("{scheme}://{host}"))
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (types.next(), types.next()) else {
        return false;
    };
    let media_type = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

fn denied(message: &'static str) -> Refusal {
    Refusal::new(Fail::PERMISSION_DENIED.because(message))
}
