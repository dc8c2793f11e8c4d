use std::time::{Duration, Instant};

use crate::output::Output;

/// How often the line changes at most.
const PAUSE: Duration = Duration::from_millis(100);

/// How far something has come: a line on a terminal that is written over and over, and goes at the end.
pub(super) struct Progress<'a> {
    output: &'a Output,
    rows: u64,
    /// How many there are in all, when that is known.
    of: Option<u64>,
    shown: Option<Instant>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(output: &'a Output, of: Option<u64>) -> Self {
        Self { output, rows: 0, of, shown: None }
    }

    /// Some more rows of a model have been done.
    pub(super) fn add(&mut self, model: &str, rows: u64) {
        self.rows += rows;
        if self.shown.is_some_and(|shown| shown.elapsed() < PAUSE) {
            return;
        }
        self.shown = Some(Instant::now());
        let done = self.rows;
        match self.of.filter(|of| *of > 0) {
            Some(of) => self.output.progress(&format!("{:3} %  {done} of {of} rows  {model}", done * 100 / of)),
            None => self.output.progress(&format!("{done} rows  {model}")),
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if self.shown.is_some() {
            self.output.progress("");
        }
    }
}
