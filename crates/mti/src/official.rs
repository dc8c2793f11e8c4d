//! What every app gets: the levels that the official base app declares.

use std::path::PathBuf;
use std::sync::Arc;

use mti_data::{DataDirectory, Database};
use mti_element::Secret;
use mti_registry::AppBuilder;

use crate::DatabaseUrlError;
use crate::embedded::BASE_APP;

/// Registers the levels of the base app.
pub(crate) fn register(builder: AppBuilder) -> AppBuilder {
    let levels = mti_data::levels().into_iter().chain(mti_login_types::levels());
    levels.fold(builder, |builder, (element, code)| builder.code(BASE_APP, element, code))
}

/// Says where embedded databases are.
pub(crate) fn place_data(builder: AppBuilder, directory: PathBuf) -> AppBuilder {
    builder.resource(DataDirectory(directory))
}

/// The database that a URL names.
#[cfg(feature = "postgres")]
pub(crate) fn database_at(url: &Secret) -> Result<Arc<dyn Database>, DatabaseUrlError> {
    let options = mti_data::PostgresOptions::from_url(url)?;
    Ok(Arc::new(mti_data::PostgresDatabase::new(options)))
}

/// The database that a URL names: none, without a driver.
#[cfg(not(feature = "postgres"))]
pub(crate) fn database_at(_: &Secret) -> Result<Arc<dyn Database>, DatabaseUrlError> {
    Err(DatabaseUrlError::NoDriver)
}
