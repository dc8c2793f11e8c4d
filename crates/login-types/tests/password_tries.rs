//! How often passwords may be tried, and whom that shuts out.

use std::pin::pin;

use futures_util::future::{Either, select};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use mti_element::Fail;
use mti_login_types::{KNOWN_BROWSER_COOKIE, fails};
use serde_json::json;

use crate::support::{Browser, PASSWORD_LOGIN, Person, World, assert_fails};

const PASSWORD: &str = "correct horse 9";
const MINUTES: i64 = 60;

async fn world() -> World {
    let world = World::new().await;
    world.named("anna", "anna", PASSWORD).await;
    world.named("ben", "ben", PASSWORD).await;
    world
}

/// Tries a wrong password, from a browser that was never here.
async fn miss(world: &World, address: &str, name: &str) {
    assert_fails(world.browser().at(address).password_login(name, "wrong").await, fails::PASSWORD_ERROR);
}

async fn assert_refused(browser: &Browser<'_>, name: &str) {
    let failure = assert_fails(browser.password_login(name, PASSWORD).await, Fail::RATE_LIMITED);
    assert!(failure.message().contains("15 minutes") && !failure.message().contains(name), "{failure}");
    assert!(failure.retry_after_seconds().is_some_and(|seconds| (1..=900).contains(&seconds)), "{failure:?}");
}

#[tokio::test]
async fn ten_wrong_passwords_are_all_that_one_address_has_for_an_account() {
    let world = world().await;
    for _ in 0..10 {
        miss(&world, "192.0.2.1", "anna").await;
    }
    assert_refused(&world.browser().at("192.0.2.1"), "anna").await;
    assert_refused(&world.browser().at("::ffff:192.0.2.1"), "ANNA").await;
    world.browser().at("192.0.2.1").password_login("ben", PASSWORD).await.unwrap();
    world.browser().at("192.0.2.2").password_login("anna", PASSWORD).await.unwrap();
    world.advance(15 * MINUTES - 1);
    assert_refused(&world.browser().at("192.0.2.1"), "anna").await;
    world.advance(1);
    world.browser().at("192.0.2.1").password_login("anna", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn who_is_refused_is_told_when_there_may_be_one_more_try() {
    let world = world().await;
    let refused = async |address: &str| {
        let outcome = world.browser().at(address).password_login("anna", PASSWORD).await;
        assert_fails(outcome, Fail::RATE_LIMITED).retry_after_seconds()
    };
    miss(&world, "192.0.2.1", "anna").await;
    world.advance(100);
    for _ in 0..9 {
        miss(&world, "192.0.2.1", "anna").await;
    }
    assert_eq!(refused("192.0.2.1").await, Some(800));
    world.advance(800);
    world.browser().at("192.0.2.1").password_login("anna", "wrong").await.unwrap_err();
    assert_eq!(refused("192.0.2.1").await, Some(100), "nine are left of those that came later");
}

#[tokio::test]
async fn a_network_of_the_new_protocol_is_one_address() {
    let world = world().await;
    for host in 0..10 {
        miss(&world, &format!("2001:db8:0:1::{host}"), "anna").await;
    }
    assert_refused(&world.browser().at("2001:db8:0:1:ffff::"), "anna").await;
    world.browser().at("2001:db8:0:2::").password_login("anna", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn names_that_nobody_has_are_refused_as_others_are() {
    let world = world().await;
    for _ in 0..10 {
        miss(&world, "192.0.2.1", "nobody").await;
    }
    assert_refused(&world.browser().at("192.0.2.1"), "nobody").await;
}

#[tokio::test]
async fn right_passwords_do_not_count_and_forgive_the_wrong_ones_before() {
    let world = world().await;
    for _ in 0..3 {
        for _ in 0..6 {
            miss(&world, "192.0.2.1", "anna").await;
        }
        world.browser().at("192.0.2.1").password_login("anna", PASSWORD).await.unwrap();
    }
}

#[tokio::test]
async fn an_own_account_does_not_help_to_try_those_of_others() {
    let world = world().await;
    for _ in 0..10 {
        miss(&world, "192.0.2.1", "anna").await;
        world.browser().at("192.0.2.1").password_login("ben", PASSWORD).await.unwrap();
    }
    assert_refused(&world.browser().at("192.0.2.1"), "anna").await;
}

#[tokio::test]
async fn an_address_cannot_go_through_many_accounts() {
    let world = world().await;
    let known = world.browser().at("192.0.2.1");
    known.password_login("anna", PASSWORD).await.unwrap();
    for number in 0..100 {
        miss(&world, "192.0.2.1", &format!("user{number}")).await;
    }
    assert_refused(&world.browser().at("192.0.2.1"), "ben").await;
    known.password_login("anna", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn many_attackers_together_do_not_shut_the_owner_out() {
    let world = world().await;
    let owner = world.browser();
    owner.password_login("anna", PASSWORD).await.unwrap();
    let earlier = owner.cookie(KNOWN_BROWSER_COOKIE).unwrap();
    owner.password_login("anna", PASSWORD).await.unwrap();
    for number in 0..100 {
        miss(&world, &format!("192.0.2.{}", number / 10), "anna").await;
    }
    assert_refused(&world.browser().at("198.51.100.1"), "anna").await;
    let thief = world.browser().at("198.51.100.1");
    thief.set_cookie(KNOWN_BROWSER_COOKIE, &earlier);
    assert_refused(&thief, "anna").await;
    owner.password_login("anna", PASSWORD).await.unwrap();
    let stranger = world.browser().at("198.51.100.2");
    stranger.password_login("ben", PASSWORD).await.unwrap();
    assert_refused(&stranger, "anna").await;
}

#[tokio::test]
async fn a_known_browser_has_ten_tries_too_wherever_it_is() {
    let world = world().await;
    let browser = world.browser();
    browser.password_login("anna", PASSWORD).await.unwrap();
    for _ in 0..10 {
        assert_fails(browser.password_login("anna", "wrong").await, fails::PASSWORD_ERROR);
    }
    let browser = browser.at("198.51.100.1");
    assert_refused(&browser, "anna").await;
    world.advance(15 * MINUTES);
    browser.password_login("anna", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn browsers_stay_known_for_half_a_year_and_only_the_last_twenty() {
    let known = "auths.loginTypes.PasswordType.KnownBrowserModel";
    let world = world().await;
    for _ in 0..22 {
        world.browser().password_login("anna", PASSWORD).await.unwrap();
    }
    assert_eq!(world.rows(known).await.len(), 20);
    world.advance(180 * 24 * 60 * MINUTES);
    world.sweep().await;
    assert_eq!(world.rows(known).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tries_at_once_get_no_further_than_many_in_turn() {
    let world = world().await;
    let tries = (0..40).map(|_| async { world.browser().password_login("anna", "wrong").await });
    let outcomes = futures_util::future::join_all(tries).await;
    let failures: Vec<_> = outcomes.into_iter().map(|outcome| outcome.unwrap_err().kind().name).collect();
    let count = |kind: Fail| failures.iter().filter(|name| **name == kind.name).count();
    assert_eq!((count(fails::PASSWORD_ERROR), count(Fail::RATE_LIMITED)), (10, 30), "{failures:?}");
}

#[tokio::test]
async fn tries_are_swept() {
    let tries = "auths.loginTypes.PasswordType.PasswordTryModel";
    let world = world().await;
    miss(&world, "192.0.2.1", "anna").await;
    assert_eq!(world.rows(tries).await.len(), 1);
    world.advance(15 * MINUTES);
    world.sweep().await;
    assert_eq!(world.rows(tries).await.len(), 0);
}

#[tokio::test]
async fn wrong_passwords_in_process_count_for_the_account_alone() {
    let world = world().await;
    let attempt = async |name: &str, password: &str| {
        world.password_call("getLoginCode", json!({ "username": name, "password": password })).await
    };
    for _ in 0..10 {
        assert_fails(attempt("anna", "wrong").await, fails::PASSWORD_ERROR);
    }
    let refused = assert_fails(attempt("ANNA", PASSWORD).await, Fail::RATE_LIMITED);
    assert_eq!(refused.retry_after_seconds(), Some(900));
    attempt("ben", PASSWORD).await.unwrap();
    world.browser().password_login("anna", PASSWORD).await.unwrap();
    world.advance(15 * MINUTES);
    attempt("anna", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_right_password_in_process_forgives_the_wrong_ones_before() {
    let world = world().await;
    for _ in 0..3 {
        for _ in 0..6 {
            let arguments = json!({ "username": "anna", "password": "wrong" });
            assert_fails(world.password_call("getLoginCode", arguments).await, fails::PASSWORD_ERROR);
        }
        let arguments = json!({ "username": "anna", "password": PASSWORD });
        world.password_call("getLoginCode", arguments).await.unwrap();
    }
}

#[tokio::test]
async fn in_process_no_number_of_accounts_shuts_the_others_out() {
    let world = world().await;
    for number in 0..101 {
        let arguments = json!({ "username": format!("user{number}"), "password": "wrong" });
        assert_fails(world.password_call("getLoginCode", arguments).await, fails::PASSWORD_ERROR);
    }
    let arguments = json!({ "username": "anna", "password": PASSWORD });
    world.password_call("getLoginCode", arguments).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_process_too_many_tries_at_once_get_no_further_than_many_in_turn() {
    let world = world().await;
    let arguments = json!({ "username": "anna", "password": "wrong" });
    let tries = (0..40).map(|_| world.password_call("getLoginCode", arguments.clone()));
    let outcomes = futures_util::future::join_all(tries).await;
    let wrong = outcomes.iter().filter(|outcome| outcome.as_ref().is_err_and(|it| it.is(fails::PASSWORD_ERROR)));
    assert_eq!(wrong.count(), 10);
}

#[tokio::test]
async fn wrong_old_passwords_in_process_are_counted() {
    let world = world().await;
    let change = async |old: &str| {
        let arguments = json!({ "userId": "anna", "oldPassword": old, "newPassword": "another horse 10" });
        world.password_call("updatePassword", arguments).await
    };
    for _ in 0..10 {
        assert_fails(change("wrong").await, fails::PASSWORD_ERROR);
    }
    assert_fails(change(PASSWORD).await, Fail::RATE_LIMITED);
    let without_old = json!({ "userId": "anna", "newPassword": "another horse 10" });
    world.password_call("updatePassword", without_old).await.unwrap();
}

#[tokio::test]
async fn whoever_is_signed_in_cannot_take_the_places_of_those_who_sign_in() {
    let world = world().await;
    let attacker = world.browser();
    world.bound("root", Person::new("open-root")).await;
    attacker.sign_in(Person::new("open-root")).await;
    let bind = |number: u32| {
        let arguments = json!({ "userId": "root", "username": format!("root{number}"), "password": PASSWORD });
        attacker.call_on(PASSWORD_LOGIN, "bind", arguments)
    };
    let mut flood: FuturesUnordered<_> = (0..400).map(bind).collect();
    while !matches!(flood.next().await.unwrap(), Err(failure) if failure.is(Fail::RATE_LIMITED)) {}
    let anna = world.browser();
    let sign_in = pin!(anna.password_login("anna", PASSWORD));
    match select(sign_in, flood.collect::<Vec<_>>()).await {
        Either::Left((signed_in, _)) => signed_in.unwrap(),
        Either::Right((_, sign_in)) => sign_in.await.unwrap(),
    };
}
