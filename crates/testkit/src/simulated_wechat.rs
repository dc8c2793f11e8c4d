use mti_element::{Map, Value};
use mti_wechat_sim::{Simulator, SimulatorHandle, SimulatorOptions};
use serde_json::json;
use tokio::task::JoinHandle;

/// A simulated WeChat that answers on a free port of this machine until it is dropped.
#[derive(Debug)]
pub struct SimulatedWeChat {
    url: String,
    handle: SimulatorHandle,
    task: JoinHandle<()>,
}

impl SimulatedWeChat {
    /// Starts it, with the people that come with it: `zhang-san`, `li-si`, `mona` and others.
    ///
    /// # Panics
    ///
    /// When there is no free port: a test cannot go on.
    pub async fn start() -> Self {
        let simulator = Simulator::bind(SimulatorOptions::default()).await;
        let simulator = simulator.unwrap_or_else(|error| panic!("the simulated WeChat does not start: {error}"));
        let (url, handle) = (simulator.url(), simulator.handle());
        let task = tokio::spawn(async move {
            if let Err(error) = simulator.serve(std::future::pending()).await {
                panic!("the simulated WeChat stopped: {error}");
            }
        });
        Self { url, handle, task }
    }

    /// The config by which WeChat logins use it: give it to the app as defaults of `auths.loginTypes.WeChatType`.
    pub fn endpoints(&self) -> Value {
        self.endpoints_and(Value::Object(Map::new()))
    }

    /// The same together with further config.
    pub fn endpoints_and(&self, config: Value) -> Value {
        let mut all = json!({ "endpoints": { "open": self.url, "api": self.url } });
        if let (Value::Object(all), Value::Object(config)) = (&mut all, config) {
            all.extend(config);
        }
        all
    }

    /// A code that a person authorized for an application, as his browser would bring it back.
    ///
    /// # Panics
    ///
    /// When the simulator knows neither of them.
    pub fn code(&self, app_id: &str, person: &str) -> String {
        let code = self.handle.mint_code(app_id, person);
        code.unwrap_or_else(|error| panic!("no code of `{person}` for `{app_id}`: {error}"))
    }

    /// Reaches into it: its knobs and its people.
    pub fn handle(&self) -> &SimulatorHandle {
        &self.handle
    }
}

impl Drop for SimulatedWeChat {
    fn drop(&mut self) {
        self.task.abort();
    }
}
