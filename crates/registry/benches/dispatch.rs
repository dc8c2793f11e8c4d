//! What a call through a chain of levels costs over the method's own work: a chain of one level, and each further
//! `sup`, between native values.
//!
//! `cargo bench -p mti-registry --bench dispatch`

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use mti_element::{Level, OpenContext, Result, level, steps};
use mti_registry::App;
use mti_testkit::Tree;

steps! {
    /// Something that counts.
    "counters.BaseType": Counter, CounterSteps {
        /// One more.
        "next" fn next(number: u64) -> u64;
        /// Calls `next` many times, so that a call from inside an element is measured.
        "run" fn run(times: u64) -> u64;
    }
}

/// The method's own work.
fn successor(number: u64) -> u64 {
    black_box(number) + 1
}

struct Base;

impl Level for Base {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl CounterSteps for Base {
    async fn next(&self, _: Counter<'_>, number: u64) -> Result<u64> {
        Ok(successor(number))
    }

    async fn run(&self, this: Counter<'_>, times: u64) -> Result<u64> {
        let mut number = 0;
        for _ in 0..times {
            number = this.next(number).await?;
        }
        Ok(number)
    }
}

struct Above;

impl Level for Above {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl CounterSteps for Above {
    async fn next(&self, this: Counter<'_>, number: u64) -> Result<u64> {
        this.sup().next(number).await
    }
}

const CALLS: u32 = 200_000;
const LEVELS: u32 = 4;

fn main() {
    let mut text = String::from(
        "//- app.json\n{\"appId\": \"acme.bench\", \"version\": \"1.0.0\"}\n\
         //- counters/Meta/e.json\n{\"title\": \"Counters\", \"type\": \"\"}\n\
         //- counters/BaseType/e.json\n{\"title\": \"Base\", \"type\": \"counters.Meta\", \"backend\": \"rust\"}\n\
         //- counters/Flat/e.json\n{\"title\": \"Flat\", \"type\": \"counters.BaseType\"}\n",
    );
    let mut parent = "counters.BaseType".to_owned();
    for index in 1..=LEVELS {
        let name = format!("Above{index}Type");
        let _ = write!(
            text,
            "//- counters/{name}/e.json\n{{\"title\": \"Above\", \"type\": \"{parent}\", \"backend\": \"rust\"}}\n"
        );
        parent = format!("counters.{name}");
    }
    let _ = write!(text, "//- counters/Deep/e.json\n{{\"title\": \"Deep\", \"type\": \"{parent}\"}}\n");
    let tree = Tree::new(&text);
    let mut builder = App::builder(tree.path()).level::<Base>("acme.bench", "counters.BaseType");
    for index in 1..=LEVELS {
        builder = builder.level::<Above>("acme.bench", &format!("counters.Above{index}Type"));
    }
    let app = builder.open().unwrap_or_else(|error| panic!("{error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap_or_else(|error| panic!("{error}"));
    runtime.block_on(async {
        let flat: Counter<'_> = app.get("counters.Flat").unwrap_or_else(|failure| panic!("{failure}"));
        let deep: Counter<'_> = app.get("counters.Deep").unwrap_or_else(|failure| panic!("{failure}"));
        let (mut own, mut one, mut many) = (f64::MAX, f64::MAX, f64::MAX);
        for _ in 0..15 {
            own = own.min(per_call(async { direct(CALLS).await }).await);
            one = one.min(per_call(async { flat.run(CALLS.into()).await }).await);
            many = many.min(per_call(async { deep.run(CALLS.into()).await }).await);
        }
        println!("the method's own work        {own:>7.1} ns");
        println!("through a chain of one level {one:>7.1} ns, {:.1} ns over it", one - own);
        println!(
            "through {LEVELS} further levels     {many:>7.1} ns, {:.1} ns for each `sup`",
            (many - one) / f64::from(LEVELS)
        );
    });
}

async fn direct(times: u32) -> Result<u64> {
    let mut number = 0;
    for _ in 0..times {
        number = black_box(Box::pin(async move { successor(number) })).await;
    }
    Ok(number)
}

async fn per_call(run: impl Future<Output = Result<u64>>) -> f64 {
    let begin = Instant::now();
    let counted = run.await.unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(counted, u64::from(CALLS));
    begin.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
}
