//! Byte ranges, and the lines and columns people count in.

use std::ops::Range;

/// A range of bytes in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The span from `start` up to, and without, `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The text it covers; empty when it lies outside `text` or cuts a character.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

/// Where in a text something is, counted from 1; columns count Unicode scalar values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Position {
    /// The position of the byte at `offset`; an offset beyond the end is the end.
    pub fn of(text: &str, offset: usize) -> Self {
        let offset = floor_boundary(text, offset);
        let before = text.get(..offset).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        let on_line = before.get(line_start..).unwrap_or_default();
        // A byte order mark is part of the file, but of no line.
        let on_line = match line_start {
            0 => on_line.strip_prefix('\u{feff}').unwrap_or(on_line),
            _ => on_line,
        };
        let column = on_line.chars().count() + 1;
        Self { line: u32::try_from(line).unwrap_or(u32::MAX), column: u32::try_from(column).unwrap_or(u32::MAX) }
    }
}

/// The nearest character boundary at or before `offset`.
pub(crate) fn floor_boundary(text: &str, offset: usize) -> usize {
    text.floor_char_boundary(offset)
}

/// The line that holds the byte at `offset`, without its line break.
pub(crate) fn line_around(text: &str, offset: usize) -> Range<usize> {
    let offset = floor_boundary(text, offset);
    let start = text.get(..offset).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    let end = text.get(offset..).and_then(|after| after.find('\n')).map_or(text.len(), |newline| offset + newline);
    let end = if text.as_bytes().get(end.wrapping_sub(1)) == Some(&b'\r') && end > start { end - 1 } else { end };
    start..end
}
