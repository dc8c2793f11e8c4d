use std::collections::{BTreeMap, BTreeSet};

use mti_wechat_sim::SimulatorHandle;
use tokio::sync::broadcast::error::RecvError;
use url::Url;

use crate::App;
use crate::command::wechat::{self, WeChatLogin};

/// The WeChat logins of an app that use the simulator. It has to know their applications, after every reload too.
pub(crate) struct SimulatedLogins {
    app: App,
    simulator: SimulatorHandle,
    simulator_url: String,
    public_url: Option<Url>,
    registered: BTreeMap<String, WeChatLogin>,
    mixed: BTreeSet<String>,
}

impl SimulatedLogins {
    pub(crate) fn new(app: App, simulator: SimulatorHandle, simulator_url: &str, public_url: Option<Url>) -> Self {
        Self {
            app,
            simulator,
            simulator_url: simulator_url.to_owned(),
            public_url,
            registered: BTreeMap::new(),
            mixed: BTreeSet::new(),
        }
    }

    /// Registers the applications that are new or have changed, and gives back the names of all logins that use the simulator. What a developer
    /// changed at the simulator itself stays as long as his app does.
    pub(crate) fn register(&mut self) -> Vec<String> {
        let mut simulated = Vec::new();
        for login in wechat::logins(&self.app) {
            let uses = |endpoint: &Option<String>| endpoint.as_deref() == Some(&*self.simulator_url);
            match (uses(&login.open), uses(&login.api)) {
                (true, true) => {}
                (false, false) => continue,
                _ => self.warn_of_mixture(&login.name),
            }
            simulated.push(login.name.clone());
            self.register_one(login);
        }
        simulated
    }

    /// Registers again after every reload, for as long as the app is there.
    pub(crate) async fn follow_reloads(mut self) {
        let mut reloads = self.app.subscribe();
        // Whatever was reloaded until now.
        self.register();
        while !matches!(reloads.recv().await, Err(RecvError::Closed)) {
            self.register();
        }
    }

    fn register_one(&mut self, login: WeChatLogin) {
        if self.registered.get(&login.name).is_some_and(|known| known.is_registered_like(&login)) {
            return;
        }
        if let Some(registration) = login.registration(self.public_url.as_ref()) {
            tracing::debug!(element = login.name, app_id = registration.app_id, "signs in at the simulated WeChat");
            self.simulator.register(registration);
            self.registered.insert(login.name.clone(), login);
        }
    }

    fn warn_of_mixture(&mut self, login: &str) {
        if self.mixed.insert(login.to_owned()) {
            tracing::warn!(
                element = login,
                "configures one of `endpoints.open` and `endpoints.api`; the other one is that of the simulated WeChat"
            );
        }
    }
}
