use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

use crate::diagnostic::{Diagnostic, Excerpt, Location, Severity};
use crate::text::escape_controls;

/// The findings as a compiler would print them, one block each; colours only mark what reads well without them.
///
/// ```text
/// error[MTI0102]: the key `title` is given twice
///  --> auths/loginTypes/MyWeChatLogin/e.json:3:3
///   |
/// 3 |   "title": "WeChat",
///   |   ^^^^^^^
///   = help: keep one of the two
/// ```
pub fn human(diagnostics: &[Diagnostic], color: bool) -> String {
    let paint = Paint { color };
    let mut report = String::new();
    for (index, diagnostic) in diagnostics.iter().enumerate() {
        if index > 0 {
            report.push('\n');
        }
        // Writing to a string cannot fail.
        let _ = block(&mut report, diagnostic, paint);
    }
    report
}

fn block(report: &mut String, diagnostic: &Diagnostic, paint: Paint) -> std::fmt::Result {
    let style = paint.severity(diagnostic.severity);
    writeln!(
        report,
        "{style}{}[{}]{}: {}{}",
        diagnostic.severity.as_str(),
        diagnostic.code,
        paint.bold(),
        escape_controls(&diagnostic.message),
        paint.reset(),
    )?;
    let margin = diagnostic.location.as_ref().and_then(|at| at.line).map_or(1, |line| line.to_string().len());
    if let Some(location) = &diagnostic.location {
        place(report, diagnostic, location, margin, paint)?;
    }
    if let Some(help) = &diagnostic.help {
        writeln!(report, "{:margin$} {}= help:{} {}", "", paint.frame(), paint.reset(), escape_controls(help))?;
    }
    Ok(())
}

fn place(
    report: &mut String,
    diagnostic: &Diagnostic,
    location: &Location,
    margin: usize,
    paint: Paint,
) -> std::fmt::Result {
    let (frame, reset) = (paint.frame(), paint.reset());
    let file = if location.file.is_empty() { "." } else { &location.file };
    write!(report, "{:margin$}{frame}-->{reset} {}", "", escape_controls(file))?;
    if let Some(line) = location.line {
        write!(report, ":{line}")?;
    }
    if let Some(column) = location.column {
        write!(report, ":{column}")?;
    }
    if let Some(app) = &diagnostic.app {
        write!(report, " (app {app})")?;
    }
    report.push('\n');
    if let (Some(line), Some(excerpt)) = (location.line, &location.excerpt) {
        writeln!(report, "{:margin$} {frame}|{reset}", "")?;
        writeln!(report, "{frame}{line:margin$} |{reset} {}", escape_controls(&excerpt.line_text))?;
        let (indent, carets) = underline(excerpt);
        let style = paint.severity(diagnostic.severity);
        writeln!(report, "{:margin$} {frame}|{reset} {:indent$}{style}{:^<carets$}{reset}", "", "", "")?;
    }
    Ok(())
}

/// How far to indent, and how many carets to draw, in columns of the terminal.
fn underline(excerpt: &Excerpt) -> (usize, usize) {
    let start = usize::try_from(excerpt.start_column.saturating_sub(1)).unwrap_or(0);
    let length = usize::try_from(excerpt.length).unwrap_or(1);
    let width = |character: char| character.width().unwrap_or(0);
    let indent: usize = excerpt.line_text.chars().take(start).map(width).sum();
    let carets: usize = excerpt.line_text.chars().skip(start).take(length).map(width).sum();
    // A format width is at most 65 535; a quoted line is far shorter unless someone built one by hand.
    (indent.min(1000), carets.clamp(1, 1000))
}

#[derive(Clone, Copy)]
struct Paint {
    color: bool,
}

impl Paint {
    fn severity(self, severity: Severity) -> &'static str {
        match (self.color, severity) {
            (false, _) => "",
            (true, Severity::Error) => "\u{1b}[1;31m",
            (true, Severity::Warning) => "\u{1b}[1;33m",
            (true, Severity::Note) => "\u{1b}[1;36m",
        }
    }

    fn bold(self) -> &'static str {
        if self.color { "\u{1b}[0;1m" } else { "" }
    }

    fn frame(self) -> &'static str {
        if self.color { "\u{1b}[1;34m" } else { "" }
    }

    fn reset(self) -> &'static str {
        if self.color { "\u{1b}[0m" } else { "" }
    }
}
