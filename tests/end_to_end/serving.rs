//! `serve` and `dev` as processes: where they listen, what they refuse, how they end.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use crate::support::{Browser, LOGIN, Server, demo, free_address, mti_in};

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
    let mut child = crate::support::command(app.path(), &["serve", "--bind", &address.to_string()])
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
