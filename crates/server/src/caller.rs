use std::sync::Arc;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, ORIGIN};
use mti_element::{AppView, Fail, Principal, Secret};

use crate::envelope::Refusal;
use crate::site::Site;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

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
        headers: &HeaderMap,
    ) -> Result<Option<Principal>, Refusal> {
        let token = match self {
            Self::Absent => return Ok(None),
            Self::Bearer(token) => token,
            Self::Cookie(token) => {
                refuse_foreign_page(headers, &site.origin)?;
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

/// A call with the session cookie must come from a page of this site: no form of another site can send JSON, and
/// browsers say where a request comes from.
fn refuse_foreign_page(headers: &HeaderMap, origin: &str) -> Result<(), Refusal> {
    if !is_json(headers) {
        return Err(denied("a call with the session cookie must have the content type `application/json`"));
    }
    if is_foreign(headers, origin) {
        return Err(denied("a call with the session cookie must come from a page of this site"));
    }
    Ok(())
}

/// A form of another site needs nobody's leave to be sent, and what an anonymous call answers may set cookies here.
pub(crate) fn refuse_foreign_form(headers: &HeaderMap, origin: &str) -> Result<(), Refusal> {
    if is_foreign(headers, origin) && !is_json(headers) {
        return Err(denied("a call from a page of another site must have the content type `application/json`"));
    }
    Ok(())
}

/// Whether a browser says that something else than a page of this site asks. Other clients say nothing.
fn is_foreign(headers: &HeaderMap, origin: &str) -> bool {
    headers.get_all(ORIGIN).iter().any(|value| value != origin)
        || headers.get_all(SEC_FETCH_SITE).iter().any(|value| value != "same-origin")
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
