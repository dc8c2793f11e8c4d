//! The secrets of this process that are on their way between languages.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::Secret;

/// How a handle begins, before the mark of the process.
const HANDLE: &str = "<secret:";

/// How long a secret may be on its way. A call that takes longer was given up.
const LIFETIME: Duration = Duration::from_mins(5);

/// How many secrets may be on their way at once.
const MOST: usize = 65_536;

/// Tells handles of this process from any text that looks like one, such as a password that a visitor chose.
static MARK: LazyLock<u128> = LazyLock::new(rand::random);

static SEALED: Mutex<Sealed> = Mutex::new(Sealed { next: 0, secrets: BTreeMap::new() });

struct Sealed {
    next: u64,
    /// By the order in which they were sealed.
    secrets: BTreeMap<u64, Entry>,
}

struct Entry {
    /// What a handle has to know besides its number, so that one handle does not lead to others.
    key: u128,
    sealed_at: Instant,
    secret: Secret,
}

/// What a text stands for.
pub(crate) enum Found {
    /// A secret that was on its way until now.
    Secret(Secret),
    /// A handle of this process that means nothing any more.
    Used,
    /// Any other text.
    NoHandle,
}

/// Keeps a secret, and gives the handle for it.
///
/// When too many are on their way, this one is not kept: its reader gets an error, and no other secret is lost.
pub(crate) fn keep(secret: Secret) -> String {
    let mark = *MARK;
    let key: u128 = rand::random();
    let now = Instant::now();
    let mut sealed = SEALED.lock().unwrap_or_else(PoisonError::into_inner);
    while let Some(oldest) = sealed.secrets.first_entry()
        && now.duration_since(oldest.get().sealed_at) > LIFETIME
    {
        oldest.remove();
    }
    let number = sealed.next;
    sealed.next += 1;
    if sealed.secrets.len() < MOST {
        sealed.secrets.insert(number, Entry { key, sealed_at: now, secret });
    } else {
        tracing::error!("{MOST} secrets are on their way between languages: one more cannot be read");
    }
    format!("{HANDLE}{mark:032x}-{number:x}-{key:032x}>")
}

/// Takes the secret that a text is the handle of.
pub(crate) fn take(text: &str) -> Found {
    let Some((number, key)) = parse(text) else { return Found::NoHandle };
    let mut sealed = SEALED.lock().unwrap_or_else(PoisonError::into_inner);
    match sealed.secrets.remove(&number) {
        Some(entry) if entry.key == key => Found::Secret(entry.secret),
        Some(other) => {
            sealed.secrets.insert(number, other);
            Found::Used
        }
        None => Found::Used,
    }
}

/// The number and the key of a handle of this process.
fn parse(text: &str) -> Option<(u64, u128)> {
    let mut parts = text.strip_prefix(HANDLE)?.strip_suffix('>')?.splitn(3, '-');
    let mark = u128::from_str_radix(parts.next()?, 16).ok()?;
    let number = u64::from_str_radix(parts.next()?, 16).ok()?;
    let key = u128::from_str_radix(parts.next()?, 16).ok()?;
    (mark == *MARK).then_some((number, key))
}
