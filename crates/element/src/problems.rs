use mti_core::Diagnostic;

use crate::{Fail, Failure, Result};

/// What is wrong with a definition, gathered while it is read, so that its author hears all of it at once.
#[derive(Debug, Default)]
pub struct Problems {
    first: Option<Failure>,
    diagnostics: Vec<Diagnostic>,
}

impl Problems {
    /// The value, or nothing and one more problem.
    pub fn take<T>(&mut self, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(failure) => {
                for diagnostic in failure.diagnostics() {
                    // Two keys may fail for what is around both.
                    if !self.diagnostics.contains(diagnostic) {
                        self.diagnostics.push(diagnostic.clone());
                    }
                }
                self.first.get_or_insert(failure);
                None
            }
        }
    }

    /// The first failure, with the diagnostics of all.
    pub fn into_failure(self) -> Failure {
        self.first.unwrap_or_else(|| Fail::ELEMENT_EXCEPTION.failure()).diagnosed(self.diagnostics)
    }
}
