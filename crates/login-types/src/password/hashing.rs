//! Argon2id, away from the threads that answer requests, and so many at once as the machine can bear.

use std::sync::Arc;
use std::thread;

use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Params, PasswordHash as ParsedHash, PasswordHasher as _, PasswordVerifier as _,
    Version,
};
use mti_element::{AppHandle, Fail, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::config::{MAX_ITERATIONS, MAX_MEMORY};
use super::{Password, PasswordHash};

/// How many hashes are made at once at most: each takes a processor, and 19 MiB of memory if nothing else is configured.
const MOST_AT_ONCE: usize = 8;

/// How many wait for their turn at most.
const MOST_WAITING: usize = 256;

/// The hash of a password.
pub(crate) async fn hash(app: &AppHandle<'_>, params: &Params, password: Password) -> Result<PasswordHash> {
    let hasher = hasher(params);
    run(app, move || Ok(PasswordHash::new(hasher.hash_password(password.reveal().as_bytes())?.to_string()))).await?
}

/// Whether a password is the one behind a hash.
pub(crate) async fn verify(
    app: &AppHandle<'_>,
    params: &Params,
    password: Password,
    hash: &PasswordHash,
) -> Result<bool> {
    let Some(parsed) = parse(hash) else {
        tracing::error!("a stored password hash cannot be read: its owner cannot sign in with it");
        return pretend(app, params, password).await;
    };
    let hasher = hasher(params);
    run(app, move || hasher.verify_password(password.reveal().as_bytes(), &parsed).is_ok()).await
}

/// As much work as [`verify`], where there is nothing to compare with.
pub(crate) async fn pretend(app: &AppHandle<'_>, params: &Params, password: Password) -> Result<bool> {
    hash(app, params, password).await.map(|_| false)
}

/// Whether a hash was made with other parameters than these.
pub(crate) fn is_outdated(params: &Params, hash: &PasswordHash) -> bool {
    let made_with = parse(hash).and_then(|hash| Params::try_from(&hash).ok());
    made_with.is_none_or(|made_with| cost(&made_with) != cost(params))
}

/// A hash that this code made or could have made: nobody's row makes a process compute for minutes.
fn parse(hash: &PasswordHash) -> Option<ParsedHash> {
    let parsed = ParsedHash::new(hash.reveal()).ok()?;
    let params = Params::try_from(&parsed).ok()?;
    let is_bearable = params.m_cost() <= MAX_MEMORY && params.t_cost() <= MAX_ITERATIONS;
    (parsed.algorithm == ARGON2ID_IDENT && is_bearable).then_some(parsed)
}

fn cost(params: &Params) -> (u32, u32, u32) {
    (params.m_cost(), params.t_cost(), params.p_cost())
}

fn hasher(params: &Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
}

async fn run<T: Send + 'static>(app: &AppHandle<'_>, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let turn = app.resource(Hashers::default).0.turn().await?;
    // Whoever gives up waiting does not stop the work, so the turn ends with it.
    let done = tokio::task::spawn_blocking(move || {
        let outcome = work();
        drop(turn);
        outcome
    });
    Ok(done.await?)
}

/// Those who hash. A resource of the process.
struct Hashers(Queue);

impl Default for Hashers {
    fn default() -> Self {
        Self(Queue::new(thread::available_parallelism().map_or(1, usize::from).min(MOST_AT_ONCE)))
    }
}

/// So many at once, and so many who wait.
pub(crate) struct Queue {
    running: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

/// Somebody's turn, until it is dropped.
pub(crate) struct Turn {
    _running: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Queue {
    pub(crate) fn new(at_once: usize) -> Self {
        Self { running: Arc::new(Semaphore::new(at_once)), places: Arc::new(Semaphore::new(at_once + MOST_WAITING)) }
    }

    /// Waits for a turn; refuses when too many wait already.
    pub(crate) async fn turn(&self) -> Result<Turn> {
        let busy = || Fail::RATE_LIMITED.because("too many sign-ins are under way; please try again in a moment");
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| busy())?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| busy())?;
        Ok(Turn { _running: running, _place: place })
    }
}
