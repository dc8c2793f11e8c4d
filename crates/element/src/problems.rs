use mti_core::Diagnostic;

use crate::{Fail, Failure, Result};

/// What is wrong with a definition, gathered while it is read, so that its author hears all of it at once.
///
/// ```
/// # use mti_element::{Fail, Problems, Result};
/// fn port() -> Result<u16> {
///     Err(Fail::ELEMENT_EXCEPTION.because("no port"))
/// }
///
/// fn open() -> Result<(u16, u16)> {
///     let mut problems = Problems::default();
///     let (first, second) = (problems.take(port()), problems.take(port()));
///     first.zip(second).ok_or_else(|| problems.into_failure())
/// }
///
/// assert_eq!(open().unwrap_err().message(), "no port");
/// ```
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
