use std::fmt;
use std::sync::Arc;

use mti_data::Row;
use mti_element::{Failure, Value};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::callers::check_stamps;
use crate::clock::CALL_DEADLINE;
use crate::gates::Gate;
use crate::levels::{Slow, Then, Words};
use crate::rows::Written;
use crate::world::World;

/// A long call that waits at a gate, on the snapshot that it began on.
#[derive(Debug)]
pub(crate) struct HeldCall {
    gate: Gate,
    kind: Kind,
    answer: JoinHandle<Result<Value, Failure>>,
}

#[derive(Debug)]
enum Kind {
    Hold(String),
    Compare,
    Read(String),
    /// Writes a row of the model with that index.
    Create(usize, Written),
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hold(name) => write!(formatter, "a long call of {name}"),
            Self::Compare => write!(formatter, "a long call that compares the stamps"),
            Self::Read(name) => write!(formatter, "a long call that reads {name}"),
            Self::Create(_, row) => write!(formatter, "a long call that adds {row:?}"),
        }
    }
}

impl HeldCall {
    /// Begins a call that reads a word after its wait, inside the word itself.
    pub(crate) fn hold(world: &Arc<World>, runtime: &Handle, name: &str) -> Self {
        let (world, name, gate) = (Arc::clone(world), name.to_owned(), world.gates.close_one());
        let (called, number) = (name.clone(), gate.number);
        let answer = runtime.spawn(async move { world.app.get::<Words<'static>>(&called)?.hold(number).await });
        Self { gate, kind: Kind::Hold(name), answer }.entered(runtime)
    }

    /// Begins a call that reads one stamp before its wait, the other one after it.
    pub(crate) fn compare(world: &Arc<World>, runtime: &Handle) -> Self {
        Self::linger(world, runtime, Then::Compare, Kind::Compare)
    }

    /// Begins a call that reads a word after its wait.
    pub(crate) fn read(world: &Arc<World>, runtime: &Handle, name: &str) -> Self {
        Self::linger(world, runtime, Then::Read(name.to_owned()), Kind::Read(name.to_owned()))
    }

    /// Begins a call that adds a row after its wait.
    pub(crate) fn create(world: &Arc<World>, runtime: &Handle, index: usize, model: &str, row: Written) -> Self {
        let then = Then::Create(model.to_owned(), Row::clone(&row.row()));
        Self::linger(world, runtime, then, Kind::Create(index, row))
    }

    fn linger(world: &Arc<World>, runtime: &Handle, then: Then, kind: Kind) -> Self {
        let (world, gate) = (Arc::clone(world), world.gates.close_one());
        let number = gate.number;
        let called = async move { world.app.get::<Slow<'static>>("slow.Caller")?.linger(Some(number), then).await };
        Self { gate, kind, answer: runtime.spawn(called) }.entered(runtime)
    }

    /// Waits until the call is at its gate. One that ended before shows that when it is released.
    fn entered(mut self, runtime: &Handle) -> Self {
        let entered = self.gate.entered();
        drop(runtime.block_on(async { tokio::time::timeout(CALL_DEADLINE, entered).await }));
        self
    }

    /// Lets the call go on.
    pub(crate) fn open(&self) {
        self.gate.open();
    }

    /// Lets the call go on, waits for its answer and checks it. Returns the row that it has written.
    pub(crate) fn release(self, world: &World, runtime: &Handle) -> Option<Written> {
        self.gate.open();
        let waited = runtime.block_on(async { tokio::time::timeout(CALL_DEADLINE, self.answer).await });
        let Ok(Ok(answer)) = waited else {
            let message = format!("{} has no answer after its gate is open", self.kind);
            world.findings.wrong("no call hangs", message);
            return None;
        };
        match (self.kind, answer) {
            (Kind::Compare, answer) => check_stamps(world, &answer),
            (Kind::Create(index, row), Ok(_)) => {
                world.rows.get(index)?.note(row.clone());
                return Some(row);
            }
            (Kind::Hold(_) | Kind::Read(_), Ok(_)) => {}
            (kind, Err(failure)) => {
                let message = format!("{kind}: {}", failure.operator_message());
                world.findings.wrong("a long call ends on its snapshot", message);
            }
        }
        None
    }
}
