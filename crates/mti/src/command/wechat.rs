//! What the command has to know of WeChat logins: where they send browsers, and what the simulator must know of them.

use std::collections::BTreeSet;

use mti_element::{AppView as _, ElementDefinition, Secret};
use mti_login_types::WECHAT_TYPE;
use mti_registry::App;
use mti_wechat_sim::{AppKind, AppRegistration, CallbackRule};
use serde_json::Value;
use url::{Host, Url};

/// Where WeChat's authorize page is when nothing else is configured.
const REAL_OPEN: &str = "https://open.weixin.qq.com";

/// The account that simulated applications belong to, so that one person has one unionId in all of them.
const ACCOUNT: &str = "open-platform";

/// A WeChat login of an app, as its definition has it.
#[derive(Debug)]
pub(crate) struct WeChatLogin {
    pub(crate) name: String,
    pub(crate) open: Option<String>,
    pub(crate) api: Option<String>,
    app_id: Option<String>,
    app_secret: Option<Secret>,
    scope: Option<String>,
    /// The hosts that it sends browsers back to.
    hosts: Vec<String>,
}

/// The WeChat logins of an app. Nothing is loaded, and one whose config cannot be read is passed over.
pub(crate) fn logins(app: &App) -> Vec<WeChatLogin> {
    let snapshot = app.snapshot();
    let names = snapshot.instances_of(WECHAT_TYPE);
    names
        .iter()
        .filter_map(|name| snapshot.definition(name.as_str()).ok())
        .map(|definition| WeChatLogin::of(&definition))
        .collect()
}

/// The origins of the pages with a QR code that the portal shows in a frame.
pub(crate) fn page_origins(app: &App) -> Vec<String> {
    let origins: BTreeSet<String> = logins(app)
        .into_iter()
        .filter_map(|login| Url::parse(login.open.as_deref().unwrap_or(REAL_OPEN)).ok())
        .map(|url| url.origin())
        .filter(url::Origin::is_tuple)
        .map(|origin| origin.ascii_serialization())
        .collect();
    origins.into_iter().collect()
}

impl WeChatLogin {
    fn of(definition: &ElementDefinition) -> Self {
        let config = definition.config.value();
        let text = |pointer: &str| config.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let further =
            definition.config.value().get("redirectUris").or_else(|| definition.manifest_value("redirectUris"));
        let addresses = further.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let addresses = addresses.map(str::to_owned).chain(text("/redirectUri"));
        Self {
            name: definition.name.to_string(),
            open: text("/endpoints/open"),
            api: text("/endpoints/api"),
            app_id: text("/authConfig/appId").filter(|id| !id.is_empty()),
            app_secret: text("/authConfig/appSecret")
                .or_else(|| definition.manifest_value("appSecret").and_then(Value::as_str).map(str::to_owned))
                .map(Secret::new),
            scope: text("/scope"),
            hosts: addresses.filter_map(|address| host(&Url::parse(&address).ok()?)).collect(),
        }
    }

    /// Whether the simulator has to know the same of both.
    pub(crate) fn is_registered_like(&self, other: &Self) -> bool {
        let secret = |login: &Self| login.app_secret.as_ref().map(|secret| secret.reveal().to_owned());
        self.app_id == other.app_id
            && secret(self) == secret(other)
            && self.scope == other.scope
            && self.hosts == other.hosts
    }

    /// The application as the simulator registers it. Browsers may be sent back to this machine, to the configured addresses
    /// and to `public_url`.
    pub(crate) fn registration(&self, public_url: Option<&Url>) -> Option<AppRegistration> {
        let mut hosts = vec!["127.0.0.1".to_owned(), "[::1]".to_owned(), "localhost".to_owned()];
        hosts.extend(self.hosts.iter().cloned());
        hosts.extend(public_url.and_then(host));
        let is_website = self.scope.as_deref().is_none_or(|scope| scope == "snsapi_login");
        Some(AppRegistration {
            app_id: self.app_id.clone()?,
            secret: self.app_secret.clone(),
            kind: if is_website { AppKind::Website } else { AppKind::ServiceAccount },
            callback: CallbackRule::Hosts(hosts),
            account: ACCOUNT.to_owned(),
        })
    }
}

fn host(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => Some(name.to_owned()),
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(format!("[{address}]")),
    }
}
