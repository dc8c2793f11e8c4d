//! Environment files: `.env`.

use std::collections::BTreeMap;
use std::fmt;

use crate::diagnostic::{Code, Diagnostic, Excerpt, Location};
use crate::json::{Position, Span};

/// The variables of an environment file. Their values may be secrets, so they are not printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EnvFile {
    variables: BTreeMap<String, String>,
}

impl EnvFile {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// All variables with their values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How many variables there are.
    pub fn len(&self) -> usize {
        self.variables.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }
}

impl fmt::Debug for EnvFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

/// Reads the bytes of the environment file `file`, as [`parse`] does its text. A line that is not UTF-8 is reported, and passed over.
pub fn parse_bytes(file: &str, bytes: &[u8]) -> (EnvFile, Vec<Diagnostic>) {
    let is_text: Vec<bool> = bytes.split(|&byte| byte == b'\n').map(|line| std::str::from_utf8(line).is_ok()).collect();
    parse_lines(file, &String::from_utf8_lossy(bytes), |number| is_text.get(number).copied().unwrap_or(true))
}

/// Reads the text of the environment file `file`.
///
/// Lines are `NAME=value` with an optional `export` before; empty lines and lines that start with `#` are passed over. A bare value ends before ` #`; one in
/// single quotes is taken as it is; in double quotes `\n`, `\r`, `\t`, `\"`, `\$` and `\\` are escapes. A later line wins. A line that cannot be read is
/// reported, without its value, and passed over.
pub fn parse(file: &str, text: &str) -> (EnvFile, Vec<Diagnostic>) {
    parse_lines(file, text, |_| true)
}

fn parse_lines(file: &str, text: &str, is_text: impl Fn(usize) -> bool) -> (EnvFile, Vec<Diagnostic>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut env = EnvFile::default();
    let mut diagnostics = Vec::new();
    let mut offset = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let start = offset;
        offset += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let read = if is_text(number) { parse_line(content) } else { Err("it is not UTF-8") };
        match read {
            Ok((name, value)) => {
                env.variables.insert(name.to_owned(), value);
            }
            Err(reason) => diagnostics.push(bad_line(file, text, Span::new(start, start + line.len()), reason)),
        }
    }
    (env, diagnostics)
}

fn parse_line(line: &str) -> Result<(&str, String), &'static str> {
    let line = line.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).map_or(line, str::trim_start);
    let (name, value) = line.split_once('=').ok_or("there is no `=`")?;
    let name = name.trim_end();
    if !is_name(name) {
        return Err("the name is not made of letters, digits, `_` and `.`");
    }
    Ok((name, parse_value(value.trim_start())?))
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
}

fn parse_value(text: &str) -> Result<String, &'static str> {
    if let Some(quoted) = text.strip_prefix('\'') {
        let (value, rest) = quoted.split_once('\'').ok_or("the quote is not closed")?;
        return nothing_follows(rest).map(|()| value.to_owned());
    }
    if let Some(quoted) = text.strip_prefix('"') {
        let (value, rest) = unescape(quoted).ok_or("the quote is not closed")?;
        return nothing_follows(rest).map(|()| value);
    }
    let comment = text
        .match_indices('#')
        .find(|&(at, _)| at == 0 || text.get(..at).is_some_and(|before| before.ends_with([' ', '\t'])))
        .map_or(text.len(), |(at, _)| at);
    Ok(text.get(..comment).unwrap_or(text).trim_end().to_owned())
}

/// The text up to the closing quote, and what follows it.
fn unescape(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next()? {
            '"' => return Some((value, characters.as_str())),
            '\\' => match characters.next()? {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                escaped @ ('"' | '\\' | '$') => value.push(escaped),
                other => {
                    value.push('\\');
                    value.push(other);
                }
            },
            other => value.push(other),
        }
    }
}

fn nothing_follows(rest: &str) -> Result<(), &'static str> {
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with('#') { Ok(()) } else { Err("something follows the closing quote") }
}

fn bad_line(file: &str, text: &str, line: Span, reason: &str) -> Diagnostic {
    let position = Position::of(text, line.start);
    let content = line.of(text);
    // Any value may be a secret, and a line without a readable name may be nothing else.
    let readable = content
        .find('=')
        .filter(|&equals| content.get(..equals).is_some_and(|name| is_name(name.trim_start_matches("export ").trim())))
        .map_or(line.start, |equals| line.start + equals + 1);
    let excerpt = Excerpt::with_masks(text, line, &[Span::new(readable, line.end)]);
    Diagnostic::new(Code::BadEnvLine, format!("this line cannot be read: {reason}"))
        .with_location(Location {
            file: file.to_owned(),
            line: Some(position.line),
            column: Some(position.column),
            excerpt: Some(excerpt),
        })
        .with_help("write `NAME=value`, or start the line with `#`")
}
