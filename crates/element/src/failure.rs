use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, OnceLock};

use mti_core::Diagnostic;
use serde_json::Value;

/// What calls answer with.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// A kind of failure with a symbolic name, declared once as a constant by the family that raises it.
///
/// The name, the number and the HTTP status are one row of the published error table; the message is safe to
/// show to a visitor.
#[derive(Debug, Clone, Copy)]
pub struct Fail {
    /// The symbolic name, such as `LOGIN_REQUIRED`.
    pub name: &'static str,
    /// The number that stands in the `errcode` of an answer.
    pub errcode: u32,
    /// The HTTP status that it is answered with.
    pub http_status: u16,
    /// What a visitor is told where nothing more precise is said.
    pub message: &'static str,
}

impl Fail {
    /// Wrong, missing or undeclared arguments.
    pub const API_PARAMS_ERROR: Self =
        Self::new("API_PARAMS_ERROR", 20001, 400, "the arguments are not what this function takes");
    /// The call needs a signed-in user.
    pub const LOGIN_REQUIRED: Self = Self::new("LOGIN_REQUIRED", 20002, 401, "please sign in first");
    /// The caller may not do this.
    pub const PERMISSION_DENIED: Self = Self::new("PERMISSION_DENIED", 20003, 403, "you are not allowed to do this");
    /// No element of that name.
    pub const ELEMENT_NOT_FOUND: Self = Self::new("ELEMENT_NOT_FOUND", 20004, 404, "there is no such element");
    /// No method of that name.
    pub const FUNCTION_NOT_FOUND: Self = Self::new("FUNCTION_NOT_FOUND", 20004, 404, "there is no such function");
    /// Anything that went wrong inside an element and has no name of its own.
    pub const ELEMENT_EXCEPTION: Self =
        Self::new("ELEMENT_EXCEPTION", 20005, 500, "something went wrong; please try again later");
    /// Too many calls.
    pub const RATE_LIMITED: Self =
        Self::new("RATE_LIMITED", 20006, 429, "too many requests; please wait a moment and try again");

    /// Declares a kind of failure.
    pub const fn new(name: &'static str, errcode: u32, http_status: u16, message: &'static str) -> Self {
        Self { name, errcode, http_status, message }
    }

    /// A failure of this kind, with its own message.
    pub fn failure(self) -> Failure {
        Failure::from(self)
    }

    /// A failure of this kind that tells the visitor something more precise.
    pub fn because(self, message: impl Into<Cow<'static, str>>) -> Failure {
        let mut failure = Failure::from(self);
        failure.0.message = message.into();
        failure
    }

    /// A failure of this kind whose message and diagnostics take work, such as a search for similar names. That is done
    /// when they are first looked at: a failure that nobody shows costs no more than a success.
    pub fn explained_by(self, explain: impl Fn() -> (String, Vec<Diagnostic>) + Send + Sync + 'static) -> Failure {
        let mut failure = Failure::from(self);
        failure.0.explanation = Some(Arc::new(Explanation { explain: Box::new(explain), explained: OnceLock::new() }));
        failure
    }

    /// A failure of this kind with data for the caller.
    pub fn with(self, data: Value) -> Failure {
        let mut failure = Failure::from(self);
        failure.0.data = Some(data);
        failure
    }
}

impl PartialEq for Fail {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// A failed call: its kind, what may be shown, and what only the log gets.
///
/// Any error that has no kind of its own becomes [`Fail::ELEMENT_EXCEPTION`] through `?`, with its cause kept
/// for the log and nothing of it shown to a visitor.
#[derive(Clone)]
pub struct Failure(Box<Parts>);

#[derive(Clone)]
struct Parts {
    kind: Fail,
    message: Cow<'static, str>,
    data: Option<Value>,
    retry_after_seconds: Option<u64>,
    note: Option<String>,
    diagnostics: Vec<Diagnostic>,
    /// What stands in for the message and the diagnostics, if they are found out later.
    explanation: Option<Arc<Explanation>>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

/// A message and diagnostics that are found out when somebody looks at them.
struct Explanation {
    explain: Box<dyn Fn() -> (String, Vec<Diagnostic>) + Send + Sync>,
    explained: OnceLock<(String, Vec<Diagnostic>)>,
}

impl Explanation {
    fn explained(&self) -> &(String, Vec<Diagnostic>) {
        self.explained.get_or_init(|| (self.explain)())
    }
}

impl Failure {
    /// The kind, with its symbolic name, number and HTTP status.
    pub fn kind(&self) -> Fail {
        self.0.kind
    }

    /// Whether it is of that kind.
    pub fn is(&self, kind: Fail) -> bool {
        self.0.kind == kind
    }

    /// What may be shown to a visitor.
    pub fn message(&self) -> &str {
        match &self.0.explanation {
            Some(explanation) => &explanation.explained().0,
            None => &self.0.message,
        }
    }

    /// Data for the caller, such as the `bindTicket` of an identity that nobody is bound to yet.
    pub fn data(&self) -> Option<&Value> {
        self.0.data.as_ref()
    }

    /// After how many seconds the same call may succeed, where that is known.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.0.retry_after_seconds
    }

    /// The diagnostics behind it: those of a quarantined element, or of one that failed to load.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match &self.0.explanation {
            Some(explanation) => &explanation.explained().1,
            None => &self.0.diagnostics,
        }
    }

    /// The same failure with data for the caller.
    #[must_use]
    pub fn with_data(mut self, data: Value) -> Self {
        self.0.data = Some(data);
        self
    }

    /// The same failure, when it is known after how many seconds the same call may succeed: over HTTP the header
    /// `Retry-After`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_seconds = Some(seconds);
        self
    }

    /// The same failure with a note for the operator. The note is logged, so it must hold no secret.
    #[must_use]
    pub fn noting(mut self, note: impl Into<String>) -> Self {
        self.0.note = Some(note.into());
        self
    }

    /// The same failure with the error that caused it, kept for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.0.cause = Some(Arc::new(cause));
        self
    }

    /// The same failure with the diagnostics that explain it.
    #[must_use]
    pub fn diagnosed(mut self, diagnostics: Vec<Diagnostic>) -> Self {
        if let Some(explanation) = self.0.explanation.take() {
            self.0.message = Cow::Owned(explanation.explained().0.clone());
        }
        self.0.diagnostics = diagnostics;
        self
    }

    /// The error that caused it, if it is of this type.
    pub fn cause<E: Error + 'static>(&self) -> Option<&E> {
        self.0.cause.as_deref()?.downcast_ref()
    }

    /// Everything the operator should see of it, on one line: kind, message, note and the chain of causes.
    pub fn operator_message(&self) -> String {
        let parts = &*self.0;
        let mut text = format!("{}: {}", parts.kind.name, self.message());
        if let Some(note) = &parts.note {
            text.push_str(": ");
            text.push_str(note);
        }
        for diagnostic in self.diagnostics() {
            text.push_str(": ");
            text.push_str(&diagnostic.message);
        }
        let mut cause = parts.cause.as_deref().map(|cause| cause as &dyn Error);
        while let Some(error) = cause {
            let message = error.to_string();
            if message != self.message() {
                text.push_str(": ");
                text.push_str(&message);
            }
            cause = error.source();
        }
        text
    }
}

impl From<Fail> for Failure {
    fn from(kind: Fail) -> Self {
        Self(Box::new(Parts {
            kind,
            message: Cow::Borrowed(kind.message),
            data: None,
            retry_after_seconds: None,
            note: None,
            diagnostics: Vec::new(),
            explanation: None,
            cause: None,
        }))
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(cause: E) -> Self {
        Self::from(Fail::ELEMENT_EXCEPTION).caused_by(cause)
    }
}

impl From<Failure> for Box<dyn Error + Send + Sync> {
    fn from(failure: Failure) -> Self {
        failure.to_string().into()
    }
}

impl From<Failure> for Box<dyn Error> {
    fn from(failure: Failure) -> Self {
        failure.to_string().into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.0.kind.name, self.message())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.operator_message())
    }
}
