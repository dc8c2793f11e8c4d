use std::io;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use mti_data::{ModelSchema, TableChange};
use serde_json::json;
use tokio::sync::mpsc;

use super::backup_file::{Header, Summary, Writer};
use super::models::{Broken, Kept, Models};
use super::progress::Progress;
use super::{BackupArguments, refused};
use crate::command::opening::Opening;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

/// How many parts of tables wait to be written at most.
const WAITING: usize = 4;

/// The tables that one database has.
struct Tables<'a> {
    kept: &'a Kept,
    schemas: Vec<Arc<ModelSchema>>,
}

/// Writes every row of every model into one file.
pub(super) fn run(arguments: &BackupArguments, opening: &Opening<'_>, output: &Output) -> Result<Exit, CommandError> {
    let broken = if arguments.partial { Broken::LeftOut } else { Broken::Refused };
    let models = Models::open(&arguments.data, opening, broken, output)?;
    let tables = tables(&models)?;
    let cannot = |error: io::Error| {
        let file = arguments.file.display();
        CommandError::usage(match error.kind() {
            io::ErrorKind::AlreadyExists => format!("`{file}` is there already: choose another name, or remove it"),
            _ => format!("cannot write `{file}`: {error}"),
        })
    };
    let written_at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let schemas = tables.iter().flat_map(|tables| &tables.schemas).map(|schema| &**schema);
    let header = Header::new(&models.app.key(), u64::try_from(written_at).unwrap_or_default(), schemas);
    let mut writer = Writer::create(&arguments.file, header).map_err(cannot)?;
    let mut progress = Progress::new(output, None);
    for Tables { kept, schemas } in &tables {
        let (send, mut parts) = mpsc::channel(WAITING);
        let (database, wanted) = (Arc::clone(&kept.database), schemas.clone());
        let export = models.runtime.spawn(async move { database.export(wanted, send).await });
        let mut begun = None;
        while let Some(part) = parts.blocking_recv() {
            let model = schemas.get(part.table).map_or("", |schema| schema.model());
            if begun.replace(part.table) != Some(part.table) {
                writer.table(model, part.assigned).map_err(cannot)?;
            }
            progress.add(model, part.rows.len() as u64);
            for row in part.rows {
                writer.row(row).map_err(cannot)?;
            }
        }
        let exported = models.runtime.block_on(export);
        exported.map_err(|error| CommandError::usage(format!("the export gave up: {error}")))?.map_err(refused)?;
    }
    drop(progress);
    let summary = writer.end().map_err(cannot)?;
    drop(tables);
    models.close();
    show(arguments, &summary, output);
    Ok(Exit::Done)
}

/// The tables that there are, by their databases. Models that were never used have none.
fn tables(models: &Models) -> Result<Vec<Tables<'_>>, CommandError> {
    let mut tables = Vec::with_capacity(models.databases.len());
    for kept in &models.databases {
        let mut schemas = Vec::with_capacity(kept.models.len());
        for declaration in &kept.models {
            let schema = &declaration.schema;
            let changes = models.runtime.block_on(kept.database.changes(Arc::clone(schema))).map_err(refused)?;
            if changes.contains(&TableChange::Make) {
                continue;
            }
            // A backup changes nothing: only a table that fits its model already is made ready.
            if changes.is_empty() {
                models.runtime.block_on(kept.database.prepare(Arc::clone(schema), Vec::new())).map_err(refused)?;
            }
            schemas.push(Arc::clone(schema));
        }
        tables.push(Tables { kept, schemas });
    }
    Ok(tables)
}

fn show(arguments: &BackupArguments, summary: &Summary, output: &Output) {
    let file = arguments.file.display();
    if output.is_json() {
        output.json(&json!({ "file": file.to_string(), "tables": summary.tables, "rows": summary.rows }));
    } else {
        let tables = summary.tables.len();
        output.result(&format!("backed up {tables} tables with {} rows to `{file}`", summary.rows));
    }
}
