use std::panic;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use mti_testkit::database::TestDatabase;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::callers::{CALLERS, call_on};
use crate::editor::Editor;
use crate::findings::Findings;
use crate::log::Log;
use crate::memory::resident_mib;
use crate::objects::WANTED_PANIC;
use crate::sources::{Server, Sources};
use crate::world::World;

/// How many edits there are between two checks in quiet.
const EDITS_OF_A_ROUND: usize = 16;

/// Every so many rounds, the watcher reloads instead of the editor.
const WATCHED_ROUND: u64 = 3;

/// Every so many rounds, all connections to the server end before its rows are checked.
const DISCONNECTED_ROUND: u64 = 4;

/// How much more memory than after the first third may be in use at the end, in MiB: what an allocator keeps differs.
const MEMORY_MARGIN_MIB: u64 = 48;

/// How long it may take until the log says that a retirement hangs.
const REPORT_DEADLINE: Duration = Duration::from_secs(20);

/// How many times as long as a write a refusal may take, in the median, beyond [`REFUSAL_MARGIN`].
const REFUSAL_FACTOR: u32 = 10;
/// What a refusal may take beyond that.
const REFUSAL_MARGIN: Duration = Duration::from_millis(100);

/// What a run is like.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Decides the edits and the calls.
    pub seed: u64,
    /// How long it goes on.
    pub duration: Duration,
    /// Whether it goes on after the first round in which something was wrong.
    pub goes_on: bool,
}

/// Runs callers and the editor. Returns what was wrong, and a summary.
///
/// # Panics
///
/// When the test itself cannot go on: without PostgreSQL, for example.
#[expect(clippy::expect_used, reason = "a test that cannot go on should say where")]
pub fn run(options: Options) -> (Arc<Findings>, String) {
    keep_wanted_panics_quiet();
    let log = Log::start();
    let database = TestDatabase::new();
    let findings = Arc::new(Findings::new(options.seed));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().expect("a runtime");
    let schema_url = format!("{}&application_name={}", database.url(), application_name());
    let sources = Sources::new(Server { url: database.server_url().to_owned(), schema_url });
    let world = Arc::new(World::open(&sources, Arc::clone(&findings)));
    let (sender, ended) = mpsc::channel();
    let editor = {
        let (world, handle) = (Arc::clone(&world), runtime.handle().clone());
        let random = StdRng::seed_from_u64(options.seed);
        move || {
            let mut editor = Editor::new(Arc::clone(&world), handle.clone(), sources, random);
            let callers = (0..CALLERS).map(|number| handle.spawn(call_on(Arc::clone(&world), options.seed, number)));
            let callers: Vec<_> = callers.collect();
            let memory = edit_on(&mut editor, options, &log);
            world.end();
            for caller in callers {
                if handle.block_on(caller).is_err() {
                    world.findings.wrong("no call panics", "a caller panicked");
                }
            }
            // The files of the app and of its database go after the last call.
            drop(editor);
            // The main thread may have given up waiting.
            let _gone = sender.send(memory);
        }
    };
    thread::Builder::new().name("editor".to_owned()).spawn(editor).expect("a thread");
    let memory = wait(&world, &ended);
    let totals = world.objects.totals();
    let median = |kind| world.clock.median(kind).unwrap_or_default();
    for (database, refused) in [("server", "refused by the server"), ("embedded", "refused by the embedded one")] {
        if median(refused) > median("write") * REFUSAL_FACTOR + REFUSAL_MARGIN {
            let message = format!("{database}: {:?}, a write takes {:?}", median(refused), median("write"));
            findings.wrong("a refusal costs no more than a success", message);
        }
    }
    let summary = format!(
        "{} edits, {} calls; {} objects opened, {} retired, {} retirements never ended; the longest read during a reload \
         took {:?}; a write takes {:?}, a refusal {:?} (embedded) and {:?} (PostgreSQL); memory {memory}",
        findings.steps(),
        world.clock.calls(),
        totals.opened,
        totals.retired,
        totals.hanging,
        world.clock.longest_pause(),
        median("write"),
        median("refused by the embedded one"),
        median("refused by the server"),
    );
    runtime.shutdown_background();
    (findings, summary)
}

/// How the connections of this run call themselves at the server.
pub(crate) fn application_name() -> String {
    format!("mti-stress-{}", std::process::id())
}

/// Panics that the test asks for are not printed: a backtrace of each takes time, and memory that is never given back.
fn keep_wanted_panics_quiet() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panicked| {
        if panicked.payload_as_str() != Some(WANTED_PANIC) {
            print(panicked);
        }
    }));
}

/// Rounds of edits and checks until the time is over. Returns how much memory was in use.
fn edit_on(editor: &mut Editor, options: Options, log: &Log) -> String {
    let begun = Instant::now();
    let mut warm = None;
    let mut round = 0_u64;
    let findings = Arc::clone(&editor.world.findings);
    while begun.elapsed() < options.duration && (findings.is_empty() || options.goes_on) {
        round += 1;
        editor.set_watched(round.is_multiple_of(WATCHED_ROUND));
        for _ in 0..EDITS_OF_A_ROUND {
            editor.step();
        }
        editor.set_watched(false);
        editor.check_in_quiet(round.is_multiple_of(DISCONNECTED_ROUND));
        if begun.elapsed() > options.duration / 3 && warm.is_none() {
            warm = resident_mib();
        }
    }
    for element in editor.world.objects.hanging_for(REPORT_DEADLINE) {
        if !log.has(&["retire", &element]) {
            findings.wrong("a retirement that hangs is said", element);
        }
    }
    let (Some(warm), Some(end)) = (warm, resident_mib()) else { return "unknown".to_owned() };
    if end > warm + MEMORY_MARGIN_MIB {
        findings.wrong("memory stays flat", format!("{warm} MiB after a third of the time, {end} MiB at the end"));
    }
    format!("{warm} MiB after a third, {end} MiB at the end")
}

/// Waits for the editor, unless a call keeps its thread for ever.
fn wait(world: &World, ended: &mpsc::Receiver<String>) -> String {
    const PERIOD: Duration = Duration::from_millis(500);
    loop {
        match ended.recv_timeout(PERIOD) {
            Ok(memory) => return memory,
            Err(RecvTimeoutError::Timeout) => {
                if let Some(stuck) = world.clock.stuck_call() {
                    world.findings.wrong("no call hangs", stuck);
                    return "unknown".to_owned();
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                world.findings.wrong("the test itself goes on", "the editor panicked: see above");
                return "unknown".to_owned();
            }
        }
    }
}
