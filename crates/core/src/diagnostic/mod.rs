//! What is wrong with an app, and where.

mod code;
mod code_table;
mod excerpt;
mod mask;

pub use code_table::Code;
pub use excerpt::Excerpt;
pub use mask::is_secret_name;

use std::fmt;

use crate::app_id::AppId;
use crate::json::{Position, Span};
use crate::name::ElementName;

/// One finding about an app's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which kind of finding: stable, and documented in one place.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: lower-case, literals in backticks, without a final period.
    pub message: String,
    /// The element concerned.
    pub element: Option<ElementName>,
    /// The app to whose root the location is relative.
    pub app: Option<AppId>,
    /// Where.
    pub location: Option<Location>,
    /// What to do about it.
    pub help: Option<String>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Something does not work.
    Error,
    /// Something is probably not meant.
    Warning,
    /// Something worth knowing; not a finding.
    Note,
}

impl Severity {
    /// `error`, `warning` or `note`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl Diagnostic {
    /// A finding of the code's usual severity.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            element: None,
            app: None,
            location: None,
            help: None,
        }
    }

    /// With another severity than the code's usual one.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// About this element.
    #[must_use]
    pub fn with_element(mut self, element: ElementName) -> Self {
        self.element = Some(element);
        self
    }

    /// About a file of this app.
    #[must_use]
    pub fn with_app(mut self, app: AppId) -> Self {
        self.app = Some(app);
        self
    }

    /// At this place.
    #[must_use]
    pub fn with_location(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    /// With this advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether something does not work.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Whether `check` counts it: errors and warnings are findings, notes are not.
    pub fn is_finding(&self) -> bool {
        self.severity != Severity::Note
    }

    /// The order in which findings are shown: by app, file, line and column.
    pub fn sort(diagnostics: &mut [Self]) {
        diagnostics.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    }

    fn sort_key(&self) -> impl Ord {
        let location = self.location.as_ref();
        (
            self.app.as_ref().map(AppId::as_str),
            location.map(|at| at.file.as_str()),
            location.and_then(|at| at.line),
            location.and_then(|at| at.column),
            self.code,
            self.message.as_str(),
        )
    }
}

/// A place in a file of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file, relative to its app's root, with forward slashes; bytes that are not UTF-8 are escaped.
    pub file: String,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column, from 1, in Unicode scalar values.
    pub column: Option<u32>,
    /// The offending line.
    pub excerpt: Option<Excerpt>,
}

/// `auths/loginTypes/Mine/Mine.json:3:14`, as far as it is known.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        [self.line, self.column].into_iter().map_while(|number| number).try_for_each(|number| write!(f, ":{number}"))
    }
}

impl Location {
    /// A whole file or directory.
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, column: None, excerpt: None }
    }

    /// A place in a file whose text is at hand. Values of secrets are masked in what is quoted.
    pub fn at(file: impl Into<String>, text: &str, span: Span) -> Self {
        let position = Position::of(text, span.start);
        Self {
            file: file.into(),
            line: Some(position.line),
            column: Some(position.column),
            excerpt: Some(Excerpt::of(text, span)),
        }
    }
}
