//! The commands: what their arguments are, and what they do.

mod arguments;
mod call;
mod check;
mod completions;
mod databases;
mod db;
mod dev;
mod dev_page;
mod explain;
mod findings;
mod get;
mod login_components;
mod near_misses;
mod new;
mod opening;
mod readiness;
mod reloading;
mod schema;
mod serve;
mod serving;
mod shutdown;
mod simulated_logins;
mod simulation;
mod tree;
mod wechat;
mod wechat_sim;
mod wechat_sim_authority;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use clap::error::ErrorKind;
use mti_element::Fail;
use tokio::runtime::Runtime;

use crate::Program;
use crate::command::arguments::{Arguments, Command};
pub(crate) use crate::command::arguments::{ColorChoice, Format, GlobalArguments};
use crate::command::opening::Opening;
use crate::exit::{CommandError, Exit};
use crate::logging;
use crate::output::Output;

/// Does what the arguments of the process say.
pub(crate) fn run(program: &Program, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let program_name = program_name(&arguments);
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(message) => {
            Output::usage(&message);
            let was_asked_for = matches!(message.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if was_asked_for { ExitCode::SUCCESS } else { ExitCode::from(2) };
        }
    };
    let started = Instant::now();
    let output = Arc::new(Output::new(arguments.global.format, arguments.global.color));
    let done = logging::start(&arguments.global, arguments.command.log_filter(), &output).and_then(|()| {
        let opening = Opening { program, program_name: &program_name, arguments: &arguments.global, output: &output };
        arguments.command.run(&opening, &output)
    });
    match done {
        Ok(exit) => exit.into(),
        Err(error) => {
            report(&error, started, &output);
            error.exit_code()
        }
    }
}

/// The name that the program was called by: an app with Rust code has one of its own.
fn program_name(arguments: &[OsString]) -> String {
    let stem = arguments.first().and_then(|program| Path::new(program).file_stem());
    stem.map_or_else(|| "mti".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

impl Command {
    /// What it logs. Commands that end say themselves what the registry would log, and those that say what is wrong with the app, what levels would.
    fn log_filter(&self) -> &'static str {
        match self {
            Self::Dev(_) | Self::Serve(_) => "info,mti_element::open=off",
            Self::WechatSim(_) => "info",
            Self::Check => "error,mti_registry=off",
            _ => "warn,mti_registry=off",
        }
    }

    fn run(&self, opening: &Opening<'_>, output: &Output) -> Result<Exit, CommandError> {
        if output.format() == Format::Sarif && !matches!(self, Self::Check) {
            return Err(CommandError::usage("`--format sarif` is for `check` alone"));
        }
        match self {
            Self::Dev(arguments) => dev::run(arguments, opening, output),
            Self::Serve(arguments) => serve::run(arguments, opening, output),
            Self::Check => check::run(opening, output),
            Self::Tree => tree::run(opening, output),
            Self::Explain(arguments) => explain::run(arguments, opening, output),
            Self::Get(arguments) => get::run(arguments, opening, output),
            Self::Call(arguments) => call::run(arguments, opening, output),
            Self::Db(command) => db::run(command, opening, output),
            Self::New(command) => new::run(command, opening, output),
            Self::Schema(arguments) => schema::run(arguments, opening, output),
            Self::Completions(arguments) => Ok(completions::run(arguments.shell, opening.program_name, output)),
            Self::WechatSim(arguments) => wechat_sim::run(arguments, opening, output),
        }
    }
}

/// The threads that asynchronous work runs on. Only commands that have such work ask for them.
fn runtime() -> Result<Runtime, CommandError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::usage(format!("cannot start threads: {error}")))
}

fn report(error: &CommandError, started: Instant, output: &Output) {
    match error {
        CommandError::Usage(message) => output.error(message),
        CommandError::App(diagnostics) => output.diagnostics_remark(diagnostics),
        CommandError::Failed(failure) if output.is_json() => {
            output.remark(&call::envelope(failure, started).to_string());
        }
        // Without diagnostics, all that is known goes on one line.
        CommandError::Failed(failure) if failure.diagnostics().is_empty() => output.error(&failure.operator_message()),
        // The message says where it was looked for, and what is near.
        CommandError::Failed(failure) if failure.is(Fail::ELEMENT_NOT_FOUND) => output.error(&failure.to_string()),
        CommandError::Failed(failure) => {
            output.error(&failure.to_string());
            output.diagnostics_remark(failure.diagnostics());
        }
    }
}
