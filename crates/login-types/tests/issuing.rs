//! Login codes of a Type from outside this family, which has them issued by the login service.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use mti_data::{Batch, Filter, Model};
use mti_element::{Fail, Secret, Value, Visitor};
use mti_login_types::{
    AUTH_SERVICE, AuthService, BROWSER_COOKIE, Evidence, LoginCode, Permission, UserId, end_sign_ins, fails,
};
use serde_json::json;

use crate::support::{CORP, LOGIN, Person, World, assert_fails};

const ANNA: Person = Person::new("open-anna");
const BINDINGS: &str = "auths.loginTypes.WeChatType.WeChatAuthModel";
const LOGIN_CODES: &str = "auths.loginTypes.models.LoginCodeModel";

fn arguments(user_id: &str) -> Value {
    json!({ "loginType": LOGIN, "userId": user_id, "binding": "card", "evidence": null })
}

/// Calls the login service as a Type does: with the visitor whom it is called by.
async fn call_for(world: &World, visitor: &Arc<Visitor>, method: &str, arguments: Value) -> Value {
    world.element(AUTH_SERVICE).call_for(Arc::clone(visitor), method, arguments).await.unwrap()
}

fn visitor(cookies: Vec<(String, Secret)>) -> Arc<Visitor> {
    Arc::new(Visitor::new(IpAddr::V4(Ipv4Addr::LOCALHOST), None, cookies))
}

#[tokio::test]
async fn a_code_names_the_organisations_and_begins_a_session() {
    let world = World::new().await;
    let service: AuthService<'_> = world.app.get(AUTH_SERVICE).unwrap();
    let corps = service.list_corps(UserId::from("anna")).await.unwrap();
    let issued = world.element(AUTH_SERVICE).call("issueLoginCode", arguments("anna")).await.unwrap();
    assert!(corps.iter().any(|corp| corp.corp_id == CORP));
    assert_eq!(issued["corpList"], serde_json::to_value(corps).unwrap());
    let browser = world.browser();
    browser.login_by_code(&issued["loginCode"], CORP).await.unwrap();
    assert_eq!(browser.user().await.as_deref(), Some("anna"));
}

#[tokio::test]
async fn a_visitor_without_a_cookie_gets_one_and_nobody_else_can_use_his_code() {
    let world = World::new().await;
    let owner = visitor(Vec::new());
    let issued = call_for(&world, &owner, "issueLoginCode", arguments("anna")).await;
    let cookies = owner.take_cookies();
    let cookie = cookies.iter().find(|cookie| cookie.name == BROWSER_COOKIE).unwrap();

    let without = world.browser();
    assert_fails(without.login_by_code(&issued["loginCode"], CORP).await, fails::LOGIN_CODE_INVALID);
    for pretended in ["", "in-process", &"B".repeat(43)] {
        let browser = world.browser();
        browser.set_cookie(BROWSER_COOKIE, pretended);
        assert_fails(browser.login_by_code(&issued["loginCode"], CORP).await, fails::LOGIN_CODE_INVALID);
    }
    let browser = world.browser();
    browser.set_cookie(BROWSER_COOKIE, cookie.value.reveal());
    browser.login_by_code(&issued["loginCode"], CORP).await.unwrap();
}

#[tokio::test]
async fn a_row_without_a_mark_is_nobodys() {
    let world = World::new().await;
    let issued = world.element(AUTH_SERVICE).call("issueLoginCode", arguments("anna")).await.unwrap();
    for mark in [json!(""), json!(null)] {
        world.change(LOGIN_CODES, "Q(userId='anna')", json!({ "browserHash": mark })).await;
        assert_fails(world.browser().login_by_code(&issued["loginCode"], CORP).await, fails::LOGIN_CODE_INVALID);
    }
}

#[tokio::test]
async fn a_ticket_from_in_process_gives_a_visitor_a_code_of_his_own() {
    let world = World::configured(json!({ "allowRegister": true })).await;
    let failure = world.call("getLoginCode", json!({ "code": world.wechat.code(ANNA) })).await.unwrap_err();
    let ticket = json!({ "bindTicket": failure.data().unwrap()["bindTicket"] });
    let browser = world.browser();
    let issued = browser.call("register", ticket).await.unwrap();
    assert_fails(world.browser().login_by_code(&issued["loginCode"], "").await, fails::LOGIN_CODE_INVALID);
    browser.login_by_code(&issued["loginCode"], "").await.unwrap();
}

#[tokio::test]
async fn no_code_without_the_row_that_stands_for_it_or_for_those_who_may_not_sign_in() {
    let world = World::new().await;
    let service: AuthService<'_> = world.app.get(AUTH_SERVICE).unwrap();
    let issue = |user: &str, evidence: Option<Evidence>| {
        service.issue_login_code(LOGIN.to_owned(), UserId::from(user), "card".to_owned(), evidence)
    };
    let evidence = |id: i64| Some(Evidence { model: BINDINGS.to_owned(), id });
    world.bound("anna", ANNA).await;
    let id = world.rows(BINDINGS).await[0]["id"].as_i64().unwrap();
    assert!(issue("anna", evidence(id)).await.unwrap().is_some());
    assert!(issue("anna", evidence(id + 1)).await.unwrap().is_none(), "gone");
    assert!(issue("ben", evidence(id)).await.unwrap().is_none(), "somebody else's");
    assert!(issue("ghost", None).await.unwrap_err().is(fails::USER_NOT_FOUND));
    world.change("auths.models.UserModel", "Q(userId='ben')", json!({ "isActive": false })).await;
    assert!(issue("ben", None).await.unwrap_err().is(Fail::PERMISSION_DENIED));
}

#[tokio::test]
async fn the_steps_are_not_for_visitors() {
    let world = World::new().await;
    for (method, arguments) in [("issueLoginCode", arguments("anna")), ("listCorps", json!({ "userId": "anna" }))] {
        assert_fails(world.browser().call_on(AUTH_SERVICE, method, arguments).await, Fail::FUNCTION_NOT_FOUND);
    }
}

#[tokio::test]
async fn what_came_through_a_binding_ends_in_the_batch_that_dissolves_it() {
    let world = World::new().await;
    let app = &world.app;
    let issue = async |user: &str, binding: &str| -> LoginCode {
        let service: AuthService<'_> = app.get(AUTH_SERVICE).unwrap();
        let (login, user) = ("auths.loginTypes.Gone".to_owned(), UserId::from(user));
        service.issue_login_code(login, user, binding.to_owned(), None).await.unwrap().unwrap()
    };
    issue("anna", "card").await;
    issue("anna", "badge").await;
    issue("ben", "card").await;
    let batch = end_sign_ins(Batch::new(), &UserId::from("anna"), "auths.loginTypes.Other", "card");
    let codes: Model<'_> = app.get(LOGIN_CODES).unwrap();
    codes.execute(batch).await.unwrap();
    let left = codes.query(Some(Filter::All), None, None, None, None).await.unwrap().row_datas;
    let left: Vec<_> = left.iter().map(|row| (row["userId"].clone(), row["binding"].clone())).collect();
    assert_eq!(left, [(json!("anna"), json!("badge")), (json!("ben"), json!("card"))]);
}

#[tokio::test]
async fn visitors_act_for_themselves_only() {
    let world = World::new().await;
    let service: AuthService<'_> = world.app.get(AUTH_SERVICE).unwrap();
    let (app, anna) = (service.app(), UserId::from("anna"));
    assert!(Permission::of(&app, None, &anna).await.is_ok(), "in process");
    assert!(Permission::of(&app, Some(&visitor(Vec::new())), &anna).await.unwrap_err().is(Fail::LOGIN_REQUIRED));
}
