use std::time::Instant;

use mti::prelude::*;

steps! {
    /// What is called many times, and what calls it.
    "loops.Meta": Loop, LoopSteps {
        /// Nothing: a step whose level is in Python.
        "nothing" fn nothing() -> ();
        /// Nothing: a step whose level is in Python, and called quick.
        "nothingQuick" fn nothing_quick() -> ();
        /// Nothing: a step whose level is in Rust.
        "nothingInRust" fn nothing_in_rust() -> ();
        /// Calls a step from a thread that may block. The nanoseconds that it took.
        "fromHere" fn from_here(times: u32) -> u64;
        /// Calls a step from a task of the runtime. The nanoseconds that it took.
        "fromTask" fn from_task(times: u32) -> u64;
        /// The same with the step that is called quick.
        "quickFromTask" fn quick_from_task(times: u32) -> u64;
        /// Calls a step from a task that lets others run after every call. The nanoseconds that it took.
        "fromTaskInTurn" fn from_task_in_turn(times: u32) -> u64;
        /// The same with the step that is called quick.
        "quickFromTaskInTurn" fn quick_from_task_in_turn(times: u32) -> u64;
        /// The same with the step in Rust.
        "inTurnInRust" fn in_turn_in_rust(times: u32) -> u64;
    }
}

/// Calls in a loop. `nothing` and `nothingQuick` are left to the level in Python above.
#[derive(Debug, Level)]
pub(crate) struct Loops;

#[level]
impl LoopSteps for Loops {
    async fn nothing_in_rust(&self, _: Loop<'_>) -> Result<()> {
        Ok(())
    }

    async fn from_here(&self, this: Loop<'_>, times: u32) -> Result<u64> {
        let begin = Instant::now();
        for _ in 0..times {
            this.nothing().await?;
        }
        Ok(nanoseconds_since(begin))
    }

    async fn from_task(&self, this: Loop<'_>, times: u32) -> Result<u64> {
        in_a_task(&this, |steps| async move {
            for _ in 0..times {
                steps.nothing().await?;
            }
            Ok(())
        })
        .await
    }

    async fn quick_from_task(&self, this: Loop<'_>, times: u32) -> Result<u64> {
        in_a_task(&this, |steps| async move {
            for _ in 0..times {
                steps.nothing_quick().await?;
            }
            Ok(())
        })
        .await
    }

    async fn from_task_in_turn(&self, this: Loop<'_>, times: u32) -> Result<u64> {
        in_a_task(&this, |steps| async move {
            for _ in 0..times {
                steps.nothing().await?;
                tokio::task::yield_now().await;
            }
            Ok(())
        })
        .await
    }

    async fn quick_from_task_in_turn(&self, this: Loop<'_>, times: u32) -> Result<u64> {
        in_a_task(&this, |steps| async move {
            for _ in 0..times {
                steps.nothing_quick().await?;
                tokio::task::yield_now().await;
            }
            Ok(())
        })
        .await
    }

    async fn in_turn_in_rust(&self, this: Loop<'_>, times: u32) -> Result<u64> {
        in_a_task(&this, |steps| async move {
            for _ in 0..times {
                steps.nothing_in_rust().await?;
                tokio::task::yield_now().await;
            }
            Ok(())
        })
        .await
    }
}

/// Does something on a thread of the runtime, as a server does. The nanoseconds that it took.
async fn in_a_task<F>(this: &Loop<'_>, work: impl FnOnce(Loop<'static>) -> F) -> Result<u64>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let work = work(this.app().view().element(this.name())?.through()?);
    let task = tokio::spawn(async move {
        let begin = Instant::now();
        work.await?;
        Ok(nanoseconds_since(begin))
    });
    task.await.map_err(|_| Fail::ELEMENT_EXCEPTION.failure())?
}

fn nanoseconds_since(begin: Instant) -> u64 {
    u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
