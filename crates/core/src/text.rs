//! Text of unknown origin, made fit to be shown.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text cut to `limit` characters, the cut marked, control characters escaped.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    let mut kept: String = text.chars().take(limit).collect();
    if kept.len() < text.len() {
        kept.push('…');
    }
    escape_controls(&kept).into_owned()
}

/// The text with every control character, and every character that reorders what stands around it, written as an escape.
pub(crate) fn escape_controls(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe_to_show) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        push_escaped(&mut escaped, character);
    }
    Cow::Owned(escaped)
}

/// Appends one character, escaped where it is unsafe to show; answers how many characters were appended.
pub(crate) fn push_escaped(target: &mut String, character: char) -> usize {
    if !is_unsafe_to_show(character) {
        target.push(character);
        return 1;
    }
    let before = target.len();
    match character {
        '\n' => target.push_str("\\n"),
        '\r' => target.push_str("\\r"),
        '\t' => target.push_str("\\t"),
        other => {
            // Writing to a string cannot fail.
            let _ = write!(target, "\\u{{{:x}}}", u32::from(other));
        }
    }
    target.len() - before
}

/// Whether showing the character as it is could move the cursor, change colours or reorder text.
fn is_unsafe_to_show(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
