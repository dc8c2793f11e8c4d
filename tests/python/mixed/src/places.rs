use std::pin::pin;

use futures_util::FutureExt as _;
use mti::prelude::*;
use serde_json::json;

steps! {
    /// Where code runs.
    "places.Meta": Place, PlaceSteps {
        /// Whether who calls this keeps a worker of the runtime from its other tasks.
        "keepsWorker" fn keeps_worker() -> bool;
        /// Calls steps one after the other from a task of the runtime, as a server does. What they answered.
        "fromTask" fn from_task(steps: Vec<String>) -> Vec<Value>;
    }
}

/// Looks where it runs. What calls it is left to the level in Python above.
#[derive(Debug, Level)]
pub(crate) struct Looking;

/// More than a task may do before others have their turn.
const MORE_THAN_A_TURN: usize = 1000;

#[level]
impl PlaceSteps for Looking {
    async fn keeps_worker(&self, _: Place<'_>) -> Result<bool> {
        // Beside other tasks there is an end to what a task may do in one turn; on a thread that handed them over there is none.
        Ok((0..MORE_THAN_A_TURN).any(|_| pin!(tokio::task::coop::consume_budget()).now_or_never().is_none()))
    }

    async fn from_task(&self, this: Place<'_>, steps: Vec<String>) -> Result<Vec<Value>> {
        let element = this.app().view().element(this.name())?;
        let task = tokio::spawn(async move {
            let mut answers = Vec::new();
            for step in steps {
                answers.push(element.call(&step, json!({})).await?);
                // The next one begins a turn of its own.
                tokio::task::yield_now().await;
            }
            Ok(answers)
        });
        task.await.map_err(|_| Fail::ELEMENT_EXCEPTION.failure())?
    }
}
