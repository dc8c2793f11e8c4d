//! The front-end files of elements.

use std::time::{Duration, Instant};

use crate::client::{Request, get};
use crate::shop::{kiosk, shop};

const FILES: &str = "/acme/shop/elements/probes/Probe/";

#[tokio::test]
async fn what_lies_in_frontend_is_served() {
    let shop = shop().await;
    let script = get(&format!("{FILES}widget.js")).send(shop.address).await;
    assert_eq!((script.status, script.body.as_str()), (200, "export const widget = 1;\n"));
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(script.header("x-content-type-options"), Some("nosniff"));
    let picture = get(&format!("{FILES}deep/logo.svg")).send(shop.address).await;
    assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/svg+xml")));
    assert_eq!(Request::new("POST", &format!("{FILES}widget.js")).send(shop.address).await.status, 405);
}

#[tokio::test]
async fn a_file_that_a_browser_has_is_not_sent_again() {
    let shop = shop().await;
    let path = format!("{FILES}widget.js");
    let first = get(&path).send(shop.address).await;
    assert_eq!(first.header("cache-control"), Some("no-cache"));
    let tag = first.header("etag").unwrap();
    let again = get(&path).with("If-None-Match", tag).send(shop.address).await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    let other = get(&path).with("If-None-Match", "\"other\"").send(shop.address).await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn a_long_path_to_nothing_costs_no_search_for_names_like_it() {
    let shop = shop().await;
    let tree = shop.trees.first().unwrap();
    for number in 0..2000 {
        tree.write(&format!("shelf/item{number}/e.json"), r#"{"title": "Item", "type": "probes.ProbeType"}"#);
    }
    shop.app.reload(None).unwrap();
    let path = format!("/acme/shop/elements/{}/nothing.js", vec!["shelf"; 60].join("/"));
    let started = Instant::now();
    for _ in 0..40 {
        assert_eq!(get(&path).send(shop.address).await.status, 404);
    }
    // Each search compares the name with all others: 2 400 of them take many times as long.
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[tokio::test]
async fn nothing_else_is_served() {
    let shop = shop().await;
    let paths = [
        "probes/Probe/Probe.json",
        "probes/Probe/e.json",
        "probes/Probe/loose.js",
        "probes/Probe/config.json",
        "probes/Probe/Config.JSON",
        "probes/Probe/notes.py",
        "probes/Probe/frontend/widget.js",
        "probes/Probe/../Probe.json",
        "probes/Probe/..%2fProbe.json",
        "probes/Probe/%2e%2e/Probe.json",
        "probes/Probe/%2e%2e%2fProbe.json",
        "probes/Probe/..%5cProbe.json",
        "probes/Probe/deep/../widget.js",
        "probes/Probe//widget.js",
        "probes/Probe/.//widget.js",
        "probes/Probe/widget.js%00.svg",
        "probes/Probe/%77idget.js%20",
        "probes/Probe/deep",
        "probes/Probe/",
        "probes/Probe",
        "probes/Broken/widget.js",
        "probes/Nobody/widget.js",
        "probes.Probe/widget.js",
        "app.json",
        "../../../app.json",
        "%2Fetc%2Fpasswd",
        "/etc/passwd",
        "",
    ];
    for path in paths {
        let answer = get(&format!("/acme/shop/elements/{path}")).send(shop.address).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.body.contains("s3cr3t"), "{path}");
    }
    let endless = "a/".repeat(1000);
    assert_eq!(get(&format!("/acme/shop/elements/{endless}x.js")).send(shop.address).await.status, 404);
}

#[tokio::test]
async fn a_private_elements_files_are_served_in_its_own_app_and_not_below_it() {
    let own = shop().await;
    assert_eq!(get("/acme/shop/elements/probes/Hidden/hidden.js").send(own.address).await.status, 200);
    let below = kiosk().await;
    assert_eq!(get("/acme/kiosk/elements/probes/Probe/widget.js").send(below.address).await.status, 200);
    assert_eq!(get("/acme/kiosk/elements/probes/Hidden/hidden.js").send(below.address).await.status, 404);
}

#[tokio::test]
async fn only_this_apps_elements_are_served() {
    let shop = shop().await;
    assert_eq!(get("/acme/other/elements/probes/Probe/widget.js").send(shop.address).await.status, 404);
    assert_eq!(get("/acme/shop/elements/probes/ProbeType/shared.js").send(shop.address).await.status, 200);
}
