use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use mti_data::q::Operator;
use mti_data::{Batch, Filter};
use mti_element::{AppHandle, AppView, BoxFuture, CallCount, Result, SharedCalls};
use serde::Deserialize;
use serde_json::json;

use crate::Clock;
use crate::names::CALL_COUNTS;
use crate::states::alive;
use crate::store;
use crate::token::random_id;

/// How long a row is of interest: longer than the span over which calls are counted.
pub(crate) const LIFETIME_SECONDS: i64 = 120;

/// How many rows of other processes are read at most.
const MOST_ROWS: u64 = 5_000;

/// Tells processes of each other's calls by a table: one row for each process and client, with all calls that the process
/// has counted for the client so far. So a row that is read late, or twice, tells nothing wrong.
#[derive(Debug)]
pub struct CallTable {
    node: String,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    /// By client: the calls that the row of this process says, and until when it lives.
    told: HashMap<u64, (u64, i64)>,
    /// By process and client: what the row said when it was read last.
    heard: HashMap<(String, u64), Heard>,
    /// The id of the newest row that was there at the last reading; none before the first one.
    newest: Option<i64>,
}

/// What a row of another process said.
#[derive(Debug, Clone, Copy)]
struct Heard {
    id: i64,
    calls: u64,
}

#[derive(Deserialize)]
struct CountRow {
    id: i64,
    node: String,
    client: i64,
    calls: u64,
}

impl CallTable {
    /// A process that takes part from now on.
    pub fn new() -> Self {
        Self { node: random_id(), memory: Mutex::default() }
    }

    /// The batch that tells what was counted.
    fn telling(&self, counted: &[CallCount], now: i64) -> Batch {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.told.retain(|_, (_, expires_at)| *expires_at > now);
        let expires_at = now + LIFETIME_SECONDS;
        counted.iter().fold(Batch::new(), |batch, CallCount { client, calls }| {
            let (told, expiry) = memory.told.entry(*client).or_default();
            *told += calls;
            *expiry = expires_at;
            let client = client.cast_signed();
            let mine = Filter::equal("node", self.node.as_str()) & Filter::equal("client", client);
            let update = store::row(json!({ "calls": *told, "expiresAt": expires_at }));
            let insert = json!({ "node": self.node, "client": client, "calls": *told, "expiresAt": expires_at });
            batch.update_or_insert(CALL_COUNTS, mine, update, store::row(insert))
        })
    }

    /// What is new in the rows of the others.
    fn hear(&self, rows: Vec<CountRow>) -> Vec<CallCount> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let newest_before = memory.newest;
        let mut heard = HashMap::with_capacity(rows.len());
        let mut news = Vec::new();
        let mut newest = newest_before.unwrap_or_default();
        for CountRow { id, node, client, calls } in rows {
            newest = newest.max(id);
            let key = (node, client.cast_unsigned());
            let earlier = match memory.heard.get(&key) {
                Some(heard) if heard.id == id => heard.calls,
                // Made since the last reading: all of it is news.
                _ if newest_before.is_some_and(|before| id > before) => 0,
                // It was there before and was not among the rows that were read. What it said then is not known, and to
                // count all of it, perhaps again, would shut out a client who did nothing.
                _ => calls,
            };
            let new = calls.saturating_sub(earlier);
            if new > 0 {
                news.push(CallCount { client: key.1, calls: new });
            }
            heard.insert(key, Heard { id, calls });
        }
        memory.newest = Some(newest);
        memory.heard = heard;
        news
    }

    async fn exchange_in(&self, app: &AppHandle<'_>, counted: &[CallCount]) -> Result<Vec<CallCount>> {
        let now = Clock::of(app);
        if !counted.is_empty() {
            store::run(app, self.telling(counted, now)).await?;
        }
        let of_others = Filter::compare("node", Operator::NotEqual, self.node.as_str()) & alive(now);
        Ok(self.hear(store::newest(app, CALL_COUNTS, of_others, MOST_ROWS).await?))
    }
}

impl Default for CallTable {
    fn default() -> Self {
        Self::new()
    }
}

impl SharedCalls for CallTable {
    fn exchange(&self, app: Arc<dyn AppView>, counted: Vec<CallCount>) -> BoxFuture<'_, Result<Vec<CallCount>>> {
        Box::pin(async move { self.exchange_in(&AppHandle::outside(&app), &counted).await })
    }
}
