//! Names of apps.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use semver::Version;

use crate::name::{NameError, check_segment};
use crate::text::shorten;

/// The identity of an app: `org.name`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppId(Arc<str>);

impl AppId {
    /// Parses `org.name`: exactly two segments, each as in an element name.
    pub fn parse(text: &str) -> Result<Self, AppIdError> {
        let Some((org, name)) = text.split_once('.').filter(|(_, name)| !name.contains('.')) else {
            return Err(AppIdError::NotTwoSegments { text: shorten(text, 80) });
        };
        check_segment(org)?;
        check_segment(name)?;
        Ok(Self(Arc::from(text)))
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The organisation: what stands before the dot.
    pub fn org(&self) -> &str {
        self.0.split_once('.').map_or("", |(org, _)| org)
    }

    /// The app's own name: what stands after the dot.
    pub fn name(&self) -> &str {
        self.0.split_once('.').map_or("", |(_, name)| name)
    }
}

/// Why a text is no app id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppIdError {
    /// There is not exactly one dot.
    #[error("`{text}` is not of the form `org.name`")]
    NotTwoSegments {
        /// The text, cut.
        text: String,
    },
    /// One of the two segments is no identifier.
    #[error(transparent)]
    Segment(#[from] NameError),
}

impl FromStr for AppId {
    type Err = AppIdError;

    fn from_str(text: &str) -> Result<Self, AppIdError> {
        Self::parse(text)
    }
}

impl AsRef<str> for AppId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// One version of an app, written `org.name@1.2.3`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppKey {
    /// Which app.
    pub id: AppId,
    /// Which version of it.
    pub version: Version,
}

impl fmt::Display for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.version)
    }
}
