//! Everything that the command prints.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::sync::PoisonError;

use mti_core::{Diagnostic, render};
use serde_json::Value;

use crate::command::{ColorChoice, Format};

/// Where the command prints: results on standard output, everything about them on standard error.
///
/// A reader that went away (`mti tree | head`) is no error: what it would have read is dropped, and the command
/// ends as it would have.
#[derive(Debug)]
pub(crate) struct Output {
    format: Format,
    results: Stream<io::Stdout>,
    remarks: Stream<io::Stderr>,
    shows_progress: bool,
}

#[derive(Debug)]
struct Stream<W> {
    writer: Mutex<Option<W>>,
    color: bool,
}

impl Output {
    pub(crate) fn new(format: Format, color: ColorChoice) -> Self {
        // The command's own environment: a terminal that wants no colours says so there.
        let refuses_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colored = |is_terminal: bool| match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && !refuses_color,
        };
        let (stdout, stderr) = (io::stdout(), io::stderr());
        Self {
            format,
            shows_progress: format == Format::Human && stderr.is_terminal(),
            results: Stream::new(colored(stdout.is_terminal()), stdout),
            remarks: Stream::new(colored(stderr.is_terminal()), stderr),
        }
    }

    /// How results are written.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Whether results are for programs.
    pub(crate) fn is_json(&self) -> bool {
        self.format != Format::Human
    }

    /// Whether standard error takes colours: the log goes there too.
    pub(crate) fn colors_remarks(&self) -> bool {
        self.remarks.color
    }

    /// Prints a result as text.
    pub(crate) fn result(&self, text: &str) {
        self.results.write(text);
    }

    /// Prints a result as JSON, over several lines.
    pub(crate) fn json(&self, value: &Value) {
        self.results.write(&format!("{value:#}"));
    }

    /// Prints a result as JSON on one line, for readers that take a line at a time.
    pub(crate) fn json_line(&self, value: &Value) {
        self.results.write(&value.to_string());
    }

    /// Prints diagnostics as the result.
    pub(crate) fn diagnostics(&self, diagnostics: &[Diagnostic]) {
        self.results.write(&render::human(diagnostics, self.results.color));
    }

    /// Sets results apart.
    pub(crate) fn blank_line(&self) {
        self.results.write_line("");
    }

    /// Says something about the result, or about why there is none.
    pub(crate) fn remark(&self, text: &str) {
        self.remarks.write(text);
    }

    /// Puts a line in the place of the last one, on a terminal only; the empty text takes it away.
    pub(crate) fn progress(&self, text: &str) {
        if self.shows_progress {
            self.remarks.replace_line(text);
        }
    }

    /// Says what went wrong.
    pub(crate) fn error(&self, text: &str) {
        let (start, end) = if self.remarks.color { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
        self.remarks.write(&format!("{start}error{end}: {text}"));
    }

    /// Says what is wrong with the app's files, beside a result or instead of one.
    pub(crate) fn diagnostics_remark(&self, diagnostics: &[Diagnostic]) {
        if !self.is_json() {
            self.remarks.write(&render::human(diagnostics, self.remarks.color));
        } else if !diagnostics.is_empty() {
            // On a line of its own, as whatever else a program reads there.
            self.remarks.write(&render::json(diagnostics).to_string());
        }
    }

    /// Says what is wrong with the app's files, between lines of the log.
    pub(crate) fn findings_remark(&self, diagnostics: &[Diagnostic]) {
        if !diagnostics.is_empty() {
            self.diagnostics_remark(diagnostics);
            self.remarks.write_line("");
        }
    }

    /// Prints what the parser of the command line has to say: help and versions, or what it did not understand.
    pub(crate) fn usage(message: &clap::Error) {
        // The parser decides by itself on colours and on the stream; a reader that went away is no error.
        drop(message.print());
    }
}

impl<W: Write> Stream<W> {
    fn new(color: bool, writer: W) -> Self {
        Self { writer: Mutex::new(Some(writer)), color }
    }

    /// Writes text and ends its last line. Nothing is written for no text.
    fn write(&self, text: &str) {
        let text = text.trim_end_matches('\n');
        if !text.is_empty() {
            self.write_line(text);
        }
    }

    fn write_line(&self, text: &str) {
        self.write_all(&format!("{text}\n"));
    }

    fn replace_line(&self, text: &str) {
        self.write_all(&format!("\r\u{1b}[2K{text}"));
    }

    fn write_all(&self, text: &str) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = writer.as_mut() {
            let written = open.write_all(text.as_bytes()).and_then(|()| open.flush());
            // Gone, or full: there is nobody left to tell.
            if written.is_err() {
                *writer = None;
            }
        }
    }
}
