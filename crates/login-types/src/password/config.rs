use argon2::Params;
use mti_core::Code;
use mti_element::{Failure, OpenContext, Result};

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
        Ok(Self {
            is_active: config.flag("isActive")?.unwrap_or(true),
            policy: policy(&config)?,
            hashing: hashing(&config)?,
        })
    }
}

fn policy(config: &Keys<'_>) -> Result<PasswordPolicy> {
    let min_length = config.whole_number("limit.minLength", 1..=1024)?.unwrap_or(DEFAULT_MIN_LENGTH);
    let max_length = config.whole_number("limit.maxLength", 1..=1024)?.unwrap_or(DEFAULT_MAX_LENGTH.max(min_length));
    if max_length < min_length {
        return Err(config.problem(
            Code::ConfigWrongType,
            "limit.maxLength",
            "must not be less than `limit.minLength`",
        ));
    }
    let flag = |key: &str| Ok::<_, Failure>(config.flag(key)?.unwrap_or(false));
    Ok(PasswordPolicy {
        min_length,
        max_length,
        require_uppercase: flag("limit.requireUppercase")?,
        require_lowercase: flag("limit.requireLowercase")?,
        require_number: flag("limit.requireNumber")?,
        require_special_char: flag("limit.requireSpecialChar")?,
    })
}

/// What a hash costs: by default 19 MiB of memory, 2 iterations, 1 lane.
fn hashing(config: &Keys<'_>) -> Result<Params> {
    const MEMORY: &str = "argon2.memoryKib";
    let memory = config.whole_number(MEMORY, MIN_MEMORY..=MAX_MEMORY)?.unwrap_or(Params::DEFAULT_M_COST);
    let iterations = config.whole_number("argon2.iterations", 1..=MAX_ITERATIONS)?.unwrap_or(Params::DEFAULT_T_COST);
    let lanes = config.whole_number("argon2.parallelism", 1..=16)?.unwrap_or(Params::DEFAULT_P_COST);
    if u64::from(memory) * u64::from(iterations) < MIN_WORK {
        let message =
            format!("is too little for so few iterations: memory times iterations must be at least {MIN_WORK}");
        return Err(config.problem(Code::ConfigWrongType, MEMORY, &message));
    }
    Ok(Params::new(memory, iterations, lanes, None)?)
}
