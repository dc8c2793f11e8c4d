//! An application in axum whose users sign in by MTI.

mod pages;
mod visitor;

use axum::Router;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, extract::Query};
use mti::login_types::AUTH_SERVICE;
use mti::{App, Visit, login_types::fails};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::visitor::{Admin, Caller, Refused, User, Visitor, own_path, with_cookies};

const PASSWORD_LOGIN: &str = "auths.loginTypes.PasswordLogin";

/// The application; `app` is the MTI app that its users sign in to.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/orders", get(orders))
        .route("/api/me", get(me))
        .route("/admin", get(admin))
        .route("/sign-in", get(ask).post(sign_in))
        .route("/sign-out", post(sign_out))
        .with_state(app)
}

async fn home(Caller(caller): Caller) -> Response {
    pages::home(caller.as_ref().map(|user| user.nick.as_str()))
}

async fn orders(User(user): User) -> Response {
    pages::orders(&user.nick)
}

async fn admin(Admin(user): Admin) -> Response {
    pages::administration(&user.nick)
}

/// Who calls, for the scripts of the pages and for programs with a token.
async fn me(Visitor(visit): Visitor) -> Result<Response, Refused> {
    let user = visit.call(AUTH_SERVICE, "currentUser", json!({})).await?;
    Ok(axum::Json(user).into_response())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReturnTo {
    return_to: Option<String>,
}

async fn ask(Caller(caller): Caller, Query(asked): Query<ReturnTo>) -> Response {
    let target = own_path(asked.return_to.as_deref());
    if caller.is_some() { Redirect::to(target).into_response() } else { pages::sign_in(target, None) }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignIn {
    username: String,
    password: String,
    return_to: Option<String>,
}

async fn sign_in(Visitor(visit): Visitor, Form(form): Form<SignIn>) -> Result<Response, Refused> {
    let target = own_path(form.return_to.as_deref());
    let response = match begin_session(&visit, &form).await {
        Ok(()) => Redirect::to(target).into_response(),
        Err(failure) if failure.is(fails::PASSWORD_ERROR) => pages::sign_in(target, Some(failure.message())),
        Err(failure) => return Err(failure.into()),
    };
    Ok(with_cookies(response, &visit))
}

/// Signs in, in the first organisation of those that the user belongs to.
async fn begin_session(visit: &Visit, form: &SignIn) -> mti::Result<()> {
    let password = json!({ "username": form.username, "password": form.password });
    let login = visit.call(PASSWORD_LOGIN, "getLoginCode", password).await?;
    let corp = login.pointer("/corpList/0/corpId").and_then(Value::as_str).unwrap_or_default();
    let code = json!({ "loginCode": login["loginCode"], "corp": corp, "platform": "web" });
    visit.call(AUTH_SERVICE, "loginByCode", code).await?;
    Ok(())
}

async fn sign_out(Visitor(visit): Visitor) -> Result<Response, Refused> {
    visit.call(AUTH_SERVICE, "logout", json!({})).await?;
    Ok(with_cookies(Redirect::to("/").into_response(), &visit))
}
