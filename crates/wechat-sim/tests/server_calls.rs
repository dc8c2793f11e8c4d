//! The four server interfaces on a good day, and their errors.

use std::net::IpAddr;

use mti_wechat_sim::{Knobs, RidStyle, SnapshotMode, UnionIdMode, openid_for, unionid_for};
use serde_json::{Value, json};

use crate::support::{APP_ID, APP_SECRET, SERVICE_ACCOUNT, Sim, trusting_nobody};

const EXCHANGE: &str = "/sns/oauth2/access_token";
const REFRESH: &str = "/sns/oauth2/refresh_token";

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

#[tokio::test]
async fn a_code_becomes_tokens() {
    let sim = Sim::start().await;
    let tokens = sim.tokens_of("zhang-san").await;
    let names: Vec<&String> = tokens.as_object().unwrap().keys().collect();
    assert_eq!(names, ["access_token", "expires_in", "refresh_token", "openid", "scope", "unionid"]);
    assert_eq!(tokens["expires_in"], 7200);
    assert_eq!(tokens["openid"], openid_for("zhang-san", APP_ID));
    assert_eq!(tokens["unionid"], unionid_for("zhang-san", "open-platform"));
    assert_eq!(tokens["scope"], "snsapi_login");
}

#[tokio::test]
async fn answers_are_text_and_escape_slashes() {
    let sim = Sim::start().await;
    let tokens = sim.tokens_of("zhang-san").await;
    let path = format!(
        "/sns/userinfo?access_token={}&openid={}&lang=zh_CN",
        text(&tokens, "access_token"),
        text(&tokens, "openid")
    );
    let answer = sim.get(&path).await;
    assert_eq!(answer.headers()["content-type"], "text/plain");
    let body = answer.text().await.unwrap();
    assert!(body.contains("\"headimgurl\":\"http:\\/\\/127.0.0.1:"), "{body}");
    assert!(body.contains("张三💤"), "{body}");
    let profile: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(profile["language"], "zh_CN");
    assert_eq!(profile["sex"], 0);
    assert_eq!(profile["privilege"], json!([]));
    let avatar = sim.http.get(text(&profile, "headimgurl")).send().await.unwrap();
    assert_eq!(avatar.headers()["content-type"], "image/svg+xml");

    sim.turn(|knobs| {
        knobs.content_type = "application/json; charset=utf-8".to_owned();
        knobs.escape_slash = false;
        knobs.privacy = true;
    });
    let answer = sim.get(&path).await;
    assert_eq!(answer.headers()["content-type"], "application/json; charset=utf-8");
    let body = answer.text().await.unwrap();
    assert!(body.contains("http://127.0.0.1:") && body.contains("微信用户"), "{body}");
}

#[tokio::test]
async fn every_mistake_of_an_exchange_has_its_errcode() {
    let sim = Sim::start().await;
    let foreign = sim.handle.mint_code(SERVICE_ACCOUNT, "mona").unwrap();
    let good =
        [("appid", APP_ID), ("secret", APP_SECRET), ("code", "never-issued"), ("grant_type", "authorization_code")];
    for (name, value, errcode) in [
        ("appid", "", 41002),
        ("appid", "nonsense", 40013),
        ("secret", "", 41004),
        ("secret", "wrong", 40125),
        ("code", "", 41008),
        ("code", "never-issued", 40029),
        ("code", foreign.as_str(), 40029),
        ("grant_type", "", 40002),
        ("grant_type", "refresh_token", 40002),
    ] {
        let changed = good.map(|(key, old)| (key, if key == name { value } else { old }));
        let answer = sim.call(EXCHANGE, &changed).await;
        assert_eq!(answer["errcode"], errcode, "{name}={value}");
        let removed: Vec<_> = good.into_iter().filter(|(key, _)| *key != name || !value.is_empty()).collect();
        if value.is_empty() {
            assert_eq!(sim.call(EXCHANGE, &removed).await["errcode"], errcode, "no {name}");
        }
    }
}

#[tokio::test]
async fn a_code_is_good_once_and_survives_a_wrong_secret() {
    let sim = Sim::start().await;
    let code = sim.handle.mint_code(APP_ID, "mona").unwrap();
    let wrong = [("appid", APP_ID), ("secret", "wrong"), ("code", code.as_str()), ("grant_type", "authorization_code")];
    assert_eq!(sim.call(EXCHANGE, &wrong).await["errcode"], 40125);
    assert_eq!(sim.exchange(&code).await["openid"], openid_for("mona", APP_ID));
    assert_eq!(sim.exchange(&code).await["errcode"], 40163);
}

#[tokio::test]
async fn of_a_hundred_exchanges_one_wins() {
    let sim = Sim::start().await;
    let code = sim.handle.mint_code(APP_ID, "mona").unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let url = format!(
            "{}{EXCHANGE}?appid={APP_ID}&secret={APP_SECRET}&code={code}&grant_type=authorization_code",
            sim.url
        );
        let request = sim.http.get(url);
        calls.spawn(async move { request.send().await.unwrap().text().await.unwrap() });
    }
    let answers = calls.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.contains("access_token")).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.contains("40163")).count(), 99);
}

#[tokio::test]
async fn errors_end_in_a_request_id() {
    let sim = Sim::start().await;
    let answer = sim.exchange("never-issued").await;
    let rid = text(&answer, "errmsg").strip_prefix("invalid code, rid: ").unwrap();
    let parts: Vec<&str> = rid.split('-').collect();
    assert_eq!(parts.len(), 3);
    assert!(parts.iter().all(|part| part.len() == 8 && part.bytes().all(|byte| byte.is_ascii_hexdigit())));

    sim.turn(|knobs| knobs.rid_style = RidStyle::Old);
    assert!(text(&sim.exchange("x").await, "errmsg").starts_with("invalid code, hints: [ req_id: "));
    sim.turn(|knobs| knobs.rid_style = RidStyle::None);
    assert_eq!(sim.exchange("x").await["errmsg"], "invalid code");
}

#[tokio::test]
async fn forms_and_mixtures_are_taken_too() {
    let sim = Sim::start().await;
    let code = sim.handle.mint_code(APP_ID, "mona").unwrap();
    let form =
        [("appid", APP_ID), ("secret", APP_SECRET), ("code", code.as_str()), ("grant_type", "authorization_code")];
    let answer = sim.post_form(EXCHANGE, &form).await.text().await.unwrap();
    assert!(answer.contains("access_token"), "{answer}");

    let code = sim.handle.mint_code(APP_ID, "mona").unwrap();
    let form = [("code", code.as_str()), ("grant_type", "authorization_code")];
    let mixed = format!("{EXCHANGE}?appid={APP_ID}&secret={APP_SECRET}");
    let answer = sim.post_form(&mixed, &form).await.text().await.unwrap();
    assert!(answer.contains("access_token"), "{answer}");

    assert_eq!(sim.http.delete(format!("{}{EXCHANGE}", sim.url)).send().await.unwrap().status(), 405);
    sim.turn(|knobs| knobs.accept_post = false);
    assert_eq!(sim.post_form(EXCHANGE, &form).await.status(), 405);
}

#[tokio::test]
async fn refresh_needs_no_secret() {
    let sim = Sim::start().await;
    let tokens = sim.tokens_of("mona").await;
    let good = [("appid", APP_ID), ("grant_type", "refresh_token"), ("refresh_token", text(&tokens, "refresh_token"))];
    let refreshed = sim.call(REFRESH, &good).await;
    assert_eq!(refreshed["access_token"], tokens["access_token"], "not expired: the same with a new life");
    assert_eq!(refreshed["openid"], tokens["openid"]);
    assert_eq!(refreshed["unionid"], Value::Null);
    for (name, value, errcode) in [
        ("appid", "", 41002),
        ("appid", "nonsense", 40013),
        ("appid", SERVICE_ACCOUNT, 40030),
        ("grant_type", "", 40002),
        ("refresh_token", "", 41003),
        ("refresh_token", "invented", 40030),
        ("refresh_token", text(&tokens, "access_token"), 40030),
    ] {
        let changed = good.map(|(key, old)| (key, if key == name { value } else { old }));
        assert_eq!(sim.call(REFRESH, &changed).await["errcode"], errcode, "{name}={value}");
    }
}

#[tokio::test]
async fn tokens_open_the_profile_of_their_person_only() {
    let sim = Sim::start().await;
    let tokens = sim.tokens_of("mona").await;
    let (token, open_id) = (text(&tokens, "access_token"), text(&tokens, "openid"));
    let other = openid_for("zhang-san", APP_ID);
    let good = [("access_token", token), ("openid", open_id)];
    assert_eq!(sim.call("/sns/auth", &good).await, json!({"errcode": 0, "errmsg": "ok"}));
    assert_eq!(sim.call("/sns/userinfo", &good).await["nickname"], "Mona O'Neill & \"Söhne\"");
    for (name, value, in_auth, in_userinfo) in [
        ("access_token", "", 41001, 41001),
        ("access_token", "invented", 40014, 40001),
        ("openid", "", 41009, 41009),
        ("openid", other.as_str(), 40003, 40003),
    ] {
        let changed = good.map(|(key, old)| (key, if key == name { value } else { old }));
        assert_eq!(sim.call("/sns/auth", &changed).await["errcode"], in_auth, "{name}={value}");
        assert_eq!(sim.call("/sns/userinfo", &changed).await["errcode"], in_userinfo, "{name}={value}");
    }
}

#[tokio::test]
async fn unlisted_applications_are_learned_with_their_first_secret() {
    let sim = Sim::start().await;
    let app_id = "wxabcdefabcdef1234";
    let code = sim.handle.mint_code(app_id, "mona").unwrap();
    for (secret, code, expected) in
        [("first", "x", Some(40029)), ("second", code.as_str(), Some(40125)), ("first", code.as_str(), None)]
    {
        let parameters = [("appid", app_id), ("secret", secret), ("code", code), ("grant_type", "authorization_code")];
        assert_eq!(sim.call(EXCHANGE, &parameters).await["errcode"].as_i64(), expected, "{secret}");
    }
}

#[tokio::test]
async fn a_secret_can_be_reset() {
    let sim = Sim::start().await;
    let (status, _) = sim.post_json("/sim/secret", &json!({"appId": APP_ID, "secret": "renewed"})).await;
    assert_eq!(status, 200);
    let code = sim.handle.mint_code(APP_ID, "mona").unwrap();
    assert_eq!(sim.exchange(&code).await["errcode"], 40125);
}

#[tokio::test]
async fn union_ids_come_as_ordered() {
    let sim = Sim::start().await;
    let union_id = json!(unionid_for("mona", "open-platform"));
    assert_eq!(sim.tokens_of("no-union").await["unionid"], Value::Null);
    sim.turn(|knobs| knobs.union_id = UnionIdMode::Late);
    assert_eq!(sim.tokens_of("mona").await["unionid"], Value::Null);
    assert_eq!(sim.tokens_of("mona").await["unionid"], union_id);
    sim.turn(|knobs| knobs.union_id = UnionIdMode::Off);
    assert_eq!(sim.tokens_of("mona").await["unionid"], Value::Null);
    sim.turn(|knobs| knobs.union_id = UnionIdMode::Rekeyed);
    let rekeyed = sim.tokens_of("mona").await["unionid"].clone();
    assert!(rekeyed.is_string() && rekeyed != union_id);
}

#[tokio::test]
async fn a_snapshot_user_is_marked() {
    let sim = Sim::start().await;
    assert_eq!(sim.tokens_of("snapshot").await["is_snapshotuser"], 1);
    assert_eq!(sim.tokens_of("mona").await["is_snapshotuser"], Value::Null);
}

#[tokio::test]
async fn who_is_marked_can_be_turned() {
    let sim = Sim::start().await;
    sim.turn(|knobs| knobs.snapshot = SnapshotMode::Everybody);
    assert_eq!(sim.tokens_of("mona").await["is_snapshotuser"], 1);
    sim.turn(|knobs| knobs.snapshot = SnapshotMode::Unmarked);
    let unmarked = sim.tokens_of("snapshot").await;
    assert_eq!(unmarked["is_snapshotuser"], Value::Null);
    assert_eq!(unmarked["unionid"], unionid_for("snapshot", "open-platform"), "virtual all the same");
}

#[tokio::test]
async fn addresses_that_are_not_listed_exchange_nothing() {
    let sim = Sim::start().await;
    let from = |address: [u8; 4]| trusting_nobody().local_address(IpAddr::from(address)).build().unwrap();
    let (listed, other) = (from([127, 0, 0, 2]), from([127, 0, 0, 3]));
    sim.turn(|knobs| knobs.ip_allow_list = Some(vec![IpAddr::from([127, 0, 0, 2])]));
    let code = sim.handle.mint_code(APP_ID, "mona").unwrap();
    let parameters =
        [("appid", APP_ID), ("secret", APP_SECRET), ("code", code.as_str()), ("grant_type", "authorization_code")];
    for (client, expected) in [(&other, json!(40164)), (&listed, Value::Null)] {
        let request = client.get(format!("{}{EXCHANGE}", sim.url)).query(&parameters);
        let answer: Value = serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap();
        assert_eq!(answer["errcode"], expected, "{answer}");
    }
}

#[tokio::test]
async fn quotas_are_counted_per_interface() {
    let sim = Sim::start_with(Knobs { minute_quota: Some(2), daily_quota: Some(3), ..Knobs::default() }).await;
    for expected in [40029, 40029, 45011] {
        assert_eq!(sim.exchange("x").await["errcode"], expected);
    }
    assert_eq!(sim.call("/sns/auth", &[]).await["errcode"], 41001);
    sim.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(sim.exchange("x").await["errcode"], 45009);
    sim.clock.advance(std::time::Duration::from_hours(24));
    assert_eq!(sim.exchange("x").await["errcode"], 40029);
}
