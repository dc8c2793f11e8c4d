/// A `like` pattern: the runs of characters between its percent signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LikePattern {
    /// What the text has to contain, one after another. The first begins the text and the last ends it; a text that
    /// may begin or end with anything has an empty one there.
    pieces: Vec<String>,
}

impl LikePattern {
    /// Reads a pattern: `%` is any run of characters, `\%` a percent sign, `\\` a backslash. A pattern without `%` is
    /// searched for anywhere.
    pub fn new(pattern: &str) -> Self {
        let mut pieces = Vec::new();
        let mut piece = String::new();
        let mut characters = pattern.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\\' => piece.push(characters.next_if(|next| matches!(next, '%' | '\\')).unwrap_or('\\')),
                '%' => pieces.push(std::mem::take(&mut piece)),
                other => piece.push(other),
            }
        }
        if pieces.is_empty() {
            return Self { pieces: vec![String::new(), piece, String::new()] };
        }
        pieces.push(piece);
        Self { pieces }
    }

    /// The runs of characters between the percent signs: at least two, the first anchored at the start of the text
    /// and the last at its end.
    pub fn pieces(&self) -> &[String] {
        &self.pieces
    }

    /// What every matching text begins with.
    pub fn prefix(&self) -> &str {
        self.pieces.first().map_or("", String::as_str)
    }

    /// Whether a text matches when it begins with the [`LikePattern::prefix`], whatever follows.
    pub(crate) fn is_prefix(&self) -> bool {
        matches!(self.pieces.as_slice(), [_, rest] if rest.is_empty())
    }

    /// Whether a text matches.
    pub fn matches(&self, text: &str) -> bool {
        let [first, middle @ .., last] = self.pieces.as_slice() else {
            return false;
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        for piece in middle {
            let Some((_, behind)) = rest.split_once(piece.as_str()) else {
                return false;
            };
            rest = behind;
        }
        rest.ends_with(last.as_str())
    }
}
