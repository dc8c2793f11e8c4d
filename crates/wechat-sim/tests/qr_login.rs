//! From the picture to the callback: what the page, the phone and the poll do to each other.

use std::time::Duration;

use mti_wechat_sim::{DenyMode, Knobs};
use serde_json::json;

use crate::support::{CALLBACK, Sim, qr_connect, uuid_of};

const WAITING: &str = "window.wx_errcode=408;window.wx_code='';";
const SCANNED: &str = "window.wx_errcode=404;window.wx_code='';";
const CANCELLED: &str = "window.wx_errcode=403;window.wx_code='';";
const EXPIRED: &str = "window.wx_errcode=402;window.wx_code='';";

/// A simulator whose polls say at once that there is nothing new.
async fn impatient() -> Sim {
    Sim::start_with(Knobs { poll_hold_ms: 0, ..Knobs::default() }).await
}

fn confirmed_code(answer: &str) -> &str {
    let code = answer.strip_prefix("window.wx_errcode=405;window.wx_code='").unwrap();
    code.strip_suffix("';").unwrap()
}

#[tokio::test]
async fn waiting_scanned_confirmed() {
    let sim = impatient().await;
    let uuid = sim.open_login().await;
    let answer = sim.get(&format!("/connect/l/qrconnect?uuid={uuid}")).await;
    assert_eq!(answer.headers()["content-type"], "text/javascript");
    assert_eq!(answer.text().await.unwrap(), WAITING);
    assert_eq!(WAITING.len(), 40);

    let phone = sim.page(&format!("/connect/confirm?uuid={uuid}")).await;
    assert!(phone.contains("value=\"zhang-san\"") && phone.contains("SIMULATION / 模拟"));
    assert_eq!(sim.poll(&uuid, "").await, SCANNED);
    assert_eq!(sim.poll(&uuid, "&last=404").await, WAITING, "what was said is not said again");

    let form = [("uuid", uuid.as_str()), ("person", "li-si"), ("action", "approve")];
    let answer = sim.post_form("/connect/confirm", &form).await;
    assert_eq!(answer.status(), 200);
    let answer = sim.poll(&uuid, "&last=404").await;
    let code = confirmed_code(&answer);
    assert_eq!(code.len(), 32);
    assert_eq!(sim.poll(&uuid, "").await, answer, "a lost answer can be asked for again");

    let tokens = sim.exchange(code).await;
    assert_eq!(tokens["openid"], mti_wechat_sim::openid_for("li-si", crate::support::APP_ID));
}

#[tokio::test]
async fn cancelled_and_scanned_again() {
    let sim = impatient().await;
    let uuid = sim.open_login().await;
    sim.page(&format!("/connect/confirm?uuid={uuid}")).await;
    let form = [("uuid", uuid.as_str()), ("action", "deny")];
    assert!(sim.post_form("/connect/confirm", &form).await.text().await.unwrap().contains("已取消"));
    assert_eq!(sim.poll(&uuid, "&last=404").await, CANCELLED);
    assert_eq!(sim.poll(&uuid, "&last=403").await, WAITING);
    sim.page(&format!("/connect/confirm?uuid={uuid}")).await;
    assert_eq!(sim.poll(&uuid, "&last=403").await, SCANNED);
    let form = [("uuid", uuid.as_str()), ("person", "zhang-san"), ("action", "approve")];
    sim.post_form("/connect/confirm", &form).await;
    confirmed_code(&sim.poll(&uuid, "&last=404").await);
}

#[tokio::test]
async fn the_picture_expires() {
    let sim = impatient().await;
    let uuid = sim.open_login().await;
    sim.clock.advance(Duration::from_secs(299));
    assert_eq!(sim.poll(&uuid, "").await, WAITING);
    sim.clock.advance(Duration::from_secs(1));
    assert_eq!(sim.poll(&uuid, "").await, EXPIRED);
    assert_eq!(sim.get(&format!("/connect/qrcode/{uuid}")).await.status(), 404);
    assert!(sim.page(&format!("/connect/confirm?uuid={uuid}")).await.contains("已过期"));
    let form = [("uuid", uuid.as_str()), ("person", "zhang-san"), ("action", "approve")];
    sim.post_form("/connect/confirm", &form).await;
    assert_eq!(sim.poll(&uuid, "").await, EXPIRED, "too late is too late");
    assert_eq!(sim.poll("unknown", "").await, EXPIRED);
}

#[tokio::test]
async fn a_confirmed_login_outlives_the_picture() {
    let sim = impatient().await;
    let uuid = sim.open_login().await;
    sim.post_json("/sim/approve", &json!({"uuid": uuid, "person": "mona"})).await;
    sim.clock.advance(Duration::from_secs(301));
    confirmed_code(&sim.poll(&uuid, "").await);
}

#[tokio::test]
async fn a_held_poll_answers_when_something_happens() {
    let sim = Sim::start_with(Knobs { poll_hold_ms: 60_000, ..Knobs::default() }).await;
    let uuid = sim.open_login().await;
    let other = sim.open_login().await;
    let ((), answer) = tokio::join!(
        async {
            sim.page(&format!("/connect/confirm?uuid={other}")).await;
            sim.page(&format!("/connect/confirm?uuid={uuid}")).await;
        },
        sim.poll(&uuid, "")
    );
    assert_eq!(answer, SCANNED);
    let approval = json!({"uuid": uuid, "person": "mona"});
    let (_, answer) = tokio::join!(sim.post_json("/sim/approve", &approval), sim.poll(&uuid, "&last=404"));
    confirmed_code(&answer);
}

#[tokio::test]
async fn shutting_down_ends_held_polls() {
    let sim = Sim::start_with(Knobs { poll_hold_ms: 600_000, ..Knobs::default() }).await;
    let uuid = sim.open_login().await;
    let request = sim.http.get(format!("{}/connect/l/qrconnect?uuid={uuid}", sim.url));
    let held = tokio::spawn(async move { request.send().await.map(|answer| answer.status()) });
    // Whether the poll was already held or had no time to begin: the simulator ends.
    tokio::task::yield_now().await;
    sim.stop().await;
    drop(held.await.unwrap());
}

#[tokio::test]
async fn the_poll_can_be_broken() {
    let sim = impatient().await;
    let uuid = sim.open_login().await;
    sim.turn(|knobs| knobs.poll_error = Some(500));
    assert_eq!(sim.poll(&uuid, "").await, "window.wx_errcode=500;window.wx_code='';");
}

#[tokio::test]
async fn approving_without_a_phone_tells_where_the_browser_goes() {
    let sim = Sim::start().await;
    for (redirect_uri, state, expected) in [
        (CALLBACK, Some("abc123"), format!("{CALLBACK}?code=CODE&state=abc123")),
        ("http://127.0.0.1/a?b=c", Some("x y&z"), "http://127.0.0.1/a?b=c&code=CODE&state=x+y%26z".to_owned()),
        ("http://127.0.0.1/#/login", None, "http://127.0.0.1/#/login?code=CODE&state=".to_owned()),
    ] {
        let changes = [("redirect_uri", Some(redirect_uri)), ("state", state)];
        let uuid = uuid_of(&sim.page(&qr_connect(&changes)).await);
        let (status, answer) = sim.post_json("/sim/approve", &json!({"uuid": uuid, "person": "zhang-san"})).await;
        assert_eq!(status, 200);
        let code = answer["code"].as_str().unwrap();
        assert_eq!(answer["callbackUrl"], expected.replace("CODE", code));
        let (status, _) = sim.post_json("/sim/approve", &json!({"uuid": uuid, "person": "zhang-san"})).await;
        assert_eq!(status, 404, "a login is answered once");
    }
}

#[tokio::test]
async fn refusing_has_three_forms() {
    for (mode, name, expected) in [
        (DenyMode::None, "none", json!(null)),
        (DenyMode::StateOnly, "stateOnly", json!(format!("{CALLBACK}?state=abc123"))),
        (DenyMode::Authdeny, "authdeny", json!(format!("{CALLBACK}?code=authdeny&state=abc123"))),
    ] {
        let sim = Sim::start_with(Knobs { deny_mode: mode, ..Knobs::default() }).await;
        let page = sim.page(&qr_connect(&[])).await;
        assert!(page.contains(&format!("data-deny=\"{name}\"")));
        let (_, answer) = sim.post_json("/sim/deny", &json!({"uuid": uuid_of(&page)})).await;
        assert_eq!(answer, json!({"code": null, "callbackUrl": expected}));
    }
}

#[tokio::test]
async fn the_page_is_told_how_to_leave() {
    let sim = Sim::start_with(Knobs { double_callback: true, fast_login: true, ..Knobs::default() }).await;
    let page = sim.page(&qr_connect(&[("self_redirect", Some("true"))])).await;
    for part in ["data-self=\"true\"", "data-double=\"true\"", "data-state=\"abc123\""] {
        assert!(page.contains(part), "{part}");
    }
    assert!(page.contains(&format!("data-prefix=\"{CALLBACK}?\"")));
    assert!(page.contains("id=\"sim_fast_login\" type=\"button\" >"));
    sim.handle.set_knobs(Knobs::default());
    let page = sim.page(&qr_connect(&[("self_redirect", Some("false"))])).await;
    assert!(page.contains("data-self=\"false\"") && page.contains("data-double=\"false\""));
    assert!(page.contains("id=\"sim_fast_login\" type=\"button\" hidden>"));
}

#[tokio::test]
async fn old_logins_are_forgotten_not_piled_up() {
    let sim = impatient().await;
    let first = sim.open_login().await;
    assert_eq!(sim.poll(&first, "").await, WAITING);
    for _ in 0..1_000 {
        sim.open_login().await;
    }
    assert_eq!(sim.poll(&first, "").await, EXPIRED);
}

#[tokio::test]
async fn of_many_answers_one_counts() {
    let sim = impatient().await;
    let uuid = sim.open_login().await;
    let mut answers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let request = sim.http.post(format!("{}/sim/approve", sim.url)).json(&json!({"uuid": uuid}));
        answers.spawn(async move { request.send().await.unwrap().status() });
    }
    let answers = answers.join_all().await;
    assert_eq!(answers.iter().filter(|status| status.is_success()).count(), 1);
}
