use mti_data::{Batch, Filter, Model};
use mti_element::{Failure, Result, Value};
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::json;

use crate::rows::{Rows, Written, is_duplicate};
use crate::sources::BUSY_MODELS;
use crate::world::World;

/// How many rows a caller keeps in a model at most.
const MOST_ROWS: usize = 15;

/// Calls a model: writes or reads rows that are the caller's own, or tries a duplicate.
pub(crate) async fn call(world: &World, random: &mut StdRng, owner: u64) {
    let index = random.random_range(0..BUSY_MODELS);
    let Some(rows) = world.rows.get(index) else { return };
    let own = rows.of(owner);
    let chosen = if own.is_empty() { None } else { own.get(random.random_range(0..own.len())) };
    let caller = RowCaller { world, rows };
    match (random.random_range(0..100), chosen) {
        (0..25, _) if own.len() < MOST_ROWS => caller.create(rows.fresh(owner)).await,
        (25..35, _) if own.len() < MOST_ROWS => caller.update_or_add(rows.fresh(owner)).await,
        (35..40, _) if own.len() < MOST_ROWS => caller.insert_two(rows.fresh(owner), rows.fresh(owner)).await,
        (40..55, Some(row)) => {
            let changed = Written { age: random.random_range(0..50), ..row.clone() };
            caller.update_or_add(changed).await;
        }
        (55..65, Some(row)) => caller.remove(row).await,
        (65..75, Some(row)) => caller.try_duplicate(row).await,
        (_, Some(row)) => caller.find(row, random).await,
        (_, None) => caller.create(rows.fresh(owner)).await,
    }
}

struct RowCaller<'w> {
    world: &'w World,
    rows: &'w Rows,
}

impl RowCaller<'_> {
    async fn create(&self, row: Written) {
        let answer = self.call("write", "create", json!({"rowData": row.row()})).await;
        self.written(row, answer);
    }

    async fn update_or_add(&self, row: Written) {
        let arguments = json!({
            "filter": format!("Q(key='{}')", row.key), "updateData": row.row(), "addData": row.row()
        });
        let answer = self.call("write", "updateOrAdd", arguments).await;
        self.written(row, answer);
    }

    /// Adds two rows in one transaction, through typed steps.
    async fn insert_two(&self, first: Written, second: Written) {
        let model = self.rows.model;
        let batch = Batch::new().insert(model, first.row()).insert(model, second.row());
        let called = async { self.world.app.get::<Model<'static>>(model)?.execute(batch).await };
        let answer = self.world.clock.time("write", &format!("a batch on {model}"), called).await;
        let answer = answer.map(|answer| answer.map(|_| Value::Null));
        self.written(first, answer.clone());
        self.written(second, answer);
    }

    async fn remove(&self, row: &Written) {
        let answer = self.call("write", "deleteByFilter", json!({"filter": format!("Q(key='{}')", row.key)})).await;
        match answer {
            Some(Ok(_)) => self.rows.note_gone(&row.key),
            Some(Err(failure)) => self.failed(&row.key, &failure),
            None => self.rows.note_unknown(&row.key),
        }
    }

    /// Finds a row of the caller's own by one of its fields. Nobody else writes it.
    async fn find(&self, row: &Written, random: &mut StdRng) {
        let filter = match random.random_range(0..4) {
            0 => format!("Q(key='{}')", row.key),
            1 => format!("Q(name='{}')", row.name),
            2 => format!("Q(mail='{}', owner={})", row.mail, row.owner),
            _ => format!("Q(age={}, key='{}')", row.age, row.key),
        };
        match self.call("find", "query", json!({"filter": filter})).await {
            Some(Ok(answer)) => {
                let found = answer.get("rowDatas").and_then(Value::as_array);
                if !found.is_some_and(|found| found.iter().any(|one| row.is(one))) {
                    let message = format!("{} has {row:?}; {filter} finds {answer}", self.rows.model);
                    self.world.findings.wrong("an acknowledged row is found through every index", message);
                }
            }
            Some(Err(failure)) => self.unexpected(&filter, &failure),
            None => {}
        }
    }

    /// Tries to write a row that a unique combination forbids.
    async fn try_duplicate(&self, row: &Written) {
        let Some((number, unique)) = self.rows.begin_probe() else { return };
        let fresh = self.rows.fresh(row.owner);
        let duplicate = if unique.name {
            Written { name: row.name.clone(), ..fresh }
        } else {
            Written { mail: row.mail.clone(), ..fresh }
        };
        let (filter, row_data) = (Filter::equal("key", duplicate.key.clone()), duplicate.row());
        let called = async {
            let model = self.world.app.get::<Model<'static>>(self.rows.model)?;
            model.update_or_add(filter, None, row_data.clone(), row_data).await
        };
        let what = format!("a duplicate in {}", self.rows.model);
        match self.world.clock.time(self.refusal_kind(), &what, called).await {
            Some(Err(failure)) if is_duplicate(&failure) => {}
            Some(Err(failure)) => self.unexpected(&what, &failure),
            Some(Ok(_)) => {
                if self.rows.still_holds(number) {
                    let message = format!("{duplicate:?} was accepted in {}", self.rows.model);
                    self.world.findings.wrong("a unique combination that holds holds always", message);
                }
                let filter = json!({"filter": format!("Q(key='{}')", duplicate.key)});
                if !matches!(self.call("write", "deleteByFilter", filter).await, Some(Ok(_))) {
                    self.rows.note_unknown(&duplicate.key);
                }
            }
            None => self.rows.note_unknown(&duplicate.key),
        }
        self.rows.end_probe();
    }

    /// Refusals are timed apart for each kind of database.
    fn refusal_kind(&self) -> &'static str {
        if self.world.is_on_server(self.rows.model) { "refused by the server" } else { "refused by the embedded one" }
    }

    async fn call(&self, kind: &'static str, method: &str, arguments: Value) -> Option<Result<Value>> {
        let model = self.rows.model;
        let called = async { self.world.app.get_element(model)?.call(method, arguments).await };
        self.world.clock.time(kind, &format!("{method} of {model}"), called).await
    }

    fn written(&self, row: Written, answer: Option<Result<Value>>) {
        match answer {
            Some(Ok(_)) => self.rows.note(row),
            Some(Err(failure)) => self.failed(&row.key, &failure),
            None => self.rows.note_unknown(&row.key),
        }
    }

    fn failed(&self, key: &str, failure: &Failure) {
        self.rows.note_unknown(key);
        self.unexpected(&format!("a write of {key}"), failure);
    }

    fn unexpected(&self, what: &str, failure: &Failure) {
        let message = format!("{what} in {}: {}", self.rows.model, failure.operator_message());
        self.world.findings.wrong("no call of a sound model fails", message);
    }
}
