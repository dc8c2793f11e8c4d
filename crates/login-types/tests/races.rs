use std::sync::Arc;

use mti_element::Failure;
use mti_login_types::fails;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{LOGIN, Person, SERVICE, World};

const ANNA: Person = Person::new("open-anna");

/// Runs many calls at once, in process or as browsers' of their own, and counts how they ended.
async fn outcomes(calls: JoinSet<Result<Value, Failure>>) -> (usize, Vec<&'static str>) {
    let outcomes = calls.join_all().await;
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let mut lost: Vec<_> = outcomes.into_iter().filter_map(|outcome| Some(outcome.err()?.kind().name)).collect();
    lost.dedup();
    (won, lost)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_users_who_bind_one_account_one_gets_it() {
    let world = World::new().await;
    let login = world.element(LOGIN);
    let mut calls = JoinSet::new();
    for number in 0..64 {
        let user_id = format!("user-{number}");
        world.add("auths.models.UserModel", json!({ "userId": user_id })).await;
        let (login, code) = (login, world.wechat.code(ANNA));
        calls.spawn(async move { login.call("bind", json!({ "userId": user_id, "code": code })).await });
    }
    assert_eq!(outcomes(calls).await, (1, vec![fails::AUTH_CONFLICT.name]));
    assert_eq!(world.bindings().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_accounts_that_one_user_binds_one_is_left() {
    let world = World::new().await;
    let login = world.element(LOGIN);
    let mut calls = JoinSet::new();
    for number in 0..32 {
        let open_id: &'static str = Box::leak(format!("open-{number}").into_boxed_str());
        let (login, code) = (login, world.wechat.code(Person::new(open_id)));
        calls.spawn(async move { login.call("bind", json!({ "userId": "anna", "code": code })).await });
    }
    let (won, lost) = outcomes(calls).await;
    assert_eq!((won, lost), (32, vec![]));
    assert_eq!(world.bindings().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_person_in_many_applications_becomes_one_user_only() {
    let world = World::new().await;
    let login = world.element(LOGIN);
    let mut calls = JoinSet::new();
    for number in 0..32 {
        let user_id = format!("user-{number}");
        world.add("auths.models.UserModel", json!({ "userId": user_id })).await;
        let open_id: &'static str = Box::leak(format!("open-{number}").into_boxed_str());
        let code = world.wechat.code(Person::new(open_id).with_union_id("union-1"));
        calls.spawn(async move { login.call("bind", json!({ "userId": user_id, "code": code })).await });
    }
    assert_eq!(outcomes(calls).await, (1, vec![fails::AUTH_CONFLICT.name]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_callbacks_with_one_state_one_signs_in() {
    let world = Arc::new(World::new().await);
    world.bound("anna", ANNA).await;
    let browser = world.browser();
    let state = browser.state_for("login").await;
    let cookies = browser.cookie(mti_login_types::BROWSER_COOKIE).unwrap();
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let (world, state, cookie) = (Arc::clone(&world), state.clone(), cookies.clone());
        calls.spawn(async move {
            let tab = world.browser();
            tab.set_cookie(mti_login_types::BROWSER_COOKIE, &cookie);
            tab.call("getLoginCode", json!({ "code": world.wechat.code(ANNA), "state": state })).await
        });
    }
    assert_eq!(outcomes(calls).await, (1, vec![fails::STATE_MISMATCH.name]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_callbacks_with_one_code_one_signs_in() {
    let world = Arc::new(World::new().await);
    world.bound("anna", ANNA).await;
    let code = world.wechat.lasting_code(ANNA);
    let before = world.wechat.exchanges();
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let (world, code) = (Arc::clone(&world), code.clone());
        calls.spawn(async move {
            let browser = world.browser();
            let state = browser.state_for("login").await;
            browser.call("getLoginCode", json!({ "code": code, "state": state })).await
        });
    }
    assert_eq!(outcomes(calls).await, (1, vec![fails::WECHAT_CODE_INVALID.name]));
    assert_eq!(world.wechat.exchanges(), before + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_login_code_makes_one_session_however_often_it_is_brought() {
    let world = World::new().await;
    world.bound("anna", ANNA).await;
    let answer = world.call("getLoginCode", json!({ "code": world.wechat.code(ANNA) })).await.unwrap();
    let service = world.element(SERVICE);
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let arguments = json!({ "loginCode": answer["loginCode"], "corp": "acme", "platform": "web" });
        calls.spawn(async move { service.call("loginByCode", arguments).await });
    }
    assert_eq!(outcomes(calls).await, (1, vec![fails::LOGIN_CODE_INVALID.name]));
    assert_eq!(world.rows("auths.loginTypes.models.SessionModel").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wrong_organisations_are_counted_however_many_are_tried_at_once() {
    let world = World::new().await;
    world.bound("anna", ANNA).await;
    let answer = world.call("getLoginCode", json!({ "code": world.wechat.code(ANNA) })).await.unwrap();
    let service = world.element(SERVICE);
    let mut calls = JoinSet::new();
    for _ in 0..40 {
        let arguments = json!({ "loginCode": answer["loginCode"], "corp": "nowhere", "platform": "web" });
        calls.spawn(async move { service.call("loginByCode", arguments).await });
    }
    let outcomes = calls.join_all().await;
    let counted = outcomes.iter().filter(|outcome| outcome.as_ref().unwrap_err().is(fails::CORP_NOT_FOUND)).count();
    assert_eq!(counted, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_person_who_registers_twice_at_once_is_one_user() {
    let world = World::configured(json!({ "allowRegister": true })).await;
    let login = world.element(LOGIN);
    let mut tickets = Vec::new();
    for _ in 0..16 {
        let code = world.wechat.code(ANNA.with_union_id("union-1"));
        let failure = world.call("getLoginCode", json!({ "code": code })).await.unwrap_err();
        tickets.push(failure.data().unwrap()["bindTicket"].clone());
    }
    let mut calls = JoinSet::new();
    for ticket in tickets {
        calls.spawn(async move { login.call("register", json!({ "bindTicket": ticket })).await });
    }
    assert_eq!(outcomes(calls).await, (16, vec![]));
    assert_eq!(world.bindings().await.len(), 1);
    assert_eq!(world.rows("auths.models.UserModel").await.len(), 4 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_outlives_an_unbind_that_runs_beside_sign_ins() {
    let world = Arc::new(World::new().await);
    for _ in 0..8 {
        world.bound("anna", ANNA).await;
        let mut calls = JoinSet::new();
        for number in 0..12 {
            let world = Arc::clone(&world);
            calls.spawn(async move {
                if number == 6 {
                    return world.call("unbind", json!({ "userId": "anna" })).await;
                }
                let answer = world.call("getLoginCode", json!({ "code": world.wechat.code(ANNA) })).await?;
                let arguments = json!({ "loginCode": answer["loginCode"], "corp": "acme", "platform": "web" });
                world.element(SERVICE).call("loginByCode", arguments).await
            });
        }
        calls.join_all().await;
        assert!(world.bindings().await.is_empty());
        assert!(world.rows("auths.loginTypes.models.SessionModel").await.is_empty());
        assert!(world.rows("auths.loginTypes.models.LoginCodeModel").await.is_empty());
    }
}
