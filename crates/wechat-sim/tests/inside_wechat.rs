//! The login inside WeChat's own browser.

use mti_wechat_sim::{DenyMode, Knobs, openid_for};

use crate::support::{APP_ID, APP_SECRET, CALLBACK, SERVICE_ACCOUNT, Sim, path_with};

fn authorize(changes: &[(&str, Option<&str>)]) -> String {
    let parameters = [
        ("appid", SERVICE_ACCOUNT),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "snsapi_userinfo"),
        ("state", "abc123"),
    ];
    path_with("/connect/oauth2/authorize", &parameters, changes)
}

fn uuid_of(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"uuid\" value=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

async fn answer(sim: &Sim, action: &str) -> reqwest::Response {
    let uuid = uuid_of(&sim.page(&authorize(&[])).await);
    let form = [("uuid", uuid.as_str()), ("person", "mona"), ("action", action)];
    sim.post_form("/connect/confirm", &form).await
}

#[tokio::test]
async fn the_user_is_asked_and_sent_back() {
    let sim = Sim::start().await;
    let answer = answer(&sim, "approve").await;
    assert_eq!(answer.status(), 302);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let code = location.strip_prefix(&format!("{CALLBACK}?code=")).unwrap();
    let code = code.strip_suffix("&state=abc123").unwrap();
    let parameters =
        [("appid", SERVICE_ACCOUNT), ("secret", APP_SECRET), ("code", code), ("grant_type", "authorization_code")];
    let tokens = sim.call("/sns/oauth2/access_token", &parameters).await;
    assert_eq!(tokens["openid"], openid_for("mona", SERVICE_ACCOUNT));
    assert_eq!(tokens["scope"], "snsapi_userinfo");
}

#[tokio::test]
async fn refusing_has_three_forms() {
    let sim = Sim::start().await;
    let stays = answer(&sim, "deny").await;
    assert_eq!(stays.status(), 200);
    for (mode, expected) in [
        (DenyMode::StateOnly, format!("{CALLBACK}?state=abc123")),
        (DenyMode::Authdeny, format!("{CALLBACK}?code=authdeny&state=abc123")),
    ] {
        sim.turn(|knobs| knobs.deny_mode = mode);
        assert_eq!(answer(&sim, "deny").await.headers()["location"].to_str().unwrap(), expected);
    }
}

#[tokio::test]
async fn snsapi_base_asks_nobody_and_gives_no_profile() {
    let sim = Sim::start_with(Knobs { phone_owner: Some("rtl".to_owned()), ..Knobs::default() }).await;
    let answer = sim.get(&authorize(&[("scope", Some("snsapi_base"))])).await;
    assert_eq!(answer.status(), 302);
    let location = url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    let code = location.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let parameters = [
        ("appid", SERVICE_ACCOUNT),
        ("secret", APP_SECRET),
        ("code", code.as_str()),
        ("grant_type", "authorization_code"),
    ];
    let tokens = sim.call("/sns/oauth2/access_token", &parameters).await;
    let open_id = tokens["openid"].as_str().unwrap();
    assert_eq!(open_id, openid_for("rtl", SERVICE_ACCOUNT));
    let parameters = [("access_token", tokens["access_token"].as_str().unwrap()), ("openid", open_id)];
    assert_eq!(sim.call("/sns/userinfo", &parameters).await["errcode"], 48001);
    assert_eq!(sim.call("/sns/auth", &parameters).await["errcode"], 0);
}

#[tokio::test]
async fn a_second_request_can_be_ordered() {
    let sim = Sim::start_with(Knobs { double_callback: true, ..Knobs::default() }).await;
    let page = answer(&sim, "approve").await.text().await.unwrap();
    assert!(page.contains(&format!("data-callback=\"{CALLBACK}?code=")));
    assert!(page.contains("/sim/assets/return.js"));

    let uuid = uuid_of(&sim.page(&authorize(&[("connect_redirect", Some("1"))])).await);
    let form = [("uuid", uuid.as_str()), ("person", "mona"), ("action", "approve")];
    assert_eq!(sim.post_form("/connect/confirm", &form).await.status(), 302, "this keeps it from being twice");
}

#[tokio::test]
async fn this_page_is_stricter() {
    let sim = Sim::start().await;
    let longest = "a".repeat(128);
    uuid_of(&sim.page(&authorize(&[("state", Some(&longest))])).await);
    for (changes, expected) in [
        (&[("state", Some(format!("{longest}a")))][..], "state 参数过长"),
        (&[("state", Some("a-b".to_owned()))], "state 参数错误"),
        (&[("appid", Some(APP_ID.to_owned()))], "10016"),
        (&[("scope", Some("snsapi_login".to_owned()))], "10005"),
    ] {
        let changes: Vec<_> = changes.iter().map(|(name, value)| (*name, value.as_deref())).collect();
        let page = sim.page(&authorize(&changes)).await;
        assert!(page.contains(expected), "{changes:?}: {page}");
    }
    let moved = authorize(&[("scope", None)]) + "&scope=snsapi_userinfo";
    assert!(sim.page(&moved).await.contains("Scope 参数错误"));
    sim.turn(|knobs| knobs.strict_order = false);
    uuid_of(&sim.page(&moved).await);
}

#[tokio::test]
async fn wechats_own_browser_can_be_required() {
    let sim = Sim::start_with(Knobs { require_wechat_browser: true, ..Knobs::default() }).await;
    assert!(sim.page(&authorize(&[])).await.contains("请在微信客户端打开链接"));
    let request = sim.http.get(format!("{}{}", sim.url, authorize(&[])));
    let request = request.header("User-Agent", "Mozilla/5.0 MicroMessenger/8.0.50");
    uuid_of(&request.send().await.unwrap().text().await.unwrap());
}
