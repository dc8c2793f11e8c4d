//! The client of the crate `mti-wechat` against the simulator: both must mean the same protocol.

use std::time::Duration;

use mti_secret::Secret;
use mti_wechat::{
    AppCredentials, AuthorizationCode, AuthorizeRequest, Client, DEFAULT_SCOPE, Endpoints, ErrorKind, Language,
    Profile, QrProgress, Tokens, WeChatError,
};
use mti_wechat_sim::{openid_for, unionid_for};
use serde_json::json;

use crate::support::{APP_ID, APP_SECRET, CALLBACK, Sim, uuid_of};

const AMPLE: Duration = Duration::from_secs(30);

fn endpoints(sim: &Sim) -> Endpoints {
    Endpoints::new(Some(&sim.url), Some(&sim.url)).unwrap()
}

pub(crate) async fn exchange_within(sim: &Sim, code: &str, deadline: Duration) -> Result<Tokens, WeChatError> {
    let credentials = AppCredentials { app_id: APP_ID.to_owned(), app_secret: Secret::new(APP_SECRET) };
    let code = AuthorizationCode::parse(code)?;
    Client::new()?.exchange_code(&endpoints(sim), &credentials, &code, deadline).await
}

pub(crate) async fn exchange(sim: &Sim, person: &str) -> Result<Tokens, WeChatError> {
    let code = sim.handle.mint_code(APP_ID, person).unwrap();
    exchange_within(sim, &code, AMPLE).await
}

pub(crate) async fn profile_of(sim: &Sim, person: &str) -> Result<Profile, WeChatError> {
    let tokens = exchange(sim, person).await?;
    let language = Language::SimplifiedChinese;
    Client::new()?.user_info(&endpoints(sim), &tokens.access_token, &tokens.open_id, language, AMPLE).await
}

#[tokio::test]
async fn a_whole_login() {
    let sim = Sim::start().await;
    let request = AuthorizeRequest {
        app_id: APP_ID,
        redirect_uri: CALLBACK,
        scope: DEFAULT_SCOPE,
        state: "abc123",
        language: None,
    };
    sim.turn(|knobs| (knobs.strict_order_qrconnect, knobs.strict_encoding) = (true, true));
    let address = request.url(&endpoints(&sim));
    let page = sim.http.get(address).send().await.unwrap().text().await.unwrap();
    let uuid = uuid_of(&page);
    let (_, answer) = sim.post_json("/sim/approve", &json!({"uuid": uuid, "person": "zhang-san"})).await;
    let callback = url::Url::parse(answer["callbackUrl"].as_str().unwrap()).unwrap();
    let pairs: Vec<(String, String)> = callback.query_pairs().into_owned().collect();
    assert_eq!(pairs[1], ("state".to_owned(), "abc123".to_owned()));

    let tokens = exchange_within(&sim, &pairs[0].1, AMPLE).await.unwrap();
    assert_eq!(tokens.open_id.as_str(), openid_for("zhang-san", APP_ID));
    let union_id = tokens.union_id.as_ref().unwrap().as_str();
    assert_eq!(union_id, unionid_for("zhang-san", "open-platform"));

    let client = Client::new().unwrap();
    let endpoints = endpoints(&sim);
    client.check_token(&endpoints, &tokens.access_token, &tokens.open_id, AMPLE).await.unwrap();
    let language = Language::SimplifiedChinese;
    let profile = client.user_info(&endpoints, &tokens.access_token, &tokens.open_id, language, AMPLE).await.unwrap();
    assert_eq!(profile.nickname, "张三💤");
    assert!(profile.avatar.unwrap().starts_with(&sim.url));

    let refresh_token = tokens.refresh_token.unwrap();
    sim.clock.advance(Duration::from_hours(2));
    let error = client.check_token(&endpoints, &tokens.access_token, &tokens.open_id, AMPLE).await.unwrap_err();
    assert_eq!(error.errcode(), Some(42001));
    let renewed = client.refresh(&endpoints, APP_ID, &refresh_token, AMPLE).await.unwrap();
    assert_eq!(renewed.open_id, tokens.open_id);
    client.check_token(&endpoints, &renewed.access_token, &renewed.open_id, AMPLE).await.unwrap();
}

#[tokio::test]
async fn everybody_of_the_cast_can_sign_in() {
    let sim = Sim::start().await;
    for person in mti_wechat_sim::cast() {
        let tokens = exchange(&sim, &person.id).await.unwrap();
        assert_eq!(tokens.is_snapshot_user, person.is_snapshot, "{}", person.id);
        assert_eq!(tokens.union_id.is_some(), person.has_union_id, "{}", person.id);
        let profile = profile_of(&sim, &person.id).await.unwrap();
        assert_eq!(profile.nickname, person.nickname, "{}", person.id);
        assert_eq!(profile.avatar.is_some(), person.has_avatar, "{}", person.id);
    }
}

#[tokio::test]
async fn refusals_mean_the_same_on_both_sides() {
    let sim = Sim::start().await;
    let error = exchange_within(&sim, "never-issued", AMPLE).await.unwrap_err();
    assert_eq!((error.errcode(), error.kind()), (Some(40029), ErrorKind::CodeInvalid));
    assert_eq!(error.rid().map(str::len), Some(26));

    let code = sim.handle.mint_code(APP_ID, "mona").unwrap();
    exchange_within(&sim, &code, AMPLE).await.unwrap();
    let error = exchange_within(&sim, &code, AMPLE).await.unwrap_err();
    assert_eq!((error.errcode(), error.kind()), (Some(40163), ErrorKind::CodeInvalid));

    sim.handle.reset_secret(APP_ID, Secret::new("renewed")).unwrap();
    let error = exchange(&sim, "mona").await.unwrap_err();
    assert_eq!((error.errcode(), error.kind()), (Some(40125), ErrorKind::Config));
}

#[tokio::test]
async fn the_code_of_the_page_is_fetched_and_followed() {
    let sim = Sim::start().await;
    let (client, endpoints) = (Client::new().unwrap(), endpoints(&sim));
    let request = AuthorizeRequest {
        app_id: APP_ID,
        redirect_uri: CALLBACK,
        scope: DEFAULT_SCOPE,
        state: "abc123",
        language: None,
    };
    let code = client.open_qr_code(&endpoints, request.url(&endpoints), AMPLE).await.unwrap();
    assert_eq!(code.picture.media_type, "image/jpeg");
    let follow = async |seen| client.follow_qr_code(&endpoints, &code.uuid, seen, AMPLE).await.unwrap();
    let uuid = code.uuid.reveal();

    sim.http.get(format!("{}/connect/confirm?uuid={uuid}", sim.url)).send().await.unwrap();
    let scanned = follow(QrProgress::Waiting).await;
    assert!(matches!(scanned, QrProgress::Scanned), "{scanned:?}");
    sim.post_json("/sim/deny", &json!({"uuid": uuid})).await;
    let cancelled = follow(scanned).await;
    assert!(matches!(cancelled, QrProgress::Cancelled), "{cancelled:?}");
    sim.post_json("/sim/approve", &json!({"uuid": uuid, "person": "zhang-san"})).await;
    let QrProgress::Confirmed(authorization) = follow(cancelled).await else { panic!("it is confirmed") };
    let tokens = exchange_within(&sim, authorization.reveal(), AMPLE).await.unwrap();
    assert_eq!(tokens.open_id.as_str(), openid_for("zhang-san", APP_ID));

    for (errcode, is_expired) in [(402, true), (500, true), (408, false)] {
        sim.turn(|knobs| knobs.poll_error = Some(errcode));
        assert_eq!(matches!(follow(QrProgress::Waiting).await, QrProgress::Expired), is_expired, "{errcode}");
    }
    // What the simulator shows instead of a page, as WeChat does, holds no code.
    sim.turn(|knobs| knobs.page_error = Some(10003));
    let refused = client.open_qr_code(&endpoints, request.url(&endpoints), AMPLE).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
}
