//! The databases of an app as a whole: backed up into one file, restored from it, brought in line with the models.

mod backup;
mod backup_file;
mod migrate;
mod models;
mod progress;
mod restore;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use mti_data::DataError;

use crate::command::arguments::DataArguments;
use crate::command::databases;
use crate::command::opening::Opening;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

/// What is to be done with the databases.
#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Write every row of every model into one file
    Backup(BackupArguments),
    /// Bring the rows of a backup in, into this database or one of another kind
    Restore(RestoreArguments),
    /// Make the tables of all models, and bring those that are there in line with them
    Migrate(MigrateArguments),
}

/// What `db backup` takes.
#[derive(Debug, Args)]
pub(crate) struct BackupArguments {
    /// The file to make; only you may read it, for it holds what the app knows of its users
    pub(crate) file: PathBuf,
    /// Leave out what cannot be loaded: the rows of models among that are missing then
    #[arg(long)]
    pub(crate) partial: bool,
    #[command(flatten)]
    pub(crate) data: DataArguments,
}

/// What `db restore` takes.
#[derive(Debug, Args)]
pub(crate) struct RestoreArguments {
    /// A file that `db backup` made
    pub(crate) file: PathBuf,
    /// Put the rows of the backup in the place of those that are there
    #[arg(long)]
    pub(crate) replace: bool,
    #[command(flatten)]
    pub(crate) data: DataArguments,
}

/// What `db migrate` takes.
#[derive(Debug, Args)]
pub(crate) struct MigrateArguments {
    /// Say what would change, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) data: DataArguments,
}

/// Does what is to be done.
pub(crate) fn run(command: &DbCommand, opening: &Opening<'_>, output: &Output) -> Result<Exit, CommandError> {
    match command {
        DbCommand::Backup(arguments) => backup::run(arguments, opening, output),
        DbCommand::Restore(arguments) => restore::run(arguments, opening, output),
        DbCommand::Migrate(arguments) => migrate::run(arguments, opening, output),
    }
}

/// Why a database did not do what it was asked.
fn refused(error: DataError) -> CommandError {
    match error {
        DataError::TableNotEmpty { .. } => CommandError::usage(format!(
            "{error}, and nothing was changed: restore into an empty database, or put the rows of the backup in the \
             place of those that are there with `--replace`"
        )),
        error => databases::unavailable(error.into_failure()),
    }
}
