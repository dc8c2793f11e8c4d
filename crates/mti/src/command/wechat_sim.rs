use mti_element::Secret;
use mti_wechat_sim::{AppRegistration, Simulator, SimulatorOptions};
use serde_json::json;

use crate::command::arguments::WechatSimArguments;
use crate::command::opening::Opening;
use crate::command::shutdown::Shutdown;
use crate::command::{runtime, wechat};
use crate::exit::{CommandError, Exit};
use crate::output::Output;

/// Runs a simulated WeChat by itself until it is told to stop.
pub(crate) fn run(
    arguments: &WechatSimArguments,
    opening: &Opening<'_>,
    output: &Output,
) -> Result<Exit, CommandError> {
    let mut apps = named_applications(arguments)?;
    if opening.arguments.app.is_some() {
        let app = opening.open()?;
        apps.extend(wechat::logins(&app).iter().filter_map(|login| login.registration(None)));
    }
    runtime()?.block_on(async {
        let mut shutdown = Shutdown::listen()
            .map_err(|error| CommandError::usage(format!("cannot listen for signals to end: {error}")))?;
        let options = SimulatorOptions { bind: arguments.bind, apps, ..SimulatorOptions::default() };
        let simulator = Simulator::bind(options).await?;
        let url = simulator.url();
        if output.is_json() {
            output.json_line(&json!({"url": url}));
        } else {
            output.result(&format!("simulated WeChat at {url}/sim/"));
            let endpoints = json!({"endpoints": {"open": url, "api": url}});
            output.remark(&format!("a login uses it with `{endpoints}` in its config"));
        }
        simulator.serve(async move { shutdown.asked().await }).await?;
        Ok::<_, CommandError>(())
    })?;
    Ok(Exit::Done)
}

/// The applications on the command line: every `--app-id` with the `--secret` at the same place.
fn named_applications(arguments: &WechatSimArguments) -> Result<Vec<AppRegistration>, CommandError> {
    let (ids, secrets) = (&arguments.app_ids, &arguments.secrets);
    if ids.len() != secrets.len() {
        return Err(CommandError::usage(format!(
            "every `--app-id` needs a `--secret`: there are {} and {}",
            ids.len(),
            secrets.len()
        )));
    }
    let pairs = ids.iter().zip(secrets);
    Ok(pairs.map(|(id, secret)| AppRegistration::website(id.as_str(), Secret::new(secret.as_str()))).collect())
}
