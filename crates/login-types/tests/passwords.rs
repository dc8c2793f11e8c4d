//! Signing in by user name and password.

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
use mti_element::{Fail, Level, OpenContext, Result, Value, level};
use mti_login_types::{
    BROWSER_COOKIE, OldPassword, PASSWORD_TYPE, Password, PasswordLogin, PasswordSteps, UserId, fails,
};
use mti_registry::AppBuilder;
use serde_json::json;

use crate::support::{PASSWORD_ACCOUNTS, PASSWORD_LOGIN, World, assert_fails};

const PASSWORD: &str = "correct horse 9";

async fn world() -> World {
    let world = World::new().await;
    world.named("anna", "anna", PASSWORD).await;
    world
}

/// An app whose password login has a config.
async fn configured(config: Value) -> World {
    let file = format!("//- auths/loginTypes/PasswordLogin/PasswordLogin.json\n{config}");
    World::with(json!({}), &file, |builder| builder).await
}

#[tokio::test]
async fn a_user_name_and_its_password_are_a_way_in() {
    let world = world().await;
    let browser = world.browser();
    let answer = browser.password_login("anna", PASSWORD).await.unwrap();
    let corps = json!([{ "corpId": "acme", "corpName": "Acme Ltd" }, { "corpId": "panda", "corpName": "Panda Lab" }]);
    assert_eq!(answer, json!({ "loginCode": answer["loginCode"], "corpList": corps }));
    assert!(browser.cookie(BROWSER_COOKIE).is_some());
    let stolen = world.browser().login_by_code(&answer["loginCode"], "acme").await;
    assert_fails(stolen, fails::LOGIN_CODE_INVALID);
    browser.login_by_code(&answer["loginCode"], "acme").await.unwrap();
    assert_eq!(browser.user().await.as_deref(), Some("anna"));
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_the_same_failure() {
    let world = world().await;
    let browser = world.browser();
    let mut told = Vec::new();
    for (username, password) in
        [("anna", "wrong"), ("nobody", PASSWORD), ("anna", ""), ("", ""), ("a b\u{0}", PASSWORD)]
    {
        let failure = assert_fails(browser.password_login(username, password).await, fails::PASSWORD_ERROR);
        told.push((failure.message().to_owned(), failure.data().cloned()));
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
}

#[tokio::test]
async fn what_a_front_end_is_told_says_what_a_password_must_be_like() {
    let world = configured(json!({ "limit": { "minLength": 10, "requireNumber": 1 } })).await;
    let told = world.browser().call_on(PASSWORD_LOGIN, "getLoginConfig", json!({})).await.unwrap();
    let limit = json!({
        "minLength": 10, "maxLength": 256, "requireUppercase": false, "requireLowercase": false,
        "requireNumber": true, "requireSpecialChar": false,
    });
    assert_eq!(told, json!({ "isActive": true, "authType": "PasswordType", "authConfig": { "limit": limit } }));
}

#[tokio::test]
async fn a_name_is_one_name_in_whatever_letters_it_is_typed() {
    let world = World::new().await;
    world.named("anna", "Ａｎｎａ.Ångström", PASSWORD).await;
    for typed in ["anna.ångström", " ANNA.ÅNGSTRÖM ", "anna.a\u{30a}ngstro\u{308}m"] {
        world.browser().password_login(typed, PASSWORD).await.unwrap();
    }
    let taken = json!({ "userId": "ben", "username": "ANNA.ångström", "password": PASSWORD });
    assert_fails(world.password_call("bind", taken).await, fails::AUTH_CONFLICT);
}

#[tokio::test]
async fn a_password_is_the_same_however_its_letters_are_composed() {
    let world = World::new().await;
    world.named("anna", "anna", "pa\u{df}wort \u{e9}\u{e9}").await;
    world.browser().password_login("anna", "pa\u{df}wort e\u{301}e\u{301}").await.unwrap();
    assert_fails(world.browser().password_login("anna", "pa\u{df}wort ee").await, fails::PASSWORD_ERROR);
}

#[tokio::test]
async fn every_byte_of_a_long_password_counts_up_to_a_kibibyte() {
    let world = configured(json!({ "limit": { "maxLength": 1024 } })).await;
    let long = "é".repeat(512);
    world.named("anna", "anna", &long).await;
    world.browser().password_login("anna", &long).await.unwrap();
    let almost = format!("{}e", "é".repeat(511));
    assert_fails(world.browser().password_login("anna", &almost).await, fails::PASSWORD_ERROR);
    let longer = format!("{long}e");
    assert_fails(world.browser().password_login("anna", &longer).await, Fail::API_PARAMS_ERROR);
    assert_fails(world.browser().password_login(&longer, "x").await, Fail::API_PARAMS_ERROR);
    let arguments = json!({ "userId": "ben", "username": "ben", "password": longer });
    assert_fails(world.password_call("bind", arguments).await, Fail::API_PARAMS_ERROR);
}

#[tokio::test]
async fn names_that_nobody_could_tell_apart_or_type_are_refused() {
    let world = World::new().await;
    for name in ["", "  ", "an na", "anna\u{200b}", "an\nna", "a/b", "<b>", "💤", &"a".repeat(65)] {
        let arguments = json!({ "userId": "anna", "username": name, "password": PASSWORD });
        let failure = assert_fails(world.password_call("bind", arguments).await, Fail::API_PARAMS_ERROR);
        assert!(failure.message().contains("letters, digits"), "{failure}");
    }
    for name in ["a", "张三", "o.neil_2-x@acme.com", "अनुष्का"] {
        let arguments = json!({ "userId": "anna", "username": name, "password": PASSWORD });
        world.password_call("bind", arguments).await.unwrap();
    }
}

#[tokio::test]
async fn a_weak_password_is_refused_with_what_it_lacks() {
    let strict = json!({ "limit": {
        "minLength": 4, "maxLength": 20,
        "requireUppercase": true, "requireLowercase": true, "requireNumber": true, "requireSpecialChar": true,
    } });
    let world = configured(strict).await;
    let lacks = [
        ("Aa1", "at least 4 characters"),
        ("Aa1!Aa1!Aa1!Aa1!Aa1!x", "at most 20 characters"),
        ("aa1!", "a capital letter"),
        ("AA1!", "a small letter"),
        ("Aaa!", "a digit"),
        ("Aaa1", "no letter or digit"),
        ("User-1", "not be the user name"),
    ];
    for (password, lack) in lacks {
        let arguments = json!({ "userId": "anna", "username": "user-1", "password": password });
        let failure = assert_fails(world.password_call("bind", arguments).await, Fail::API_PARAMS_ERROR);
        assert!(failure.message().contains(lack), "{failure}");
        assert!(!failure.operator_message().contains(password), "{failure}");
    }
    world.named("anna", "user-1", "Aa1!").await;
}

#[tokio::test]
async fn eight_characters_are_asked_for_when_nothing_is_configured() {
    let world = World::new().await;
    let arguments = |password: &str| json!({ "userId": "anna", "username": "a", "password": password });
    assert_fails(world.password_call("bind", arguments("1234567")).await, Fail::API_PARAMS_ERROR);
    world.password_call("bind", arguments("一二三四五六七八")).await.unwrap();
}

#[tokio::test]
async fn a_config_that_weakens_the_hash_is_refused() {
    let wrong = [
        (json!({ "argon2": { "memoryKib": 1024 } }), "argon2.memoryKib"),
        (json!({ "argon2": { "memoryKib": 8192, "iterations": 1 } }), "at least 35840"),
        (json!({ "limit": { "minLength": 20, "maxLength": 10 } }), "limit.maxLength"),
        (json!({ "limit": { "minLength": "many" } }), "limit.minLength"),
    ];
    for (config, named) in wrong {
        let world = configured(config).await;
        let failure = world.password_call("getLoginConfig", json!({})).await.unwrap_err();
        assert!(failure.operator_message().contains(named), "{failure:?}");
    }
}

#[tokio::test]
async fn an_argon2id_hash_is_stored_and_no_password() {
    let world = world().await;
    let browser = world.browser();
    browser.password_login("anna", PASSWORD).await.unwrap();
    assert_fails(browser.password_login("anna", "canary-wrong").await, fails::PASSWORD_ERROR);
    assert_fails(browser.password_login("canary-name", "x").await, fails::PASSWORD_ERROR);
    let accounts = world.rows(PASSWORD_ACCOUNTS).await;
    let hash = accounts[0]["passwordHash"].as_str().unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    for model in world.app.get_all_elements_define().into_values().filter(|element| element.is_a("models.NormalType")) {
        let rows = format!("{:?}", world.rows(model.name.as_str()).await);
        assert!(!rows.contains(PASSWORD) && !rows.contains("canary"), "{}", model.name);
    }
}

#[tokio::test]
async fn a_hash_of_other_parameters_is_renewed_when_its_password_is_brought() {
    let world = World::new().await;
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
    let seeded = weak.hash_password(PASSWORD.as_bytes()).unwrap().to_string();
    world.add(PASSWORD_ACCOUNTS, json!({ "userId": "anna", "username": "anna", "passwordHash": seeded })).await;
    assert_fails(world.browser().password_login("anna", "wrong").await, fails::PASSWORD_ERROR);
    assert_eq!(world.rows(PASSWORD_ACCOUNTS).await[0]["passwordHash"], seeded);
    for _ in 0..2 {
        world.browser().password_login("anna", PASSWORD).await.unwrap();
        let hash = world.rows(PASSWORD_ACCOUNTS).await[0]["passwordHash"].as_str().unwrap().to_owned();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    }
}

#[tokio::test]
async fn a_hash_that_is_none_lets_nobody_in() {
    let world = World::new().await;
    let greedy = "$argon2id$v=19$m=4194304,t=1,p=1$NyrTJ4PxgVtpzAt/rKIB9w$6y3NWr94yK63XtTZrI0g7w6QrxhCH3zCp2mfwEGRjiA";
    for (user, hash) in [("anna", "plain text"), ("ben", greedy), ("root", "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$")]
    {
        world.add(PASSWORD_ACCOUNTS, json!({ "userId": user, "username": user, "passwordHash": hash })).await;
        for password in ["plain text", ""] {
            assert_fails(world.browser().password_login(user, password).await, fails::PASSWORD_ERROR);
        }
    }
}

#[tokio::test]
async fn a_disabled_user_is_told_so_only_when_he_knows_his_password() {
    let world = World::new().await;
    world.named("idle", "idle", PASSWORD).await;
    assert_fails(world.browser().password_login("idle", "wrong").await, fails::PASSWORD_ERROR);
    assert_fails(world.browser().password_login("idle", PASSWORD).await, Fail::PERMISSION_DENIED);
}

#[tokio::test]
async fn what_may_be_told_of_a_row() {
    let world = world().await;
    let row = json!(world.rows(PASSWORD_ACCOUNTS).await[0]);
    for (row, is_active) in [(row, true), (Value::Null, false), (json!({ "userId": "anna", "username": "" }), false)] {
        let told = world.password_call("getUserAuthInfo", json!({ "authObj": row })).await.unwrap();
        assert_eq!(told, json!({ "isActive": is_active }));
    }
}

#[test]
fn a_password_has_no_debug_form() {
    let printed = format!("{:?} {:?}", Password::new("canary"), OldPassword(Some(Password::new("canary"))));
    assert!(!printed.contains("canary"), "{printed}");
}

#[tokio::test]
async fn what_is_no_text_is_refused_without_being_shown() {
    let world = world().await;
    for password in [json!(8_675_309), json!(["canary-8675309"]), json!({ "canary": 8_675_309 }), Value::Null] {
        let arguments = json!({ "username": "anna", "password": password });
        let failure = assert_fails(world.password_call("getLoginCode", arguments).await, Fail::API_PARAMS_ERROR);
        assert!(failure.message().contains("argument `password`"), "{failure}");
        assert!(!failure.operator_message().contains("8675309"), "{failure}");
    }
}

/// Has rules of its own for passwords, knows staff by their number, and changes a password while somebody signs in.
struct Staff;

impl Level for Staff {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl PasswordSteps for Staff {
    async fn check_password(
        &self,
        this: PasswordLogin<'_>,
        user: UserId,
        name: String,
        password: Password,
    ) -> Result<()> {
        if password.reveal().contains("acme") {
            return Err(Fail::API_PARAMS_ERROR.because("a password must not have the company's name in it"));
        }
        this.sup().check_password(user, name, password).await
    }

    async fn match_user(&self, this: PasswordLogin<'_>, username: String) -> Result<Option<UserId>> {
        match username.strip_prefix("staff-") {
            Some(user) => Ok(Some(UserId::from(user))),
            None => this.sup().match_user(username).await,
        }
    }

    async fn verify_password(&self, this: PasswordLogin<'_>, user: Option<UserId>, password: Password) -> Result<bool> {
        let is_right = this.sup().verify_password(user.clone(), password.clone()).await?;
        if let Some(user) = user.filter(|_| password.reveal().contains("race")) {
            this.update_password(user, OldPassword(None), Password::new("changed meanwhile")).await?;
        }
        Ok(is_right)
    }
}

fn with_staff(builder: AppBuilder) -> AppBuilder {
    builder.level::<Staff>("acme.shop", PASSWORD_TYPE)
}

const STAFF: &str = "//- auths/loginTypes/PasswordType/e.json\n{ \"backend\": \"rust\" }";

#[tokio::test]
async fn an_override_has_rules_and_names_of_its_own() {
    let world = World::with(json!({}), STAFF, with_staff).await;
    let weak = json!({ "userId": "anna", "username": "anna", "password": "acme-forever" });
    let failure = assert_fails(world.password_call("bind", weak).await, Fail::API_PARAMS_ERROR);
    assert!(failure.message().contains("company"), "{failure}");
    world.named("anna", "anna", PASSWORD).await;
    for name in ["anna", "staff-anna"] {
        world.browser().password_login(name, PASSWORD).await.unwrap();
    }
    assert_fails(world.browser().password_login("staff-ben", PASSWORD).await, fails::PASSWORD_ERROR);
}

#[tokio::test]
async fn a_password_that_is_changed_while_it_is_compared_is_of_no_use_any_more() {
    let world = World::with(json!({}), STAFF, with_staff).await;
    world.named("anna", "anna", "the race is on").await;
    let arguments = json!({ "username": "anna", "password": "the race is on" });
    assert_fails(world.password_call("getLoginCode", arguments).await, fails::PASSWORD_ERROR);
    world.browser().password_login("anna", "changed meanwhile").await.unwrap();
}
