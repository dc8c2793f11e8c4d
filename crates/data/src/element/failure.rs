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
}
