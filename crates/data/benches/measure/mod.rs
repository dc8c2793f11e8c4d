//! What something costs, in rounds.

use std::fs;
use std::time::{Duration, Instant};

/// What one step took in every round, in microseconds.
#[derive(Default)]
pub(crate) struct Samples {
    wall: Vec<f64>,
    cpu: Vec<f64>,
}

impl Samples {
    pub(crate) async fn take(&mut self, steps: usize, round: impl AsyncFnOnce()) {
        let (started, cpu) = (Instant::now(), cpu_time());
        round().await;
        let each = |spent: Duration| spent.as_secs_f64() * 1e6 / steps as f64;
        self.wall.push(each(started.elapsed()));
        self.cpu.push(each(cpu_time().saturating_sub(cpu)));
    }

    pub(crate) fn wall(&self) -> f64 {
        median(&self.wall)
    }

    pub(crate) fn cpu(&self) -> f64 {
        median(&self.cpu)
    }

    pub(crate) fn show(&self, what: &str) {
        println!("{what}: {:.1} µs each, CPU {:.1} µs", self.wall(), self.cpu());
    }
}

pub(crate) fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// The processor time of all threads of this process that live.
fn cpu_time() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux");
    let spent = tasks.flatten().filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(spent.sum())
}
