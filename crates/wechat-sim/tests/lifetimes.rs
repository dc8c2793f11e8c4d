use std::time::Duration;

use mti_wechat_sim::RefreshSemantics;
use serde_json::Value;

use crate::support::{APP_ID, Sim};

async fn refresh(sim: &Sim, tokens: &Value) -> Value {
    let parameters = [
        ("appid", APP_ID),
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ];
    sim.call("/sns/oauth2/refresh_token", &parameters).await
}

async fn check(sim: &Sim, tokens: &Value) -> Value {
    let parameters =
        [("access_token", tokens["access_token"].as_str().unwrap()), ("openid", tokens["openid"].as_str().unwrap())];
    sim.call("/sns/auth", &parameters).await["errcode"].clone()
}

#[tokio::test]
async fn a_code_lives_ten_minutes() {
    let sim = Sim::start().await;
    let code = sim.handle.mint_code(APP_ID, "mona").unwrap();
    let late = sim.handle.mint_code(APP_ID, "mona").unwrap();
    sim.clock.advance(Duration::from_secs(599));
    assert!(sim.exchange(&code).await["access_token"].is_string());
    sim.clock.advance(Duration::from_secs(1));
    assert_eq!(sim.exchange(&late).await["errcode"], 40029);
    sim.turn(|knobs| knobs.expired_code_errcode = 42003);
    assert_eq!(sim.exchange(&late).await["errcode"], 42003);
}

#[tokio::test]
async fn an_access_token_lives_two_hours_and_is_renewed() {
    let sim = Sim::start().await;
    let tokens = sim.tokens_of("mona").await;
    sim.clock.advance(Duration::from_secs(7199));
    assert_eq!(check(&sim, &tokens).await, 0);
    assert_eq!(refresh(&sim, &tokens).await["access_token"], tokens["access_token"]);
    sim.clock.advance(Duration::from_secs(7199));
    assert_eq!(check(&sim, &tokens).await, 0, "renewed");
    sim.clock.advance(Duration::from_secs(1));
    assert_eq!(check(&sim, &tokens).await, 42001);

    let renewed = refresh(&sim, &tokens).await;
    assert_ne!(renewed["access_token"], tokens["access_token"]);
    assert_eq!(renewed["refresh_token"], tokens["refresh_token"]);
    assert_eq!(check(&sim, &renewed).await, 0);
    assert_eq!(refresh(&sim, &tokens).await["access_token"], renewed["access_token"]);
}

#[tokio::test]
async fn a_refresh_token_lives_thirty_days() {
    let sim = Sim::start().await;
    let tokens = sim.tokens_of("mona").await;
    sim.clock.advance(Duration::from_hours(30 * 24) - Duration::from_secs(1));
    assert!(refresh(&sim, &tokens).await["access_token"].is_string());
    sim.clock.advance(Duration::from_secs(1));
    assert_eq!(refresh(&sim, &tokens).await["errcode"], 42002, "using it does not extend it");
}

#[tokio::test]
async fn refresh_can_give_a_new_token_each_time() {
    let sim = Sim::start().await;
    sim.turn(|knobs| knobs.refresh_semantics = RefreshSemantics::AlwaysNew);
    let tokens = sim.tokens_of("mona").await;
    let first = refresh(&sim, &tokens).await;
    let second = refresh(&sim, &tokens).await;
    assert_ne!(first["access_token"], tokens["access_token"]);
    assert_ne!(first["access_token"], second["access_token"]);
}
