//! What handlers ask for: the visit of a request, and who calls.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use mti::login_types::{AUTH_SERVICE, CurrentUser};
use mti::{App, Fail, Failure, Visit, VisitorRequest};
use serde_json::json;
use url::form_urlencoded::byte_serialize;

/// The visit that a request is.
pub(crate) struct Visitor(pub(crate) Visit);

/// Who calls, if anybody is signed in.
pub(crate) struct Caller(pub(crate) Option<CurrentUser>);

/// The signed-in user. Anybody else is sent to the sign-in page.
pub(crate) struct User(pub(crate) CurrentUser);

/// The signed-in administrator.
pub(crate) struct Admin(pub(crate) CurrentUser);

/// Why a handler does not answer.
pub(crate) enum Refused {
    SignInFirst { asked: String },
    AdministratorsOnly,
    Failed(Failure),
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let ConnectInfo(address): ConnectInfo<SocketAddr> = ConnectInfo::from_request_parts(parts, app)
            .await
            .map_err(|_| Refused::Failed(Fail::ELEMENT_EXCEPTION.failure().noting("the address is not known")))?;
        Ok(Self(app.visit(VisitorRequest::new(address.ip(), parts.headers.clone()))))
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let Visitor(visit) = Visitor::from_request_parts(parts, app).await?;
        match visit.call(AUTH_SERVICE, "currentUser", json!({})).await {
            Ok(user) => Ok(Self(Some(serde_json::from_value(user).map_err(Failure::from)?))),
            Err(failure) if failure.is(Fail::LOGIN_REQUIRED) => Ok(Self(None)),
            Err(failure) => Err(failure.into()),
        }
    }
}

impl FromRequestParts<App> for User {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let Caller(caller) = Caller::from_request_parts(parts, app).await?;
        let asked = || parts.uri.path_and_query().map_or("/", |asked| asked.as_str()).to_owned();
        caller.map(Self).ok_or_else(|| Refused::SignInFirst { asked: asked() })
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let User(user) = User::from_request_parts(parts, app).await?;
        if user.is_admin { Ok(Self(user)) } else { Err(Refused::AdministratorsOnly) }
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::SignInFirst { asked } => {
                let asked: String = byte_serialize(asked.as_bytes()).collect();
                Redirect::to(&format!("/sign-in?returnTo={asked}")).into_response()
            }
            Self::AdministratorsOnly => (StatusCode::FORBIDDEN, "administrators only").into_response(),
            Self::Failed(failure) => {
                let kind = failure.kind();
                let status = StatusCode::from_u16(kind.http_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let body = axum::Json(json!({ "error": kind.name, "errmsg": failure.message() }));
                let mut response = (status, body).into_response();
                if let Some(seconds) = failure.retry_after_seconds() {
                    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
                }
                response
            }
        }
    }
}

/// The response, with what the visit has to set.
pub(crate) fn with_cookies(mut response: Response, visit: &Visit) -> Response {
    for cookie in visit.set_cookies() {
        response.headers_mut().append(SET_COOKIE, cookie);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// A path of this site. Browsers take `//host` and `/\host` for another site, and drop control characters.
pub(crate) fn own_path(text: Option<&str>) -> &str {
    let is_own = |text: &&str| {
        let bytes = text.as_bytes();
        bytes.first() == Some(&b'/')
            && !matches!(bytes.get(1), Some(b'/' | b'\\'))
            && bytes.iter().all(u8::is_ascii_graphic)
    };
    text.filter(is_own).unwrap_or("/")
}
