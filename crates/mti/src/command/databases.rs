//! Where an app's data is, and who has it.

use mti_data::DataError;
use mti_element::Failure;

use crate::command::arguments::DataArguments;
use crate::command::opening::Found;
use crate::exit::{CommandError, in_one_sentence};
use crate::output::Output;
use crate::{App, AppBuilder};

/// Says to an app that is about to be opened where its data is.
pub(crate) fn place(found: Found, arguments: &DataArguments, output: &Output) -> Result<AppBuilder, CommandError> {
    output.diagnostics_remark(&found.diagnostics);
    let builder = match &arguments.data {
        Some(directory) => found.builder.data(directory),
        None => found.builder,
    };
    match &arguments.database_url {
        // The message shows nothing of the URL: a password is part of it.
        Some(url) => builder
            .database_url(url)
            .map_err(|error| CommandError::usage(format!("`--database-url`: {}", in_one_sentence(&error)))),
        None => Ok(builder),
    }
}

/// Opens the default database, so that whatever is in its way is known now.
pub(crate) async fn open_default(app: &App) -> Result<(), CommandError> {
    app.connect().await.map_err(|failure| match DataError::behind(&failure) {
        Some(error) => CommandError::usage(in_one_sentence(error)),
        None => CommandError::Failed(failure),
    })
}

/// Closes the default database.
pub(crate) async fn close_default(app: &App) {
    if let Err(failure) = app.disconnect().await {
        tracing::warn!("cannot close the default database: {}", failure.operator_message());
    }
}

/// Why a call failed. That another process has the data is no fault of the call.
pub(crate) fn unavailable(failure: Failure) -> CommandError {
    match DataError::behind(&failure) {
        Some(error @ DataError::Held { .. }) => CommandError::usage(in_one_sentence(error)),
        _ => CommandError::Failed(failure),
    }
}
