//! What something costs, in rounds.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// What one step took in every round, in microseconds.
#[derive(Default)]
pub(crate) struct Samples {
    wall: Vec<f64>,
    cpu: Vec<f64>,
}

impl Samples {
    pub(crate) async fn take(&mut self, steps: usize, round: impl AsyncFnOnce()) {
        let cpu = cpu_time();
        let started = Instant::now();
        round().await;
        let wall = started.elapsed();
        let each = |spent: Duration| spent.as_secs_f64() * 1e6 / steps as f64;
        self.wall.push(each(wall));
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

fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Says how long the disk takes for an fdatasync: what durable writes cost depends on little else.
pub(crate) fn show_fdatasync(directory: &Path) {
    const SYNCS: usize = 200;
    let mut file = tempfile::tempfile_in(directory).expect("a file");
    let mut sync = |place: Option<u64>| {
        if let Some(place) = place {
            file.seek(SeekFrom::Start(place)).expect("seeks");
        }
        file.write_all(&[0; 512]).expect("writes");
        let started = Instant::now();
        file.sync_data().expect("syncs");
        started.elapsed().as_secs_f64() * 1e6
    };
    let appends: Vec<f64> = (0..SYNCS).map(|_| sync(None)).collect();
    let overwrites: Vec<f64> = (0..SYNCS).map(|_| sync(Some(0))).collect();
    println!(
        "fdatasync: {:.0} µs after an append, {:.0} µs after an overwrite (medians of {SYNCS})\n",
        median(&appends),
        median(&overwrites)
    );
}

/// The processor time of all threads of this process that live.
fn cpu_time() -> Duration {
    // The kernel counts up to the last time a thread stopped or the clock ticked.
    thread::sleep(Duration::from_micros(1));
    let tasks = fs::read_dir("/proc/self/task").expect("Linux");
    let spent = tasks.flatten().filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(spent.sum())
}
