//! Dotted names of elements.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use icu_normalizer::ComposingNormalizerBorrowed;

use crate::text::shorten;

/// The longest segment, in bytes.
pub(crate) const SEGMENT_LIMIT: usize = 255;
/// The longest name, in bytes.
const NAME_LIMIT: usize = 1024;

/// The full name of an element: its path from the app's root, dots for slashes.
///
/// Each segment is a Unicode identifier that may have hyphens inside: `auths.loginTypes.MyWeChatLogin`. However it is
/// typed or kept by a file system, it is one name: the text is in Unicode's form NFC. Cloning shares the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ElementName(Arc<str>);

impl ElementName {
    /// Parses a dotted name.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        if name.len() > NAME_LIMIT {
            return Err(NameError::TooLong { length: name.len() });
        }
        name.split('.').try_for_each(check_segment)?;
        Ok(Self(Arc::from(composed(name))))
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The segments, first to last; there is at least one.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> + Clone {
        self.0.split('.')
    }

    /// The last segment: the element's short name.
    pub fn last_segment(&self) -> &str {
        self.0.rsplit_once('.').map_or(&self.0, |(_, last)| last)
    }

    /// The name one segment longer.
    pub fn child(&self, segment: &str) -> Result<Self, NameError> {
        check_segment(segment)?;
        Self::parse(&format!("{}.{segment}", self.0))
    }

    /// The name without its last segment; none for a name of one segment.
    pub fn parent(&self) -> Option<Self> {
        let (parent, _) = self.0.rsplit_once('.')?;
        Some(Self(Arc::from(parent)))
    }

    /// Whether this name lies below `ancestor`, at any depth.
    pub fn is_below(&self, ancestor: &Self) -> bool {
        self.0.strip_prefix(ancestor.as_str()).is_some_and(|rest| rest.starts_with('.'))
    }
}

/// A text in Unicode's form NFC, in which names are compared.
pub fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { ComposingNormalizerBorrowed::new_nfc().normalize(text) }
}

/// Why a text is no element name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// There is no text at all.
    #[error("the name is empty")]
    Empty,
    /// Two dots in a row, or a dot at either end.
    #[error("the name has an empty segment")]
    EmptySegment,
    /// The whole name is too long.
    #[error("the name has {length} bytes, more than {NAME_LIMIT}")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// One segment is too long.
    #[error("the segment `{segment}` has {length} bytes, more than {SEGMENT_LIMIT}")]
    SegmentTooLong {
        /// The segment, cut.
        segment: String,
        /// Its length in bytes.
        length: usize,
    },
    /// A segment starts with a character that starts no identifier.
    #[error("the segment `{segment}` cannot start with {character:?}: start it with a letter or `_`")]
    BadStart {
        /// The segment, cut.
        segment: String,
        /// Its first character.
        character: char,
    },
    /// A segment contains a character that no identifier has.
    #[error("the segment `{segment}` cannot contain {character:?}: use letters, digits, `_` and inner `-`")]
    BadCharacter {
        /// The segment, cut.
        segment: String,
        /// The offending character.
        character: char,
    },
    /// A segment ends with a hyphen.
    #[error("the segment `{segment}` cannot end with `-`")]
    TrailingHyphen {
        /// The segment, cut.
        segment: String,
    },
}

/// Judges one segment of a name.
pub(crate) fn check_segment(segment: &str) -> Result<(), NameError> {
    let mut characters = segment.chars();
    let Some(first) = characters.next() else {
        return Err(NameError::EmptySegment);
    };
    if segment.len() > SEGMENT_LIMIT {
        return Err(NameError::SegmentTooLong { segment: shorten(segment, 40), length: segment.len() });
    }
    if first != '_' && !unicode_ident::is_xid_start(first) {
        return Err(NameError::BadStart { segment: shorten(segment, 40), character: first });
    }
    if let Some(character) = characters.find(|&c| c != '-' && !unicode_ident::is_xid_continue(c)) {
        return Err(NameError::BadCharacter { segment: shorten(segment, 40), character });
    }
    if segment.ends_with('-') {
        return Err(NameError::TrailingHyphen { segment: shorten(segment, 40) });
    }
    Ok(())
}

impl FromStr for ElementName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        Self::parse(name)
    }
}

impl TryFrom<&str> for ElementName {
    type Error = NameError;

    fn try_from(name: &str) -> Result<Self, NameError> {
        Self::parse(name)
    }
}

impl Borrow<str> for ElementName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for ElementName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for ElementName {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for ElementName {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for ElementName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for ElementName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}
