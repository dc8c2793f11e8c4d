//! Finding places in a JSON text without building anything. The scanner is iterative, and on text that is not JSON it answers none.

use std::borrow::Cow;
use std::collections::HashSet;

use super::DEPTH_LIMIT;
use super::pointer::Pointer;
use super::span::Span;

/// Where a value, and the key that names it, stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The key with its quotes; none for an array's item and for the document itself.
    pub key: Option<Span>,
    /// The value.
    pub value: Span,
}

/// Finds the place `pointer` in a text that [`super::parse`] accepted.
pub fn locate(text: &str, pointer: &Pointer) -> Option<Found> {
    let mut scanner = Scanner::new(text);
    scanner.skip_space();
    let mut key = None;
    for segment in pointer.segments() {
        match scanner.peek()? {
            b'{' => key = Some(scanner.enter_member(&segment)?),
            b'[' => {
                scanner.enter_item(segment.parse().ok()?)?;
                key = None;
            }
            _ => return None,
        }
    }
    let start = scanner.at;
    scanner.skip_value()?;
    Some(Found { key, value: Span::new(start, scanner.at) })
}

/// What makes an otherwise valid text unacceptable.
#[derive(Debug)]
pub(super) enum Violation {
    /// The second naming of a key.
    DuplicateKey {
        /// The key.
        key: String,
        /// Where it is named again.
        span: Span,
    },
    /// The bracket that opens one level too many.
    TooDeep {
        /// Where it is.
        span: Span,
    },
}

/// Finds the first key that is named twice in one object, or the first bracket beyond the depth limit.
pub(super) fn find_violation(text: &str) -> Option<Violation> {
    let mut scanner = Scanner::new(text);
    let mut keys_of_open: Vec<HashSet<Cow<'_, str>>> = Vec::new();
    loop {
        scanner.skip_space();
        match scanner.peek()? {
            b'{' | b'[' => {
                if keys_of_open.len() == DEPTH_LIMIT {
                    return Some(Violation::TooDeep { span: Span::new(scanner.at, scanner.at + 1) });
                }
                keys_of_open.push(HashSet::new());
                scanner.at += 1;
            }
            b'}' | b']' => {
                keys_of_open.pop();
                scanner.at += 1;
            }
            b'"' => {
                let span = scanner.skip_string()?;
                scanner.skip_space();
                if scanner.peek() == Some(b':') {
                    let key = unquote(span.of(text));
                    let keys = keys_of_open.last_mut()?;
                    if keys.contains(&key) {
                        return Some(Violation::DuplicateKey { key: key.into_owned(), span });
                    }
                    keys.insert(key);
                }
            }
            _ => scanner.at += 1,
        }
    }
}

/// The text that a string token stands for.
fn unquote(token: &str) -> Cow<'_, str> {
    let inner = token.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) if !inner.contains('\\') => Cow::Borrowed(inner),
        _ => Cow::Owned(serde_json::from_str(token).unwrap_or_default()),
    }
}

struct Scanner<'text> {
    text: &'text str,
    at: usize,
}

impl<'text> Scanner<'text> {
    fn new(text: &'text str) -> Self {
        Self { text, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// From an opening quote to behind the closing one.
    fn skip_string(&mut self) -> Option<Span> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(Span::new(start, self.at));
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    /// Over one whole value, however deep.
    fn skip_value(&mut self) -> Option<()> {
        let mut open = 0usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.skip_string()?;
                }
                b'{' | b'[' => {
                    open += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    open = open.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' if open > 0 => {
                    self.at += 1;
                    continue;
                }
                _ => self.skip_bare()?,
            }
            if open == 0 {
                return Some(());
            }
        }
    }

    /// Over a number, `true`, `false` or `null`.
    fn skip_bare(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    /// From an opening brace to the value of the member `name`; answers where its key is.
    fn enter_member(&mut self, name: &str) -> Option<Span> {
        self.at += 1;
        loop {
            self.skip_space();
            if self.peek()? != b'"' {
                return None;
            }
            let key = self.skip_string()?;
            self.skip_space();
            if self.peek()? != b':' {
                return None;
            }
            self.at += 1;
            self.skip_space();
            if unquote(key.of(self.text)) == name {
                return Some(key);
            }
            self.skip_value()?;
            self.skip_comma()?;
        }
    }

    /// From an opening bracket to the item `index`.
    fn enter_item(&mut self, index: usize) -> Option<()> {
        self.at += 1;
        self.skip_space();
        for _ in 0..index {
            self.skip_value()?;
            self.skip_comma()?;
            self.skip_space();
        }
        (self.peek()? != b']').then_some(())
    }

    fn skip_comma(&mut self) -> Option<()> {
        self.skip_space();
        if self.peek()? != b',' {
            return None;
        }
        self.at += 1;
        Some(())
    }
}
