use mti_element::{Facade, Fail, REDACTED};
use mti_login_types::{AuthConfig, AuthService, WeChat};
use serde_json::{Value, json};

use crate::support::{LOGIN, SERVICE, World};

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
    let world =
        World::with(json!({ "authConfig": { "appId": "wx0000000000000001" } }), declared, |builder| builder).await;
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
        (json!({ "authConfig": { "appId": "wx0000000000000001" } }), "MTI0602", "authConfig.appSecret"),
        (json!({ "authConfig": { "appId": "wx1", "appSecret": 12345 } }), "MTI0505", "authConfig.appSecret"),
        (json!({ "endpoints": { "api": "http://api.example.com" } }), "MTI0605", "endpoints.api"),
        (json!({ "endpoints": { "open": "nowhere" } }), "MTI0605", "endpoints.open"),
        (json!({ "endpoints": { "poll": "http://lp.example.com" } }), "MTI0605", "endpoints.poll"),
        (json!({ "codeDisplay": "mine" }), "MTI0505", "codeDisplay"),
        (json!({ "redirectUri": "/auth/callback" }), "MTI0606", "redirectUri"),
        (json!({ "redirectUris": ["https://a@b.example/"] }), "MTI0606", "redirectUris"),
        (json!({ "redirectUris": ["https://b.example/", 5] }), "MTI0505", "redirectUris.1"),
        (json!({ "timeoutMs": 0 }), "MTI0505", "timeoutMs"),
        (json!({ "timeoutMs": "soon" }), "MTI0505", "timeoutMs"),
        (json!({ "isActive": "yes" }), "MTI0505", "isActive"),
    ] {
        let world = World::configured(config.clone()).await;
        let failure = world.call("getLoginConfig", json!({})).await.unwrap_err();
        let [diagnostic] = failure.diagnostics() else { panic!("{config}: {failure:?}") };
        assert_eq!(diagnostic.code.id(), code, "{config}: {diagnostic:?}");
        assert!(diagnostic.message.contains(key), "{}", diagnostic.message);
        assert!(!diagnostic.message.contains("12345"));
        assert!(diagnostic.location.is_some(), "{config}");
        assert!(codes_of(&world).contains(&code.to_owned()), "{config}: `check` reports it too");
    }
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once() {
    let config = json!({
        "authConfig": null,
        "isActive": "perhaps",
        "codeDisplay": "mine",
        "timeoutMs": -4,
        "endpoints": { "open": "http://open.example.com", "api": "nowhere", "poll": 5 },
        "redirectUri": "/auth/callback",
        "redirectUris": ["https://a@b.example/", 4, "https://c.example/"],
    });
    let world = World::configured(config).await;
    let failure = world.call("getLoginConfig", json!({})).await.unwrap_err();
    let keys: Vec<_> = failure.diagnostics().iter().map(|finding| finding.message.split('`').nth(1).unwrap()).collect();
    let expected = [
        "authConfig.appId",
        "authConfig.appSecret",
        "isActive",
        "endpoints.open",
        "endpoints.api",
        "endpoints.poll",
        "codeDisplay",
        "redirectUri",
        "redirectUris.0",
        "redirectUris.1",
        "timeoutMs",
    ];
    assert_eq!(keys, expected);
    assert_eq!(codes_of(&world).len(), expected.len(), "{:?}", codes_of(&world));
}

#[tokio::test]
async fn an_app_id_that_wechat_would_not_give_is_warned_of() {
    for (app_id, is_warned) in [
        ("wx0123456789abcdef", false),
        ("wx0123456789abcde", true),
        ("wx0123456789abcdefa", true),
        ("wx0123456789ABCDEF", true),
        ("0123456789abcdef0123456789abcdef", true),
        (" wx0123456789abcdef", true),
    ] {
        let world = World::configured(json!({ "authConfig": { "appId": app_id, "appSecret": "x" } })).await;
        world.call("getLoginConfig", json!({})).await.unwrap();
        let expected: &[&str] = if is_warned { &["MTI0607"] } else { &[] };
        assert_eq!(codes_of(&world), expected, "{app_id}");
    }
}

#[tokio::test]
async fn white_space_around_a_secret_is_warned_of_and_not_shown() {
    for (secret, is_warned) in [
        ("0123456789abcdef", false),
        ("inner space", false),
        ("0123456789abcdef\n", true),
        (" 0123456789abcdef", true),
        ("\u{feff}0123456789abcdef", true),
        ("\"0123456789abcdef\"", true),
        ("0123456789abcdef\u{3000}", true),
    ] {
        let world =
            World::configured(json!({ "authConfig": { "appId": "wx0123456789abcdef", "appSecret": secret } })).await;
        world.call("getLoginConfig", json!({})).await.unwrap();
        let expected: &[&str] = if is_warned { &["MTI0609"] } else { &[] };
        assert_eq!(codes_of(&world), expected, "{secret:?}");
        assert!(!format!("{:?}", world.app.check()).contains("0123456789abcdef\\n"));
    }
    let declared = "//- auths/loginTypes/MyWeChatLogin/e.json\n{ \"title\": \"WeChat\", \"type\": \"auths.loginTypes.WeChatType\", \"appSecret\": \"x \" }\n";
    let config = json!({ "authConfig": { "appId": "wx0123456789abcdef" } });
    assert_eq!(codes_of(&World::with(config, declared, |builder| builder).await), ["MTI0609"]);
}

#[tokio::test]
async fn an_address_says_what_is_too_much_in_it() {
    for (address, said) in [
        ("https://www.example.com/登录", "percent-encode"),
        ("https://www.example.com/a b", "percent-encode"),
        ("https://www.example.com/ ", "white space"),
        ("\nhttps://www.example.com/", "white space"),
        ("/auth/callback", "absolute"),
        ("https://a@b.example/", "user name"),
    ] {
        let world = World::configured(json!({ "redirectUri": address })).await;
        let failure = world.call("getLoginConfig", json!({})).await.unwrap_err();
        let [diagnostic] = failure.diagnostics() else { panic!("{address}: {failure:?}") };
        assert!(diagnostic.message.contains(said), "{address}: {}", diagnostic.message);
    }
}

#[tokio::test]
async fn a_login_without_a_config_says_which_file_to_write() {
    let files = r#"
//- auths/loginTypes/My/e.json
{ "title": "WeChat", "type": "auths.loginTypes.WeChatType", "appSecret": "x" }
//- auths/loginTypes/Null/e.json
{ "title": "WeChat", "type": "auths.loginTypes.WeChatType", "appSecret": "x" }
//- auths/loginTypes/Null/Null.json
{ "authConfig": null }
//- auths/loginTypes/Empty/e.json
{ "title": "WeChat", "type": "auths.loginTypes.WeChatType", "appSecret": "x" }
//- auths/loginTypes/Empty/config.json
{}
"#;
    let world = World::with(json!({}), files, |builder| builder).await;
    for (name, file, ask) in [
        ("My", "My.json", "write"),
        ("Null", "Null.json", "put the application's AppID"),
        ("Empty", "config.json", "put the application's AppID"),
    ] {
        let element = world.app.get_element(&format!("auths.loginTypes.{name}"));
        let failure = match element {
            Ok(element) => element.call("getLoginConfig", json!({})).await.unwrap_err(),
            Err(failure) => failure,
        };
        let diagnostic = failure.diagnostics().iter().find(|diagnostic| diagnostic.code.id() == "MTI0601");
        let message = &diagnostic.unwrap_or_else(|| panic!("{name}: {failure:?}")).message;
        assert!(message.starts_with("config key `authConfig.appId` is missing"), "{message}");
        assert!(message.contains(&format!("`auths/loginTypes/{name}/{file}`")), "{message}");
        assert!(message.contains(ask), "{message}");
    }
}

#[tokio::test]
async fn a_wrong_type_is_told_in_the_words_of_json() {
    for (config, message) in [
        (json!({ "authConfig": "wx1" }), "config key `authConfig` must be an object"),
        (json!({ "authConfig": ["wx1"] }), "config key `authConfig` must be an object"),
        (json!({ "authConfig": { "appId": 7, "appSecret": "x" } }), "config key `authConfig.appId` must be a string"),
        (json!({ "endpoints": 7 }), "config key `endpoints` must be an object"),
        (json!({ "timeoutMs": -1 }), "config key `timeoutMs` must be a whole number from 1 to 60000"),
        (json!({ "timeoutMs": 1.5 }), "config key `timeoutMs` must be a whole number from 1 to 60000"),
        (json!({ "timeoutMs": [] }), "config key `timeoutMs` must be a whole number from 1 to 60000"),
        (json!({ "isActive": 2 }), "config key `isActive` must be 0 or 1, or a boolean"),
        (json!({ "allowRegister": {} }), "config key `allowRegister` must be 0 or 1, or a boolean"),
        (json!({ "scope": 7 }), "config key `scope` must be a string"),
        (json!({ "codeDisplay": "" }), "config key `codeDisplay` must be `frame` or `own`"),
        (json!({ "redirectUris": "https://a.example/" }), "config key `redirectUris` must be a list of strings"),
    ] {
        let world = World::configured(config.clone()).await;
        let failure = world.call("getLoginConfig", json!({})).await.unwrap_err();
        let [diagnostic] = failure.diagnostics() else { panic!("{config}: {failure:?}") };
        assert_eq!(diagnostic.message, message, "{config}");
    }
}

#[tokio::test]
async fn null_is_as_good_as_nothing_and_a_placeholder_gives_a_text() {
    for config in [
        json!({ "isActive": null, "scope": null, "redirectUri": null, "redirectUris": null, "timeoutMs": null }),
        json!({ "isActive": "true", "timeoutMs": "5000", "allowRegister": "0", "redirectUri": "" }),
    ] {
        let world = World::configured(config.clone()).await;
        let answer = world.call("getLoginConfig", json!({})).await.unwrap();
        assert_eq!(answer["isActive"], true, "{config}");
        assert!(codes_of(&world).is_empty(), "{config}: {:?}", world.app.check());
    }
    let off = World::configured(json!({ "isActive": "false" })).await;
    assert_eq!(off.call("getLoginConfig", json!({})).await.unwrap()["isActive"], false);
}

#[tokio::test]
async fn what_e_json_says_wrong_is_shown_in_e_json() {
    for (line, code, column) in [
        (r#""appSecret": 12345"#, "MTI0505", 14),
        (r#""appSecret": "another""#, "MTI0603", 14),
        (r#""allowRegister": "yes""#, "MTI0505", 18),
        (r#""redirectUris": "https://a.example/""#, "MTI0505", 17),
        (r#""redirectUris": ["https://a.example/", 7]"#, "MTI0505", 40),
        (r#""redirectUris": ["https://a.example/", "/b"]"#, "MTI0606", 40),
    ] {
        let files = format!(
            "//- auths/loginTypes/MyWeChatLogin/e.json\n{{ \"title\": \"W\", \"type\": \"auths.loginTypes.WeChatType\",\n{line}\n}}\n"
        );
        let world = World::with(json!({ "redirectUris": [], "allowRegister": 0 }), &files, |builder| builder).await;
        let found = world.app.check();
        let [diagnostic] = &found[..] else { panic!("{line}: {found:?}") };
        let location = diagnostic.location.as_ref().unwrap();
        let place = (location.file.as_str(), location.line, location.column);
        assert_eq!(diagnostic.code.id(), code, "{line}");
        assert_eq!(place, ("auths/loginTypes/MyWeChatLogin/e.json", Some(2), Some(column)), "{line}");
        assert!(!diagnostic.message.contains("12345") && !diagnostic.message.contains("another"));
    }
}

#[tokio::test]
async fn the_login_service_reads_its_config_as_leniently() {
    let with = async |config: &str| {
        let files = format!(
            "//- auths/loginTypes/services/AuthSvc/e.json\n{{}}\n//- auths/loginTypes/services/AuthSvc/AuthSvc.json\n{config}\n"
        );
        World::with(json!({}), &files, |builder| builder).await
    };
    for config in ["{}", r#"{ "sessionSeconds": null }"#, r#"{ "sessionSeconds": "3600" }"#] {
        assert!(codes_of(&with(config).await).is_empty(), "{config}");
    }
    for value in ["59", "-1", "1.5", "[]", r#""long""#] {
        let found = with(&format!("{{ \"sessionSeconds\": {value} }}")).await.app.check();
        let [diagnostic] = &found[..] else { panic!("{value}: {found:?}") };
        let expected = "config key `sessionSeconds` must be a whole number from 60 to 4294967295";
        assert_eq!((diagnostic.code.id(), diagnostic.message.as_str()), ("MTI0505", expected), "{value}");
    }
}

#[tokio::test]
async fn the_login_service_is_a_type_of_its_own_name() {
    let world = World::new().await;
    assert_eq!(<AuthService<'_> as Facade<'_>>::TYPE, SERVICE);
    let service: AuthService<'_> = world.app.get(SERVICE).unwrap();
    assert_eq!(service.find_user("anna".into()).await.unwrap().unwrap().nick, "Anna");
    assert!(world.app.get::<AuthService<'_>>(LOGIN).is_err());
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
