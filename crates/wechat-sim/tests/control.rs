//! The simulator's own interface.

use mti_wechat_sim::{DenyMode, Effect, Endpoint, Fault, Knobs, openid_for};
use serde_json::{Value, json};

use crate::support::{APP_ID, Sim};

#[tokio::test]
async fn knobs_are_read_and_set() {
    let sim = Sim::start().await;
    let knobs: Knobs = serde_json::from_str(&sim.page("/sim/knobs").await).unwrap();
    assert_eq!(knobs, Knobs::default());
    let put = |body: Value| sim.http.put(format!("{}/sim/knobs", sim.url)).json(&body).send();
    let answer = put(json!({
        "denyMode": "authdeny",
        "codeTtl": 5,
        "faults": [
            {"endpoint": "access_token", "times": 2, "effect": {"errcode": -1}},
            {"endpoint": "userinfo", "effect": "wrongOpenid"},
        ],
    }))
    .await
    .unwrap();
    assert_eq!(answer.status(), 200);
    let expected = Knobs {
        deny_mode: DenyMode::Authdeny,
        code_ttl: 5,
        faults: vec![
            Fault { endpoint: Endpoint::AccessToken, times: Some(2), effect: Effect::Errcode(-1) },
            Fault { endpoint: Endpoint::Userinfo, times: None, effect: Effect::WrongOpenid },
        ],
        ..Knobs::default()
    };
    assert_eq!(sim.handle.knobs(), expected);
    assert_eq!(serde_json::from_str::<Knobs>(&sim.page("/sim/knobs").await).unwrap(), expected);

    for wrong in [json!({"nonsense": 1}), json!({"codeTtl": "long"}), json!("x")] {
        assert_eq!(put(wrong.clone()).await.unwrap().status(), 422, "{wrong}");
    }
    assert_eq!(sim.handle.knobs(), expected, "a mistake changes nothing");
    put(json!({})).await.unwrap();
    assert_eq!(sim.handle.knobs(), Knobs::default());
}

#[tokio::test]
async fn the_control_page_sets_knobs_too() {
    let sim = Sim::start().await;
    let page = sim.page("/sim/").await;
    assert!(page.contains("&quot;codeTtl&quot;: 600") && page.contains(APP_ID));
    let answer = sim.post_form("/sim/knobs", &[("knobs", r#"{"codeTtl": 7}"#)]).await;
    assert_eq!(answer.status(), 303);
    assert_eq!(sim.handle.knobs().code_ttl, 7);
    let answer = sim.post_form("/sim/knobs", &[("knobs", r#"{"codeTtl": }"#)]).await;
    assert!(answer.text().await.unwrap().contains("not changed: expected value at line 1 column 13"));
    assert_eq!(sim.handle.knobs().code_ttl, 7);
}

#[tokio::test]
async fn a_code_is_minted_without_a_browser() {
    let sim = Sim::start().await;
    let (status, answer) = sim.post_json("/sim/code", &json!({"appId": APP_ID, "person": "li-si"})).await;
    assert_eq!(status, 200);
    let tokens = sim.exchange(answer["code"].as_str().unwrap()).await;
    assert_eq!(tokens["openid"], openid_for("li-si", APP_ID));
    for (app_id, person) in [("nonsense", "li-si"), (APP_ID, "nobody")] {
        let (status, answer) = sim.post_json("/sim/code", &json!({"appId": app_id, "person": person})).await;
        assert_eq!(status, 404);
        assert!(answer["error"].is_string());
    }
}

#[tokio::test]
async fn pending_logins_are_listed() {
    let sim = Sim::start().await;
    let first = sim.open_login().await;
    let second = sim.open_login().await;
    let pending: Value = serde_json::from_str(&sim.page("/sim/pending").await).unwrap();
    assert_eq!(pending[0]["uuid"], second);
    assert_eq!(pending[1]["uuid"], first);
    sim.post_json("/sim/approve", &json!({"uuid": second})).await;
    let pending: Value = serde_json::from_str(&sim.page("/sim/pending").await).unwrap();
    assert_eq!(pending.as_array().unwrap().len(), 1);
    assert_eq!(pending[0]["appId"], APP_ID);
}

#[tokio::test]
async fn reset_forgets_everything() {
    let sim = Sim::start().await;
    let uuid = sim.open_login().await;
    let code = sim.handle.mint_code(APP_ID, "li-si").unwrap();
    sim.turn(|knobs| knobs.privacy = true);
    assert_eq!(sim.post_json("/sim/reset", &json!({})).await.0, 200);
    assert_eq!(sim.handle.knobs(), Knobs::default());
    assert_eq!(sim.exchange(&code).await["errcode"], 40029);
    assert_eq!(sim.post_json("/sim/deny", &json!({"uuid": uuid})).await.0, 404);
}

#[tokio::test]
async fn nothing_shows_a_secret() {
    let sim = Sim::start().await;
    let shown = format!("{:?} {:?}", sim.handle, sim.handle.knobs());
    assert!(!shown.contains(crate::support::APP_SECRET));
    for path in ["/sim/", "/sim/knobs", "/sim/people", "/sim/pending"] {
        assert!(!sim.page(path).await.contains(crate::support::APP_SECRET), "{path}");
    }
}
