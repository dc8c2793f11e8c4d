//! Who is answered.

use std::net::SocketAddr;

use mti_wechat_sim::{Simulator, SimulatorError, SimulatorOptions};

use crate::support::Sim;

#[tokio::test]
async fn only_loopback_addresses_are_taken() {
    for address in ["0.0.0.0:0", "192.168.1.1:0", "[::]:0", "8.8.8.8:80"] {
        let bind: SocketAddr = address.parse().unwrap();
        let outcome = Simulator::bind(SimulatorOptions { bind, ..SimulatorOptions::default() }).await;
        assert!(matches!(outcome, Err(SimulatorError::NotLoopback(refused)) if refused == bind), "{address}");
    }
}

#[tokio::test]
async fn an_address_is_taken_once() {
    let first = Simulator::bind(SimulatorOptions::default()).await.unwrap();
    let options = SimulatorOptions { bind: first.address(), ..SimulatorOptions::default() };
    let outcome = Simulator::bind(options).await;
    assert!(matches!(outcome, Err(SimulatorError::Bind { address, .. }) if address == first.address()));
}

#[tokio::test]
async fn somebody_must_be_there() {
    let options = SimulatorOptions { people: Vec::new(), ..SimulatorOptions::default() };
    assert!(matches!(Simulator::bind(options).await, Err(SimulatorError::NobodyThere)));
}

#[tokio::test]
async fn foreign_host_names_are_refused() {
    let sim = Sim::start().await;
    for (host, expected) in [
        ("evil.example", 403),
        ("evil.example:80", 403),
        ("127.0.0.1.evil.example", 403),
        ("127.0.0.1@evil.example", 403),
        ("localhost.evil.example", 403),
        ("", 403),
        ("10.0.0.1", 403),
        ("localhost", 200),
        ("localhost:1234", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:80", 200),
    ] {
        let request = sim.http.get(format!("{}/sim/knobs", sim.url)).header("Host", host);
        assert_eq!(request.send().await.unwrap().status(), expected, "`{host}`");
    }
}

#[tokio::test]
async fn foreign_pages_change_nothing() {
    let sim = Sim::start().await;
    let own = sim.url.clone();
    for (origin, expected) in [
        ("https://evil.example", 403),
        ("http://127.0.0.1.evil.example", 403),
        ("null", 403),
        ("", 403),
        (own.as_str(), 200),
        ("http://localhost:8080", 200),
    ] {
        let request = sim.http.post(format!("{own}/sim/reset")).header("Origin", origin);
        assert_eq!(request.send().await.unwrap().status(), expected, "`{origin}`");
    }
}

#[tokio::test]
async fn pages_run_no_foreign_scripts() {
    let sim = Sim::start().await;
    let uuid = sim.open_login().await;
    for path in ["/sim/".to_owned(), format!("/connect/confirm?uuid={uuid}"), "/connect/qrconnect".to_owned()] {
        let answer = sim.get(&path).await;
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'; script-src 'self';"), "{policy}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let page = answer.text().await.unwrap();
        assert!(page.contains("SIMULATION / 模拟"), "{path}");
    }
    for (name, content_type) in ["qrconnect.js", "return.js", "control.js"]
        .map(|name| (name, "text/javascript"))
        .into_iter()
        .chain([("style.css", "text/css")])
    {
        let answer = sim.get(&format!("/sim/assets/{name}")).await;
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with(content_type));
    }
    assert_eq!(sim.get("/sim/assets/other").await.status(), 404);
}
