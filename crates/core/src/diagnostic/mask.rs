//! Finding the secrets in a text that may not even be JSON, so that none is ever quoted.

use crate::json::{self, Span};

/// What the name of a secret contains, in lower case.
const SENSITIVE: [&str; 8] = ["secret", "password", "token", "salt", "privatekey", "private_key", "apikey", "api_key"];

/// Whether a key names a secret.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_lowercase();
    SENSITIVE.iter().any(|word| name.contains(word))
}

/// The values in `text` whose keys name secrets, and the passwords in addresses, in order and apart.
///
/// The text is read leniently, because it is most often quoted when it is broken: whatever stands between such a name and the next comma, closing bracket
/// or line break is taken for its value, and everything inside brackets that open there.
///
/// A text that is not JSON may have a quote too few or too many, and then nobody knows where a value begins: all that stands behind such a name is masked, to
/// the end of its line, and the next line where nothing stands behind it.
pub(crate) fn mask_secrets(text: &str) -> Vec<Span> {
    let mut masks = masked_values(text);
    if json::is_object(text).is_err() {
        masks.extend(masked_lines(text));
        masks = joined(masks);
    }
    masks
}

/// Everything behind a sensitive name on its line.
fn masked_lines(text: &str) -> Vec<Span> {
    let lowered = text.to_ascii_lowercase();
    let mut masks = Vec::new();
    for word in SENSITIVE {
        for (found, _) in lowered.match_indices(word) {
            let is_name = |character: char| character.is_alphanumeric() || character == '_';
            let behind = text.get(found..).unwrap_or_default();
            let start = found + behind.find(|character| !is_name(character)).unwrap_or(behind.len());
            let line_end =
                |from: usize| from + text.get(from..).and_then(|rest| rest.find('\n')).unwrap_or(text.len() - from);
            let end = line_end(start);
            let holds_value = text.get(start..end).is_some_and(|rest| rest.contains(is_name));
            let end = if holds_value || end >= text.len() { end } else { line_end(end + 1) };
            masks.push(Span::new(start, end));
        }
    }
    masks
}

/// The same places, in order and apart.
fn joined(mut masks: Vec<Span>) -> Vec<Span> {
    masks.sort_unstable_by_key(|mask| (mask.start, mask.end));
    let mut apart: Vec<Span> = Vec::with_capacity(masks.len());
    for mask in masks {
        match apart.last_mut() {
            Some(last) if mask.start <= last.end => last.end = last.end.max(mask.end),
            _ => apart.push(mask),
        }
    }
    apart
}

fn masked_values(text: &str) -> Vec<Span> {
    let mut masks = Vec::new();
    let mut tokens = Tokens { text, at: 0 };
    // How many brackets deep the value of a sensitive key is; none outside of one.
    let mut masked_depth: Option<usize> = None;
    let mut named = false;
    while let Some((token, span)) = tokens.next_token() {
        match token {
            Token::Open => {
                masked_depth = match masked_depth {
                    Some(depth) => Some(depth + 1),
                    None => named.then_some(1),
                };
                named = false;
            }
            Token::Close => {
                masked_depth = masked_depth.and_then(|depth| depth.checked_sub(1)).filter(|&depth| depth > 0);
                named = false;
            }
            Token::Comma | Token::LineBreak if masked_depth.is_none() => {
                // A value may stand on the line after its key, but not after a comma.
                if matches!(token, Token::Comma) {
                    named = false;
                }
            }
            Token::Comma | Token::LineBreak | Token::Separator => {}
            Token::Text => {
                let is_key = tokens.separator_follows();
                if masked_depth.is_some() && !is_key || named {
                    masks.push(inner(text, span));
                    named = named && is_key;
                } else if let Some(password) = password_in_url(text, span) {
                    masks.push(password);
                } else if let Some(value) = assigned_within(text, span) {
                    masks.push(value);
                    // With a quote missing, the value may go on behind the next one.
                    named = true;
                } else {
                    named = is_sensitive(span.of(text));
                }
            }
        }
    }
    masks
}

/// The part of a token that a reader would take for its content: without the quotes.
fn inner(text: &str, span: Span) -> Span {
    let token = span.of(text);
    let start = span.start + usize::from(token.starts_with(['"', '\'']));
    let closes = token.len() > 1 && token.ends_with(['"', '\'']);
    Span::new(start, (span.end - usize::from(closes)).max(start))
}

/// The value in a token that holds both a sensitive name and what is assigned to it, as `"appSecret=abc"` or a string with a quote missing.
fn assigned_within(text: &str, span: Span) -> Option<Span> {
    let token = span.of(text);
    let name_end = token.find([':', '='])?;
    is_sensitive(token.get(..name_end)?).then(|| Span::new(span.start + name_end + 1, span.end))
}

/// The password in an address such as `postgres://user:password@host`.
fn password_in_url(text: &str, span: Span) -> Option<Span> {
    let token = span.of(text);
    let (before, rest) = token.split_once("://")?;
    let authority = rest.split('/').next()?;
    let (user_info, _) = authority.rsplit_once('@')?;
    let (user, password) = user_info.split_once(':')?;
    let start = span.start + before.len() + "://".len() + user.len() + 1;
    Some(Span::new(start, start + password.len()))
}

fn is_sensitive(token: &str) -> bool {
    let unescaped: Option<String> = token.contains('\\').then(|| serde_json::from_str(token).ok()).flatten();
    is_secret_name(unescaped.as_deref().unwrap_or(token))
}

#[derive(Clone, Copy)]
enum Token {
    Open,
    Close,
    Comma,
    Separator,
    LineBreak,
    Text,
}

struct Tokens<'text> {
    text: &'text str,
    at: usize,
}

impl Tokens<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next_token(&mut self) -> Option<(Token, Span)> {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r')) {
            self.at += 1;
        }
        let start = self.at;
        let token = match self.peek()? {
            b'{' | b'[' => Token::Open,
            b'}' | b']' => Token::Close,
            b',' => Token::Comma,
            b':' | b'=' => Token::Separator,
            b'\n' => Token::LineBreak,
            quote @ (b'"' | b'\'') => {
                self.skip_quoted(quote);
                return Some((Token::Text, Span::new(start, self.at)));
            }
            _ => {
                self.skip_bare();
                return Some((Token::Text, Span::new(start, self.at)));
            }
        };
        self.at += 1;
        Some((token, Span::new(start, self.at)))
    }

    /// To behind the closing quote, or to the end of the line where it is missing.
    fn skip_quoted(&mut self, quote: u8) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => return,
                b'\\' if self.text.as_bytes().get(self.at + 1).is_some_and(|&next| next != b'\n') => {
                    self.at += 2;
                }
                _ => self.at += 1,
            }
            if byte == quote {
                return;
            }
        }
    }

    fn skip_bare(&mut self) {
        while let Some(byte) = self.peek() {
            if matches!(byte, b'{' | b'[' | b'}' | b']' | b',' | b':' | b'=' | b'\n' | b'"' | b' ' | b'\t' | b'\r') {
                return;
            }
            self.at += 1;
        }
    }

    fn separator_follows(&self) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        rest.trim_ascii_start().starts_with([':', '='])
    }
}
