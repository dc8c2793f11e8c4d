//! `get_element` on 10 000 elements against a plain hash map lookup with the same hasher, in one run:
//! instructions (counted by valgrind's callgrind, where it is installed), time on one thread, time on two threads
//! that ask for the same name, and allocations.
//!
//! `cargo bench -p mti-registry`

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use mti_registry::App;
use mti_testkit::Tree;

const ELEMENTS: usize = 10_000;
const ROUNDS: usize = 20;
const LOOKUPS: f64 = 200_000.0;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let counted = arguments.iter().position(|argument| argument == "--counted");
    match counted.and_then(|at| Some((arguments.get(at + 1)?.as_str(), arguments.get(at + 2)?.parse().ok()?))) {
        Some((what, operations)) => run_counted(what, operations),
        None => run_all(),
    }
}

fn run_all() {
    let bench = Bench::new();
    println!("{ELEMENTS} elements, names of {} bytes\n", bench.names.first().map_or(0, String::len));
    if let (Some(floor), Some(get_element)) = (instructions("floor"), instructions("get_element")) {
        println!(
            "instructions   floor {floor:>7.1}   get_element {get_element:>7.1}   ratio {:.2}",
            get_element / floor
        );
    } else {
        println!("instructions   not counted: valgrind is not installed");
    }
    let (floor, get_element) = fastest_pair(|| bench.floor(1), || bench.get_element(1));
    report("one thread, all names", floor, get_element);
    let (floor, get_element) = fastest_pair(|| bench.hot_floor(), || bench.hot_get_element());
    report("one thread, hot name", floor, get_element);
    let (floor, get_element) =
        fastest_pair(|| bench.on_two_threads(Bench::hot_floor), || bench.on_two_threads(Bench::hot_get_element));
    report("two threads, hot name", floor, get_element);
}

fn report(what: &str, floor: Duration, get_element: Duration) {
    let per_lookup = |time: Duration| time.as_secs_f64() * 1e9 / LOOKUPS;
    println!(
        "{what:<22} floor {:>6.1} ns   get_element {:>6.1} ns   ratio {:.2}",
        per_lookup(floor),
        per_lookup(get_element),
        get_element.as_secs_f64() / floor.as_secs_f64()
    );
}

/// The fastest of several runs of each, taken in turns so that what disturbs one disturbs both.
fn fastest_pair(mut first: impl FnMut() -> Duration, mut second: impl FnMut() -> Duration) -> (Duration, Duration) {
    (0..15)
        .map(|_| (first(), second()))
        .fold((Duration::MAX, Duration::MAX), |best, run| (best.0.min(run.0), best.1.min(run.1)))
}

struct Bench {
    _tree: Tree,
    app: App,
    names: Vec<String>,
    floor: HashMap<Box<str>, Arc<u64>, FixedState>,
}

impl Bench {
    fn new() -> Self {
        let mut text = String::from(
            "//- app.json\n{\"appId\": \"acme.bench\", \"version\": \"1.0.0\"}\n\
             //- words/Meta/e.json\n{\"title\": \"Words\", \"type\": \"\"}\n\
             //- words/PlainType/e.json\n{\"title\": \"Plain\", \"type\": \"words.Meta\"}\n",
        );
        let names: Vec<String> =
            (0..ELEMENTS).map(|index| format!("auths.loginTypes.group{:02}.Login{index:06}", index % 100)).collect();
        for name in &names {
            let path = name.replace('.', "/");
            let _ = write!(text, "//- {path}/e.json\n{{\"title\": \"One\", \"type\": \"words.PlainType\"}}\n");
        }
        let tree = Tree::new(&text);
        let app = App::open(tree.path()).unwrap_or_else(|error| panic!("{error}"));
        for name in &names {
            app.get_element(name).unwrap_or_else(|failure| panic!("{failure}"));
        }
        let floor = names.iter().map(|name| (Box::from(name.as_str()), Arc::new(1))).collect();
        Self { _tree: tree, app, names, floor }
    }

    fn floor(&self, times: usize) -> Duration {
        timed(|| {
            for _ in 0..ROUNDS * times {
                for name in &self.names {
                    black_box(self.floor.get(black_box(name.as_str())));
                }
            }
        })
    }

    fn get_element(&self, times: usize) -> Duration {
        timed(|| {
            for _ in 0..ROUNDS * times {
                for name in &self.names {
                    let _element = black_box(self.app.get_element(black_box(name)));
                }
            }
        })
    }

    fn hot_floor(&self) -> Duration {
        let name = &self.names[ELEMENTS / 2];
        timed(|| {
            (0..ROUNDS * ELEMENTS).for_each(|_| {
                black_box(self.floor.get(black_box(name.as_str())));
            });
        })
    }

    fn hot_get_element(&self) -> Duration {
        let name = &self.names[ELEMENTS / 2];
        timed(|| {
            (0..ROUNDS * ELEMENTS).for_each(|_| {
                let _element = black_box(self.app.get_element(black_box(name)));
            });
        })
    }

    fn on_two_threads(&self, run: fn(&Self) -> Duration) -> Duration {
        std::thread::scope(|scope| {
            let other = scope.spawn(|| run(self));
            let own = run(self);
            own.max(other.join().unwrap_or(own))
        })
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// The part that runs under callgrind: everything is set up, then `operations` lookups.
fn run_counted(what: &str, operations: usize) {
    let bench = Bench::new();
    for name in bench.names.iter().cycle().take(operations) {
        if what == "floor" {
            black_box(bench.floor.get(black_box(name.as_str())));
        } else {
            let _element = black_box(bench.app.get_element(black_box(name)));
        }
    }
}

/// Instructions for one lookup: the difference between a run with many and a run with none.
fn instructions(what: &str) -> Option<f64> {
    const OPERATIONS: u32 = 100_000;
    let executable = std::env::current_exe().ok()?;
    let count = |operations: u32| -> Option<f64> {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(&executable)
            .args(["--counted", what, &operations.to_string()])
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stderr);
        text.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
    };
    Some((count(OPERATIONS)? - count(0)?) / f64::from(OPERATIONS))
}
