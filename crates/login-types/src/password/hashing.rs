//! Argon2id, on threads of its own, with a bounded number of hashes at once.

use std::thread;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash as ParsedHash, Salt};
use argon2::password_hash::try_generate_salt;
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, Version};
use mti_element::{AppHandle, Failure, Result};

use super::config::{MAX_ITERATIONS, MAX_MEMORY};
use super::hash_memory::HashMemory;
use super::queue::Queue;
use super::{Password, PasswordHash};

/// How many hashes are computed at once at most: each takes a processor, and 19 MiB of memory by default.
const MOST_AT_ONCE: usize = 8;

/// The hash of a password.
pub(crate) async fn hash(app: &AppHandle<'_>, params: &Params, password: Password) -> Result<PasswordHash> {
    let params = params.clone();
    run(app, move |memory| {
        let salt = Salt::new(&try_generate_salt()?)?;
        let output = output_of(memory, Version::V0x13, &params, &password, &salt, Params::DEFAULT_OUTPUT_LEN)?;
        let made = ParsedHash {
            algorithm: ARGON2ID_IDENT,
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(salt),
            hash: Some(output),
        };
        Ok(PasswordHash::new(made.to_string()))
    })
    .await
}

/// Whether a password is the one behind a hash.
pub(crate) async fn verify(
    app: &AppHandle<'_>,
    params: &Params,
    password: Password,
    hash: &PasswordHash,
) -> Result<bool> {
    let Some(stored) = StoredHash::parse(hash) else {
        tracing::error!("a stored password hash cannot be read: its owner cannot sign in with it");
        return pretend(app, params, password).await;
    };
    run(app, move |memory| {
        let StoredHash { version, params, salt, output } = stored;
        // The comparison takes the same time wherever the outputs differ.
        Ok(output_of(memory, version, &params, &password, &salt, output.len())? == output)
    })
    .await
}

/// As much work as [`verify`], where there is nothing to compare with.
pub(crate) async fn pretend(app: &AppHandle<'_>, params: &Params, password: Password) -> Result<bool> {
    hash(app, params, password).await.map(|_| false)
}

/// Whether a hash was made with other parameters than these.
pub(crate) fn is_outdated(params: &Params, hash: &PasswordHash) -> bool {
    StoredHash::parse(hash).is_none_or(|stored| cost(&stored.params) != cost(params))
}

/// A hash that this code made or could have made.
struct StoredHash {
    version: Version,
    params: Params,
    salt: Salt,
    output: Output,
}

impl StoredHash {
    /// Refuses parameters beyond what a config may ask for: a row cannot make the process compute for minutes.
    fn parse(hash: &PasswordHash) -> Option<Self> {
        let parsed = ParsedHash::new(hash.reveal()).ok()?;
        let params = Params::try_from(&parsed).ok()?;
        let is_bearable = params.m_cost() <= MAX_MEMORY && params.t_cost() <= MAX_ITERATIONS;
        let version = parsed.version.map_or(Some(Version::default()), |version| version.try_into().ok())?;
        (parsed.algorithm == ARGON2ID_IDENT && is_bearable).then_some(())?;
        Some(Self { version, params, salt: parsed.salt?, output: parsed.hash? })
    }
}

fn cost(params: &Params) -> (u32, u32, u32) {
    (params.m_cost(), params.t_cost(), params.p_cost())
}

fn output_of(
    memory: &HashMemory,
    version: Version,
    params: &Params,
    password: &Password,
    salt: &Salt,
    length: usize,
) -> Result<Output> {
    let mut buffer = [0; Output::MAX_LENGTH];
    let output = buffer.get_mut(..length).ok_or(argon2::Error::OutputTooLong)?;
    let hasher = Argon2::new(Algorithm::Argon2id, version, params.clone());
    memory.with_blocks(params, |blocks| {
        hasher.hash_password_into_with_memory(password.reveal().as_bytes(), salt, output, blocks)
    })?;
    Ok(Output::new(output)?)
}

async fn run<T: Send + 'static>(
    app: &AppHandle<'_>,
    work: impl FnOnce(&HashMemory) -> Result<T> + Send + 'static,
) -> Result<T> {
    let hashers = app.resource(Hashers::default);
    let turn = hashers.queue.turn().await?;
    // A caller who gives up does not stop the work, so the turn ends with the work.
    let done = tokio::task::spawn_blocking(move || {
        let outcome = work(&hashers.memory);
        drop(turn);
        outcome
    });
    done.await.map_err(Failure::from)?
}

/// A resource of the process.
struct Hashers {
    queue: Queue,
    memory: HashMemory,
}

impl Default for Hashers {
    fn default() -> Self {
        let at_once = thread::available_parallelism().map_or(1, usize::from).min(MOST_AT_ONCE);
        Self { queue: Queue::new(at_once), memory: HashMemory::default() }
    }
}
