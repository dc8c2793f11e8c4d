use std::sync::Arc;

use mti_data::{DataError, Declaration, Delivery, ModelSchema, Prepared, Row, TableChange, TablePart, TableToFill};
use serde_json::json;
use tokio::sync::mpsc;

use super::backup_file::{BadBackup, Line, Reader, Summary};
use super::models::{Broken, Kept, Models};
use super::progress::Progress;
use super::{RestoreArguments, refused};
use crate::command::opening::Opening;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

/// How many rows are handed to the database at once.
const AT_ONCE: usize = 500;

/// How many of them wait at most.
const WAITING: usize = 4;

/// Brings the rows of a backup in. The whole file is read and checked before anything is changed.
pub(super) fn run(arguments: &RestoreArguments, opening: &Opening<'_>, output: &Output) -> Result<Exit, CommandError> {
    let models = Models::open(&arguments.data, opening, Broken::LeftOut, output)?;
    let summary = checked(arguments, &models)?;
    let mut progress = Progress::new(output, Some(summary.rows));
    let mut restored = 0;
    for kept in &models.databases {
        restored += restore(arguments, &models, kept, &summary, &mut progress)?;
    }
    drop(progress);
    if restored != summary.rows {
        return Err(CommandError::usage(format!(
            "the databases took {restored} rows, the backup has {}: do not use what was restored",
            summary.rows
        )));
    }
    if arguments.replace {
        tell_untouched(&models, &summary, output)?;
    }
    models.close();
    show(arguments, &summary, output);
    Ok(Exit::Done)
}

/// Names the tables that the backup has nothing of: their rows are not of the time of the others.
fn tell_untouched(models: &Models, summary: &Summary, output: &Output) -> Result<(), CommandError> {
    let mut untouched = Vec::new();
    for kept in &models.databases {
        for Declaration { schema, .. } in &kept.models {
            if summary.tables.iter().any(|table| table.model == schema.model()) {
                continue;
            }
            let changes = models.runtime.block_on(kept.database.changes(Arc::clone(schema))).map_err(refused)?;
            if !changes.contains(&TableChange::Make) {
                untouched.push(format!("`{}`", schema.model()));
            }
        }
    }
    if !untouched.is_empty() {
        output.remark(&format!("left as they are, as the backup has no table of them: {}", untouched.join(", ")));
    }
    Ok(())
}

/// Reads the whole file, and sees whether its rows fit the models of the app.
fn checked(arguments: &RestoreArguments, models: &Models) -> Result<Summary, CommandError> {
    let (mut reader, header) = Reader::open(&arguments.file).map_err(bad)?;
    let app = models.app.key().id.to_string();
    if header.app_id != app {
        return Err(CommandError::usage(format!(
            "`{}` is a backup of the app `{}`, this one is `{app}`",
            arguments.file.display(),
            header.app_id
        )));
    }
    let mut schema: Option<ModelSchema> = None;
    while let Some(line) = reader.next().map_err(bad)? {
        match line {
            Line::Table(start) => {
                let known = models.declarations().find(|known| known.schema.model() == start.model);
                let known = known.ok_or_else(|| {
                    bad(reader.bad(format!("the app has no model `{}` to put these rows into", start.model)))
                })?;
                schema = Some(known.schema.relaxed());
            }
            Line::Row(row) => {
                if let Some(Err(error)) = schema.as_ref().map(|schema| schema.complete(&row)) {
                    return Err(bad(reader.bad(error.to_string())));
                }
            }
            Line::Backup(_) | Line::End(_) => {}
        }
    }
    reader.into_summary().map_err(bad)
}

/// Fills the tables of one database: all of them, or none.
fn restore(
    arguments: &RestoreArguments,
    models: &Models,
    kept: &Kept,
    summary: &Summary,
    progress: &mut Progress<'_>,
) -> Result<u64, CommandError> {
    let is_restored = |schema: &ModelSchema| summary.tables.iter().any(|table| table.model == schema.model());
    let mut tables = Vec::new();
    for Declaration { schema, initial_rows, .. } in &kept.models {
        if is_restored(schema) {
            // With the rows that a new table begins with, which make place for those of the backup: should these not
            // come in, the table is as if it had never been tried.
            let prepared = kept.database.prepare(Arc::clone(schema), initial_rows.clone());
            let Prepared { created } = models.runtime.block_on(prepared).map_err(refused)?;
            tables.push(TableToFill { schema: Arc::clone(schema), replace: arguments.replace || created });
        }
    }
    let (send, deliveries) = mpsc::channel(WAITING);
    let (database, to_fill) = (Arc::clone(&kept.database), tables.clone());
    let import = models.runtime.spawn(async move { database.import(to_fill, deliveries).await });
    let delivered = deliver(arguments, &tables, &send, progress);
    // The import ends when all has been delivered, or nobody delivers any more.
    drop(send);
    let imported = models.runtime.block_on(import);
    let imported = imported.map_err(|error| CommandError::usage(format!("the import gave up: {error}")))?;
    delivered.map_err(bad)?;
    imported.map_err(|error| match error {
        DataError::UniqueViolation { .. } => {
            CommandError::usage(format!("{error}, in the backup itself: nothing of it was restored"))
        }
        error => refused(error),
    })
}

/// Reads the file once more and hands over the rows of these tables. Stops when nobody takes them any more.
fn deliver(
    arguments: &RestoreArguments,
    tables: &[TableToFill],
    send: &mpsc::Sender<Delivery>,
    progress: &mut Progress<'_>,
) -> Result<(), BadBackup> {
    let (mut reader, _) = Reader::open(&arguments.file)?;
    let mut current: Option<TablePart> = None;
    loop {
        let line = reader.next()?;
        let is_complete = match &line {
            Some(Line::Row(_)) => current.as_ref().is_some_and(|part| part.rows.len() == AT_ONCE),
            _ => true,
        };
        if is_complete && let Some(part) = &mut current {
            let model = tables.get(part.table).map_or("", |table| table.schema.model());
            progress.add(model, part.rows.len() as u64);
            let rows: Vec<Row> = std::mem::take(&mut part.rows);
            if send.blocking_send(Delivery::Part(TablePart { rows, ..*part })).is_err() {
                return Ok(());
            }
        }
        match line {
            Some(Line::Table(start)) => {
                let table = tables.iter().position(|table| table.schema.model() == start.model);
                current = table.map(|table| TablePart { table, assigned: start.assigned, rows: Vec::new() });
            }
            Some(Line::Row(row)) => {
                if let Some(part) = &mut current {
                    part.rows.push(row);
                }
            }
            Some(Line::Backup(_) | Line::End(_)) => {}
            None => {
                // Whoever takes no more says why himself.
                drop(send.blocking_send(Delivery::End));
                return Ok(());
            }
        }
    }
}

fn show(arguments: &RestoreArguments, summary: &Summary, output: &Output) {
    let file = arguments.file.display();
    if output.is_json() {
        output.json(&json!({ "file": file.to_string(), "tables": summary.tables, "rows": summary.rows }));
    } else {
        let tables = summary.tables.len();
        output.result(&format!("restored {tables} tables with {} rows from `{file}`", summary.rows));
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn bad(error: BadBackup) -> CommandError {
    CommandError::usage(error.to_string())
}
