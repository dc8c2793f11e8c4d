use mti_element::{Fail, REDACTED};
use mti_login_types::{AuthConfig, WeChat};
use serde_json::{Value, json};

use crate::support::{LOGIN, World};

const SECRET: &str = "secret-0123456789abcdef";

#[tokio::test]
async fn the_login_config_has_exactly_the_documented_keys() {
    let world = World::new().await;
    let config = world.call("getLoginConfig", json!({})).await.unwrap();
    let expected =
        json!({ "isActive": true, "authType": "WeChatType", "authConfig": { "appId": "wx0123456789abcdef" } });
    assert_eq!(config, expected);
    assert_eq!(world.browser().call("getLoginConfig", json!({})).await.unwrap(), expected);
}

#[tokio::test]
async fn properties_read_in_process() {
    let world = World::new().await;
    let login = world.element(LOGIN);
    assert_eq!(login.property::<String>("authType").await.unwrap(), "WeChatType");
    assert!(login.property::<bool>("isActive").await.unwrap());
    assert_eq!(
        login.property::<String>("authModelElemName").await.unwrap(),
        "auths.loginTypes.WeChatType.WeChatAuthModel"
    );
    let config: AuthConfig = login.property("authConfig").await.unwrap();
    assert_eq!((config.app_id.as_str(), config.app_secret.reveal()), ("wx0123456789abcdef", SECRET));
    assert!(!format!("{config:?}").contains(SECRET));
    let typed: WeChat<'_> = world.app.get(LOGIN).unwrap();
    assert_eq!(typed.auth_config().await.unwrap().app_secret.reveal(), SECRET);
}

#[tokio::test]
async fn the_secret_has_no_json_form_and_no_way_out_over_http() {
    let world = World::new().await;
    let config = world.call("authConfig", Value::Null).await.unwrap();
    assert_eq!(config, json!({ "appId": "wx0123456789abcdef", "appSecret": REDACTED }));
    for method in ["authConfig", "exchangeCode", "matchUser", "issueLoginCode", "registerUser"] {
        let failure = world.browser().call(method, json!({})).await.unwrap_err();
        assert!(failure.is(Fail::FUNCTION_NOT_FOUND), "{method} is not for visitors");
    }
}

#[tokio::test]
async fn the_secret_of_e_json_is_used_when_the_config_has_none() {
    let declared = r#"
//- auths/loginTypes/MyWeChatLogin/e.json
{ "title": "WeChat", "type": "auths.loginTypes.WeChatType", "appSecret": "declared" }
"#;
    let world = World::with(json!({ "authConfig": { "appId": "wx1" } }), declared, |builder| builder).await;
    let config: AuthConfig = world.element(LOGIN).property("authConfig").await.unwrap();
    assert_eq!(config.app_secret.reveal(), "declared");
    assert!(codes_of(&world).is_empty(), "{:?}", codes_of(&world));

    let world = World::with(json!({}), declared, |builder| builder).await;
    let config: AuthConfig = world.element(LOGIN).property("authConfig").await.unwrap();
    assert_eq!(config.app_secret.reveal(), SECRET, "the config's comes first");
    assert_eq!(codes_of(&world), ["MTI0603"]);
}

#[tokio::test]
async fn what_cannot_work_names_the_key_and_the_file() {
    for (config, code, key) in [
        (json!({ "authConfig": { "appSecret": "x" } }), "MTI0601", "authConfig.appId"),
        (json!({ "authConfig": { "appId": "", "appSecret": "x" } }), "MTI0601", "authConfig.appId"),
        (json!({ "authConfig": { "appId": "wx1" } }), "MTI0602", "authConfig.appSecret"),
        (json!({ "authConfig": { "appId": "wx1", "appSecret": 12345 } }), "MTI0505", "authConfig.appSecret"),
        (json!({ "endpoints": { "api": "http://api.example.com" } }), "MTI0605", "endpoints.api"),
        (json!({ "endpoints": { "open": "nowhere" } }), "MTI0605", "endpoints.open"),
        (json!({ "redirectUri": "/auth/callback" }), "MTI0606", "redirectUri"),
        (json!({ "redirectUris": ["https://a@b.example/"] }), "MTI0606", "redirectUris"),
        (json!({ "timeoutMs": 0 }), "MTI0505", "timeoutMs"),
        (json!({ "isActive": "yes" }), "MTI0505", "isActive"),
    ] {
        let world = World::configured(config.clone()).await;
        let failure = world.call("getLoginConfig", json!({})).await.unwrap_err();
        let [diagnostic] = failure.diagnostics() else { panic!("{config}: {failure:?}") };
        assert_eq!(diagnostic.code.id(), code, "{config}");
        assert!(diagnostic.message.contains(key), "{}", diagnostic.message);
        assert!(!diagnostic.message.contains("12345"));
        assert!(diagnostic.location.is_some(), "{config}");
        assert!(codes_of(&world).contains(&code.to_owned()), "{config}: `check` reports it too");
    }
}

#[tokio::test]
async fn the_declared_interface_and_the_code_agree() {
    let world = World::new().await;
    assert!(codes_of(&world).is_empty(), "{:?}", world.app.check());
}

#[tokio::test]
async fn only_a_bound_row_of_this_application_counts_as_authenticated() {
    let world = World::new().await;
    let info = async |world: &World, row: Value| {
        world.call("getUserAuthInfo", json!({ "authObj": row })).await.unwrap()["isActive"].as_bool().unwrap()
    };
    let row = json!({ "id": 1, "appId": "wx0123456789abcdef", "userId": "anna", "openId": "o1", "unionId": null });
    assert!(info(&world, row.clone()).await);
    assert!(!info(&world, Value::Null).await);
    assert!(!info(&world, json!({})).await);
    assert!(!info(&world, json!({ "appId": "wx-other", "openId": "o1" })).await);
    assert!(!info(&world, json!({ "appId": "wx0123456789abcdef", "openId": "" })).await);
    let inactive = World::configured(json!({ "isActive": false })).await;
    assert!(!info(&inactive, row).await);
}

fn codes_of(world: &World) -> Vec<String> {
    world.app.check().iter().map(|diagnostic| diagnostic.code.id().to_owned()).collect()
}
