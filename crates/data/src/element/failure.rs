use mti_element::{Fail, Failure};

use crate::DataError;

impl DataError {
    /// The data error behind a failed call, if there is one: how a family tells a duplicate from a broken disk.
    pub fn behind(failure: &Failure) -> Option<&Self> {
        failure.cause()
    }

    /// The failure of a call on a model. What the caller did wrong is told; the rest is for the operator.
    pub fn into_failure(self) -> Failure {
        let kind = match &self {
            Self::FieldInvalid { .. } | Self::BadFilter(_) | Self::TooLarge { .. } | Self::UniqueViolation { .. } => {
                Fail::API_PARAMS_ERROR.because(self.to_string())
            }
            _ => Fail::ELEMENT_EXCEPTION.failure(),
        };
        kind.caused_by(self)
    }

    /// The same of a table that could not be made ready: that stored rows are in the way is no mistake of whoever asks for
    /// one of them.
    #[must_use]
    pub fn of_table(self) -> Self {
        match self {
            Self::UniqueViolation { model, fields } => {
                let fields = fields.join("`, `");
                let message = format!(
                    "some of them have the same `{fields}`, which shall be unique: change those rows, or take it out of the \
                     unique fields"
                );
                Self::SchemaChanged { model, message }
            }
            other => other,
        }
    }
}
