use mti_secret::Secret;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::bounded::BoundedMap;
use crate::error::SimulatorError;
use crate::options::UnknownApps;

/// The account to which applications belong that name none.
const DEFAULT_ACCOUNT: &str = "open-platform";

/// How many applications are learned.
const LEARNED_CAPACITY: usize = 256;

/// How many applications are registered.
const REGISTERED_CAPACITY: usize = 256;

/// An application as it is registered with WeChat.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppRegistration {
    /// The public identifier.
    pub app_id: String,
    /// The secret; `None` accepts the first one that is presented, and from then on no other.
    #[serde(default)]
    pub secret: Option<Secret>,
    /// Which pages the application may use.
    #[serde(default)]
    pub kind: AppKind,
    /// Where browsers may be sent.
    #[serde(default)]
    pub callback: CallbackRule,
    /// The open-platform account, within which a person has one unionId.
    #[serde(default = "default_account")]
    pub account: String,
}

/// What sort of application it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AppKind {
    /// A website: `/connect/qrconnect`, scope `snsapi_login`.
    #[default]
    Website,
    /// A service account: `/connect/oauth2/authorize`, scopes `snsapi_base` and `snsapi_userinfo`.
    ServiceAccount,
    /// Both at once, which WeChat does not have.
    Either,
}

/// Where browsers may be sent with a code.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CallbackRule {
    /// Any port of this machine, which WeChat itself refuses.
    #[default]
    Loopback,
    /// Any path on these hosts.
    Hosts(Vec<String>),
    /// These addresses, to the letter.
    Exactly(Vec<String>),
    /// These addresses, to the letter, if they are on these hosts.
    HostsAndExactly {
        /// The hosts.
        hosts: Vec<String>,
        /// The addresses.
        addresses: Vec<String>,
    },
}

impl AppRegistration {
    /// A website with a secret, whose callbacks are on this machine.
    pub fn website(app_id: impl Into<String>, secret: Secret) -> Self {
        Self { secret: Some(secret), kind: AppKind::Website, ..Self::learned(app_id.into()) }
    }

    fn learned(app_id: String) -> Self {
        Self {
            app_id,
            secret: None,
            kind: AppKind::Either,
            callback: CallbackRule::Loopback,
            account: default_account(),
        }
    }

    /// Judges a secret, and keeps it if it is the first.
    pub(crate) fn accepts_secret(&mut self, presented: &str) -> bool {
        self.secret.get_or_insert_with(|| Secret::new(presented)).reveal() == presented
    }
}

impl CallbackRule {
    pub(crate) fn allows(&self, redirect_uri: &str, refuse_ports: bool) -> bool {
        let Ok(address) = Url::parse(redirect_uri) else {
            return false;
        };
        if !matches!(address.scheme(), "http" | "https")
            || !address.username().is_empty()
            || address.password().is_some()
            || (refuse_ports && address.port().is_some())
        {
            return false;
        }
        match self {
            Self::Loopback => match address.host() {
                Some(Host::Ipv4(host)) => host.is_loopback(),
                Some(Host::Ipv6(host)) => host.is_loopback(),
                Some(Host::Domain(host)) => host == "localhost",
                None => false,
            },
            Self::Hosts(hosts) => is_on(hosts, &address),
            Self::Exactly(addresses) => is_among(addresses, redirect_uri),
            Self::HostsAndExactly { hosts, addresses } => is_on(hosts, &address) && is_among(addresses, redirect_uri),
        }
    }
}

fn is_on(hosts: &[String], address: &Url) -> bool {
    hosts.iter().any(|host| Some(host.as_str()) == address.host_str())
}

fn is_among(addresses: &[String], redirect_uri: &str) -> bool {
    addresses.iter().any(|address| address == redirect_uri)
}

fn default_account() -> String {
    DEFAULT_ACCOUNT.to_owned()
}

/// The applications there are.
#[derive(Debug)]
pub(crate) struct Apps {
    registered: Vec<AppRegistration>,
    learned: BoundedMap<AppRegistration>,
    unknown: UnknownApps,
}

impl Apps {
    pub(crate) fn new(registered: Vec<AppRegistration>, unknown: UnknownApps) -> Self {
        Self { registered, learned: BoundedMap::new(LEARNED_CAPACITY), unknown }
    }

    /// Finds an application, learning it if that is allowed.
    pub(crate) fn resolve(&mut self, app_id: &str) -> Option<&mut AppRegistration> {
        if let Some(index) = self.registered.iter().position(|app| app.app_id == app_id) {
            return self.registered.get_mut(index);
        }
        if self.learned.get(app_id).is_none() {
            if self.unknown == UnknownApps::Refuse || !is_well_formed(app_id) {
                return None;
            }
            self.learned.insert(app_id.to_owned(), AppRegistration::learned(app_id.to_owned()));
        }
        self.learned.get_mut(app_id)
    }

    /// Adds an application or replaces the one of the same id.
    pub(crate) fn register(&mut self, app: AppRegistration) {
        self.registered.retain(|known| known.app_id != app.app_id);
        self.registered.push(app);
    }

    /// Adds an application that came over HTTP.
    pub(crate) fn register_foreign(&mut self, app: AppRegistration) -> Result<(), SimulatorError> {
        if !is_well_formed(&app.app_id) {
            return Err(SimulatorError::MalformedApp(app.app_id.chars().take(80).collect()));
        }
        let is_known = self.registered.iter().any(|known| known.app_id == app.app_id);
        if !is_known && self.registered.len() >= REGISTERED_CAPACITY {
            return Err(SimulatorError::TooMany("applications"));
        }
        self.register(app);
        Ok(())
    }

    /// The registered applications and those learned, newest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &AppRegistration> {
        self.registered.iter().chain(self.learned.newest_first().map(|(_, app)| app))
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.all().map(|app| app.app_id.clone()).collect()
    }
}

fn is_well_formed(app_id: &str) -> bool {
    app_id.len() == 18
        && app_id.strip_prefix("wx").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
