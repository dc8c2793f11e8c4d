//! Where an app's data is, and who has it.

use std::sync::Arc;

use mti_data::{Connection, DEFAULT_DATABASE, DataError, Database, DatabaseElement, DefaultDatabase, default_database};
use mti_element::Failure;

use crate::command::arguments::DataArguments;
use crate::command::opening::Found;
use crate::exit::{CommandError, in_one_sentence};
use crate::output::Output;
use crate::{App, AppBuilder};

/// The Type of databases that one process has for itself.
const EMBEDDED: &str = "databases.SledType";

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

/// The default database, as the app has it now. An app need not have one, and one that is quarantined is reported like everything else that is.
pub(crate) async fn default(app: &App) -> Result<Option<Arc<dyn Database>>, Failure> {
    if let Some(stands_in) = stand_in(app) {
        return Ok(Some(Arc::clone(&stands_in.0)));
    }
    let view = app.view();
    let Ok(element) = app.get::<DatabaseElement<'_>>(default_database(&*view)) else { return Ok(None) };
    let Connection(database) = element.connect().await?;
    Ok(Some(database))
}

/// Whether other processes may have the default database too: only one at a time has an embedded one.
pub(crate) fn is_shared(app: &App) -> bool {
    let view = app.view();
    stand_in(app).is_some() || view.definition(default_database(&*view)).is_ok_and(|found| !found.is_a(EMBEDDED))
}

/// What stands in for the default database.
fn stand_in(app: &App) -> Option<Arc<DefaultDatabase>> {
    let is_replaced = default_database(&*app.view()) == DEFAULT_DATABASE;
    app.resources().get().filter(|_| is_replaced)
}

/// Opens the default database, so that whatever is in its way is known now.
pub(crate) async fn open_default(app: &App) -> Result<(), CommandError> {
    let Some(database) = default(app).await.map_err(unavailable)? else { return Ok(()) };
    // Databases open at their first use, so this one is used: for nothing.
    match database.execute(Vec::new()).await {
        Ok(_) => Ok(()),
        Err(error) => Err(CommandError::usage(in_one_sentence(&error))),
    }
}

/// Closes the default database. What it acknowledged is on the disk in any case.
pub(crate) async fn close_default(app: &App) {
    let closed = match default(app).await {
        Ok(Some(database)) => database.close().await,
        Ok(None) | Err(_) => Ok(()),
    };
    if let Err(error) = closed {
        tracing::warn!("cannot close the default database: {}", in_one_sentence(&error));
    }
}

/// Why a call failed. That another process has the data is no fault of the call.
pub(crate) fn unavailable(failure: Failure) -> CommandError {
    match DataError::behind(&failure) {
        Some(error @ DataError::Held { .. }) => CommandError::usage(in_one_sentence(error)),
        _ => CommandError::Failed(failure),
    }
}
