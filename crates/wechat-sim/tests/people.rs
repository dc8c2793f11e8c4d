use std::collections::HashSet;

use mti_wechat_sim::{cast, openid_for, unionid_for};

use crate::support::{APP_ID, Sim};

#[test]
fn identifiers_are_fixed() {
    // Seed data relies on these.
    for (person, open_id, union_id) in [
        ("zhang-san", "oS293PUpbE-PgtJ8VttvaF22c6GV", "oTnKy2R4CDEaIs1mIoz9QEzdbn1a"),
        ("li-si", "oISyORp0Zk3q3ww8ebwvxLECHcHG", "oVLGPtWW-Rzl-zZee1OU4d1FZpl3"),
    ] {
        assert_eq!(openid_for(person, APP_ID), open_id);
        assert_eq!(unionid_for(person, "open-platform"), union_id);
    }
}

#[test]
fn identifiers_differ_by_person_and_scope() {
    let mut seen = HashSet::new();
    for person in cast() {
        for scope in ["wx0000000000000001", "wx0000000000000002"] {
            let open_id = openid_for(&person.id, scope);
            assert_eq!(open_id.len(), 28);
            assert!(open_id.starts_with('o'));
            assert!(open_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            assert!(seen.insert(open_id));
            assert!(seen.insert(unionid_for(&person.id, scope)));
        }
    }
}

#[test]
fn the_cast_is_a_varied_one() {
    let cast = cast();
    let ids: HashSet<&str> = cast.iter().map(|person| person.id.as_str()).collect();
    assert_eq!(ids.len(), cast.len());
    assert!(cast.iter().any(|person| person.is_snapshot));
    assert!(cast.iter().any(|person| !person.has_union_id));
    assert!(cast.iter().any(|person| person.nickname.is_empty()));
    assert!(cast.iter().any(|person| person.nickname.contains("<script>")));
    assert!(cast.iter().any(|person| person.nickname.chars().count() >= 1000));
}

#[tokio::test]
async fn the_phone_page_shows_odd_names_harmlessly() {
    let sim = Sim::start().await;
    let uuid = sim.open_login().await;
    let page = sim.page(&format!("/connect/confirm?uuid={uuid}")).await;
    assert!(!page.contains("<script>alert"));
    assert!(page.contains("&lt;script&gt;alert(&#39;微信&#39;)&lt;/script&gt;"));
    assert!(!page.contains('\u{202e}'));
    for person in cast() {
        assert!(page.contains(&format!("value=\"{}\"", person.id)), "{}", person.id);
    }
}

#[tokio::test]
async fn everybody_has_a_picture() {
    let sim = Sim::start().await;
    for person in cast() {
        let svg = sim.page(&format!("/sim/avatar/{}/132", person.id)).await;
        assert!(svg.starts_with("<svg"), "{svg}");
    }
    assert_eq!(sim.get("/sim/avatar/nobody/132").await.status(), 404);
}

#[tokio::test]
async fn the_list_of_people_has_open_ids() {
    let sim = Sim::start().await;
    let people: serde_json::Value =
        serde_json::from_str(&sim.page(&format!("/sim/people?appId={APP_ID}")).await).unwrap();
    let first = &people[0];
    assert_eq!(first["id"], "zhang-san");
    assert_eq!(first["openIds"][APP_ID], openid_for("zhang-san", APP_ID));
    let people: serde_json::Value = serde_json::from_str(&sim.page("/sim/people").await).unwrap();
    assert_eq!(people[1]["openIds"][APP_ID], openid_for("li-si", APP_ID));
}
