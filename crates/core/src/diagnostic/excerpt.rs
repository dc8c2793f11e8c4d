//! The line a finding points at, cut, masked and made fit to be shown.

use super::mask::mask_secrets;
use crate::json::{Span, line_around};
use crate::text::push_escaped;

/// The most characters that are quoted of a line.
const QUOTE_LIMIT: usize = 200;
/// How many characters before the place are kept when a line is cut.
const LEAD: usize = 60;

/// A quoted line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The line: at most 200 characters, control characters escaped, values of secrets replaced by `***`.
    pub line_text: String,
    /// The column of the place within `line_text`, from 1, in Unicode scalar values.
    pub start_column: u32,
    /// How many characters of `line_text` the place covers, at least 1.
    pub length: u32,
}

impl Excerpt {
    /// Quotes the line of `text` where `span` begins.
    pub fn of(text: &str, span: Span) -> Self {
        Self::with_masks(text, span, &mask_secrets(text))
    }

    /// Quotes the line of `text` where `span` begins, with `masks`, in order and apart, replaced by `***`.
    pub(crate) fn with_masks(text: &str, span: Span, masks: &[Span]) -> Self {
        let line = line_around(text, span.start);
        let mut pieces = Pieces::default();
        let mut masks = masks.iter().skip_while(|mask| mask.end <= line.start).peekable();
        for (offset, character) in text.get(line.clone()).unwrap_or_default().char_indices() {
            let offset = line.start + offset;
            while masks.next_if(|mask| mask.end <= offset).is_some() {}
            let inside = span.start <= offset && offset < span.end.max(span.start + 1);
            match masks.peek() {
                Some(mask) if mask.start <= offset => {
                    if offset == mask.start.max(line.start) {
                        pieces.push_str("***", inside);
                    } else {
                        pieces.extend_place(inside);
                    }
                }
                _ => pieces.push(character, inside),
            }
        }
        pieces.finish()
    }
}

/// The line as it grows, with the characters that the place covers.
#[derive(Default)]
struct Pieces {
    text: String,
    length: usize,
    place: Option<(usize, usize)>,
}

impl Pieces {
    fn push(&mut self, character: char, inside: bool) {
        let before = self.length;
        self.length += push_escaped(&mut self.text, character);
        self.cover(before, inside);
    }

    fn push_str(&mut self, text: &str, inside: bool) {
        let before = self.length;
        self.text.push_str(text);
        self.length += text.chars().count();
        self.cover(before, inside);
    }

    /// A masked character that adds nothing: the place still covers the mask it belongs to.
    fn extend_place(&mut self, inside: bool) {
        self.cover(self.length.saturating_sub(3), inside);
    }

    fn cover(&mut self, from: usize, inside: bool) {
        if inside {
            let (start, _) = self.place.unwrap_or((from, from));
            self.place = Some((start, self.length));
        }
    }

    fn finish(self) -> Excerpt {
        let (start, end) = self.place.unwrap_or((self.length, self.length + 1));
        if self.length <= QUOTE_LIMIT {
            return excerpt(self.text, start, end - start);
        }
        let first = start.saturating_sub(LEAD).min(self.length.saturating_sub(QUOTE_LIMIT - 2));
        let room = QUOTE_LIMIT - 2;
        let mut quoted = String::new();
        if first > 0 {
            quoted.push('…');
        }
        quoted.extend(self.text.chars().skip(first).take(room));
        if first + room < self.length {
            quoted.push('…');
        }
        let shown = quoted.chars().count();
        let length = (end - start).min(room);
        let start = start - first + usize::from(first > 0);
        let length = length.min(shown.saturating_sub(start));
        excerpt(quoted, start, length)
    }
}

fn excerpt(line_text: String, start: usize, length: usize) -> Excerpt {
    Excerpt {
        line_text,
        start_column: u32::try_from(start + 1).unwrap_or(u32::MAX),
        length: u32::try_from(length.max(1)).unwrap_or(u32::MAX),
    }
}
