//! HTTPS under WeChat's own names.

use std::net::SocketAddr;
use std::sync::Arc;

use mti_secret::Secret;
use mti_wechat_sim::{
    AppRegistration, Simulator, SimulatorError, SimulatorHandle, SimulatorOptions, TestAuthority, WECHAT_HOSTS,
    openid_for,
};
use reqwest::{Certificate, Client};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::authorize::scanned;
use crate::support::{APP_ID, APP_SECRET, Sim, qr_connect, trusting_nobody, uuid_of};

struct TlsSim {
    handle: SimulatorHandle,
    address: SocketAddr,
    url: String,
    authority: Arc<TestAuthority>,
    task: JoinHandle<()>,
}

impl TlsSim {
    async fn start() -> Self {
        let authority = Arc::new(TestAuthority::generate().unwrap());
        let apps = vec![AppRegistration::website(APP_ID, Secret::new(APP_SECRET))];
        let options = SimulatorOptions { apps, authority: Some(Arc::clone(&authority)), ..SimulatorOptions::default() };
        let simulator = Simulator::bind(options).await.unwrap();
        let (handle, address, url) = (simulator.handle(), simulator.address(), simulator.url());
        let task = tokio::spawn(async move { simulator.serve(std::future::pending()).await.unwrap() });
        Self { handle, address, url, authority, task }
    }

    /// A client that trusts the authority and finds WeChat's names here.
    fn client(&self) -> Client {
        let certificate = Certificate::from_pem(self.authority.certificate_pem().as_bytes()).unwrap();
        let builder = trusting_nobody().tls_certs_only([certificate]);
        let builder = WECHAT_HOSTS.iter().fold(builder, |builder, host| builder.resolve(host, self.address));
        builder.resolve("shop.example", self.address).build().unwrap()
    }

    fn at(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.address.port())
    }
}

impl Drop for TlsSim {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn it_answers_under_the_names_of_wechat_and_of_this_machine() {
    let sim = TlsSim::start().await;
    assert_eq!(sim.url, format!("https://{}", sim.address));
    let client = sim.client();
    for host in WECHAT_HOSTS.into_iter().chain(["127.0.0.1", "localhost"]) {
        let answer = client.get(sim.at(host, "/sim/knobs")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{host}");
    }
}

#[tokio::test]
async fn a_whole_login_stays_under_the_names_that_the_client_knows() {
    let sim = TlsSim::start().await;
    let client = sim.client();
    let (open, api) = ("open.weixin.qq.com", "api.weixin.qq.com");
    let page = client.get(sim.at(open, &qr_connect(&[]))).send().await.unwrap().text().await.unwrap();
    let uuid = uuid_of(&page);
    let picture = client.get(sim.at(open, &format!("/connect/qrcode/{uuid}"))).send().await.unwrap();
    let phone_page = scanned(&picture.bytes().await.unwrap());
    assert_eq!(phone_page, sim.at(open, &format!("/connect/confirm?uuid={uuid}")));
    client.get(phone_page).send().await.unwrap();
    let form = [("uuid", uuid.as_str()), ("person", "mona"), ("action", "approve")];
    let origin = format!("https://{open}:{}", sim.address.port());
    let request = client.post(sim.at(open, "/connect/confirm")).form(&form).header("Origin", origin);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let poll = sim.at("lp.open.weixin.qq.com", &format!("/connect/l/qrconnect?uuid={uuid}"));
    let answer = client.get(poll).send().await.unwrap().text().await.unwrap();
    let code = answer.strip_prefix("window.wx_errcode=405;window.wx_code='").unwrap().strip_suffix("';").unwrap();

    let parameters = [("appid", APP_ID), ("secret", APP_SECRET), ("code", code), ("grant_type", "authorization_code")];
    let request = client.get(sim.at(api, "/sns/oauth2/access_token")).query(&parameters);
    let tokens: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(tokens["openid"], openid_for("mona", APP_ID));
    let parameters = [("access_token", &tokens["access_token"]), ("openid", &tokens["openid"])];
    let parameters = parameters.map(|(name, value)| (name, value.as_str().unwrap()));
    let request = client.get(sim.at(api, "/sns/userinfo")).query(&parameters);
    let profile: Value = request.send().await.unwrap().json().await.unwrap();
    let avatar = profile["headimgurl"].as_str().unwrap();
    assert!(avatar.starts_with(&sim.at(api, "/")), "{avatar}");
    assert_eq!(client.get(avatar).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn other_names_and_other_authorities_count_for_nothing() {
    let sim = TlsSim::start().await;
    let error = sim.client().get(sim.at("shop.example", "/")).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    let other = TlsSim::start().await;
    let error = other.client().get(sim.at("localhost", "/")).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
}

#[tokio::test]
async fn without_tls_it_does_not_answer_to_the_names() {
    let sim = Sim::start().await;
    for host in WECHAT_HOSTS {
        let request = sim.http.get(format!("{}/sim/knobs", sim.url)).header("Host", host);
        assert_eq!(request.send().await.unwrap().status(), 403, "{host}");
    }
}

#[tokio::test]
async fn clients_that_say_nothing_hold_nobody_up() {
    let sim = TlsSim::start().await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(sim.address).await.unwrap());
    }
    assert_eq!(sim.client().get(sim.at("localhost", "/sim/knobs")).send().await.unwrap().status(), 200);
    drop(silent);
    drop(sim.handle.knobs());
}

#[tokio::test]
async fn an_authority_can_be_kept() {
    let first = TestAuthority::generate().unwrap();
    let (certificate, key) = (first.certificate_pem().to_owned(), first.key_pem());
    let second = TestAuthority::from_pem(certificate.clone(), &key).unwrap();
    assert_eq!(second.certificate_pem(), certificate);
    let other = TestAuthority::generate().unwrap();
    for (certificate, key) in [(certificate.as_str(), &other.key_pem()), ("nonsense", &key), ("", &Secret::new(""))] {
        let outcome = TestAuthority::from_pem(certificate, key);
        assert!(matches!(outcome, Err(SimulatorError::Authority(_))), "{outcome:?}");
    }
    assert!(!format!("{first:?}").contains("PRIVATE"));

    let options = SimulatorOptions { authority: Some(Arc::new(second)), ..SimulatorOptions::default() };
    let simulator = Simulator::bind(options).await.unwrap();
    let url = simulator.url();
    let task = tokio::spawn(async move { simulator.serve(std::future::pending()).await.unwrap() });
    let certificate = Certificate::from_pem(first.certificate_pem().as_bytes()).unwrap();
    let client = trusting_nobody().tls_certs_only([certificate]).build().unwrap();
    assert_eq!(client.get(format!("{url}/sim/people")).send().await.unwrap().status(), 200);
    task.abort();
}
