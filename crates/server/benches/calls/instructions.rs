//! The instructions of the serving thread, counted by callgrind: the same again for the same binary, whatever else the machine does.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Contender;

const SERVER: &str = "MTI_BENCH_SERVER";
const REQUESTS: &str = "MTI_BENCH_REQUESTS";

/// Which server to run, and for how many requests, when this process is the one that is counted.
pub(crate) fn asked_for() -> Option<(Contender, usize)> {
    let name = env::var(SERVER).ok()?;
    let contender = Contender::ALL.into_iter().find(|contender| contender.name() == name)?;
    Some((contender, env::var(REQUESTS).ok()?.parse().ok()?))
}

pub(crate) fn measure() {
    let is_installed = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_ok();
    if !is_installed {
        println!("instructions are counted where valgrind is installed");
        return;
    }
    let [by_hand, element] = Contender::ALL.map(|contender| {
        let (few, many) = (1000, 3000);
        (count(contender, many) - count(contender, few)) / (many - few)
    });
    println!("instructions of the serving thread for a call:");
    println!("  by hand {by_hand}");
    println!("  element {element}, {:.2} ×", ratio(element, by_hand));
}

fn ratio(left: usize, right: usize) -> f64 {
    let number = |value: usize| f64::from(u32::try_from(value).unwrap());
    number(left) / number(right)
}

/// The instructions of all threads but the first, which is the client's.
fn count(contender: Contender, requests: usize) -> usize {
    let place = tempfile::tempdir().unwrap();
    let output = place.path().join("counted");
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--separate-threads=yes", "--quiet"])
        .arg(format!("--callgrind-out-file={}", output.display()))
        .arg(env::current_exe().unwrap())
        .env(SERVER, contender.name())
        .env(REQUESTS, requests.to_string())
        .status();
    assert!(status.unwrap().success());
    let files = fs::read_dir(place.path()).unwrap().map(|file| file.unwrap().path());
    files.filter(|file| !file.to_string_lossy().ends_with("-01")).map(|file| total(&file)).sum()
}

fn total(file: &Path) -> usize {
    let text = fs::read_to_string(file).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("totals: ").or_else(|| line.strip_prefix("summary: ")));
    line.map_or(0, |line| line.trim().parse().unwrap())
}
