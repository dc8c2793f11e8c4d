//! A reload after one edit among 10 000 loaded elements: how long it takes, what it re-makes, and what readers notice
//! of it, against the same readers without a reload in the same run.
//!
//! `cargo bench -p mti-registry --bench reload`

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mti_registry::App;
use mti_testkit::Tree;

const ELEMENTS: usize = 10_000;
const RELOADS: usize = 20;

fn main() {
    let names: Vec<String> =
        (0..ELEMENTS).map(|index| format!("words.group{:02}.Word{index:05}", index % 100)).collect();
    let tree = Tree::new(&text(&names));
    let app = App::open(tree.path()).unwrap_or_else(|error| panic!("{error}"));
    for name in &names {
        app.get_element(name).unwrap_or_else(|failure| panic!("{failure}"));
    }
    let edited = tree.join(&format!("{}/config.json", names[ELEMENTS / 2].replace('.', "/")));
    let canonical = edited.canonicalize().unwrap_or_else(|error| panic!("{error}"));
    let mut known = Vec::new();
    let mut blind = Vec::new();
    let idle = latencies(&app, &names, || std::thread::sleep(Duration::from_millis(300)));
    let during = latencies(&app, &names, || {
        for round in 0..RELOADS {
            tree.write(
                &format!("{}/config.json", names[ELEMENTS / 2].replace('.', "/")),
                format!("{{\"word\": \"edited {round}\"}}"),
            );
            let changed = [canonical.clone()];
            let reloaded =
                app.reload((round % 2 == 0).then_some(&changed[..])).unwrap_or_else(|findings| panic!("{findings:?}"));
            assert_eq!(reloaded.remade.len(), 1, "one edit re-makes one element");
            if round % 2 == 0 { known.push(reloaded.duration) } else { blind.push(reloaded.duration) }
        }
    });
    println!("{ELEMENTS} loaded elements, one edited");
    println!("reload, path known     median {:>6.1} ms", median(&mut known));
    println!("reload, path not known median {:>6.1} ms", median(&mut blind));
    let (idle, during) = (p999(idle), p999(during));
    println!("get_element p99.9      idle {idle} ns, during reloads {during} ns, ratio {:.2}", ratio(during, idle));
}

fn text(names: &[String]) -> String {
    let mut text = String::from(
        "//- app.json\n{\"appId\": \"acme.bench\", \"version\": \"1.0.0\"}\n\
         //- words/Meta/e.json\n{\"title\": \"Words\", \"type\": \"\"}\n\
         //- words/PlainType/e.json\n{\"title\": \"Plain\", \"type\": \"words.Meta\"}\n",
    );
    for name in names {
        let path = name.replace('.', "/");
        let _ = write!(
            text,
            "//- {path}/e.json\n{{\"title\": \"One\", \"type\": \"words.PlainType\"}}\n//- {path}/config.json\n{{\"word\": \"{path}\"}}\n"
        );
    }
    text
}

/// How long single lookups take, in nanoseconds, while `work` goes on.
fn latencies(app: &App, names: &[String], work: impl FnOnce()) -> Vec<u64> {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut samples = Vec::with_capacity(4_000_000);
            for name in names.iter().cycle() {
                if done.load(Ordering::Relaxed) || samples.len() == samples.capacity() {
                    break;
                }
                let begin = Instant::now();
                let _element = black_box(app.get_element(black_box(name)));
                samples.push(u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX));
            }
            samples
        });
        work();
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap_or_default()
    })
}

fn p999(mut samples: Vec<u64>) -> u64 {
    samples.sort_unstable();
    samples.get(samples.len() * 999 / 1000).copied().unwrap_or_default()
}

fn median(durations: &mut [Duration]) -> f64 {
    durations.sort_unstable();
    durations.get(durations.len() / 2).map_or(0.0, |duration| duration.as_secs_f64() * 1000.0)
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of single lookups are small")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}
