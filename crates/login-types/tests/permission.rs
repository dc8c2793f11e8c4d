//! Calls that wait while the right to make them ends: what they were to write is not written.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mti_element::{Fail, Failure, Level, Result, Value, level};
use mti_login_types::{
    AUTH_SERVICE, AuthService, AuthServiceSteps, CodeNews, CodeStatus, Identity, OpenedCode, PASSWORD_TYPE, Password,
    PasswordHash, PasswordLogin, PasswordSteps, User, UserId, WECHAT_TYPE, WeChat, WeChatSteps, fails,
};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use crate::support::{Browser, Gate, PASSWORD_ACCOUNTS, PASSWORD_LOGIN, Person, SERVICE, World, assert_fails};

const ANNA: Person = Person::new("open-anna");
const ROOT: Person = Person::new("open-root");
const PLANTED: Person = Person::new("open-planted");
const PASSWORD: &str = "correct horse 9";
const OTHER: &str = "battery staple 7";
const SESSIONS: &str = "auths.loginTypes.models.SessionModel";
const USERS: &str = "auths.models.UserModel";

/// Where the steps below wait: a resource of the app.
#[derive(Default)]
struct Gates {
    poll: Gate,
    check: Gate,
    hash: Gate,
    find_user: Gate,
    /// The code that a phone confirms.
    confirmed: Mutex<String>,
    /// Whom the app knows by other means than rows, and whether they may sign in.
    elsewhere: Mutex<Option<User>>,
}

/// Waits for phones, and for rules of an app.
#[derive(Deserialize, Level)]
struct WaitingWeChat {}

#[level]
impl WeChatSteps for WaitingWeChat {
    async fn open_code(&self, _: WeChat<'_>, _: String) -> Result<OpenedCode> {
        Ok(OpenedCode { uuid: "qr".to_owned(), picture: "data:image/png;base64,iVBORw0KGgo=".to_owned() })
    }

    async fn poll_code(&self, this: WeChat<'_>, _: String, _: CodeStatus) -> Result<CodeNews> {
        let gates = this.app().resource(Gates::default);
        gates.poll.pass().await;
        let code = gates.confirmed.lock().unwrap().clone();
        Ok(CodeNews { status: CodeStatus::Confirmed, code: Some(code) })
    }

    async fn check_bind(&self, this: WeChat<'_>, user_id: UserId, who: Identity) -> Result<()> {
        this.app().resource(Gates::default).check.pass().await;
        this.sup().check_bind(user_id, who).await
    }

    async fn check_unbind(&self, this: WeChat<'_>, user_id: UserId) -> Result<()> {
        this.app().resource(Gates::default).check.pass().await;
        this.sup().check_unbind(user_id).await
    }
}

/// Waits for its turn to hash.
#[derive(Deserialize, Level)]
struct WaitingPassword {}

#[level]
impl PasswordSteps for WaitingPassword {
    async fn hash_password(&self, this: PasswordLogin<'_>, password: Password) -> Result<PasswordHash> {
        this.app().resource(Gates::default).hash.pass().await;
        this.sup().hash_password(password).await
    }
}

/// Waits for a directory of users, which may know some that have no row.
#[derive(Deserialize, Level)]
struct WaitingService {}

#[level]
impl AuthServiceSteps for WaitingService {
    async fn find_user(&self, this: AuthService<'_>, user_id: UserId) -> Result<Option<User>> {
        let gates = this.app().resource(Gates::default);
        let elsewhere = gates.elsewhere.lock().unwrap().clone().filter(|user| user.user_id == user_id);
        let user = match elsewhere {
            Some(user) => Some(user),
            None => this.sup().find_user(user_id).await?,
        };
        gates.find_user.pass().await;
        Ok(user)
    }
}

struct Scene {
    world: World,
    gates: Arc<Gates>,
}

impl Scene {
    async fn new() -> Self {
        let files = r#"
//- auths/loginTypes/WeChatType/e.json
{ "backend": "rust" }
//- auths/loginTypes/PasswordType/e.json
{ "backend": "rust" }
//- auths/loginTypes/services/AuthSvc/e.json
{ "backend": "rust" }
"#;
        let world = World::with(json!({ "codeDisplay": "own", "allowRegister": true }), files, |builder| {
            builder
                .level::<WaitingWeChat>("acme.shop", WECHAT_TYPE)
                .level::<WaitingPassword>("acme.shop", PASSWORD_TYPE)
                .level::<WaitingService>("acme.shop", AUTH_SERVICE)
                .resource(Gates::default())
        })
        .await;
        let gates = world.app.resources().get::<Gates>().unwrap();
        world.bound("anna", ANNA).await;
        world.bound("root", ROOT).await;
        Self { world, gates }
    }

    async fn signed_in(&self, person: Person) -> Browser<'_> {
        let browser = self.world.browser();
        browser.sign_in(person).await;
        browser
    }

    /// How a call ends, in the middle of which, at a gate, something happens.
    async fn interrupted(
        &self,
        gate: &Gate,
        call: impl Future<Output = Result<Value, Failure>>,
        event: impl Future<Output = ()>,
    ) -> Result<Value, Failure> {
        let happening = async {
            gate.reached().await;
            event.await;
            gate.open();
        };
        let both = async { tokio::join!(call, happening).0 };
        timeout(Duration::from_secs(30), both).await.expect("the call comes to the gate and ends")
    }

    async fn assert_nothing_planted(&self) {
        let owners = self.world.bindings().await;
        assert!(owners.iter().all(|(_, open_id, _)| open_id != PLANTED.open_id), "{owners:?}");
    }
}

async fn sign_out_everywhere(browser: &Browser<'_>) {
    browser.call_on(SERVICE, "logoutEverywhere", json!({})).await.unwrap();
}

fn update_password<'b>(
    browser: &'b Browser<'_>,
    user_id: &'b str,
    old: &'b str,
) -> impl Future<Output = Result<Value, Failure>> + 'b {
    let arguments = json!({ "userId": user_id, "oldPassword": old, "newPassword": OTHER });
    browser.call_on(PASSWORD_LOGIN, "updatePassword", arguments)
}

#[tokio::test]
async fn a_code_confirmed_after_its_session_ended_binds_nothing() {
    let scene = Scene::new().await;
    let (attacker, owner) = (scene.signed_in(ANNA).await, scene.signed_in(ANNA).await);
    let state = attacker.state_for("bind").await;
    attacker.call("showCode", json!({ "state": state })).await.unwrap();
    *scene.gates.confirmed.lock().unwrap() = scene.world.wechat.code(PLANTED);
    scene.gates.poll.close();
    let following = attacker.call("followCode", json!({ "state": state }));
    let exchanges = scene.world.wechat.exchanges();
    let outcome = scene.interrupted(&scene.gates.poll, following, sign_out_everywhere(&owner)).await;
    assert_fails(outcome, Fail::LOGIN_REQUIRED);
    assert_eq!(scene.world.wechat.exchanges(), exchanges, "WeChat is not asked any more");
    scene.assert_nothing_planted().await;
}

#[tokio::test]
async fn a_bind_that_waits_for_wechat_ends_with_its_session() {
    let scene = Scene::new().await;
    scene.world.named("anna", "anna", PASSWORD).await;
    let gate = scene.world.wechat.exchange_gate();
    let mut password = PASSWORD;
    for way in ["everywhere", "password", "logout", "one"] {
        let (attacker, owner) = (scene.signed_in(ANNA).await, scene.signed_in(ANNA).await);
        let ended = async {
            match way {
                "everywhere" => sign_out_everywhere(&owner).await,
                "password" => {
                    update_password(&owner, "anna", password).await.unwrap();
                }
                "logout" => {
                    attacker.call_on(SERVICE, "logout", json!({})).await.unwrap();
                }
                _ => {
                    let sessions = owner.call_on(SERVICE, "listSessions", json!({})).await.unwrap();
                    for session in sessions["sessions"].as_array().unwrap() {
                        if session["isCurrent"] == json!(false) {
                            let one = json!({ "sessionId": session["sessionId"] });
                            owner.call_on(SERVICE, "endSession", one).await.unwrap();
                        }
                    }
                }
            }
        };
        let state = attacker.state_for("bind").await;
        let arguments = json!({ "userId": "anna", "code": scene.world.wechat.code(PLANTED), "state": state });
        gate.close();
        let outcome = scene.interrupted(gate, attacker.call("bind", arguments), ended).await;
        assert_fails(outcome, Fail::LOGIN_REQUIRED);
        scene.assert_nothing_planted().await;
        if way == "password" {
            password = OTHER;
        }
    }
}

#[tokio::test]
async fn a_bind_that_waits_ends_with_its_user() {
    let scene = Scene::new().await;
    let gate = scene.world.wechat.exchange_gate();
    let anna = scene.signed_in(ANNA).await;
    let state = anna.state_for("bind").await;
    let arguments = json!({ "userId": "anna", "code": scene.world.wechat.code(PLANTED), "state": state });
    gate.close();
    let disabled = scene.world.change(USERS, "Q(userId='anna')", json!({ "isActive": false }));
    assert_fails(scene.interrupted(gate, anna.call("bind", arguments), disabled).await, Fail::LOGIN_REQUIRED);
    scene.world.change(USERS, "Q(userId='anna')", json!({ "isActive": true })).await;
    assert_fails(scene.world.browser().login_code(PLANTED).await, fails::USER_AUTH_MISS);
}

#[tokio::test]
async fn an_administrator_who_is_none_any_more_binds_nothing_to_others() {
    let scene = Scene::new().await;
    let gate = scene.world.wechat.exchange_gate();
    let root = scene.signed_in(ROOT).await;
    let state = root.state_for("bind").await;
    let arguments = json!({ "userId": "ben", "code": scene.world.wechat.code(PLANTED), "state": state });
    gate.close();
    let demoted = scene.world.change(USERS, "Q(userId='root')", json!({ "isAdmin": false }));
    assert_fails(scene.interrupted(gate, root.call("bind", arguments), demoted).await, Fail::PERMISSION_DENIED);
    scene.assert_nothing_planted().await;
}

#[tokio::test]
async fn a_ticket_binds_nothing_after_its_session_ended() {
    let scene = Scene::new().await;
    let (attacker, owner) = (scene.signed_in(ANNA).await, scene.signed_in(ANNA).await);
    let missed = assert_fails(attacker.login_code(PLANTED).await, fails::USER_AUTH_MISS);
    let ticket = json!({ "bindTicket": missed.data().unwrap()["bindTicket"] });
    scene.gates.check.close();
    let binding = attacker.call("bindByTicket", ticket);
    let outcome = scene.interrupted(&scene.gates.check, binding, sign_out_everywhere(&owner)).await;
    assert_fails(outcome, Fail::LOGIN_REQUIRED);
    scene.assert_nothing_planted().await;
}

#[tokio::test]
async fn a_password_that_waits_for_its_hash_is_not_given_after_the_session_ended() {
    let scene = Scene::new().await;
    let (attacker, owner) = (scene.signed_in(ANNA).await, scene.signed_in(ANNA).await);
    let arguments = json!({ "userId": "anna", "username": "anna", "password": PASSWORD });
    scene.gates.hash.close();
    let binding = attacker.call_on(PASSWORD_LOGIN, "bind", arguments);
    let outcome = scene.interrupted(&scene.gates.hash, binding, sign_out_everywhere(&owner)).await;
    assert_fails(outcome, Fail::LOGIN_REQUIRED);
    assert_eq!(scene.world.rows(PASSWORD_ACCOUNTS).await.len(), 0);
}

#[tokio::test]
async fn a_password_is_not_given_when_the_sign_in_grew_old_in_the_queue() {
    let scene = Scene::new().await;
    let anna = scene.signed_in(ANNA).await;
    let arguments = json!({ "userId": "anna", "username": "anna", "password": PASSWORD });
    scene.gates.hash.close();
    let binding = anna.call_on(PASSWORD_LOGIN, "bind", arguments);
    let time_passes = async { scene.world.advance(15 * 60) };
    assert_fails(scene.interrupted(&scene.gates.hash, binding, time_passes).await, Fail::LOGIN_REQUIRED);
    assert_eq!(scene.world.rows(PASSWORD_ACCOUNTS).await.len(), 0);
}

#[tokio::test]
async fn a_new_password_that_waits_for_its_hash_is_not_set_after_the_session_ended() {
    let scene = Scene::new().await;
    scene.world.named("anna", "anna", PASSWORD).await;
    let (attacker, owner) = (scene.signed_in(ANNA).await, scene.signed_in(ANNA).await);
    scene.gates.hash.close();
    let updating = update_password(&attacker, "anna", PASSWORD);
    let outcome = scene.interrupted(&scene.gates.hash, updating, sign_out_everywhere(&owner)).await;
    assert_fails(outcome, Fail::LOGIN_REQUIRED);
    scene.world.browser().password_login("anna", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn an_administrator_who_is_none_any_more_sets_no_password_of_others() {
    let scene = Scene::new().await;
    scene.world.named("ben", "ben", PASSWORD).await;
    let root = scene.signed_in(ROOT).await;
    scene.gates.hash.close();
    let demoted = scene.world.change(USERS, "Q(userId='root')", json!({ "isAdmin": false }));
    let outcome = scene.interrupted(&scene.gates.hash, update_password(&root, "ben", ""), demoted).await;
    assert_fails(outcome, Fail::PERMISSION_DENIED);
    scene.world.browser().password_login("ben", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn an_account_is_not_taken_away_after_the_session_ended() {
    let scene = Scene::new().await;
    let (attacker, owner) = (scene.signed_in(ANNA).await, scene.signed_in(ANNA).await);
    scene.gates.check.close();
    let unbinding = attacker.call("unbind", json!({ "userId": "anna" }));
    let outcome = scene.interrupted(&scene.gates.check, unbinding, sign_out_everywhere(&owner)).await;
    assert_fails(outcome, Fail::LOGIN_REQUIRED);
    assert!(scene.world.bindings().await.iter().any(|(user_id, ..)| user_id == "anna"));
}

#[tokio::test]
async fn a_session_that_ended_ends_no_others() {
    let scene = Scene::new().await;
    for everywhere in [true, false] {
        let (attacker, owner) = (scene.signed_in(ANNA).await, scene.signed_in(ANNA).await);
        let sessions = attacker.call_on(SERVICE, "listSessions", json!({})).await.unwrap();
        let others = sessions["sessions"].as_array().unwrap().iter().find(|one| one["isCurrent"] == json!(false));
        let ending = if everywhere {
            attacker.call_on(SERVICE, "logoutEverywhere", json!({ "exceptCurrent": true }))
        } else {
            attacker.call_on(SERVICE, "endSession", json!({ "sessionId": others.unwrap()["sessionId"] }))
        };
        // The first look-up tells the server who calls, the second one is the call's own.
        scene.gates.find_user.close_after(1);
        let ended = async {
            let rows = scene.world.rows(SESSIONS).await;
            let first = rows.first().unwrap()["id"].clone();
            let its_own = json!({ "filter": format!("Q(id={first})") });
            scene.world.element(SESSIONS).call("deleteByFilter", its_own).await.unwrap();
        };
        let outcome = scene.interrupted(&scene.gates.find_user, ending, ended).await;
        assert_fails(outcome, Fail::LOGIN_REQUIRED);
        assert_eq!(owner.user().await.as_deref(), Some("anna"));
        sign_out_everywhere(&owner).await;
    }
}

#[tokio::test]
async fn a_user_who_is_disabled_while_signing_in_gets_no_session() {
    let scene = Scene::new().await;
    let browser = scene.world.browser();
    let code = browser.login_code(ANNA).await.unwrap();
    scene.gates.find_user.close();
    let disabled = scene.world.change(USERS, "Q(userId='anna')", json!({ "isActive": false }));
    let signing_in = browser.login_by_code(&code["loginCode"], "acme");
    let outcome = scene.interrupted(&scene.gates.find_user, signing_in, disabled).await;
    assert_fails(outcome, Fail::PERMISSION_DENIED);
    assert_eq!(scene.world.rows(SESSIONS).await.len(), 0);
}

#[tokio::test]
async fn a_call_in_process_is_trusted_whatever_happens_meanwhile() {
    let scene = Scene::new().await;
    let gate = scene.world.wechat.exchange_gate();
    gate.close();
    let binding = scene.world.call("bind", json!({ "userId": "anna", "code": scene.world.wechat.code(PLANTED) }));
    let disabled = scene.world.change(USERS, "Q(userId='anna')", json!({ "isActive": false }));
    scene.interrupted(gate, binding, disabled).await.unwrap();
}

#[tokio::test]
async fn users_who_are_kept_elsewhere_bind_while_they_are_active() {
    let scene = Scene::new().await;
    let mut carla = User { user_id: "carla".into(), nick: "Carla".to_owned(), is_active: true, is_admin: true };
    *scene.gates.elsewhere.lock().unwrap() = Some(carla.clone());
    let first = Person::new("open-carla");
    scene.world.bound("carla", first).await;
    let browser = scene.world.browser();
    let code = browser.login_code(first).await.unwrap();
    browser.login_by_code(&code["loginCode"], "").await.unwrap();
    browser.bind("ben", Person::new("open-ben")).await.unwrap();
    let state = browser.state_for("bind").await;
    let arguments = json!({ "userId": "carla", "code": scene.world.wechat.code(PLANTED), "state": state });
    let gate = scene.world.wechat.exchange_gate();
    gate.close();
    carla.is_active = false;
    let disabled = async { *scene.gates.elsewhere.lock().unwrap() = Some(carla) };
    assert_fails(scene.interrupted(gate, browser.call("bind", arguments), disabled).await, Fail::LOGIN_REQUIRED);
    scene.assert_nothing_planted().await;
}
