//! The rules, one function each. They run in this order: a later one finds what an earlier one left behind.

use mti_element::{Fail, Value};
use mti_login_types::{AUTH_SERVICE, LOGIN_META, LoginType, fails};
use serde_json::json;

use super::LoginContract;
use super::trial::{for_user, good, refused};

const USERS: &str = "auths.models.UserModel";

/// What bind and unbind answer.
fn done() -> Value {
    json!({ "success": true, "message": "操作成功" })
}

/// Who may reach what from outside.
pub(super) async fn interface(contract: &LoginContract<'_>) {
    let element = good(contract.app.get_element(contract.login), "the instance loads");
    let definition = good(element.definition(), "the instance has a definition");
    assert!(definition.is_a(LOGIN_META), "`{}` is no `{LOGIN_META}`", contract.login);
    for (name, needs_session) in [("getLoginConfig", false), ("getLoginCode", false), ("bind", true), ("unbind", true)]
    {
        let function = definition.function(name).unwrap_or_else(|| panic!("`{name}` is declared in `functionList`"));
        assert_eq!(function.login_required, needs_session, "`loginRequired` of `{name}`");
    }
    let visitor = contract.browser();
    for property in ["authType", "authConfig", "isActive", "authModelElemName"] {
        let outcome = visitor.call(contract.login, property, json!({})).await;
        refused(outcome, Fail::FUNCTION_NOT_FOUND, "properties are for the process itself");
    }
}

/// What front ends are told.
pub(super) async fn login_config(contract: &LoginContract<'_>, is_active: bool) {
    let visitor = contract.browser();
    let told = good(visitor.call(contract.login, "getLoginConfig", json!({})).await, "everybody may read the config");
    let keys: Vec<&str> = told.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["isActive", "authType", "authConfig"], "the keys of `getLoginConfig`");
    let login: LoginType<'_> = good(contract.app.get(contract.login), "the instance is a login Type's");
    let properties = (good(login.is_active().await, "`isActive`"), good(login.auth_type().await, "`authType`"));
    assert_eq!(told["isActive"], json!(is_active), "`isActive` of `getLoginConfig`");
    assert_eq!((&told["isActive"], &told["authType"]), (&json!(properties.0), &json!(properties.1)), "properties");
    assert!(told["authConfig"].is_object(), "`authConfig` is an object");
    assert_no_secret(contract, &told);
}

/// Nobody, and nothing that was made up, gets in.
pub(super) async fn strangers(contract: &LoginContract<'_>) {
    let [person, _] = contract.people;
    let credentials = contract.credentials;
    let forged = contract.call("getLoginCode", credentials.forged()).await;
    let failure = refused(forged, credentials.forged_is(), "made-up credentials are refused");
    assert_no_secret(contract, &json!(failure.to_string()));

    let unknown = contract.login_code(person).await;
    let failure = refused(unknown, credentials.unknown_is(), "a person who is nobody here is refused");
    if failure.is(fails::USER_AUTH_MISS) {
        let data = failure.data().cloned().unwrap_or_default();
        assert!(data["bindTicket"].is_string() && data["expiresIn"].is_u64(), "`USER_AUTH_MISS` has a ticket");
    }

    let [user, _] = contract.users;
    let (unfit, unfit_is) = credentials.unfit();
    let unfit = contract.call("bind", for_user(user, unfit)).await;
    refused(unfit, unfit_is, "credentials that nobody may have are not bound");
    let nobody = contract.bind("nobody-of-that-name", person).await;
    refused(nobody, fails::USER_NOT_FOUND, "a user who does not exist is not bound");
    refused(contract.login_code(person).await, credentials.unknown_is(), "what was refused has bound nobody");
}

/// A person belongs to one user, and stays his however often it is said.
pub(super) async fn binding(contract: &LoginContract<'_>) {
    let ([user, other], [person, _]) = (contract.users, contract.people);
    for _ in 0..2 {
        assert_eq!(good(contract.bind(user, person).await, "binding the same pair again succeeds"), done());
    }
    let conflict = contract.bind(other, person).await;
    let failure = refused(conflict, fails::AUTH_CONFLICT, "a person who is bound already is not bound to another user");
    let told = format!("{failure} {:?}", failure.data());
    assert!(!told.contains(user), "`AUTH_CONFLICT` tells nothing of the other user");
}

/// Credentials become a login code, and that becomes a session, once, in the browser that began.
pub(super) async fn session(contract: &LoginContract<'_>) {
    let ([user, _], [person, _]) = (contract.users, contract.people);
    let in_process = good(contract.login_code(person).await, "a bound person gets a login code in process");
    let browser = contract.browser();
    let login = good(contract.login_code_in(&browser, person).await, "a bound person gets a login code");
    for answer in [&in_process, &login] {
        let keys: Vec<&str> = answer.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["loginCode", "corpList"], "the keys of `getLoginCode`");
        assert_no_secret(contract, answer);
    }
    assert_eq!(in_process["corpList"], login["corpList"], "the organisations do not depend on the door");

    let stolen = contract.browser().begin_session(&login).await;
    refused(stolen, fails::LOGIN_CODE_INVALID, "a login code is of no use in another browser");
    let session = good(browser.begin_session(&login).await, "a login code opens a session");
    assert_eq!((&session["success"], &session["userId"]), (&json!(true), &json!(user)), "the session is the user's");
    let again = contract.browser().begin_session(&login).await;
    refused(again, fails::LOGIN_CODE_INVALID, "a login code opens one session");
    let current = good(browser.call(AUTH_SERVICE, "currentUser", json!({})).await, "there is a current user");
    assert_eq!(current["userId"], json!(user), "the current user");
    good(browser.call(AUTH_SERVICE, "logout", json!({})).await, "everybody may sign out");
    assert_eq!(good(browser.user().await, "the session can be looked up"), None, "signing out ends the session");
}

/// Visitors act for themselves.
pub(super) async fn own_matters_only(contract: &LoginContract<'_>) {
    let ([_, other], [person, _]) = (contract.users, contract.people);
    let stranger = contract.browser();
    for (method, arguments) in
        [("bind", for_user(other, contract.credentials.of(person))), ("unbind", json!({ "userId": other }))]
    {
        let outcome = stranger.call(contract.login, method, arguments.clone()).await;
        refused(outcome, Fail::LOGIN_REQUIRED, "binding needs a session");
        let outcome = contract.signed_in(person).await.call(contract.login, method, arguments).await;
        refused(outcome, Fail::PERMISSION_DENIED, "nobody is bound or unbound by another user");
    }
}

/// A user who is disabled is out at once, and in again when he is not.
pub(super) async fn disabled_user(contract: &LoginContract<'_>) {
    let ([user, _], [person, _]) = (contract.users, contract.people);
    let browser = contract.signed_in(person).await;
    set_active(contract, user, false).await;
    refused(contract.login_code(person).await, Fail::PERMISSION_DENIED, "a disabled user does not sign in");
    assert_eq!(good(browser.user().await, "a session"), None, "the sessions of a disabled user are dead");
    set_active(contract, user, true).await;
    good(contract.login_code(person).await, "a user who is enabled again signs in");
}

/// Unbinding succeeds however often, ends what came through it, and sets the person free.
pub(super) async fn unbinding(contract: &LoginContract<'_>) {
    let ([user, other], [person, second]) = (contract.users, contract.people);
    let browser = contract.signed_in(person).await;
    let pending = good(contract.login_code_in(&contract.browser(), person).await, "a login code");
    let unbound = browser.call(contract.login, "unbind", json!({ "userId": user })).await;
    assert_eq!(good(unbound, "a user unbinds himself"), done());
    assert_eq!(good(browser.user().await, "a session"), None, "sessions end that came through the binding");
    let late = contract.app.get_element(AUTH_SERVICE);
    let corp = pending["corpList"][0]["corpId"].as_str().unwrap_or_default();
    let arguments = json!({ "loginCode": pending["loginCode"], "corp": corp, "platform": "" });
    let late = good(late, "the login service").call("loginByCode", arguments).await;
    refused(late, fails::LOGIN_CODE_INVALID, "login codes end that came through the binding");
    let again = contract.call("unbind", json!({ "userId": user })).await;
    assert_eq!(good(again, "unbinding again succeeds"), done());
    let unknown = contract.login_code(person).await;
    refused(unknown, contract.credentials.unknown_is(), "a person who was unbound is nobody here");

    good(contract.bind(other, person).await, "a person who was unbound can be bound to another user");
    good(contract.bind(user, second).await, "a user who was unbound can be bound to another person");
    for (user, person) in [(other, person), (user, second)] {
        let browser = contract.signed_in(person).await;
        assert_eq!(good(browser.user().await, "a session").as_deref(), Some(user), "whose session it is");
    }
}

/// A login that is switched off lets nobody in and binds nobody, and lets go of everybody.
pub(super) async fn switched_off(contract: &LoginContract<'_>) {
    let ([user, _], [person, _]) = (contract.users, contract.people);
    let outcome = contract.login_code(person).await;
    refused(outcome, fails::LOGIN_TYPE_INACTIVE, "a login that is switched off lets nobody in");
    let outcome = contract.bind(user, person).await;
    refused(outcome, fails::LOGIN_TYPE_INACTIVE, "a login that is switched off binds nobody");
    let unbound = contract.call("unbind", json!({ "userId": user })).await;
    assert_eq!(good(unbound, "unbinding works when the login is switched off"), done());
}

async fn set_active(contract: &LoginContract<'_>, user: &str, is_active: bool) {
    let users = good(contract.app.get_element(USERS), "there is a model of users");
    let change = json!({ "filter": format!("Q(userId='{user}')"), "updateData": { "isActive": is_active } });
    good(users.call("updateByFilter", change).await, "the user can be changed");
}

#[track_caller]
fn assert_no_secret(contract: &LoginContract<'_>, told: &Value) {
    let told = told.to_string();
    for secret in contract.credentials.secrets() {
        assert!(!told.contains(&secret), "an answer of `{}` holds a secret", contract.login);
    }
}
