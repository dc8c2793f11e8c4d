//! Everything stays right while everything changes.

use std::time::Duration;

use mti_stress::{Options, run};

/// How long the run is where `MTI_STRESS_SECONDS` does not say it.
const SECONDS: u64 = 60;

#[test]
fn everything_stays_right_while_everything_changes() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("MTI_STRESS_SEED").unwrap_or_else(|| rand::random::<u64>() >> 32);
    let duration = Duration::from_secs(number("MTI_STRESS_SECONDS").unwrap_or(SECONDS));
    let goes_on = std::env::var_os("MTI_STRESS_GO_ON").is_some();
    println!("seed {seed}");
    let (findings, summary) = run(Options { seed, duration, goes_on });
    println!("{summary}");
    assert!(findings.is_empty(), "\n{findings}");
}
