//! Versions of apps, and what a child app demands of its parent's.

use std::fmt;
use std::str::FromStr;

use semver::{Version, VersionReq};

use crate::text::shorten;

/// Parses a version of three plain numbers: `1.2.3`.
pub fn parse_version(text: &str) -> Result<Version, VersionError> {
    Version::parse(text)
        .ok()
        .filter(|version| version.pre.is_empty() && version.build.is_empty())
        .ok_or_else(|| VersionError::NotThreeNumbers { text: shorten(text, 40) })
}

/// Which versions of a parent an app accepts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum VersionRequirement {
    /// Exactly this one: written as three plain numbers, `1.2.3`.
    Exact(Version),
    /// Any within a range: `^1.2`, `~1.2`, `>=1.2, <2`, `*`.
    Range(VersionReq),
}

impl VersionRequirement {
    /// The requirement that every version meets.
    pub const ANY: Self = Self::Range(VersionReq::STAR);

    /// Parses a requirement.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        let text = text.trim();
        if let Ok(version) = parse_version(text) {
            return Ok(Self::Exact(version));
        }
        VersionReq::parse(text)
            .map(Self::Range)
            .map_err(|cause| VersionError::BadRange { text: shorten(text, 80), cause: cause.to_string() })
    }

    /// Whether `version` will do.
    pub fn accepts(&self, version: &Version) -> bool {
        match self {
            Self::Exact(exact) => exact == version,
            Self::Range(range) => range.matches(version),
        }
    }
}

/// Why a text is no version, or no requirement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VersionError {
    /// A version must be three plain numbers.
    #[error("`{text}` is not a version of three numbers such as `1.2.3`")]
    NotThreeNumbers {
        /// The text, cut.
        text: String,
    },
    /// A requirement is neither three numbers nor a range.
    #[error("`{text}` is neither a version such as `1.2.3` nor a range such as `^1.2`, `~1.2` or `>=1.2, <2`: {cause}")]
    BadRange {
        /// The text, cut.
        text: String,
        /// What the range parser said.
        cause: String,
    },
}

impl FromStr for VersionRequirement {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        Self::parse(text)
    }
}

impl fmt::Display for VersionRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(version) => version.fmt(f),
            Self::Range(range) => range.fmt(f),
        }
    }
}
