use std::sync::Arc;

use mti_element::{Fail, Failure, Value};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use crate::expected::Expected;
use crate::levels::{Door, Slow, Then};
use crate::row_callers;
use crate::world::World;

/// How many callers there are.
pub(crate) const CALLERS: u64 = 6;

/// Calls elements until the run is over. `number` is the caller's own; with the seed it decides what it calls.
pub(crate) async fn call_on(world: Arc<World>, seed: u64, number: u64) {
    let mut random = StdRng::seed_from_u64(seed ^ (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    while !world.is_over() {
        {
            let _allowed = world.traffic.read().await;
            match random.random_range(0..100) {
                0..30 => read_word(&world, &mut random).await,
                30..40 => use_kept_handle(&world, &mut random).await,
                40..50 => pass_the_door(&world, &mut random).await,
                50..60 => compare_stamps(&world).await,
                _ => row_callers::call(&world, &mut random, number).await,
            }
        }
        // The editor may want to be alone.
        tokio::task::yield_now().await;
    }
}

/// Reads a word by its name: one that there is, or one that there may be.
async fn read_word(world: &World, random: &mut StdRng) {
    let settled = world.published.settled();
    let expected = world.published.latest();
    let names: Vec<&String> = expected.words.keys().collect();
    let name = match random.random_range(0..=names.len()) {
        index if index < names.len() => names.get(index).map(ToString::to_string).unwrap_or_default(),
        _ => format!("words.X{}", random.random_range(0..4)),
    };
    let element = world.app.get_element(&name);
    let answer = match element {
        Ok(element) => world.clock.time("read", &format!("read of {name}"), element.call("read", json!({}))).await,
        Err(failure) => Some(Err(failure)),
    };
    compare(world, settled, &name, answer);
}

/// Reads a word through a typed handle that may be much older than the word.
async fn use_kept_handle(world: &World, random: &mut StdRng) {
    let Some(handle) = world.kept_handle(random.random_range(0..1024)) else { return };
    let settled = world.published.settled();
    let name = handle.name().to_owned();
    let answer = world.clock.time("read", &format!("read of {name} by an old handle"), handle.read()).await;
    compare(world, settled, &name, answer);
}

/// Compares an answer with what was expected, if that held from before the call until now.
fn compare(world: &World, settled: Option<(u64, Arc<Expected>)>, name: &str, answer: Option<Result<Value, Failure>>) {
    let (Some((number, expected)), Some(answer)) = (settled, answer) else { return };
    if !world.published.still_holds(number) {
        return;
    }
    let is_right = match (&answer, expected.words.get(name)) {
        (Ok(answer), Some(expected)) => expected.is_answered_by(answer),
        (Err(failure), None) => failure.is(Fail::ELEMENT_NOT_FOUND),
        _ => false,
    };
    if !is_right {
        let answer = answer.map_err(|failure| failure.operator_message());
        let message = format!("{name} answers {answer:?}, expected {:?}", expected.words.get(name));
        world.findings.wrong("a call sees the newest good version", message);
    }
}

/// A thief is kept out at every moment, and a friend is let in by the newest good guard.
async fn pass_the_door(world: &World, random: &mut StdRng) {
    let name = if random.random_bool(0.5) { "doors.Front" } else { "doors.Side" };
    let who = if random.random_bool(0.7) { "thief" } else { "friend" };
    let settled = world.published.settled();
    let called = async { world.app.get::<Door<'static>>(name)?.enter(who.to_owned()).await };
    let Some(answer) = world.clock.time("door", &format!("{name} for a {who}"), called).await else { return };
    match (who, answer) {
        ("thief", Err(failure)) if failure.is(Fail::PERMISSION_DENIED) => {}
        ("thief", answer) => {
            let answer = answer.map_err(|failure| failure.operator_message());
            world.findings.wrong("an override that guards is never gone", format!("{name} answers {answer:?}"));
        }
        (_, answer) => {
            let Some((number, expected)) = settled else { return };
            let guard = answer.as_ref().ok().and_then(|answer| answer.get("guard")).and_then(Value::as_u64);
            if guard != Some(expected.guard) && world.published.still_holds(number) {
                let answer = answer.map_err(|failure| failure.operator_message());
                let message = format!("{name} answers {answer:?}, expected guard {}", expected.guard);
                world.findings.wrong("the last good version of a guard serves", message);
            }
        }
    }
}

/// Both stamps have the same number in every snapshot.
async fn compare_stamps(world: &World) {
    let called = async { world.app.get::<Slow<'static>>("slow.Caller")?.linger(None, Then::Compare).await };
    let Some(answer) = world.clock.time("stamps", "comparing the stamps", called).await else { return };
    check_stamps(world, &answer);
}

/// Checks what a call found that read both stamps.
pub(crate) fn check_stamps(world: &World, answer: &Result<Value, Failure>) {
    let is_one_snapshot =
        answer.as_ref().is_ok_and(|numbers| numbers.get(0).is_some() && numbers.get(0) == numbers.get(1));
    if !is_one_snapshot {
        let answer = answer.as_ref().map_err(Failure::operator_message);
        world.findings.wrong("a call sees one snapshot", format!("the stamps are {answer:?}"));
    }
}
