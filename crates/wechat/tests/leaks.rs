//! Secrets, codes, tokens and openIds go to WeChat and nowhere else.

use std::error::Error;
use std::fmt::Write;
use std::time::Duration;

use mti_wechat::{AuthorizationCode, Endpoints, WeChatError};

use crate::support::{
    ACCESS_TOKEN, APP_SECRET, CODE, Capture, OPEN_ID, REFRESH_TOKEN, Reply, ScriptedServer, UNION_ID, check_token,
    client, credentials, exchange, exchange_at, good_tokens, refresh, user_info,
};

const CANARIES: [&str; 6] = [APP_SECRET, CODE, ACCESS_TOKEN, REFRESH_TOKEN, OPEN_ID, UNION_ID];

#[tokio::test]
async fn nothing_confidential_is_shown_or_logged() {
    Capture::start();
    let mut shown = String::new();
    let echo = format!(r#"{{"errcode":40029,"errmsg":"{CODE} {APP_SECRET} {OPEN_ID}"}}"#);
    let echoed_html = format!("<html>{CODE} {APP_SECRET} {ACCESS_TOKEN}</html>");
    let redirect = format!("Location: http://127.0.0.1:9/?code={CODE}&secret={APP_SECRET}\r\n");
    let half = format!("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{}", good_tokens());

    for replies in [
        vec![Reply::text(good_tokens())],
        vec![Reply::errcode(-1), Reply::errcode(-1)],
        vec![Reply::errcode(40163)],
        vec![Reply::text(&echo)],
        vec![Reply::text(&echoed_html)],
        vec![Reply::with("500 Oops", "", &echoed_html)],
        vec![Reply::with("302 Found", &redirect, "")],
        vec![Reply::Raw(half.into_bytes())],
        vec![Reply::Raw(Vec::new())],
        vec![Reply::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())],
        vec![Reply::text(format!(r#"{{"access_token":"{ACCESS_TOKEN}","openid":"{OPEN_ID}","openid":"{OPEN_ID}"}}"#))],
    ] {
        show(&mut shown, exchange(replies.clone()).await);
        show(&mut shown, refresh(replies.clone()).await);
        show(&mut shown, check_token(replies.clone()).await);
        show(&mut shown, user_info(replies).await);
    }

    let stalling = ScriptedServer::start(vec![Reply::Stall(Vec::new())]).await;
    show(&mut shown, exchange_at(&stalling, Duration::from_millis(100)).await);

    for address in ["http://127.0.0.1:9", "https://127.0.0.1:9", "https://name.invalid"] {
        let endpoints = Endpoints::new(None, Some(address)).unwrap();
        let code = AuthorizationCode::parse(CODE).unwrap();
        let outcome = client().exchange_code(&endpoints, &credentials(), &code, Duration::from_secs(1)).await;
        show(&mut shown, outcome);
    }
    write!(shown, "{:?} {:?}", credentials(), AuthorizationCode::parse(CODE)).unwrap();

    let logged = Capture::text();
    assert!(logged.contains("WeChat is busy"), "the capture works");
    assert!(logged.contains("reqwest::connect"), "the capture sees `log` too");
    for canary in CANARIES {
        assert!(!shown.contains(canary), "`{canary}` is shown");
        assert!(!logged.contains(canary), "`{canary}` is logged");
    }
}

fn show<T: std::fmt::Debug>(shown: &mut String, outcome: Result<T, WeChatError>) {
    match outcome {
        Ok(value) => writeln!(shown, "{value:?}").unwrap(),
        Err(error) => {
            writeln!(shown, "{error:?} {error:#?}").unwrap();
            let mut link: Option<&dyn Error> = Some(&error);
            while let Some(current) = link {
                writeln!(shown, "{current} {current:?}").unwrap();
                link = current.source();
            }
        }
    }
}
