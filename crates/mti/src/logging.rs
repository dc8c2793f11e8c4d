use tracing_subscriber::EnvFilter;

use crate::command::GlobalArguments;
use crate::exit::CommandError;
use crate::output::Output;

/// Begins to log to standard error; `usual_filter` says what, unless the arguments say otherwise.
pub(crate) fn start(arguments: &GlobalArguments, usual_filter: &str, output: &Output) -> Result<(), CommandError> {
    let filter = match (&arguments.log, arguments.verbose) {
        (Some(filter), _) => filter.as_str(),
        (None, 0) => usual_filter,
        (None, 1) => "info,mti=debug",
        (None, _) => "info,mti=trace",
    };
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        CommandError::usage(format!("`{filter}` is no filter for the log, such as `info,mti_server=debug`: {error}"))
    })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(output.colors_remarks())
        .log_internal_errors(false);
    let started = if output.is_json() { log.json().try_init() } else { log.try_init() };
    // Somebody who runs a command inside a program of his own may log in his own way.
    drop(started);
    Ok(())
}
