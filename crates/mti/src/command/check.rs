use mti_core::{Diagnostic, Severity, render};
use mti_registry::AppError;

use crate::OpenError;
use crate::command::Format;
use crate::command::login_components::login_components;
use crate::command::near_misses::near_misses;
use crate::command::opening::Opening;
use crate::exit::{CommandError, Exit};
use crate::output::Output;
use crate::sarif::sarif;

/// Says everything that is wrong with the app, and how much that is.
pub(crate) fn run(opening: &Opening<'_>, output: &Output) -> Result<Exit, CommandError> {
    let found = opening.find()?;
    let mut diagnostics = found.diagnostics;
    let mut elements = 0;
    let mut running = None;
    match found.builder.open() {
        Ok(app) => {
            diagnostics.extend(app.check());
            diagnostics.extend(near_misses(&app));
            diagnostics.extend(login_components(&app));
            opening.advise(&app.key().id, &mut diagnostics);
            Diagnostic::sort(&mut diagnostics);
            elements = app.snapshot().len();
            running = Some(app.key().id);
        }
        Err(OpenError::App(AppError::Chain(findings))) => diagnostics.extend(findings),
        Err(error) => return Err(error.into()),
    }
    let summary = summary(elements, &diagnostics);
    match output.format() {
        Format::Human => {
            output.diagnostics(&diagnostics);
            if !diagnostics.is_empty() {
                output.blank_line();
            }
            output.result(&summary);
        }
        Format::Json => {
            output.json(&render::json(&diagnostics));
            output.remark(&summary);
        }
        Format::Sarif => {
            output.json(&sarif(&diagnostics, running.as_ref()));
            output.remark(&summary);
        }
    }
    Ok(if diagnostics.iter().any(Diagnostic::is_finding) { Exit::Findings } else { Exit::Done })
}

/// `12 elements checked: 1 error, 2 warnings`.
fn summary(elements: usize, diagnostics: &[Diagnostic]) -> String {
    let counts = [Severity::Error, Severity::Warning, Severity::Note].map(|severity| {
        let count = diagnostics.iter().filter(|finding| finding.severity == severity).count();
        (count > 0).then(|| counted(count, severity.as_str()))
    });
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    let counts = if counts.is_empty() { "nothing found".to_owned() } else { counts.join(", ") };
    format!("{} checked: {counts}", counted(elements, "element"))
}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
