use argon2::Params;
use mti_core::Code;
use mti_element::{Failure, OpenContext, Problems, Result};

use super::PasswordPolicy;
use crate::keys::Keys;

/// The fewest characters of a password when the config does not say: what NIST SP 800-63B asks of every password.
const DEFAULT_MIN_LENGTH: u32 = 8;

/// The most characters of a password when the config does not say.
const DEFAULT_MAX_LENGTH: u32 = 256;

/// The least memory of a hash, in KiB. The rules for both are OWASP's: 7 MiB with 5 iterations, 19 MiB with 2.
const MIN_MEMORY: u32 = 7 * 1024;

/// The least work of a hash: KiB times iterations.
const MIN_WORK: u64 = 5 * 7 * 1024;

/// The most memory of a hash, in KiB.
pub(crate) const MAX_MEMORY: u32 = 1024 * 1024;

/// The most iterations of a hash.
pub(crate) const MAX_ITERATIONS: u32 = 64;

/// The config of an instance, checked.
#[derive(Debug)]
pub(crate) struct PasswordConfig {
    pub(crate) is_active: bool,
    pub(crate) policy: PasswordPolicy,
    pub(crate) hashing: Params,
}

impl PasswordConfig {
    pub(crate) fn read(context: &OpenContext<'_>) -> Result<Self> {
        let config = Keys::of_config(context);
        let mut problems = Problems::default();
        let is_active = problems.take(config.flag("isActive"));
        let policy = policy(&config, &mut problems);
        let hashing = hashing(&config, &mut problems);
        let read = || Some(Self { is_active: is_active?.unwrap_or(true), policy: policy?, hashing: hashing? });
        read().ok_or_else(|| problems.into_failure())
    }
}

fn policy(config: &Keys<'_>, problems: &mut Problems) -> Option<PasswordPolicy> {
    let min_length = problems.take(config.whole_number("limit.minLength", 1..=1024));
    let max_length = problems.take(config.whole_number("limit.maxLength", 1..=1024));
    let mut flag = |key: &str| problems.take(config.flag(key)).map(Option::unwrap_or_default);
    let flags = [
        flag("limit.requireUppercase"),
        flag("limit.requireLowercase"),
        flag("limit.requireNumber"),
        flag("limit.requireSpecialChar"),
    ];
    let min_length = min_length?.unwrap_or(DEFAULT_MIN_LENGTH);
    let max_length = max_length?.unwrap_or(DEFAULT_MAX_LENGTH.max(min_length));
    if max_length < min_length {
        let message = "must not be less than `limit.minLength`";
        problems.take::<()>(Err(config.problem(Code::ConfigWrongType, "limit.maxLength", message)))?;
    }
    let [require_uppercase, require_lowercase, require_number, require_special_char] = flags;
    Some(PasswordPolicy {
        min_length,
        max_length,
        require_uppercase: require_uppercase?,
        require_lowercase: require_lowercase?,
        require_number: require_number?,
        require_special_char: require_special_char?,
    })
}

/// What a hash costs: by default 19 MiB of memory, 2 iterations, 1 lane.
fn hashing(config: &Keys<'_>, problems: &mut Problems) -> Option<Params> {
    const MEMORY: &str = "argon2.memoryKib";
    let memory = problems.take(config.whole_number(MEMORY, MIN_MEMORY..=MAX_MEMORY));
    let iterations = problems.take(config.whole_number("argon2.iterations", 1..=MAX_ITERATIONS));
    let lanes = problems.take(config.whole_number("argon2.parallelism", 1..=16));
    let memory = memory?.unwrap_or(Params::DEFAULT_M_COST);
    let iterations = iterations?.unwrap_or(Params::DEFAULT_T_COST);
    if u64::from(memory) * u64::from(iterations) < MIN_WORK {
        let message =
            format!("is too little for so few iterations: memory times iterations must be at least {MIN_WORK}");
        problems.take::<()>(Err(config.problem(Code::ConfigWrongType, MEMORY, &message)))?;
    }
    problems
        .take(Params::new(memory, iterations, lanes?.unwrap_or(Params::DEFAULT_P_COST), None).map_err(Failure::from))
}
