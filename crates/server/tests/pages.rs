//! The portal, and what every answer carries.

use std::sync::Arc;

use axum::Router;
use axum::routing;
use serde_json::{Value, json};

use crate::client::{Answer, Request, get, post, raw};
use crate::shop::{ALICE, COOKIE, GREETED, PROBE, kiosk, shop, shop_with};

fn settings(page: &Answer) -> Value {
    let (_, rest) = page.body.split_once("<script type=\"application/json\" id=\"settings\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

fn titles(settings: &Value) -> Vec<&str> {
    settings["methods"].as_array().unwrap().iter().map(|method| method["title"].as_str().unwrap()).collect()
}

/// The addresses in the attributes of a page.
fn addresses<'a>(page: &'a Answer, extension: &str) -> Vec<&'a str> {
    let quoted = page.body.split('"').skip(1).step_by(2);
    quoted.filter(|text| text.split('?').next().unwrap_or_default().ends_with(extension)).collect()
}

#[tokio::test]
async fn the_portal_lists_the_ways_to_sign_in_in_their_order() {
    let shop = shop().await;
    let page = get("/acme/shop/").send(shop.address).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let settings = settings(&page);
    assert_eq!(titles(&settings), ["First", "Preferred", "Second", "Late", "Unseen"]);
    assert_eq!(settings["origin"], json!(shop.origin));
    assert_eq!(settings["api"], "../../api/acme/shop/");
    let first = &settings["methods"][0];
    assert_eq!(first["name"], "auths.loginTypes.First");
    assert_eq!(first["type"], "NearType");
    assert_eq!(
        first["signInFields"],
        json!([{"name": "username", "title": "Name"}, {"name": "password", "title": "Word"}])
    );
    assert_eq!((&first["canBind"], &first["canRegister"]), (&json!(false), &json!(false)));
    let preferred = &settings["methods"][1];
    assert_eq!(
        (&preferred["isDefault"], &preferred["signInFields"], &preferred["canBind"], &preferred["canRegister"]),
        (&json!(true), &json!(null), &json!(true), &json!(true))
    );
    assert_eq!(settings["methods"][2]["canRegister"], json!(false), "`allowRegister` is not said");
}

#[tokio::test]
async fn a_way_to_sign_in_brings_the_component_of_its_type() {
    let shop = shop().await;
    let settings = settings(&get("/acme/shop/").send(shop.address).await);
    let far = json!({"tag": "far-login", "module": "auths/loginTypes/FarType/ui/far-login.js"});
    // What is no name of a custom element, or leads out of the front end, counts as nothing said.
    let components: Vec<_> = (0..4).map(|index| settings["methods"][index]["component"].clone()).collect();
    assert_eq!(components, [json!(null), far.clone(), far.clone(), far]);
    let address =
        format!("/acme/shop/{}auths/loginTypes/FarType/ui/far-login.js", settings["elements"].as_str().unwrap());
    let module = get(&address).send(shop.address).await;
    assert_eq!((module.status, module.header("content-type")), (200, Some("text/javascript; charset=utf-8")));
}

#[tokio::test]
async fn components_elsewhere_find_the_ways_to_sign_in() {
    let shop = shop().await;
    let list = get("/acme/shop/portal/methods.json").send(shop.address).await;
    assert_eq!((list.status, list.header("content-type")), (200, Some("application/json")));
    assert_eq!(list.header("cache-control"), Some("no-cache"));
    let list: Value = serde_json::from_str(&list.body).unwrap();
    assert_eq!(list, settings(&get("/acme/shop/").send(shop.address).await)["methods"]);
}

#[tokio::test]
async fn the_portal_speaks_the_language_of_the_visitor() {
    let shop = shop().await;
    let language = async |query: &str, headers: &[(&str, &str)]| {
        let request = headers
            .iter()
            .fold(get(&format!("/acme/shop/{query}")), |request, (name, value)| request.with(name, value));
        let page = request.send(shop.address).await;
        let (_, rest) = page.body.split_once("<html lang=\"").unwrap();
        (rest.split_once('"').unwrap().0.to_owned(), page)
    };
    for (accepted, expected) in [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh-TW", "zh-CN"),
        ("en-GB,zh;q=0.5", "en"),
        ("en;q=0.3, zh;q=0.7", "zh-CN"),
        ("fr, de;q=0.9", "en"),
        ("zh;q=0, en;q=0.1", "en"),
        (";;q=,,zhx", "en"),
        ("zh_CN", "zh-CN"),
        ("zh;Q=0.1,en", "en"),
        ("zh ; q=0.1 , en", "en"),
        ("zh; q = 0.1,en", "en"),
    ] {
        assert_eq!(language("", &[("Accept-Language", accepted)]).await.0, expected, "{accepted}");
    }
    let greeted = format!("{GREETED}=1");
    let (chosen, page) = language("?lang=zh-CN", &[("Accept-Language", "en"), ("Cookie", &greeted)]).await;
    assert_eq!(chosen, "zh-CN");
    let cookie = page.header("set-cookie").unwrap();
    assert!(cookie.starts_with("mti_lang=zh-CN; Path=/; ") && cookie.ends_with("; HttpOnly; SameSite=Lax"), "{cookie}");
    let (kept, page) =
        language("", &[("Accept-Language", "en"), ("Cookie", &format!("{greeted}; mti_lang=zh-CN"))]).await;
    assert_eq!((kept.as_str(), page.header("set-cookie")), ("zh-CN", None));
    assert_eq!(language("?lang=xx%0d%0a", &[("Accept-Language", "zh")]).await.0, "zh-CN");
}

#[tokio::test]
async fn the_portal_has_the_colour_of_the_app() {
    let shop = shop().await;
    let theme = get("/acme/shop/portal/theme.css").send(shop.address).await;
    assert_eq!((theme.status, theme.header("content-type")), (200, Some("text/css; charset=utf-8")));
    assert_eq!(theme.body, ":root{--brand:#3d65fd;--on-brand:#ffffff}\n");
    let below = kiosk().await;
    assert_eq!(get("/acme/kiosk/portal/theme.css").send(below.address).await.status, 404);
    assert!(!get("/acme/kiosk/").send(below.address).await.body.contains("theme.css"));
}

#[tokio::test]
async fn the_callback_page_may_stand_in_a_frame_of_its_own_site_and_no_other_page_in_any() {
    let shop =
        shop_with(|options| options.frame_origins = Arc::new(|_| vec!["https://open.example.com".to_owned()])).await;
    let callback = get("/acme/shop/auth/callback").send(shop.address).await;
    let policy = callback.header("content-security-policy").unwrap();
    assert!(policy.ends_with("; frame-ancestors 'self'"), "{policy}");
    assert!(policy.contains("script-src 'self'; style-src 'self'; "), "{policy}");
    assert_eq!(callback.header("x-frame-options"), Some("SAMEORIGIN"));
    let portal = get("/acme/shop/").send(shop.address).await;
    let policy = portal.header("content-security-policy").unwrap();
    assert!(
        policy.contains("frame-src 'self' https://open.example.com; ") && policy.ends_with("; frame-ancestors 'none'")
    );
}

#[tokio::test]
async fn a_private_way_to_sign_in_is_not_one_of_the_apps_below() {
    let below = kiosk().await;
    let page = get("/acme/kiosk/").send(below.address).await;
    assert_eq!(titles(&settings(&page)), ["First", "Preferred", "Second", "Late"]);
}

#[tokio::test]
async fn text_of_the_app_cannot_become_markup() {
    let shop = shop().await;
    let page = get("/acme/shop/").send(shop.address).await;
    assert!(page.body.contains("<title>Shop &lt;/script&gt;&lt;b&gt;</title>"));
    assert_eq!(settings(&page)["title"], "Shop </script><b>");
    assert!(!page.body.contains("<b>"));
}

#[tokio::test]
async fn pages_hold_no_script_and_no_style_of_their_own() {
    let shop = shop().await;
    for path in ["/acme/shop/", "/acme/shop/auth/callback"] {
        let page = get(path).send(shop.address).await;
        assert!(
            !page.body.contains(" style=") && !page.body.contains("<style") && !page.body.contains(" onclick"),
            "{path}"
        );
        let scripts = page.body.matches("<script").count();
        let external = page.body.matches("<script type=\"module\" src=").count();
        assert_eq!((scripts, external), (2, 1), "{path}");
    }
}

#[tokio::test]
async fn the_callback_page_shows_nothing_of_what_it_was_called_with() {
    let shop = shop().await;
    let page = get("/acme/shop/auth/callback?code=the-code&state=the-state").send(shop.address).await;
    assert_eq!((page.status, page.header("cache-control")), (200, Some("no-store")));
    assert!(!page.body.contains("the-code") && !page.body.contains("the-state"));
    assert_eq!(settings(&page)["api"], "../../../api/acme/shop/");
    assert_eq!(post("/acme/shop/auth/callback", "").send(shop.address).await.status, 405);
}

#[tokio::test]
async fn the_portal_without_its_slash_leads_to_the_portal() {
    let shop = shop().await;
    let answer = get("/acme/shop?next=//evil.example").send(shop.address).await;
    assert_eq!((answer.status, answer.header("location")), (308, Some("shop/")));
}

#[tokio::test]
async fn everything_that_a_page_is_made_of_is_there_and_may_be_kept() {
    let shop = shop().await;
    for (page, base) in [("/acme/shop/", "/acme/shop/"), ("/acme/shop/auth/callback", "/acme/shop/")] {
        let page = get(page).send(shop.address).await;
        let mut pending: Vec<String> = [".js", ".css", ".svg"]
            .into_iter()
            .flat_map(|extension| addresses(&page, extension))
            .filter(|address| address.contains("portal/"))
            .map(|address| format!("{base}{}", address.trim_start_matches("../")))
            .collect();
        assert_eq!(pending.len(), 4);
        let mut seen = Vec::new();
        while let Some(path) = pending.pop() {
            let file = get(&path).send(shop.address).await;
            assert_eq!(file.status, 200, "{path}");
            assert_eq!(file.header("cache-control"), Some("public, max-age=31536000, immutable"), "{path}");
            for import in file.body.lines().filter_map(|line| line.strip_prefix("import ")?.split('"').nth(1)) {
                let path = format!("{base}portal/{}", import.trim_start_matches("./"));
                if !seen.contains(&path) {
                    seen.push(path.clone());
                    pending.push(path);
                }
            }
        }
        assert!(seen.len() >= 3, "{seen:?}");
    }
}

#[tokio::test]
async fn a_file_without_its_version_is_asked_for_again() {
    let shop = shop().await;
    for query in ["", "?v=old"] {
        let file = get(&format!("/acme/shop/portal/portal.js{query}")).send(shop.address).await;
        assert_eq!((file.status, file.header("cache-control")), (200, Some("no-cache")));
        let tag = file.header("etag").unwrap();
        let again = get("/acme/shop/portal/portal.js").with("If-None-Match", tag).send(shop.address).await;
        assert_eq!(again.status, 304);
    }
    assert_eq!(get("/acme/shop/portal/nothing.js").send(shop.address).await.status, 404);
}

#[tokio::test]
async fn every_answer_protects_itself() {
    let shop =
        shop_with(|options| options.frame_origins = Arc::new(|_| vec!["https://open.example.com".to_owned()])).await;
    let answers = [
        get("/acme/shop"),
        get("/acme/shop/portal/methods.json"),
        get("/acme/shop/portal/portal.css"),
        get("/healthz"),
        get("/readyz"),
        get("/metrics"),
        get("/nowhere"),
        get("/api/acme/shop/probes/Probe/whoAmI"),
        post(&format!("{PROBE}whoAmI"), ""),
        post(&format!("{PROBE}explode"), ""),
        post("/acme/shop/", ""),
    ];
    let answers = answers.map(|request| (request, "'none'", "'none'", "DENY"));
    let open = "'self' https://open.example.com";
    // Those that may be, or belong to, a page with a login on it; and one that a login may come back to in its frame.
    let pages = [
        (get("/acme/shop/"), open, "'none'", "DENY"),
        (get("/acme/shop/elements/probes/Probe/page.html"), open, "'self'", "SAMEORIGIN"),
    ];
    for (request, frames, ancestors, frame_options) in answers.into_iter().chain(pages) {
        let answer = request.send(shop.address).await;
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             frame-src {frames}; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
        );
        assert_eq!(answer.header("content-security-policy"), Some(policy.as_str()), "{request:?}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("x-frame-options"), Some(frame_options));
        let permissions = answer.header("permissions-policy").unwrap();
        assert!(permissions.contains("camera=()") && permissions.contains("geolocation=()"), "{permissions}");
        assert_eq!(answer.header("strict-transport-security"), None, "over http");
        assert!(answer.header("x-request-id").is_some());
        assert!(answer.header("server").is_none());
    }
}

#[tokio::test]
async fn browsers_are_to_come_back_over_https_to_an_https_site() {
    let shop = shop_with(|options| options.public_url = Some("https://login.example.com/".parse().unwrap())).await;
    for request in [get("/acme/shop/"), get("/nowhere"), get("/healthz"), post(&format!("{PROBE}whoAmI"), "")] {
        let answer = request.send(shop.address).await;
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"), "{request:?}");
    }
}

#[tokio::test]
async fn the_language_of_an_https_site_is_kept_where_nobody_else_can_set_it() {
    let shop = shop_with(|options| options.public_url = Some("https://login.example.com/".parse().unwrap())).await;
    let greeted = format!("__Host-{GREETED}=1");
    let page = get("/acme/shop/?lang=zh-CN").with("Cookie", &greeted).send(shop.address).await;
    assert!(page.header("set-cookie").unwrap().starts_with("__Host-mti_lang=zh-CN; "));
    let kept = get("/acme/shop/").with("Cookie", "mti_lang=en; __Host-mti_lang=zh-CN").send(shop.address).await;
    assert!(kept.body.contains("<html lang=\"zh-CN\""));
}

#[tokio::test]
async fn the_portal_asks_who_is_signed_in_only_where_a_session_may_be() {
    let shop = shop().await;
    for (cookie, expected) in [(format!("{COOKIE}={ALICE}"), true), (format!("{GREETED}=1"), false)] {
        let page = get("/acme/shop/").with("Cookie", &cookie).send(shop.address).await;
        assert_eq!(settings(&page)["hasSession"], json!(expected), "{cookie}");
    }
}

#[tokio::test]
async fn the_portal_leads_developers_to_what_they_want_to_know() {
    let public = shop().await;
    assert!(!get("/acme/shop/").send(public.address).await.body.contains("../../dev"));
    let shop = shop_with(|options| options.development_page = Some("dev".to_owned())).await;
    let link = "<a href=\"../../dev\">";
    assert!(get("/acme/shop/").send(shop.address).await.body.contains(link));
    assert!(!get("/acme/shop/auth/callback").send(shop.address).await.body.contains(link));
}

#[tokio::test]
async fn a_browser_that_opens_a_page_has_its_cookies_before_its_first_call() {
    let shop = shop().await;
    let set = format!("{GREETED}=1; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
    for page in ["/acme/shop/", "/acme/shop/elements/probes/Probe/page.html"] {
        let first = get(page).send(shop.address).await;
        assert_eq!(first.header("set-cookie"), Some(set.as_str()), "{page}");
        assert_eq!(first.header("cache-control"), Some("no-store"), "{page}");
        let again = get(page).with("Cookie", &format!("{GREETED}=1")).send(shop.address).await;
        assert_eq!((again.status, again.header("set-cookie")), (200, None), "{page}");
    }
    let kept = "/acme/shop/elements/probes/Probe/page.html";
    let tag = get(kept).send(shop.address).await.header("etag").unwrap().to_owned();
    let unchanged = get(kept).with("If-None-Match", &tag).send(shop.address).await;
    assert_eq!((unchanged.status, unchanged.header("set-cookie")), (304, Some(set.as_str())));
    for other in ["/acme/shop/elements/probes/Probe/widget.js", "/acme/shop/portal/portal.js", "/nowhere", "/healthz"] {
        assert_eq!(get(other).send(shop.address).await.header("set-cookie"), None, "{other}");
    }
}

#[tokio::test]
async fn pages_are_read_and_nothing_else() {
    let shop = shop().await;
    for path in ["/acme/shop/", "/acme/shop/portal/portal.js", "/healthz", "/metrics"] {
        let head = Request::new("HEAD", path).send(shop.address).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
        for method in ["OPTIONS", "TRACE", "DELETE", "POST"] {
            let answer = Request::new(method, path).send(shop.address).await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn what_is_nowhere_is_a_page_that_leads_on() {
    let shop = shop().await;
    for path in ["/", "/nowhere", "/acme", "/acme/other/", "/acme/shop/nothing"] {
        let answer = get(path).send(shop.address).await;
        assert_eq!((answer.status, answer.header("content-type")), (404, Some("text/html; charset=utf-8")), "{path}");
        assert_eq!(answer.header("vary"), Some("accept-language, cookie"));
        assert!(answer.body.contains("<h1>There is no page at this address.</h1>"), "{}", answer.body);
        assert!(answer.body.contains("href=\"/acme/shop/\""), "{}", answer.body);
        assert!(answer.body.contains(answer.header("x-request-id").unwrap()), "{}", answer.body);
        let chinese = get(path).with("Accept-Language", "zh-TW").send(shop.address).await;
        assert!(chinese.body.contains("<h1>此地址没有页面。</h1>"), "{}", chinese.body);
    }
}

#[tokio::test]
async fn further_routes_are_asked_for_what_is_left() {
    let extra = Router::new()
        .route("/sim/page", routing::get(async || "simulated"))
        .route("/acme/shop/", routing::get(async || "never seen"))
        .route(
            "/framed",
            routing::get(async || [("content-security-policy", "frame-ancestors https://portal.example.com")]),
        )
        .route("/panic", routing::get(async || if true { panic!("on purpose") } else { "" }));
    let shop = shop_with(|options| options.extra = Some(extra)).await;
    let simulated = get("/sim/page").send(shop.address).await;
    assert_eq!((simulated.status, simulated.body.as_str()), (200, "simulated"));
    assert_eq!(simulated.header("referrer-policy"), Some("no-referrer"));
    let other = get("/sim/other").send(shop.address).await;
    assert_eq!(other.status, 404);
    assert!(other.body.contains("There is no page at this address."), "{}", other.body);
    let posted = post("/sim/page", "").send(shop.address).await;
    assert_eq!((posted.status, posted.header("allow")), (405, Some("GET,HEAD")));
    assert!(posted.body.contains("This page can only be read."), "{}", posted.body);
    assert_ne!(get("/acme/shop/").send(shop.address).await.body, "never seen");
    let framed = get("/framed").send(shop.address).await;
    assert_eq!(framed.header("content-security-policy"), Some("frame-ancestors https://portal.example.com"));
    assert_eq!(framed.header("x-frame-options"), None);
    assert_eq!(get("/panic").send(shop.address).await.status, 500);
}

#[tokio::test]
async fn a_server_for_one_machine_answers_to_the_names_of_that_machine_only() {
    let shop = shop_with(|options| {
        options.local_hosts_only = true;
        options.public_url = Some("http://shop.test:8080".parse().unwrap());
        options.extra = Some(Router::new().route("/more", routing::get(async || "more")));
    })
    .await;
    let echo = format!("{PROBE}echo");
    let ask = async |host: &str| {
        let line = if host.is_empty() { String::new() } else { format!("Host: {host}\r\n") };
        let mut statuses = Vec::new();
        for request in ["GET /acme/shop/", "GET /more", "GET /healthz", &format!("POST {echo}")] {
            let bytes = format!("{request} HTTP/1.1\r\n{line}Connection: close\r\n\r\n");
            statuses.push(Answer::parse(&raw(shop.address, bytes.as_bytes()).await).status);
        }
        statuses
    };
    let own = ["localhost:1", "127.0.0.1", "127.8.8.8:80", "[::1]:80", "LOCALHOST", "shop.localhost", "shop.test"];
    for host in own {
        assert_eq!(ask(host).await, [200, 200, 200, 400], "{host}");
    }
    let foreign = ["evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "10.0.0.1", "shop.test.evil.test"];
    for host in foreign {
        assert_eq!(ask(host).await, [421, 421, 421, 421], "{host}");
    }
    for none in ["", "a b", "localhost\r\nHost: evil.test"] {
        assert_eq!(ask(none).await, [400, 400, 400, 400], "{none:?}");
    }
}
