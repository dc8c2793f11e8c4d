use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use clap::Args;
use mti_login_types::WECHAT_TYPE;
use serde_json::json;

use crate::command::arguments::{ServeArguments, listening_address};
use crate::command::dev_page::{DevPage, PAGE};
use crate::command::findings::Findings;
use crate::command::opening::Opening;
use crate::command::serving::{Serving, ServingOptions};
use crate::command::simulated_logins::SimulatedLogins;
use crate::command::simulation::Simulation;
use crate::command::{databases, runtime};
use crate::exit::{CommandError, Exit};
use crate::output::Output;

/// What `dev` takes.
#[derive(Debug, Args)]
pub(crate) struct DevArguments {
    #[command(flatten)]
    serve: ServeArguments,
    /// Where the simulated WeChat listens: a loopback address; port 0 takes any free one
    #[arg(long, value_name = "ADDR:PORT", value_parser = listening_address, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))]
    sim_bind: SocketAddr,
}

/// Serves the app for development: with a simulated WeChat, which every WeChat login uses that configures no other.
pub(crate) fn run(arguments: &DevArguments, opening: &Opening<'_>, output: &Output) -> Result<Exit, CommandError> {
    refuse_the_world(arguments)?;
    let builder = databases::place(opening.find()?, &arguments.serve.data, output)?;
    runtime()?.block_on(async {
        let simulation = Simulation::start(arguments.sim_bind).await?;
        let url = simulation.url();
        let endpoints = json!({"endpoints": {"open": url, "api": url}});
        let app = builder.type_defaults(WECHAT_TYPE, endpoints).open()?;
        let public_url = arguments.serve.public_url.clone();
        let mut logins = SimulatedLogins::new(app.clone(), simulation.handle(), url, public_url);
        let simulated = logins.register();
        let findings = Findings::of(app, Arc::clone(opening.output), |app| app.check());
        let page = DevPage { findings: Arc::clone(&findings), simulator: url.to_owned() };
        let options = ServingOptions {
            watches: true,
            local_hosts_only: true,
            development_page: Some(PAGE),
            routes: Some(page.routes()),
        };
        let serving = Serving::start(findings, &arguments.serve, options).await?;
        let registering = tokio::spawn(logins.follow_reloads());
        announce(&serving, &simulation, &simulated, output);
        let served = serving.run().await;
        registering.abort();
        simulation.stop().await;
        served
    })?;
    Ok(Exit::Done)
}

/// A simulated WeChat lets anybody sign in as anybody: it is for this machine only.
fn refuse_the_world(arguments: &DevArguments) -> Result<(), CommandError> {
    let bind = arguments.serve.bind;
    if !bind.ip().is_loopback() {
        return Err(CommandError::usage(format!(
            "`dev` listens on loopback addresses only, not on `{bind}`, because anybody can sign in at its simulated WeChat: use `serve`"
        )));
    }
    match &arguments.serve.public_url {
        Some(url) if url.scheme() == "https" => Err(CommandError::usage(format!(
            "`dev` is for this machine only, not for `{url}`, because anybody can sign in at its simulated WeChat: use `serve`"
        ))),
        _ => Ok(()),
    }
}

fn announce(serving: &Serving, simulation: &Simulation, simulated: &[String], output: &Output) {
    if output.is_json() {
        output.json_line(&json!({
            "app": serving.key().to_string(),
            "url": serving.url().as_str(),
            "dev": serving.page(&[PAGE]).as_str(),
            "simulator": { "url": simulation.url(), "elements": simulated },
        }));
        return;
    }
    output.result(&format!("serving {} at {}", serving.key(), serving.url()));
    let used_by = match simulated {
        [] => "no element uses it".to_owned(),
        _ => format!("in the place of the real one for {}", simulated.join(", ")),
    };
    output.result(&format!("simulated WeChat at {}/sim/: {used_by}", simulation.url()));
    output.result(&format!("state of the app at {}", serving.page(&[PAGE])));
}
