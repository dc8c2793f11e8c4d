//! The authorize page, and the error pages in its place.

use mti_wechat_sim::{CallbackRule, Knobs};

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::support::{CALLBACK, SERVICE_ACCOUNT, Sim, qr_connect, registered, uuid_of};

/// What a scanner reads in a picture.
pub(crate) fn scanned(jpeg: &[u8]) -> String {
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
    let pixels = decoder.decode().unwrap();
    let (width, height) = decoder.dimensions().unwrap();
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| pixels[y * width + x]);
    let codes = image.detect_grids();
    assert_eq!(codes.len(), 1);
    codes[0].decode().unwrap().1
}

async fn assert_error(sim: &Sim, changes: &[(&str, Option<&str>)], expected: &str) {
    let page = sim.page(&qr_connect(changes)).await;
    assert!(page.contains(expected), "{changes:?}: {page}");
    assert!(!page.contains("/connect/qrcode/"), "{changes:?}");
    assert!(page.contains("SIMULATION / 模拟"));
}

#[tokio::test]
async fn the_page_shows_a_picture_of_the_phone_page() {
    let sim = Sim::start().await;
    let page = sim.page(&qr_connect(&[])).await;
    for part in [
        "id=\"wx_default_tip\"",
        "id=\"wx_after_scan\"",
        "id=\"wx_after_cancel\"",
        "SIMULATION / 模拟",
        "src=\"/sim/assets/qrconnect.js\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let uuid = uuid_of(&page);
    assert_eq!(uuid.len(), 16);
    assert!(page.contains(&format!("href=\"/connect/confirm?uuid={uuid}\" target=\"_blank\"")));

    let picture = sim.get(&format!("/connect/qrcode/{uuid}")).await;
    assert_eq!(picture.headers()["content-type"], "image/jpeg");
    let picture = picture.bytes().await.unwrap();
    assert_eq!(scanned(&picture), format!("{}/connect/confirm?uuid={uuid}", sim.url));
}

#[tokio::test]
async fn every_page_has_its_own_login() {
    let sim = Sim::start().await;
    assert_ne!(sim.open_login().await, sim.open_login().await);
    assert_eq!(sim.get("/connect/qrcode/unknown").await.status(), 404);
}

#[tokio::test]
async fn mistakes_show_an_error_page() {
    let sim = Sim::start().await;
    for (changes, expected) in [
        (&[("appid", None)][..], "10012"),
        (&[("appid", Some(""))], "10012"),
        (&[("appid", Some("nonsense"))], "该链接无法访问"),
        (&[("appid", Some(SERVICE_ACCOUNT))], "10005"),
        (&[("redirect_uri", None)], "10011"),
        (&[("redirect_uri", Some("https://evil.example/callback"))], "10003"),
        (&[("redirect_uri", Some("http://127.0.0.1.evil.example/"))], "10003"),
        (&[("redirect_uri", Some("http://127.0.0.1@evil.example/"))], "10003"),
        (&[("redirect_uri", Some("http://me@127.0.0.1/"))], "10003"),
        (&[("redirect_uri", Some("javascript:alert(1)"))], "10003"),
        (&[("redirect_uri", Some("/relative"))], "10003"),
        (&[("scope", None)], "10010"),
        (&[("scope", Some("snsapi_base"))], "10005"),
        (&[("response_type", Some("token"))], "response_type 参数错误"),
        (&[("response_type", None)], "response_type 参数错误"),
    ] {
        assert_error(&sim, changes, expected).await;
    }
    let repeated = format!("{}&state=other", qr_connect(&[]));
    assert!(sim.page(&repeated).await.contains("该链接无法访问"));
}

#[tokio::test]
async fn optional_parameters_are_optional() {
    let sim = Sim::start().await;
    for changes in [
        &[("state", None)][..],
        &[("state", Some(""))],
        &[("lang", Some("en"))],
        &[("self_redirect", Some("true")), ("stylelite", Some("1"))],
        &[("state", Some("a.state-that_is+of/no=fixed form and very long, 很长"))],
    ] {
        uuid_of(&sim.page(&qr_connect(changes)).await);
    }
}

#[tokio::test]
async fn the_order_of_parameters_matters_when_turned_on() {
    let sim = Sim::start().await;
    let ordered = qr_connect(&[]);
    let (path, query) = ordered.split_once('?').unwrap();
    let backwards: Vec<&str> = query.split('&').rev().collect();
    let backwards = format!("{path}?{}", backwards.join("&"));
    uuid_of(&sim.page(&backwards).await);
    sim.turn(|knobs| knobs.strict_order_qrconnect = true);
    uuid_of(&sim.page(&ordered).await);
    assert!(sim.page(&backwards).await.contains("Scope 参数错误"));
}

#[tokio::test]
async fn ports_and_incomplete_encoding_are_refused_when_turned_on() {
    let sim = Sim::start_with(Knobs { refuse_ports: true, ..Knobs::default() }).await;
    assert_error(&sim, &[], "10003").await;
    uuid_of(&sim.page(&qr_connect(&[("redirect_uri", Some("http://localhost/callback"))])).await);

    sim.turn(|knobs| (knobs.refuse_ports, knobs.strict_encoding) = (false, true));
    uuid_of(&sim.page(&qr_connect(&[])).await);
    let raw = qr_connect(&[]).replace("%3A", ":").replace("%2F", "/");
    assert!(sim.page(&raw).await.contains("redirect_uri 参数错误"));
}

#[tokio::test]
async fn callbacks_follow_the_registration() {
    let sim = Sim::start().await;
    sim.handle.register(registered(CallbackRule::Hosts(vec!["shop.example".to_owned()])));
    assert_error(&sim, &[], "10003").await;
    assert_error(&sim, &[("redirect_uri", Some("https://sub.shop.example/"))], "10003").await;
    uuid_of(&sim.page(&qr_connect(&[("redirect_uri", Some("https://shop.example/any?x=1"))])).await);

    sim.handle.register(registered(CallbackRule::Exactly(vec![CALLBACK.to_owned()])));
    uuid_of(&sim.page(&qr_connect(&[])).await);
    assert_error(&sim, &[("redirect_uri", Some("http://127.0.0.1:8080/demo/auth/callback/"))], "10003").await;
}

#[tokio::test]
async fn an_error_page_can_be_ordered() {
    let sim = Sim::start_with(Knobs { page_error: Some(10009), ..Knobs::default() }).await;
    assert_error(&sim, &[], "Error code: 10009").await;
    for (code, text) in [(10004, "此公众号被封禁"), (10006, "请先关注此测试号"), (1, "该链接无法访问")]
    {
        sim.turn(|knobs| knobs.page_error = Some(code));
        assert_error(&sim, &[], text).await;
    }
}

#[tokio::test]
async fn nothing_from_the_request_becomes_markup() {
    let sim = Sim::start().await;
    let state = "\"><script>alert(1)</script>";
    let redirect_uri = "http://127.0.0.1/'\"><img src=x>";
    let page = sim.page(&qr_connect(&[("state", Some(state)), ("redirect_uri", Some(redirect_uri))])).await;
    assert!(!page.contains("<script>alert"));
    assert!(!page.contains("<img src=x"));
}
