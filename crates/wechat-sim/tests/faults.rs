//! Every fault that can be ordered, as the client of the crate `mti-wechat` sees it.

use std::time::Duration;

use mti_wechat::{ErrorKind, UnavailableCause, WeChatError};
use mti_wechat_sim::{Effect, Endpoint, Fault, Nickname};

use crate::contract::{exchange, exchange_within, profile_of};
use crate::support::Sim;

async fn fault_at(endpoint: Endpoint, effect: Effect) -> Sim {
    let sim = Sim::start().await;
    sim.turn(|knobs| {
        knobs.faults = vec![Fault { endpoint, times: None, effect }];
    });
    sim
}

async fn cause_of(effect: Effect) -> UnavailableCause {
    let sim = fault_at(Endpoint::AccessToken, effect).await;
    match exchange(&sim, "mona").await.unwrap_err() {
        WeChatError::Unavailable { cause, .. } => cause,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_errcode_comes_as_often_as_ordered() {
    let sim = Sim::start().await;
    let endpoint = Endpoint::AccessToken;
    sim.turn(|knobs| {
        knobs.faults = vec![
            Fault { endpoint, times: Some(2), effect: Effect::Errcode(45011) },
            Fault { endpoint: Endpoint::Userinfo, times: None, effect: Effect::Errcode(50002) },
            Fault { endpoint, times: Some(1), effect: Effect::Errcode(40029) },
        ];
    });
    for expected in [Some(45011), Some(45011), Some(40029), None] {
        let outcome = exchange(&sim, "mona").await;
        assert_eq!(outcome.err().and_then(|error| error.errcode()), expected);
    }
}

#[tokio::test]
async fn busy_once_is_overcome() {
    let sim = Sim::start().await;
    let fault = Fault { endpoint: Endpoint::AccessToken, times: Some(1), effect: Effect::Errcode(-1) };
    sim.turn(|knobs| knobs.faults = vec![fault]);
    assert!(exchange(&sim, "mona").await.is_ok());
}

#[tokio::test]
async fn unusable_answers_are_unusable() {
    for effect in [
        Effect::Empty,
        Effect::Truncated,
        Effect::ByteOrderMark,
        Effect::Missing("openid".to_owned()),
        Effect::Missing("access_token".to_owned()),
        Effect::DuplicateKeys,
        Effect::DeepNesting(1000),
        Effect::HugeNumber,
        Effect::GzipBomb,
    ] {
        let cause = cause_of(effect.clone()).await;
        let expected = matches!(cause, UnavailableCause::Malformed(_) | UnavailableCause::TooLarge);
        assert!(expected, "{effect:?}: {cause}");
    }
    assert!(matches!(cause_of(Effect::Oversize(70_000)).await, UnavailableCause::TooLarge));
    assert!(matches!(cause_of(Effect::Status(502)).await, UnavailableCause::Status(502)));
    let redirect = Effect::Redirect("http://127.0.0.1:9/".to_owned());
    assert!(matches!(cause_of(redirect).await, UnavailableCause::Redirected(302)));
}

#[tokio::test]
async fn a_lost_answer_has_used_the_code_up() {
    let sim = fault_at(Endpoint::AccessToken, Effect::Drop).await;
    let code = sim.handle.mint_code(crate::support::APP_ID, "mona").unwrap();
    let error = exchange_within(&sim, &code, Duration::from_secs(30)).await.unwrap_err();
    let is_lost = matches!(error, WeChatError::Unavailable { cause: UnavailableCause::Interrupted(_), .. });
    assert!(is_lost, "{error}");
    sim.turn(|knobs| knobs.faults.clear());
    assert_eq!(sim.exchange(&code).await["errcode"], 40163);
}

#[tokio::test]
async fn slow_answers_run_into_the_deadline() {
    for effect in [Effect::HalfOpen, Effect::Drip(50)] {
        let sim = fault_at(Endpoint::AccessToken, effect.clone()).await;
        let code = sim.handle.mint_code(crate::support::APP_ID, "mona").unwrap();
        let error = exchange_within(&sim, &code, Duration::from_millis(300)).await.unwrap_err();
        let is_late = matches!(error, WeChatError::Unavailable { cause: UnavailableCause::Timeout, .. });
        assert!(is_late, "{effect:?}: {error}");
        sim.stop().await;
    }
    let sim = Sim::start().await;
    sim.turn(|knobs| knobs.latency_ms = 60_000);
    let code = sim.handle.mint_code(crate::support::APP_ID, "mona").unwrap();
    let error = exchange_within(&sim, &code, Duration::from_millis(300)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn numbers_in_quotes_are_understood() {
    let sim = fault_at(Endpoint::AccessToken, Effect::StringNumbers).await;
    let tokens = exchange(&sim, "snapshot").await.unwrap();
    assert!(tokens.is_snapshot_user);
    assert_eq!(tokens.expires_in, Some(Duration::from_hours(2)));
}

#[tokio::test]
async fn a_profile_of_somebody_else_is_noticed() {
    let sim = fault_at(Endpoint::Userinfo, Effect::WrongOpenid).await;
    let error = profile_of(&sim, "mona").await.unwrap_err();
    assert!(matches!(error, WeChatError::IdentityMismatch { .. }), "{error}");
}

#[tokio::test]
async fn nicknames_can_be_as_odd_as_ordered() {
    let sim = Sim::start().await;
    sim.turn(|knobs| knobs.nickname = Nickname::Emoji);
    assert!(profile_of(&sim, "mona").await.unwrap().nickname.contains('💤'));
    sim.turn(|knobs| knobs.nickname = Nickname::ControlCharacters);
    assert_eq!(profile_of(&sim, "mona").await.unwrap().nickname, "a b c d ");
    sim.turn(|knobs| knobs.nickname = Nickname::InvalidUtf8);
    assert_eq!(profile_of(&sim, "mona").await.unwrap().nickname, "broken \u{fffd}\u{fffd} name");
    sim.turn(|knobs| knobs.nickname = Nickname::Megabyte);
    let error = profile_of(&sim, "mona").await.unwrap_err();
    assert!(matches!(error, WeChatError::Unavailable { cause: UnavailableCause::TooLarge, .. }), "{error}");
}
