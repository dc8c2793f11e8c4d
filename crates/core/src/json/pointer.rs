//! Places in a JSON document.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

/// A place in a JSON document, as RFC 6901 writes it: `/authConfig/appId`, `/functionList/0/name`; the whole document is the empty text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Pointer(String);

impl Pointer {
    /// The whole document.
    pub const ROOT: Self = Self(String::new());

    /// Takes a text written as in RFC 6901; none when it is neither empty nor starts with a slash.
    pub fn parse(text: &str) -> Option<Self> {
        (text.is_empty() || text.starts_with('/')).then(|| Self(text.to_owned()))
    }

    /// The member `key` of the object that is here.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let mut text = String::with_capacity(self.0.len() + key.len() + 1);
        text.push_str(&self.0);
        text.push('/');
        for character in key.chars() {
            match character {
                '~' => text.push_str("~0"),
                '/' => text.push_str("~1"),
                other => text.push(other),
            }
        }
        Self(text)
    }

    /// The item `index` of the array that is here.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}/{index}", self.0))
    }

    /// The text of RFC 6901.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The keys and indices on the way, outermost first.
    pub fn segments(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.0.split('/').skip(1).map(|segment| {
            if segment.contains('~') {
                Cow::Owned(segment.replace("~1", "/").replace("~0", "~"))
            } else {
                Cow::Borrowed(segment)
            }
        })
    }

    /// The value at this place of `document`.
    pub fn get<'value>(&self, document: &'value Value) -> Option<&'value Value> {
        document.pointer(&self.0)
    }

    /// The place as people write it: `authConfig.appId`, `functionList[0].name`.
    pub fn dotted(&self, document: &Value) -> String {
        let mut text = String::new();
        let mut here = Some(document);
        for segment in self.segments() {
            if let Some(Value::Array(items)) = here {
                text.push('[');
                text.push_str(&segment);
                text.push(']');
                here = segment.parse::<usize>().ok().and_then(|index| items.get(index));
            } else {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(&segment);
                here = here.and_then(|value| value.get(segment.as_ref()));
            }
        }
        text
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
