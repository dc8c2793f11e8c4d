//! The pages, as plain as they can be.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};

pub(crate) fn home(name: Option<&str>) -> Response {
    match name {
        None => page("Shop", r#"<p><a href="/sign-in">Sign in</a></p>"#),
        Some(name) => {
            let name = escape(name);
            let sign_out = "<form method=post action=/sign-out><button>Sign out</button></form>";
            page("Shop", &format!("<p>Hello, {name}.</p>{sign_out}"))
        }
    }
}

pub(crate) fn orders(name: &str) -> Response {
    page("Orders", &format!("<p>The orders of {}.</p>", escape(name)))
}

pub(crate) fn administration(name: &str) -> Response {
    page("Administration", &format!("<p>{} may do anything.</p>", escape(name)))
}

pub(crate) fn sign_in(return_to: &str, problem: Option<&str>) -> Response {
    let body = format!(
        r#"<p role=alert>{problem}</p>
<form method=post>
<input type=hidden name=returnTo value="{return_to}">
<label>User name <input name=username autocomplete=username required></label>
<label>Password <input name=password type=password autocomplete=current-password required></label>
<button>Sign in</button>
</form>"#,
        problem = escape(problem.unwrap_or_default()),
        return_to = escape(return_to),
    );
    let mut response = page("Sign in", &body);
    if problem.is_some() {
        *response.status_mut() = StatusCode::UNAUTHORIZED;
    }
    response
}

fn page(title: &str, body: &str) -> Response {
    Html(format!("<!doctype html><meta charset=utf-8><title>{title}</title><h1>{title}</h1>{body}")).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
