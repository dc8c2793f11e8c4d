use std::path::PathBuf;

use crate::{FieldError, QError};

/// Why a database did not do what it was asked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// Another row has the same values where the model allows that only once.
    #[error("a row of model `{model}` with the same {} is there already", named(.fields))]
    UniqueViolation {
        /// The model's fullName.
        model: String,
        /// The fields that may not repeat together; the primary key when that is taken.
        fields: Vec<String>,
    },
    /// A value does not fit its field, or the field is not there.
    #[error("model `{model}`: {error}")]
    FieldInvalid {
        /// The model's fullName.
        model: String,
        /// The field, and what is wrong.
        error: FieldError,
    },
    /// A required number of rows was not found; nothing of the batch was done.
    #[error("operation {index} of the batch required another number of rows than the {found} found")]
    PreconditionFailed {
        /// Which operation of the batch, from 0.
        index: usize,
        /// How many rows there were.
        found: u64,
    },
    /// The filter is not one for this model.
    #[error(transparent)]
    BadFilter(#[from] QError),
    /// Rows were to be brought into a table that has some already.
    #[error("model `{model}` has rows already")]
    TableNotEmpty {
        /// The model's fullName.
        model: String,
    },
    /// The model was not prepared in this database.
    #[error("model `{model}` has no table yet: prepare it before using it")]
    NotPrepared {
        /// The model's fullName.
        model: String,
    },
    /// The model was changed in a way that its stored rows do not fit.
    #[error("model `{model}` does not fit its stored rows: {message}")]
    SchemaChanged {
        /// The model's fullName.
        model: String,
        /// What changed, and what to do.
        message: String,
    },
    /// The request is larger than a database takes at once.
    #[error("{message}")]
    TooLarge {
        /// What is too large, and what to do.
        message: String,
    },
    /// The database cannot be reached or used now.
    #[error("the database is not available: {message}")]
    Unavailable {
        /// Why.
        message: String,
        /// Whether trying again later can help.
        retryable: bool,
    },
    /// Another process has the database open.
    #[error("the database in `{}` is held by {by}; stop that process or choose another directory", .directory.display())]
    Held {
        /// The database's directory.
        directory: PathBuf,
        /// Who holds it, and since when.
        by: String,
    },
    /// The stored data is in a form that only a newer program knows.
    #[error("the database in `{}` has format {found}, this program knows format {known}: use the newer program that wrote it, or another directory", .directory.display())]
    NewerStore {
        /// The database's directory.
        directory: PathBuf,
        /// The format that was found.
        found: u64,
        /// The newest format that this program knows.
        known: u64,
    },
    /// The stored data cannot be read.
    #[error(
        "the stored data is damaged: {message}; restore it from a backup, or move its directory away to begin anew"
    )]
    Corrupt {
        /// What cannot be read.
        message: String,
    },
}

impl DataError {
    pub(crate) fn closed() -> Self {
        Self::Unavailable { message: "it has been closed".to_owned(), retryable: false }
    }

    pub(crate) fn corrupt(message: impl Into<String>) -> Self {
        Self::Corrupt { message: message.into() }
    }
}

fn named(fields: &[String]) -> String {
    format!("`{}`", fields.join("`, `"))
}
