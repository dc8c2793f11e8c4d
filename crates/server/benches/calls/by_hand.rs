//! The floor: what somebody writes on axum who has this one function.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::client::{PATH, SESSION, TOKEN};
use crate::{Contender, threads};

type Sessions = Arc<HashMap<String, String>>;

#[derive(Deserialize)]
struct Arguments {
    name: String,
}

#[derive(Serialize)]
struct Greeting {
    text: String,
    user: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    errcode: u32,
    errmsg: Option<String>,
    request_id: String,
    sys_time: u128,
    duration: u128,
    data: Greeting,
}

pub(crate) fn start() -> SocketAddr {
    threads::serve(Contender::ByHand, async |address| {
        let sessions: Sessions = Arc::new(HashMap::from([(TOKEN.to_owned(), "alice".to_owned())]));
        let router = Router::new().route(PATH, post(greet)).with_state(sessions);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        address.send(listener.local_addr().unwrap()).unwrap();
        axum::serve(listener, router).await.unwrap();
    })
}

async fn greet(
    State(sessions): State<Sessions>,
    headers: HeaderMap,
    Json(arguments): Json<Arguments>,
) -> Result<Json<Envelope>, StatusCode> {
    let began = Instant::now();
    let user = session(&headers).and_then(|token| sessions.get(token)).ok_or(StatusCode::UNAUTHORIZED)?;
    let data = Greeting { text: format!("hello, {}", arguments.name), user: user.clone() };
    Ok(Json(Envelope {
        errcode: 0,
        errmsg: None,
        request_id: format!("{:032x}", rand::random::<u128>()),
        sys_time: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis(),
        duration: began.elapsed().as_millis(),
        data,
    }))
}

fn session(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get(COOKIE)?.to_str().ok()?;
    cookies.split("; ").find_map(|cookie| cookie.strip_prefix(SESSION)?.strip_prefix('='))
}
