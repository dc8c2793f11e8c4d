//! `serve` and `dev` as processes: where they listen, what they refuse, how they end.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};

use crate::support::{Browser, LOGIN, Server, command, demo, eventually, free_address, mti_in};

#[tokio::test]
async fn serve_announces_the_url_answers_and_ends_with_0() {
    let app = demo();
    let server = Server::start(app.path(), &["serve", "--bind", "127.0.0.1:0"]);
    assert!(server.announcement["url"].as_str().expect("a URL").ends_with("/acme/demo/"));
    let mut browser = Browser::at(&server);
    assert_eq!(browser.open("/healthz").await.0, 200);
    let (status, ready) = browser.open("/readyz").await;
    assert_eq!(status, 200, "{ready}");
    assert_eq!(browser.open("/acme/demo/").await.0, 200);
    let config = browser.call(LOGIN, "getLoginConfig", serde_json::json!({})).await.data();
    assert_eq!(config["authConfig"]["appId"], "wx0123456789abcdef");
    let ended = server.terminate();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(ended.stdout.lines().count(), 1);
}

#[test]
fn serve_prints_one_line_for_people() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;
    let app = demo();
    let address = free_address();
    let mut child = command(app.path(), &["serve", "--bind", &address.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    child.kill().expect("the process is there");
    child.wait().expect("the process ends");
    assert_eq!(line.trim_end(), format!("serving acme.demo@0.1.0 at http://{address}/acme/demo/"));
}

#[test]
fn a_port_in_use_is_one_sentence() {
    let app = demo();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    for command in ["serve", "dev"] {
        let refused = mti_in(app.path(), &[command, "--bind", &address], "").ended_with(2);
        assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
        assert!(refused.stderr.contains(&address) && refused.stderr.contains("in use"), "{}", refused.stderr);
    }
    let refused = mti_in(app.path(), &["dev", "--bind", "127.0.0.1:0", "--sim-bind", &address], "").ended_with(2);
    assert!(refused.stderr.contains(&address) && refused.stderr.contains("in use"), "{}", refused.stderr);
}

#[test]
fn a_second_process_on_the_same_data_is_told_who_has_it() {
    let app = demo();
    let server = Server::start(app.path(), &["serve", "--bind", "127.0.0.1:0"]);
    for command in ["serve", "dev"] {
        let refused = mti_in(app.path(), &[command, "--bind", "127.0.0.1:0"], "").ended_with(2);
        assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
        assert!(refused.stderr.contains("process "), "{}", refused.stderr);
    }
    let call = ["call", "auths.models.UserModel", "query"];
    let refused = mti_in(app.path(), &call, "").ended_with(2);
    assert!(refused.stderr.contains("process "), "{}", refused.stderr);
    assert_eq!(server.terminate().code, Some(0));
    mti_in(app.path(), &call, "").ended_with(0);
}

#[test]
fn dev_is_for_this_machine_only() {
    let app = demo();
    for arguments in [
        vec!["dev", "--bind", "0.0.0.0:0"],
        vec!["dev", "--bind", "127.0.0.1:0", "--public-url", "https://login.example.com"],
        vec!["dev", "--bind", "127.0.0.1:0", "--sim-bind", "0.0.0.0:0"],
    ] {
        let refused = mti_in(app.path(), &arguments, "").ended_with(2);
        assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
        assert_eq!(refused.stdout, "");
    }
}

#[test]
fn dev_says_which_logins_are_simulated() {
    let app = demo();
    app.write("auths/loginTypes/Own/e.json", r#"{"type": "auths.loginTypes.WeChatType", "title": "Own"}"#);
    app.write(
        "auths/loginTypes/Own/Own.json",
        r#"{"authConfig": {"appId": "wx00000000000000aa", "appSecret": "s"},
            "endpoints": {"open": "http://127.0.0.1:9", "api": "http://127.0.0.1:9"}}"#,
    );
    let server = Server::dev(app.path());
    assert_eq!(server.announcement["simulator"]["elements"], serde_json::json!([LOGIN]));
    assert_eq!(server.terminate().code, Some(0));
}

#[tokio::test]
async fn what_is_quarantined_does_not_keep_the_rest_from_being_served() {
    let app = demo();
    app.write("broken/e.json", r#"{"title": "Broken", "type": "no.such.Type"}"#);
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    browser.call(LOGIN, "getLoginConfig", serde_json::json!({})).await.data();
    let ended = server.terminate();
    assert!(ended.stderr.contains("no.such.Type"), "{}", ended.stderr);
}

#[test]
fn people_are_told_of_findings_as_check_tells_them_and_once() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;
    let app = demo();
    app.write("broken/e.json", r#"{"title": "Broken", "type": "no.such.Type"}"#);
    for name in ["one", "two"] {
        app.write(&format!("{name}/e.json"), r#"{"title": "Suffers", "type": "broken"}"#);
    }
    let config = r#"{"authConfig": {"appId": "wx1", "appSecret": "s"}}"#;
    app.write("auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json", config);
    for name in ["serve", "dev"] {
        let mut child = command(app.path(), &[name, "--bind", "127.0.0.1:0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let mut said = String::new();
        for line in BufReader::new(child.stderr.take().expect("a pipe")).lines() {
            let line = line.expect("text");
            said.push_str(&line);
            said.push('\n');
            // Findings are in the order of their files: this is the last line of the last.
            if line.contains("= help: mend `broken`") {
                break;
            }
        }
        child.kill().expect("the process is there");
        child.wait().expect("the process ends");
        let told = |part: &str| said.matches(part).count();
        for part in [
            "error[MTI0401]: there is no element `no.such.Type`",
            " --> broken/e.json:1:29 (app acme.demo)",
            "error[MTI0406]: `broken` is quarantined, and with it the elements below it: `one`, `two`",
            "error[MTI0406]: ",
        ] {
            assert_eq!(told(part), 1, "{part}: {said}");
        }
        // What only the code of an element knows of its config: `serve` opens none before its first use.
        let by_opening = usize::from(name == "dev");
        for part in [
            "warning[MTI0607]: ",
            " --> auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json:1:26",
            "config key `authConfig.appId`",
        ] {
            assert_eq!(told(part), by_opening, "{name}: {part}: {said}");
        }
    }
    let quiet = Server::start(app.path(), &["serve", "--bind", "127.0.0.1:0", "--log", "off"]).terminate();
    assert_eq!(quiet.stderr, "");
}

#[tokio::test]
async fn serve_opens_no_element_before_its_first_use_and_logs_why_one_does_not_load() {
    let app = demo();
    let config = "auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json";
    app.write(config, r#"{"authConfig": {"appId": "wx0123456789abcdef"}}"#);
    let server = Server::start(app.path(), &["serve", "--watch", "--bind", "127.0.0.1:0"]);
    let mut browser = Browser::at(&server);
    eventually("the app was looked at", async || details(&mut browser).await["findings"]["errors"] == 0).await;
    assert!(!server.log().contains("appSecret"), "{}", server.log());
    assert_eq!(browser.call(LOGIN, "getLoginConfig", json!({})).await.status, 500);
    eventually("it is said", async || server.log().contains("appSecret")).await;
    let log = server.log();
    let line = log.lines().find(|line| line.contains("ERROR") && line.contains("appSecret")).expect("an error");
    assert!(line.contains(config), "{line}");
}

#[tokio::test]
async fn dev_says_at_the_start_and_until_it_is_fixed_that_a_config_does_not_load() {
    let app = demo();
    let config = "auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json";
    app.write(config, r#"{"authConfig": {"appId": "wx0123456789abcdef"}}"#);
    {
        let server = Server::start(app.path(), &["dev", "--bind", "127.0.0.1:0"]);
        let mut browser = Browser::at(&server);
        eventually("it is said", async || details(&mut browser).await["findings"]["errors"] == 1).await;
        let (status, ready) = browser.open("/readyz").await;
        assert_eq!(status, 200, "{ready}");
        assert!(ready.contains(r#""status":"ready""#), "{ready}");
        assert_eq!(details(&mut browser).await["elementsWithErrors"], json!([LOGIN]));
        let log = server.log();
        let line = log.lines().find(|line| line.contains("ERROR") && line.contains("MTI")).expect("an error");
        let line: Value = serde_json::from_str(line).expect("JSON");
        let fields = &line["fields"];
        assert_eq!(fields["element"], LOGIN, "{line}");
        assert!(fields["place"].as_str().is_some_and(|place| place.starts_with(&format!("{config}:1:"))), "{line}");
        assert!(fields["message"].as_str().is_some_and(|message| message.contains("appSecret")), "{line}");
        assert!(fields["help"].as_str().is_some_and(|help| !help.is_empty()), "{line}");
        let (code, page) = (fields["code"].as_str().expect("a code"), browser.open("/dev").await.1);
        assert!(page.contains(code) && page.contains("MyWeChatLogin.json:1:"), "{page}");
    }
    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    eventually("it is said", async || details(&mut browser).await["findings"]["errors"] == 1).await;
    app.write(config, r#"{"authConfig": {"appId": "wx0123456789abcdef", "appSecret": "s"}}"#);
    eventually("it is mended", async || details(&mut browser).await["findings"]["errors"] == 0).await;
    assert_eq!(details(&mut browser).await["elementsWithErrors"], json!([]));
    app.write("app.json", "{");
    eventually("the reload fails", async || details(&mut browser).await["reloadFailed"] == true).await;
    let page = browser.open("/dev").await.1;
    assert!(page.contains("The app cannot be read") && page.contains("app.json:1:"), "{page}");
    app.write("app.json", r#"{"appId": "acme.demo", "title": "Mended", "version": "0.1.0"}"#);
    eventually("the app is mended", async || details(&mut browser).await["reloadFailed"] == false).await;
    assert!(!browser.open("/dev").await.1.contains("The app cannot be read"));
}

async fn details(browser: &mut Browser) -> Value {
    let (_, text) = browser.open("/readyz").await;
    serde_json::from_str::<Value>(&text).expect("JSON")["details"].clone()
}

#[test]
fn an_address_that_browsers_do_not_use_is_warned_of() {
    let app = demo();
    let warned = |arguments: &[&str]| {
        let server = Server::start(app.path(), arguments);
        server.terminate().stderr.contains("--public-url")
    };
    assert!(warned(&["serve", "--bind", "0.0.0.0:0"]));
    assert!(!warned(&["serve", "--bind", "0.0.0.0:0", "--public-url", "http://login.example.com"]));
    assert!(!warned(&["serve", "--bind", "127.0.0.1:0"]));
}

/// Calls for a visitor whom a proxy names, until he has called too often or anybody would have.
async fn calls_until_refused(server: &Server, visitor: &str) -> usize {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/api/acme/demo/auths/loginTypes/MyWeChatLogin/getLoginConfig", server.origin());
    for count in 0..2000 {
        let answer = client.post(&url).header("X-Forwarded-For", visitor).send().await.expect("an answer");
        if answer.status() == 429 {
            return count;
        }
    }
    panic!("nobody is refused");
}

#[tokio::test]
async fn visitors_are_counted_apart_behind_a_proxy_that_is_trusted() {
    let app = demo();
    let serve = ["serve", "--bind", "127.0.0.1:0"];
    let trusting = Server::start(app.path(), &[&serve[..], &["--trusted-proxy", "::1,127.0.0.0/8"]].concat());
    assert!(calls_until_refused(&trusting, "203.0.113.7").await >= 600);
    assert!(calls_until_refused(&trusting, "203.0.113.8").await >= 600);
    assert_eq!(trusting.terminate().code, Some(0));
    let cautious = Server::start(app.path(), &serve);
    assert!(calls_until_refused(&cautious, "203.0.113.7").await >= 600);
    assert!(calls_until_refused(&cautious, "203.0.113.8").await < 300);
}

#[test]
fn a_variable_names_proxies_too_and_may_be_empty() {
    let app = demo();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    for (value, said) in [("", "in use"), ("10.0.0.1, fd00::/8,", "in use"), ("10.0.0.1,nginx", "10.0.0.0/8")] {
        let mut serve = command(app.path(), &["serve", "--bind", &address]);
        let ended = serve.env("MTI_TRUSTED_PROXY", value).output().expect("the command ends");
        let errors = String::from_utf8_lossy(&ended.stderr);
        assert!(errors.contains(said), "{value}: {errors}");
    }
}

#[test]
fn what_is_no_proxy_is_said() {
    let app = demo();
    let refused = mti_in(app.path(), &["serve", "--trusted-proxy", "nginx"], "").ended_with(2);
    assert!(refused.stderr.contains("`10.0.0.0/8`"), "{}", refused.stderr);
    let help = mti_in(app.path(), &["serve", "--help"], "").ended_with(0);
    for word in ["--trusted-proxy <IP|CIDR>", "MTI_TRUSTED_PROXY", "--proxy-header"] {
        assert!(help.stdout.contains(word), "{}", help.stdout);
    }
}

#[tokio::test]
async fn localhost_is_an_address_and_other_names_are_none() {
    let app = demo();
    let server = Server::start(app.path(), &["dev", "--bind", "localhost:0"]);
    assert!(server.origin().starts_with("http://127.0.0.1:"), "{}", server.origin());
    assert_eq!(Browser::at(&server).open("/healthz").await.0, 200);
    drop(server);
    let refused = mti_in(app.path(), &["serve", "--bind", "example.com:80"], "").ended_with(2);
    assert!(refused.stderr.contains("localhost:8080"), "{}", refused.stderr);
}

#[tokio::test]
async fn the_root_of_dev_leads_to_the_portal() {
    let app = demo();
    let server = Server::dev(app.path());
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build();
    let answer = client.expect("a client").get(server.origin()).send().await.expect("an answer");
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["location"]),
        (303, &"acme/demo/".parse().expect("a header"))
    );
}

#[test]
fn a_request_in_progress_is_answered_before_the_end() {
    let app = demo();
    let server = Server::start(app.path(), &["serve", "--bind", "127.0.0.1:0"]);
    let origin = server.origin();
    let mut stream = TcpStream::connect(origin.trim_start_matches("http://")).expect("a connection");
    let body = "{}";
    let head = format!(
        "POST /api/acme/demo/auths/loginTypes/MyWeChatLogin/getLoginConfig HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("a request");
    // The server asks for the body: it is in the middle of the request.
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).expect("100 Continue");
    assert!(interim.starts_with(b"HTTP/1.1 100 Continue"), "{}", String::from_utf8_lossy(&interim));
    let ending = std::thread::spawn(move || server.terminate());
    stream.write_all(body.as_bytes()).expect("the body");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(ending.join().expect("an end").code, Some(0));
}
