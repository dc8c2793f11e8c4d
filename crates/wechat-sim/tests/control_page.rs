//! The control page and its forms.

use std::net::{IpAddr, Ipv4Addr};

use mti_wechat_sim::{
    DenyMode, Effect, Endpoint, Fault, Knobs, Nickname, RefreshSemantics, RidStyle, SnapshotMode, UnionIdMode,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{APP_ID, Sim};

const FIELDS: &str = "/sim/knobs/fields";
const FAULTS: &str = "/sim/knobs/faults";
const CLEAR: &str = "/sim/knobs/clear";

/// Knobs none of which is at its default.
fn all_turned() -> Knobs {
    Knobs {
        content_type: "application/json; charset=\"utf-8\"".to_owned(),
        rid_style: RidStyle::Old,
        escape_slash: false,
        deny_mode: DenyMode::Authdeny,
        double_callback: true,
        code_ttl: 1,
        qr_ttl: 2,
        token_ttl: 3,
        refresh_ttl: 4,
        refresh_semantics: RefreshSemantics::AlwaysNew,
        expired_code_errcode: -1,
        union_id: UnionIdMode::Late,
        snapshot: SnapshotMode::Everybody,
        privacy: true,
        nickname: Nickname::Emoji,
        phone_owner: Some("mona".to_owned()),
        strict_order: false,
        strict_order_qrconnect: true,
        strict_encoding: true,
        state_max: 5,
        refuse_ports: true,
        require_wechat_browser: true,
        accept_post: false,
        ip_allow_list: Some(vec![IpAddr::V4(Ipv4Addr::LOCALHOST), "::1".parse().unwrap()]),
        minute_quota: Some(6),
        daily_quota: Some(7),
        page_error: Some(10009),
        poll_error: Some(500),
        poll_hold_ms: 8,
        fast_login: true,
        latency_ms: 9,
        faults: vec![Fault { endpoint: Endpoint::Auth, times: None, effect: Effect::Empty }],
    }
}

/// What a browser would send if the form were submitted as it is shown.
fn fields_of(page: &str) -> Vec<(String, String)> {
    let (_, form) = page.split_once("action=\"/sim/knobs/fields\"").unwrap();
    let (form, _) = form.split_once("</form>").unwrap();
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!("{name}=\""))?;
        Some(rest.split_once('"')?.0.replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&"))
    };
    let mut fields = Vec::new();
    for tag in form.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap();
        if tag.starts_with("input type=\"checkbox\"") {
            if tag.contains(" checked") {
                fields.push((attribute(tag, "name").unwrap(), "on".to_owned()));
            }
        } else if tag.starts_with("input") {
            fields.push((attribute(tag, "name").unwrap(), attribute(tag, "value").unwrap()));
        } else if tag.starts_with("select") {
            fields.push((attribute(tag, "name").unwrap(), String::new()));
        } else if tag.starts_with("option") && tag.contains(" selected") {
            fields.last_mut().unwrap().1 = attribute(tag, "value").unwrap();
        }
    }
    fields
}

async fn submit(sim: &Sim, path: &str, fields: &[(String, String)]) -> (u16, String) {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = sim.post_form(path, &fields).await;
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn every_knob_has_a_field_that_shows_and_sets_it() {
    let sim = Sim::start().await;
    let (turned, default) = (json!(all_turned()), json!(Knobs::default()));
    for (name, value) in turned.as_object().unwrap() {
        assert_ne!(*value, default[name], "{name} is not turned");
    }
    sim.handle.set_knobs(all_turned());
    let fields = fields_of(&sim.page("/sim/").await);
    let faults = all_turned().faults;
    sim.handle.set_knobs(Knobs { faults, ..Knobs::default() });
    assert_eq!(submit(&sim, FIELDS, &fields).await.0, 303);
    assert_eq!(json!(sim.handle.knobs()), turned);

    sim.handle.set_knobs(Knobs::default());
    let fields = fields_of(&sim.page("/sim/").await);
    sim.handle.set_knobs(Knobs { faults: Vec::new(), ..all_turned() });
    assert_eq!(submit(&sim, FIELDS, &fields).await.0, 303);
    assert_eq!(sim.handle.knobs(), Knobs::default());
}

#[tokio::test]
async fn a_mistake_in_a_field_is_told_and_changes_nothing() {
    let sim = Sim::start().await;
    let good = fields_of(&sim.page("/sim/").await);
    for (name, value, expected) in [
        ("codeTtl", "long", "Life of a code (s): `long` is no whole number"),
        ("codeTtl", "", "is no whole number"),
        ("codeTtl", "-1", "invalid value"),
        ("pollError", "99999999", "invalid value"),
        ("ipAllowList", "everybody", "invalid IP address"),
        ("denyMode", "maybe", "unknown variant"),
        ("codeTtl", "<script>", "&lt;script&gt;"),
    ] {
        let mut fields = good.clone();
        fields.iter_mut().find(|(field, _)| field == name).unwrap().1 = value.to_owned();
        let (status, page) = submit(&sim, FIELDS, &fields).await;
        assert_eq!(status, 200);
        assert!(page.contains("not changed: ") && page.contains(expected), "{name}={value}: {page}");
        assert_eq!(sim.handle.knobs(), Knobs::default());
    }
}

#[tokio::test]
async fn faults_are_added_one_by_one_and_cleared() {
    let sim = Sim::start().await;
    for (effect, value, expected) in [
        ("errcode", "-1", Effect::Errcode(-1)),
        ("status", "502", Effect::Status(502)),
        ("redirect", "http://127.0.0.1/", Effect::Redirect("http://127.0.0.1/".to_owned())),
        ("halfOpen", "", Effect::HalfOpen),
        ("drop", "ignored", Effect::Drop),
        ("drip", "5", Effect::Drip(5)),
        ("oversize", "70000", Effect::Oversize(70_000)),
        ("empty", "", Effect::Empty),
        ("truncated", "", Effect::Truncated),
        ("byteOrderMark", "", Effect::ByteOrderMark),
        ("wrongOpenid", "", Effect::WrongOpenid),
        ("missing", "openid", Effect::Missing("openid".to_owned())),
        ("stringNumbers", "", Effect::StringNumbers),
        ("duplicateKeys", "", Effect::DuplicateKeys),
        ("deepNesting", "10", Effect::DeepNesting(10)),
        ("hugeNumber", "", Effect::HugeNumber),
        ("gzipBomb", "", Effect::GzipBomb),
    ] {
        assert!(sim.page("/sim/").await.contains(&format!("<option value=\"{effect}\"")), "{effect}");
        let form = [("endpoint", "userinfo"), ("effect", effect), ("value", value), ("times", "2")];
        assert_eq!(sim.post_form(FAULTS, &form).await.status(), 303, "{effect}");
        let fault = Fault { endpoint: Endpoint::Userinfo, times: Some(2), effect: expected };
        assert_eq!(sim.handle.knobs().faults.last(), Some(&fault));
    }
    assert_eq!(sim.handle.knobs().faults.len(), 17);
    assert!(sim.page("/sim/").await.contains("{&quot;errcode&quot;:-1} <span class=\"hint\">2 more</span>"));
    assert_eq!(sim.post_form(CLEAR, &[]).await.status(), 303);
    assert_eq!(sim.handle.knobs(), Knobs::default());

    for (form, expected) in [
        ([("endpoint", "nowhere"), ("effect", "empty")], "unknown variant `nowhere`"),
        ([("endpoint", "auth"), ("effect", "nothing")], "there is no effect `nothing`"),
        ([("endpoint", "auth"), ("effect", "errcode")], "`` is no whole number"),
    ] {
        let page = sim.post_form(FAULTS, &form).await.text().await.unwrap();
        assert!(page.contains(expected), "{page}");
    }
    assert_eq!(sim.handle.knobs(), Knobs::default());
}

#[tokio::test]
async fn clearing_faults_leaves_the_rest_and_clearing_all_does_not() {
    let sim = Sim::start().await;
    sim.handle.set_knobs(all_turned());
    sim.post_form(CLEAR, &[]).await;
    assert_eq!(sim.handle.knobs(), Knobs { faults: Vec::new(), ..all_turned() });
    sim.post_form(CLEAR, &[("all", "1")]).await;
    assert_eq!(sim.handle.knobs(), Knobs::default());
}

#[tokio::test]
async fn a_login_is_answered_from_the_control_page() {
    let sim = Sim::start().await;
    let uuid = sim.open_login().await;
    let page = sim.page("/sim/").await;
    assert!(page.contains(&format!("value=\"{uuid}\"")) && page.contains("waits to be scanned"));
    sim.page(&format!("/connect/confirm?uuid={uuid}")).await;
    assert!(sim.page("/sim/").await.contains("<span class=\"stage\">scanned</span>"));
    let form = [("uuid", uuid.as_str()), ("person", "mona"), ("action", "approve"), ("return", "control")];
    let answer = sim.post_form("/connect/confirm", &form).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["location"]), (303, &"/sim/".parse().unwrap()));
    assert!(sim.poll(&uuid, "").await.starts_with("window.wx_errcode=405;"));
    let page = sim.page("/sim/").await;
    assert!(!page.contains(&uuid) && page.contains(APP_ID));
}

#[tokio::test]
async fn somebody_is_added_from_the_control_page() {
    let sim = Sim::start().await;
    let form = [("id", "new-one"), ("nickname", "<i>名</i>"), ("avatar", "on"), ("snapshot", "on")];
    assert_eq!(sim.post_form("/sim/people", &form).await.status(), 303);
    let added = sim.handle.people().pop().unwrap();
    assert_eq!((added.id.as_str(), added.nickname.as_str()), ("new-one", "<i>名</i>"));
    assert_eq!((added.has_avatar, added.has_union_id, added.is_snapshot), (true, false, true));
    let page = sim.page("/sim/").await;
    assert!(page.contains("&lt;i&gt;名&lt;/i&gt;") && !page.contains("<i>"));
    let refused = sim.post_form("/sim/people", &[("id", "No Id")]).await.text().await.unwrap();
    assert!(refused.contains("not changed: a person&#39;s id is"), "{refused}");
}

#[tokio::test]
async fn the_phone_can_be_put_away() {
    let sim = Sim::start_with(Knobs { poll_hold_ms: 0, ..Knobs::default() }).await;
    let uuid = sim.open_login().await;
    sim.page(&format!("/connect/confirm?uuid={uuid}")).await;
    let page = sim.post_form("/connect/confirm", &[("uuid", &uuid), ("action", "wait")]).await.text().await.unwrap();
    assert!(page.contains(&format!("href=\"/connect/confirm?uuid={uuid}\"")), "{page}");
    assert!(sim.poll(&uuid, "&last=404").await.contains("408"), "still waiting");
    let pending: Value = serde_json::from_str(&sim.page("/sim/pending").await).unwrap();
    assert_eq!(pending[0]["stage"], "scanned");
}

#[tokio::test]
async fn the_bare_address_leads_to_the_control_page() {
    let sim = Sim::start().await;
    let answer = sim.http.get(format!("{}/", sim.url)).send().await.unwrap();
    assert_eq!((answer.status(), answer.headers()["location"].as_bytes()), (StatusCode::SEE_OTHER, &b"/sim/"[..]));
}
