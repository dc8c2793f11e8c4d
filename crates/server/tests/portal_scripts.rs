//! What the scripts of the portal say and keep, as far as it can be read off them.

use std::collections::BTreeSet;

use crate::client::get;
use crate::shop::{Shop, shop};

async fn script(shop: &Shop, name: &str) -> String {
    let file = get(&format!("/acme/shop/portal/{name}")).send(shop.address).await;
    assert_eq!(file.status, 200, "{name}");
    file.body
}

/// The table of a language, and the names in it.
fn table<'a>(texts: &'a str, language: &str) -> (&'a str, BTreeSet<&'a str>) {
    let start = format!("const {language} = {{\n");
    let (_, rest) = texts.split_once(&start).unwrap();
    let (table, _) = rest.split_once("\n};\n").unwrap();
    let names = table.lines().filter_map(|line| Some(line.split_once(": ")?.0.trim()));
    (table, names.collect())
}

/// The body of a function.
fn function<'a>(script: &'a str, head: &str) -> &'a str {
    let (_, rest) = script.split_once(head).unwrap_or_else(|| panic!("there is no `{head}`"));
    rest.split_once("\n}\n").unwrap().0
}

#[tokio::test]
async fn both_languages_say_the_same() {
    let shop = shop().await;
    let texts = script(&shop, "texts.js").await;
    let ((_, english), (_, chinese)) = (table(&texts, "ENGLISH"), table(&texts, "CHINESE"));
    assert!(english.len() > 50, "{english:?}");
    assert_eq!(english, chinese);
}

#[tokio::test]
async fn every_failure_of_wechat_has_a_text() {
    let shop = shop().await;
    let texts = script(&shop, "texts.js").await;
    for language in ["ENGLISH", "CHINESE"] {
        let (_, names) = table(&texts, language);
        for name in
            ["WECHAT_CODE_INVALID", "WECHAT_CONFIG", "WECHAT_UNAVAILABLE", "WECHAT_RATE_LIMITED", "WECHAT_USER_REFUSED"]
        {
            assert!(names.contains(name), "{language}: {name}");
        }
    }
    let told = "WECHAT_CONFIG: \"WeChat sign-in is not set up correctly here; please tell the operator of this site.\"";
    assert!(table(&texts, "ENGLISH").0.contains(told));
    assert!(table(&texts, "CHINESE").0.contains("WECHAT_CONFIG: \"本站的微信登录配置有误，请联系网站管理员。\""));
}

#[tokio::test]
async fn what_the_server_says_comes_before_the_general_texts() {
    let shop = shop().await;
    let texts = script(&shop, "texts.js").await;
    let explain = function(&texts, "export function explain(error) {");
    let position = |text: &str| explain.find(text).unwrap_or_else(|| panic!("no `{text}`"));
    assert!(position("texts.errors[error.code]") < position("return error.message"));
    assert!(position("return error.message") < position("error.status === 502"));
}

#[tokio::test]
async fn a_bind_ticket_is_kept_for_whoever_says_so_alone() {
    let shop = shop().await;
    let mut keepers = Vec::new();
    for name in ["account.js", "api.js", "callback.js", "dom.js", "flow.js", "method.js", "portal.js", "sign-in.js"] {
        let script = script(&shop, name).await;
        keepers.extend(script.matches("remember(\"ticket\"").map(|_| name));
    }
    assert_eq!(keepers, ["flow.js"]);
    let flow = script(&shop, "flow.js").await;
    let (_, pressed) = function(&flow, "function keepTicket(").split_once("return () => {").unwrap();
    assert!(pressed.contains("remember(\"ticket\""));
    assert!(function(&flow, "export function showUnknownIdentity(").contains("recall(\"ticket\");"));
}

#[tokio::test]
async fn nothing_is_bound_unasked() {
    let shop = shop().await;
    let account = script(&shop, "account.js").await;
    for (head, question, asked, deed) in [
        ("  #ticketOffer() {", "ticketQuestion", "if (!(await confirmed(", "\"bindByTicket\""),
        ("  async #open(", "Lead`", "openDialog(", "await methodView("),
        ("  async #unbind(", "unbindQuestion", "if (!(await confirmed(", "\"unbind\","),
    ] {
        let body = method(&account, head);
        let position = |text: &str| body.find(text).unwrap_or_else(|| panic!("no `{text}` in `{head}`"));
        assert!(position(question) < position(deed) && position(asked) < position(deed), "{head}");
    }
}

#[tokio::test]
async fn whoever_unbinds_his_own_session_is_asked_to_sign_in() {
    let shop = shop().await;
    let account = script(&shop, "account.js").await;
    let unbind = method(&account, "  async #unbind(");
    let position = |text: &str| unbind.find(text).unwrap_or_else(|| panic!("no `{text}`"));
    assert!(position("\"unbind\", {") < position("await currentUser(this.#settings)"));
    assert!(position("await currentUser(this.#settings)") < position("this.#restart(text(\"unboundSignIn\"))"));
    let texts = script(&shop, "texts.js").await;
    assert!(texts.contains("unboundSignIn: \"Unbound. Please sign in again.\""));
}

/// The body of a method of a class.
fn method<'a>(script: &'a str, head: &str) -> &'a str {
    let (_, rest) = script.split_once(head).unwrap_or_else(|| panic!("there is no `{head}`"));
    rest.split_once("\n  }\n").unwrap().0
}
