use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A value that must not be shown: an application secret, a code, a token.
///
/// `Debug` is redacted, and there is no `Display`, `Serialize` or `PartialEq`: a secret reaches a log, an
/// answer or a comparison only where somebody wrote [`Secret::reveal`].
#[derive(Clone)]
pub struct Secret(Box<str>);

/// What stands in the place of a secret wherever one would be shown.
pub const REDACTED: &str = "<redacted>";

impl Secret {
    /// Wraps a value that must not be shown.
    pub fn new(value: impl Into<Box<str>>) -> Self {
        Self(value.into())
    }

    /// The value itself. Every call is a place to look at when asking where secrets go.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// A handle: an opaque text that stands for the secret while it crosses to another language of this process. Whoever
    /// reads it there as a secret has it, once; anywhere else it means nothing.
    pub fn seal(self) -> String {
        let handle = format!("{HANDLE}{:032x}>", u128::from_ne_bytes(random()));
        let mut sealed = lock();
        if sealed.len() == SEALED_AT_MOST {
            // Nobody has read it for so long that nobody will.
            sealed.pop_front();
        }
        sealed.push_back((handle.clone(), self));
        handle
    }

    /// The secret that a handle stands for; none for any other text, and none the second time.
    pub fn unseal(handle: &str) -> Option<Self> {
        if !handle.starts_with(HANDLE) {
            return None;
        }
        let mut sealed = lock();
        let index = sealed.iter().rposition(|(known, _)| known == handle)?;
        sealed.remove(index).map(|(_, secret)| secret)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// How a handle begins.
const HANDLE: &str = "<secret:";
/// How many secrets may be on their way at a time.
const SEALED_AT_MOST: usize = 4096;

/// The secrets that are on their way, oldest first.
static SEALED: Mutex<VecDeque<(String, Secret)>> = Mutex::new(VecDeque::new());

fn lock() -> std::sync::MutexGuard<'static, VecDeque<(String, Secret)>> {
    SEALED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Not to be guessed, by what the standard library has for it: handles live for microseconds, in one process.
fn random() -> [u8; 16] {
    use std::hash::{BuildHasher as _, RandomState};
    let [high, low] = [(); 2].map(|()| RandomState::new().hash_one(std::time::Instant::now()).to_ne_bytes());
    let mut bytes = [0; 16];
    let (first, second) = bytes.split_at_mut(8);
    first.copy_from_slice(&high);
    second.copy_from_slice(&low);
    bytes
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(REDACTED)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<str>::deserialize(deserializer)?;
        if !text.starts_with(HANDLE) {
            return Ok(Self(text));
        }
        Self::unseal(&text).ok_or_else(|| D::Error::custom("a secret's handle was used before"))
    }
}
