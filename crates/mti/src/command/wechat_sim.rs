use std::sync::Arc;

use mti_element::Secret;
use mti_wechat_sim::{AppRegistration, Simulator, SimulatorOptions, WECHAT_HOSTS};
use serde_json::json;

use crate::command::arguments::WechatSimArguments;
use crate::command::opening::Opening;
use crate::command::shutdown::Shutdown;
use crate::command::wechat_sim_authority::KeptAuthority;
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
        let kept = kept_authority(arguments)?;
        let authority = kept.as_ref().map(|kept| Arc::clone(&kept.authority));
        let options = SimulatorOptions { bind: arguments.bind, apps, authority, ..SimulatorOptions::default() };
        let simulator = Simulator::bind(options).await?;
        announce(&simulator, kept.as_ref(), output);
        simulator.serve(async move { shutdown.asked().await }).await?;
        Ok::<_, CommandError>(())
    })?;
    Ok(Exit::Done)
}

fn kept_authority(arguments: &WechatSimArguments) -> Result<Option<KeptAuthority>, CommandError> {
    match &arguments.ca_dir {
        Some(directory) => KeptAuthority::in_directory(directory).map(Some),
        None if arguments.tls => KeptAuthority::for_this_run().map(Some),
        None => Ok(None),
    }
}

fn announce(simulator: &Simulator, kept: Option<&KeptAuthority>, output: &Output) {
    let url = simulator.url();
    let hosts: Vec<String> =
        kept.iter().flat_map(|_| WECHAT_HOSTS).map(|host| format!("{} {host}", simulator.address().ip())).collect();
    if output.is_json() {
        output.json_line(&match kept {
            Some(kept) => json!({"url": url, "ca": kept.certificate, "hosts": hosts}),
            None => json!({"url": url}),
        });
        return;
    }
    output.result(&format!("simulated WeChat at {url}/sim/"));
    let endpoints = json!({"endpoints": {"open": url, "api": url}});
    output.remark(&format!("a login uses it with `{endpoints}` in its config"));
    if let Some(kept) = kept {
        output.result(&format!("test CA in {}", kept.certificate.display()));
        output.remark("clients that know no other host name: trust that file, and map these names for them");
        for line in &hosts {
            output.result(line);
        }
        if simulator.address().port() != 443 {
            output.remark("where only names can be mapped, but no ports, listen with `--bind 127.0.0.1:443`");
        }
    }
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
