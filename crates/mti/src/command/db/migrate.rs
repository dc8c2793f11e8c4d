use std::fmt::Write as _;
use std::sync::Arc;

use mti_data::{Declaration, TableChange};
use serde_json::{Value, json};

use super::models::{Broken, Models};
use super::progress::Progress;
use super::{MigrateArguments, refused};
use crate::command::opening::Opening;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

/// Brings the tables in line with the models, and says what changed.
pub(super) fn run(arguments: &MigrateArguments, opening: &Opening<'_>, output: &Output) -> Result<Exit, CommandError> {
    let models = Models::open(&arguments.data, opening, Broken::LeftOut, output)?;
    let mut migrated: Vec<Migrated> = Vec::new();
    let mut progress = Progress::new(output, None);
    for kept in &models.databases {
        // All that stands in the way of one is known before another is changed.
        let mut planned: Vec<(&Declaration, Vec<TableChange>)> = Vec::new();
        for declaration in &kept.models {
            let changes = kept.database.changes(Arc::clone(&declaration.schema));
            planned.push((declaration, models.runtime.block_on(changes).map_err(refused)?));
        }
        for (declaration, changes) in planned {
            progress.add(declaration.schema.model(), 0);
            if !arguments.dry_run {
                let rows = declaration.initial_rows.clone();
                let prepared = kept.database.prepare(Arc::clone(&declaration.schema), rows);
                if let Err(error) = models.runtime.block_on(prepared) {
                    drop(progress);
                    if migrated.iter().any(|table| !table.changes.is_empty()) {
                        show(arguments, &migrated, output);
                    }
                    return Err(refused(error.of_table()));
                }
            }
            migrated.push(Migrated {
                model: declaration.schema.model().to_owned(),
                database: kept.name.clone(),
                changes: changes.iter().map(ToString::to_string).collect(),
            });
        }
    }
    drop(progress);
    models.close();
    show(arguments, &migrated, output);
    Ok(Exit::Done)
}

/// What changed about the table of a model.
struct Migrated {
    model: String,
    database: String,
    changes: Vec<String>,
}

fn show(arguments: &MigrateArguments, migrated: &[Migrated], output: &Output) {
    if output.is_json() {
        let models: Value = migrated
            .iter()
            .map(|Migrated { model, database, changes }| json!({ "model": model, "database": database, "changes": changes }))
            .collect();
        output.json(&json!({ "dryRun": arguments.dry_run, "models": models }));
        return;
    }
    let changed: Vec<&Migrated> = migrated.iter().filter(|at| !at.changes.is_empty()).collect();
    if changed.is_empty() {
        output.result("every table fits its model: there is nothing to change");
        return;
    }
    let mut text = String::new();
    for Migrated { model, database, changes } in &changed {
        // Writing to a `String` does not fail.
        let _ = writeln!(text, "{model} (in {database})");
        for change in changes {
            let _ = writeln!(text, "  {change}");
        }
    }
    let verb = if arguments.dry_run { "would change" } else { "changed" };
    let _ = writeln!(text, "{verb} {} of {} tables", changed.len(), migrated.len());
    output.result(&text);
}
