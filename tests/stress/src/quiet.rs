use std::sync::Arc;
use std::time::Duration;

use mti_element::Value;
use serde_json::json;

use crate::editor::Editor;
use crate::eventually::eventually;
use crate::model_source::ModelSource;
use crate::rows::{Rows, Written};
use crate::run::application_name;

/// How long it may take until every replaced object is retired, those behind a retirement that hangs among them.
const RETIREMENT_DEADLINE: Duration = Duration::from_secs(45);

/// How long an old snapshot may be kept after its last call.
const SNAPSHOT_DEADLINE: Duration = Duration::from_secs(10);

/// How many values a filter lists.
const LISTED: usize = 50;

/// How many duplicates of each model are tried.
const TRIED_DUPLICATES: usize = 2;

impl Editor {
    /// Lets every call end, keeps callers from beginning new ones, and checks everything that must hold then; also on
    /// connections to the server that have ended meanwhile, if that is wanted.
    pub(crate) fn check_in_quiet(&mut self, on_ended_connections: bool) {
        for call in std::mem::take(&mut self.held) {
            call.release(&self.world, &self.runtime);
        }
        let world = Arc::clone(&self.world);
        let runtime = self.runtime.clone();
        let _alone = runtime.block_on(world.traffic.write());
        if let Some(mismatch) = self.mismatch(&world.published.latest()) {
            world.findings.wrong("a reload serves the newest good version of everything", mismatch);
        }
        self.check_objects();
        self.check_snapshots();
        if on_ended_connections {
            self.end_connections();
        }
        for (rows, model) in world.rows.iter().zip(&self.sources.models) {
            self.check_rows(rows, model);
        }
    }

    /// One live object for each element in use; every other one is retired.
    fn check_objects(&self) {
        let mut wanted: Vec<String> = self.world.published.latest().words.keys().cloned().collect();
        wanted.extend(["stamps.First", "stamps.Second"].map(str::to_owned));
        wanted.sort_unstable();
        let objects = &self.world.objects;
        let mut in_use = objects.in_use();
        let is_right = eventually(RETIREMENT_DEADLINE, || {
            in_use = objects.in_use();
            in_use.keys().eq(&wanted) && in_use.values().all(|numbers| numbers.len() == 1)
        });
        if !is_right {
            in_use.retain(|name, numbers| !wanted.contains(name) || numbers.len() != 1);
            let message = format!("not retired within {RETIREMENT_DEADLINE:?}, or missing: {in_use:?} of {wanted:?}");
            self.world.findings.wrong("every element has one live object, every other one is retired", message);
        }
        if !eventually(SNAPSHOT_DEADLINE, || objects.kept_after_retirement().is_empty()) {
            let kept = objects.kept_after_retirement().join(", ");
            self.world.findings.wrong("what is retired is dropped", kept);
        }
    }

    /// No handle, thread or object keeps a snapshot that is not the newest.
    fn check_snapshots(&mut self) {
        let newest = self.world.app.snapshot().generation();
        let mut kept = Vec::new();
        let snapshots = &mut self.snapshots;
        let is_right = eventually(SNAPSHOT_DEADLINE, || {
            snapshots.retain(|snapshot| snapshot.strong_count() > 0);
            let alive = snapshots.iter().filter_map(std::sync::Weak::upgrade);
            kept = alive.map(|snapshot| snapshot.generation()).filter(|number| *number != newest).collect();
            kept.is_empty()
        });
        if !is_right {
            let message = format!("{} old ones are kept, the first is {:?} of {newest}", kept.len(), kept.first());
            self.world.findings.wrong("nothing keeps an old snapshot", message);
        }
    }

    /// Ends every connection to the server while none is used, and waits until it has ended: the next calls must not
    /// notice.
    fn end_connections(&self) {
        let application = application_name();
        let ended = self.runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&self.sources.server.url, tokio_postgres::NoTls).await?;
            let served = tokio::spawn(connection);
            let asked = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = $1";
            let ended = client.execute(asked, &[&application]).await;
            served.abort();
            ended
        });
        if let Err(error) = ended {
            self.world.findings.wrong("the test's own server answers", error);
        }
    }

    /// Every acknowledged row is there and is found by each of its fields, and nothing else is there.
    fn check_rows(&self, rows: &Rows, model: &ModelSource) {
        let findings = &self.world.findings;
        // First of all a write: on a connection that has ended, it must not be lost.
        let written = rows.fresh(u64::MAX >> 13);
        match self.call(rows, "create", json!({"rowData": written.row()})) {
            Ok(_) => rows.note(written),
            Err(failure) => {
                rows.note_unknown(&written.key);
                findings.wrong("a connection that ended is replaced", format!("in {}: {failure}", rows.model));
            }
        }
        let known = rows.all();
        match self.query(rows, &json!({})) {
            Ok(stored) => {
                let lost: Vec<_> = known.iter().filter(|row| !stored.iter().any(|one| row.is(one))).collect();
                let is_known = |one: &&Value| {
                    let key = one.get("key").and_then(Value::as_str).unwrap_or_default();
                    known.iter().any(|row| row.key == key) || rows.may_be_there(key)
                };
                let strange: Vec<_> = stored.iter().filter(|one| !is_known(one)).collect();
                if let Some(first) = lost.first() {
                    let message = format!("{} of {}, the first is {first:?}", lost.len(), rows.model);
                    findings.wrong("every acknowledged row is there", message);
                }
                if let Some(first) = strange.first() {
                    let message = format!("{} in {}, the first is {first}", strange.len(), rows.model);
                    findings.wrong("there are no rows but those that were written", message);
                }
            }
            Err(failure) => findings.wrong("no call of a sound model fails", failure),
        }
        for part in known.chunks(LISTED) {
            let listed = |field: fn(&Written) -> &str| {
                part.iter().map(|row| format!("'{}'", field(row))).collect::<Vec<_>>().join(", ")
            };
            for filter in [
                format!("Q(key__in=[{}])", listed(|row| &row.key)),
                format!("Q(name__in=[{}])", listed(|row| &row.name)),
                format!("Q(mail__in=[{}])", listed(|row| &row.mail)),
                format!("Q(age__in=[{}])", part.iter().map(|row| row.age.to_string()).collect::<Vec<_>>().join(", ")),
            ] {
                self.find_all(rows, &filter, part);
            }
        }
        for row in known.iter().take(TRIED_DUPLICATES) {
            self.try_duplicates(rows, model, row);
        }
    }

    /// Rows that nobody changes are found by each of their fields, and what is unique about them is not accepted twice.
    pub(crate) fn check_written(&self, index: usize, written: &[Written]) {
        let (Some(rows), Some(model)) = (self.world.rows.get(index), self.sources.models.get(index)) else { return };
        for row in written {
            for filter in [
                format!("Q(key='{}')", row.key),
                format!("Q(name='{}')", row.name),
                format!("Q(mail='{}', owner={})", row.mail, row.owner),
                format!("Q(age={})", row.age),
            ] {
                self.find_all(rows, &filter, std::slice::from_ref(row));
            }
            self.try_duplicates(rows, model, row);
        }
    }

    fn find_all(&self, rows: &Rows, filter: &str, wanted: &[Written]) {
        match self.query(rows, &json!({"filter": filter})) {
            Ok(found) => {
                if let Some(missing) = wanted.iter().find(|row| !found.iter().any(|one| row.is(one))) {
                    let message = format!("{filter} in {} does not find {missing:?}", rows.model);
                    self.world.findings.wrong("an acknowledged row is found through every index", message);
                }
            }
            Err(failure) => self.world.findings.wrong("no call of a sound model fails", failure),
        }
    }

    /// A row like another one in what is unique is refused.
    fn try_duplicates(&self, rows: &Rows, model: &ModelSource, row: &Written) {
        let fresh = rows.fresh(row.owner);
        let duplicates = [
            (true, Written { key: row.key.clone(), ..fresh.clone() }),
            (model.unique().name, Written { name: row.name.clone(), ..fresh.clone() }),
            (model.unique().mail, Written { mail: row.mail.clone(), ..fresh }),
        ];
        for (is_unique, duplicate) in duplicates {
            if is_unique && self.call(rows, "create", json!({"rowData": duplicate.row()})).is_ok() {
                let message = format!("{duplicate:?} was accepted in {} beside {row:?}", rows.model);
                self.world.findings.wrong("a unique combination that holds holds always", message);
                rows.note_unknown(&duplicate.key);
            }
        }
    }

    fn query(&self, rows: &Rows, arguments: &Value) -> Result<Vec<Value>, String> {
        let answer = self.call(rows, "query", arguments.clone())?;
        Ok(answer.get("rowDatas").and_then(Value::as_array).cloned().unwrap_or_default())
    }

    fn call(&self, rows: &Rows, method: &str, arguments: Value) -> Result<Value, String> {
        self.block(async { self.world.app.get_element(rows.model)?.call(method, arguments).await })
    }
}
