use std::collections::{BTreeMap, VecDeque};
use std::fmt::{self, Display, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many of the latest edits a report shows.
const SHOWN_EDITS: usize = 20;

/// What was found wrong, and the edits that came before it.
#[derive(Debug)]
pub struct Findings {
    seed: u64,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    step: u64,
    edits: VecDeque<String>,
    /// By invariant: the first violation, where it was found, and how many there were.
    violations: BTreeMap<&'static str, Violation>,
}

#[derive(Debug)]
struct Violation {
    step: u64,
    message: String,
    /// The latest edits when it was found.
    edits: Vec<String>,
    count: u64,
}

impl Findings {
    /// Nothing found yet.
    pub fn new(seed: u64) -> Self {
        Self { seed, seen: Mutex::default() }
    }

    /// Notes the next edit and returns its number.
    pub fn begin_step(&self, edit: impl Display) -> u64 {
        let mut seen = self.seen();
        seen.step += 1;
        let line = format!("#{} {edit}", seen.step);
        tracing::info!("{line}");
        seen.edits.push_back(line);
        if seen.edits.len() > SHOWN_EDITS {
            seen.edits.pop_front();
        }
        seen.step
    }

    /// How many edits there were.
    pub fn steps(&self) -> u64 {
        self.seen().step
    }

    /// Notes that an invariant does not hold. The report shows the first violation of each.
    pub fn wrong(&self, invariant: &'static str, message: impl Display) {
        let mut seen = self.seen();
        if let Some(violation) = seen.violations.get_mut(invariant) {
            violation.count += 1;
            return;
        }
        tracing::info!("{invariant}: {message}");
        let (step, edits) = (seen.step, seen.edits.iter().cloned().collect());
        seen.violations.insert(invariant, Violation { step, message: message.to_string(), edits, count: 1 });
    }

    /// Whether every invariant held so far.
    pub fn is_empty(&self) -> bool {
        self.seen().violations.is_empty()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The report: every violated invariant in the order in which they were found, the edits before the first one, and how
/// to repeat the run.
impl Display for Findings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.seen();
        let mut violations: Vec<_> = seen.violations.iter().collect();
        violations.sort_by_key(|(_, violation)| violation.step);
        let mut text = String::new();
        for (invariant, violation) in &violations {
            let Violation { step, message, count, .. } = violation;
            writeln!(text, "{invariant}\n    step {step}, {count} times: {message}")?;
        }
        if let Some((_, first)) = violations.first() {
            writeln!(text, "the edits before the first one:\n    {}", first.edits.join("\n    "))?;
        }
        write!(formatter, "{text}to repeat the run: tests/stress/run --seed {}", self.seed)
    }
}
