use mti_element::{REDACTED, Secret};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// A secret: `reveal()` gives its text, and nothing else does.
#[pyclass(module = "mti", frozen, name = "Secret")]
pub(crate) struct SecretText(Secret);

#[pymethods]
impl SecretText {
    #[new]
    fn new(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// The text itself. Every call is a place to look at when asking where secrets go.
    fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// Whether it is that text, or the same secret. How long that takes does not tell where they differ.
    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let text = if let Ok(other) = other.cast::<Self>() {
            other.get().0.clone()
        } else if let Ok(other) = other.cast::<PyString>() {
            Secret::new(other.to_cow()?.into_owned())
        } else {
            return Ok(false);
        };
        let compare = PyModule::import(other.py(), "hmac")?.getattr("compare_digest")?;
        compare.call1((self.0.reveal().as_bytes(), text.reveal().as_bytes()))?.extract()
    }

    fn __bool__(&self) -> bool {
        !self.0.is_empty()
    }

    fn __repr__(&self) -> &'static str {
        REDACTED
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("a secret cannot be pickled or copied"))
    }
}

impl SecretText {
    pub(crate) fn secret(&self) -> Secret {
        self.0.clone()
    }
}

impl From<Secret> for SecretText {
    fn from(secret: Secret) -> Self {
        Self(secret)
    }
}
