//! Applications and people that come over HTTP.

use mti_wechat_sim::{openid_for, unionid_for};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{APP_ID, Sim, qr_connect, uuid_of};

const OTHER_APP: &str = "wx1111111111111111";

async fn put(sim: &Sim, path: &str, body: Value) -> (StatusCode, Value) {
    let answer = sim.http.put(format!("{}{path}", sim.url)).json(&body).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn get(sim: &Sim, path: &str) -> Value {
    serde_json::from_str(&sim.page(path).await).unwrap()
}

async fn union_id(sim: &Sim, app_id: &str, secret: &str) -> Value {
    let code = sim.handle.mint_code(app_id, "mona").unwrap();
    let parameters =
        [("appid", app_id), ("secret", secret), ("code", code.as_str()), ("grant_type", "authorization_code")];
    sim.call("/sns/oauth2/access_token", &parameters).await["unionid"].clone()
}

#[tokio::test]
async fn an_application_is_registered_as_described() {
    let sim = Sim::start().await;
    let app = json!({
        "appId": OTHER_APP,
        "secret": "the secret",
        "kind": "serviceAccount",
        "callback": {"hosts": ["shop.example"]},
        "account": "another account",
    });
    let (status, description) = put(&sim, "/sim/apps", app).await;
    assert_eq!(status, 200);
    let expected = json!({
        "appId": OTHER_APP,
        "kind": "serviceAccount",
        "callback": {"hosts": ["shop.example"]},
        "account": "another account",
        "hasSecret": true,
    });
    assert_eq!(description, expected);
    let apps = get(&sim, "/sim/apps").await;
    assert!(apps.as_array().unwrap().contains(&expected));
    assert!(!apps.to_string().contains("the secret"));
    let page = sim.page(&qr_connect(&[("appid", Some(OTHER_APP))])).await;
    assert!(page.contains("10005"), "a service account has no such page");

    for (wrong, expected) in [
        (json!({"appId": "nonsense"}), 422),
        (json!({"appId": OTHER_APP, "callback": "everywhere"}), 422),
        (json!({"secret": "x"}), 422),
    ] {
        assert_eq!(put(&sim, "/sim/apps", wrong.clone()).await.0, expected, "{wrong}");
    }
}

#[tokio::test]
async fn one_person_has_one_union_id_within_an_account() {
    let sim = Sim::start().await;
    put(&sim, "/sim/apps", json!({"appId": OTHER_APP, "secret": "s"})).await;
    let first = sim.tokens_of("mona").await;
    assert_eq!(union_id(&sim, OTHER_APP, "s").await, first["unionid"]);
    assert_ne!(openid_for("mona", OTHER_APP), openid_for("mona", APP_ID));

    put(&sim, "/sim/apps", json!({"appId": OTHER_APP, "secret": "s", "account": "another"})).await;
    assert_eq!(union_id(&sim, OTHER_APP, "s").await, unionid_for("mona", "another"));
    let people = get(&sim, "/sim/people").await;
    let mona = people.as_array().unwrap().iter().find(|person| person["id"] == "mona").unwrap();
    assert_eq!(mona["unionIds"][OTHER_APP], unionid_for("mona", "another"));
    assert_eq!(mona["unionIds"][APP_ID], first["unionid"]);
}

#[tokio::test]
async fn callbacks_are_checked_in_the_mode_of_the_application() {
    let sim = Sim::start().await;
    let (home, other_path) = ("https://shop.example/back", "https://shop.example/other");
    let (other_host, subdomain) = ("https://else.example/back", "https://sub.shop.example/back");
    for (callback, allowed) in [
        (json!("loopback"), &[][..]),
        (json!({"hosts": ["shop.example"]}), &[home, other_path]),
        (json!({"exactly": [home, other_host]}), &[home, other_host]),
        (json!({"hostsAndExactly": {"hosts": ["shop.example"], "addresses": [home, other_host]}}), &[home]),
    ] {
        put(&sim, "/sim/apps", json!({"appId": OTHER_APP, "callback": callback})).await;
        for redirect_uri in [home, other_path, other_host, subdomain] {
            let page = sim.page(&qr_connect(&[("appid", Some(OTHER_APP)), ("redirect_uri", Some(redirect_uri))])).await;
            assert_eq!(!page.contains("10003"), allowed.contains(&redirect_uri), "{callback}: {redirect_uri}");
        }
    }
}

#[tokio::test]
async fn applications_are_bounded() {
    let sim = Sim::start().await;
    let mut last = StatusCode::OK;
    for number in 0..300 {
        (last, _) = put(&sim, "/sim/apps", json!({"appId": format!("wx{number:016x}")})).await;
    }
    assert_eq!(last, 507);
    let (status, _) = put(&sim, "/sim/apps", json!({"appId": APP_ID, "secret": "new"})).await;
    assert_eq!(status, 200, "one that is known can be replaced");
    sim.post_json("/sim/reset", &json!({})).await;
    assert_eq!(put(&sim, "/sim/apps", json!({"appId": OTHER_APP})).await.0, 200);
}

#[tokio::test]
async fn a_person_can_be_added_and_signs_in() {
    let sim = Sim::start().await;
    let nickname = "\u{202e}<b>🏴󠁧󠁢󠁳󠁣󠁴󠁿\u{0}";
    let (status, _) = put(&sim, "/sim/people", json!({"id": "new-one", "nickname": nickname})).await;
    assert_eq!(status, 200);
    let tokens = sim.tokens_of("new-one").await;
    let parameters = ["access_token", "openid"].map(|name| (name, tokens[name].as_str().unwrap()));
    let profile = sim.call("/sns/userinfo", &parameters).await;
    assert_eq!(profile["nickname"], nickname);
    assert!(profile["headimgurl"].as_str().unwrap().ends_with("/new-one/132"));

    let changed = json!({"id": "new-one", "nickname": "n", "hasAvatar": false, "hasUnionId": false});
    put(&sim, "/sim/people", changed).await;
    let profile = sim.call("/sns/userinfo", &parameters).await;
    assert_eq!((&profile["nickname"], &profile["headimgurl"]), (&json!("n"), &json!("")));
    assert_eq!(sim.tokens_of("new-one").await["unionid"], Value::Null);
    let uuid = uuid_of(&sim.page(&qr_connect(&[])).await);
    assert!(sim.page(&format!("/connect/confirm?uuid={uuid}")).await.contains("value=\"new-one\""));
}

#[tokio::test]
async fn people_are_bounded_and_have_plain_ids() {
    let sim = Sim::start().await;
    for id in ["", "UPPER", "a b", "../x", "名字", &"x".repeat(65)] {
        assert_eq!(put(&sim, "/sim/people", json!({"id": id, "nickname": ""})).await.0, 422, "`{id}`");
    }
    let mut last = StatusCode::OK;
    for number in 0..200 {
        (last, _) = put(&sim, "/sim/people", json!({"id": format!("p{number}"), "nickname": "x"})).await;
    }
    assert_eq!(last, 507);
}
