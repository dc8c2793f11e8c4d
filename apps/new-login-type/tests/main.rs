//! The app through the doors that its callers use.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use mti::login_types::{AUTH_SERVICE, BROWSER_COOKIE, fails};
use mti::prelude::*;
use mti::{App, AppBuilder};
use mti_example_new_login_type::{ACCESS_KEY_INVALID, AccessKey, program};
use mti_testkit::{Browser, Tree};
use serde_json::json;

const LOGIN: &str = "auths.loginTypes.RobotLogin";
const TYPE: &str = "auths.loginTypes.AccessKeyType";
const ROBOT: &str = "robot";

/// The app with its code.
fn builder() -> AppBuilder {
    program().app(env!("CARGO_MANIFEST_DIR"))
}

struct World {
    app: App,
    _data: Tree,
}

impl World {
    fn new(config: Value) -> Self {
        let data = Tree::empty();
        let app = builder().type_defaults(TYPE, config).data(data.path()).open().unwrap();
        Self { app, _data: data }
    }

    async fn call(&self, method: &str, arguments: Value) -> Result<Value> {
        self.app.get_element(LOGIN)?.call(method, arguments).await
    }

    /// Makes a key, in process.
    async fn key(&self, user: &str) -> Value {
        let answer = self.call("createKey", json!({ "userId": user })).await.unwrap();
        json!({ "accessKey": answer["accessKey"] })
    }

    /// A browser in which the owner of a key is signed in.
    async fn signed_in(&self, key: &Value) -> Browser {
        let browser = Browser::new(&self.app);
        let login = browser.call(LOGIN, "getLoginCode", key.clone()).await.unwrap();
        browser.begin_session(&login).await.unwrap();
        browser
    }
}

#[track_caller]
fn assert_fails(outcome: Result<Value>, kind: Fail) {
    let failure = outcome.unwrap_err();
    assert!(failure.is(kind), "{failure:?}");
}

#[test]
fn the_app_is_without_findings() {
    assert_eq!(builder().open().unwrap().check(), []);
}

#[tokio::test]
async fn a_key_is_a_way_in() {
    let world = World::new(json!({}));
    let key = world.key(ROBOT).await;
    let browser = Browser::new(&world.app);
    let config = browser.call(LOGIN, "getLoginConfig", json!({})).await.unwrap();
    assert_eq!(config, json!({ "isActive": true, "authType": "AccessKeyType", "authConfig": {} }));

    let login = browser.call(LOGIN, "getLoginCode", key).await.unwrap();
    assert_eq!(login["corpList"], json!([{ "corpId": "acme", "corpName": "艾克美科技" }]));
    assert_fails(Browser::new(&world.app).begin_session(&login).await, fails::LOGIN_CODE_INVALID);
    browser.begin_session(&login).await.unwrap();
    let current = browser.call(AUTH_SERVICE, "currentUser", json!({})).await.unwrap();
    assert_eq!((&current["userId"], &current["nick"]), (&json!(ROBOT), &json!("机器人")));
}

#[tokio::test]
async fn the_same_in_process_and_typed() {
    let world = World::new(json!({}));
    let login: AccessKey<'_> = world.app.get(LOGIN).unwrap();
    let key = login.create_key(UserId::from(ROBOT)).await.unwrap();
    let code = login.get_login_code(key.access_key).await.unwrap();
    let session = Browser::new(&world.app).begin_session(&serde_json::to_value(code).unwrap()).await.unwrap();
    assert_eq!(session["corpId"], "acme");
}

#[tokio::test]
async fn a_key_is_stored_as_its_hash_only() {
    let world = World::new(json!({}));
    let key = world.key(ROBOT).await;
    let keys: Model<'_> = world.app.get("auths.loginTypes.AccessKeyType.AccessKeyModel").unwrap();
    let rows = serde_json::to_string(&keys.query(None, None, None, None, None).await.unwrap()).unwrap();
    assert!(rows.contains("keyHash") && !rows.contains(key["accessKey"].as_str().unwrap()), "{rows}");
}

#[tokio::test]
async fn what_is_no_key_is_refused() {
    let world = World::new(json!({}));
    world.key(ROBOT).await;
    for key in ["", "a", &"A".repeat(43), "钥匙"] {
        assert_fails(world.call("getLoginCode", json!({ "accessKey": key })).await, ACCESS_KEY_INVALID);
    }
    assert_fails(world.call("createKey", json!({ "userId": "nobody" })).await, fails::USER_NOT_FOUND);
}

#[tokio::test]
async fn a_new_key_takes_the_place_of_the_old_one() {
    let world = World::new(json!({}));
    let old = world.key(ROBOT).await;
    let browser = world.signed_in(&old).await;
    let new = world.key(ROBOT).await;
    assert_eq!(browser.user().await.unwrap(), None, "what came in by the old key is out");
    assert_fails(world.call("getLoginCode", old).await, ACCESS_KEY_INVALID);
    world.call("getLoginCode", new).await.unwrap();
}

#[tokio::test]
async fn unbinding_revokes_the_key_and_ends_what_came_by_it() {
    let world = World::new(json!({}));
    let key = world.key(ROBOT).await;
    let browser = world.signed_in(&key).await;
    let pending = world.call("getLoginCode", key.clone()).await.unwrap();
    for _ in 0..2 {
        world.call("unbind", json!({ "userId": ROBOT })).await.unwrap();
    }
    assert_eq!(browser.user().await.unwrap(), None);
    assert_fails(browser.begin_session(&pending).await, fails::LOGIN_CODE_INVALID);
    assert_fails(world.call("getLoginCode", key).await, ACCESS_KEY_INVALID);
}

#[tokio::test]
async fn visitors_have_keys_of_their_own_only() {
    let world = World::new(json!({}));
    let robot = world.signed_in(&world.key(ROBOT).await).await;
    let admin = world.signed_in(&world.key("admin").await).await;
    let of = |user: &str| json!({ "userId": user });
    for method in ["createKey", "unbind"] {
        assert_fails(Browser::new(&world.app).call(LOGIN, method, of(ROBOT)).await, Fail::LOGIN_REQUIRED);
        assert_fails(robot.call(LOGIN, method, of("admin")).await, Fail::PERMISSION_DENIED);
    }
    robot.call(LOGIN, "createKey", of(ROBOT)).await.unwrap();
    admin.call(LOGIN, "createKey", of(ROBOT)).await.unwrap();
}

#[tokio::test]
async fn a_disabled_user_is_refused() {
    let world = World::new(json!({}));
    let key = world.key(ROBOT).await;
    let users = world.app.get_element("auths.models.UserModel").unwrap();
    let change = json!({ "filter": "Q(userId='robot')", "updateData": { "isActive": false } });
    users.call("updateByFilter", change).await.unwrap();
    assert_fails(world.call("getLoginCode", key).await, Fail::PERMISSION_DENIED);
}

#[tokio::test]
async fn a_login_that_is_switched_off_refuses_and_still_revokes() {
    let world = World::new(json!({ "isActive": false }));
    assert_eq!(world.call("getLoginConfig", json!({})).await.unwrap()["isActive"], false);
    let key = json!({ "accessKey": "A".repeat(43) });
    assert_fails(world.call("getLoginCode", key).await, fails::LOGIN_TYPE_INACTIVE);
    assert_fails(world.call("createKey", json!({ "userId": ROBOT })).await, fails::LOGIN_TYPE_INACTIVE);
    world.call("unbind", json!({ "userId": ROBOT })).await.unwrap();
}

#[tokio::test]
async fn a_code_is_good_in_the_browser_that_asked_for_it_only() {
    let world = World::new(json!({}));
    let browser = Browser::new(&world.app);
    let login = browser.call(LOGIN, "getLoginCode", world.key(ROBOT).await).await.unwrap();
    assert!(browser.cookie(BROWSER_COOKIE).is_some());
    assert_fails(Browser::new(&world.app).begin_session(&login).await, fails::LOGIN_CODE_INVALID);
    browser.begin_session(&login).await.unwrap();
}
