//! The threads that serve, and what they used.

use std::fs;
use std::net::SocketAddr;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use tokio::runtime;

use crate::Contender;

/// Runs a server on one thread, which bears its name, and gives back where it listens.
pub(crate) fn serve<F: Future<Output = ()>>(
    contender: Contender,
    server: impl FnOnce(Sender<SocketAddr>) -> F + Send + 'static,
) -> SocketAddr {
    let (sender, address) = mpsc::channel();
    let run = move || {
        runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(server(sender));
    };
    thread::Builder::new().name(contender.name().to_owned()).spawn(run).unwrap();
    address.recv().unwrap()
}

/// How long the thread of a server has run, as the kernel counts it: in nanoseconds.
pub(crate) fn processor_time(contender: Contender) -> Duration {
    let tasks = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let of_contender = tasks.filter(|task| fs::read_to_string(task.join("comm")).unwrap().trim() == contender.name());
    let nanoseconds = of_contender.map(|task| {
        let statistics = fs::read_to_string(task.join("schedstat")).unwrap();
        statistics.split(' ').next().unwrap().parse::<u64>().unwrap()
    });
    Duration::from_nanos(nanoseconds.sum())
}
