//! What every app gets: the levels that the official base app declares.

use std::path::PathBuf;

use mti_data::DataDirectory;
use mti_registry::AppBuilder;

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
