//! How sites put the authorize page into a frame, and how it looks there.

use mti_wechat_sim::Knobs;

use crate::support::{Sim, qr_connect, uuid_of};

async fn page_with(sim: &Sim, changes: &[(&str, &str)]) -> (String, String) {
    let changes: Vec<_> = changes.iter().map(|(name, value)| (*name, Some(*value))).collect();
    let answer = sim.get(&qr_connect(&changes)).await;
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    (answer.text().await.unwrap(), policy)
}

#[tokio::test]
async fn the_page_speaks_two_languages() {
    let sim = Sim::start().await;
    for (language, expected) in [("cn", "请使用微信扫描二维码登录"), ("en", "Scan the QR code with WeChat")]
    {
        let (page, _) = page_with(&sim, &[("lang", language)]).await;
        assert!(page.contains(expected), "{page}");
    }
    let (page, _) = page_with(&sim, &[]).await;
    assert!(page.contains("<html lang=\"zh-CN\" data-scheme=\"auto\">"));
}

#[tokio::test]
async fn the_site_chooses_the_appearance() {
    let sim = Sim::start().await;
    for (parameters, expected) in [
        (&[][..], "class=\"connect black\""),
        (&[("style", "white")], "class=\"connect white\""),
        (&[("login_type", "jssdk")], "class=\"connect black framed\""),
        (&[("login_type", "jssdk"), ("style", "white"), ("stylelite", "1")], "class=\"connect white lite framed\""),
        (&[("color_scheme", "dark")], "data-scheme=\"dark\""),
        (&[("color_scheme", "\"><script>")], "data-scheme=\"auto\""),
        (&[("self_redirect", "true")], "data-self=\"true\""),
        (&[("self_redirect", "false")], "data-self=\"false\""),
        (&[("self_redirect", "default")], "data-self=\"false\""),
    ] {
        let (page, _) = page_with(&sim, parameters).await;
        assert!(page.contains(expected), "{parameters:?}: {page}");
    }
}

#[tokio::test]
async fn a_style_sheet_of_the_site_is_let_in_and_nothing_else() {
    let sim = Sim::start().await;
    for (href, source) in [
        ("https://shop.example/login.css?v=1", "https://shop.example"),
        ("http://127.0.0.1:3000/login.css", "http://127.0.0.1:3000"),
        ("data:text/css;base64,LnRpdGxlIHt9", "data:"),
    ] {
        let (page, policy) = page_with(&sim, &[("href", href)]).await;
        assert!(page.contains(&format!("<link rel=\"stylesheet\" href=\"{href}\">")), "{page}");
        assert!(policy.contains(&format!("style-src 'self' {source};")), "{policy}");
        assert!(policy.contains("script-src 'self';"), "{policy}");
        let (page, policy) = page_with(&sim, &[("href", href), ("stylelite", "1")]).await;
        assert!(!page.contains(href) && policy.contains("style-src 'self' ;"), "the new appearance has none");
    }
    for href in ["http://shop.example/a.css", "javascript:alert(1)", "data:text/html,x", "/a.css", "\"><script>"] {
        let (page, policy) = page_with(&sim, &[("href", href)]).await;
        assert!(!page.contains(href) && policy.contains("style-src 'self' ;"), "{href}: {page}");
    }
}

#[tokio::test]
async fn signing_in_without_scanning_can_be_switched_off_by_the_site() {
    let sim = Sim::start_with(Knobs { fast_login: true, ..Knobs::default() }).await;
    let offered = "id=\"sim_fast_login\" type=\"button\" >";
    for (parameters, is_offered) in [
        (&[][..], true),
        (&[("fast_login", "0")], true),
        (&[("fast_login", "0"), ("stylelite", "1")], false),
        (&[("stylelite", "1")], true),
    ] {
        let (page, _) = page_with(&sim, parameters).await;
        assert_eq!(page.contains(offered), is_offered, "{parameters:?}");
    }
}

#[tokio::test]
async fn the_script_for_frames_is_served_where_sites_load_it() {
    let sim = Sim::start().await;
    let answer = sim.get("/connect/zh_CN/htmledition/js/wxLogin.js").await;
    assert_eq!(answer.headers()["content-type"], "application/javascript");
    assert!(answer.text().await.unwrap().contains("window.WxLogin = function"));
    // Its addresses have another order, and no response_type.
    let framed = "/connect/qrconnect?appid=wx0123456789abcdef&scope=snsapi_login\
                  &redirect_uri=http%3A%2F%2F127.0.0.1%2Fcb&state=&login_type=jssdk&self_redirect=default\
                  &styletype=&sizetype=&bgcolor=&rst=";
    uuid_of(&sim.page(framed).await);
    sim.turn(|knobs| knobs.strict_order_qrconnect = true);
    uuid_of(&sim.page(framed).await);
    let not_framed = framed.replace("login_type=jssdk", "login_type=other");
    assert!(sim.page(&not_framed).await.contains("response_type"));
}
