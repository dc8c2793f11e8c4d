use std::fmt;

/// What a condition asks of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `=`: equal; with `None`, null.
    Equal,
    /// `!=`, `ne`: the negation of `=`.
    NotEqual,
    /// `>`, `gt`.
    Greater,
    /// `>=`, `gte`.
    GreaterOrEqual,
    /// `<`, `lt`.
    Less,
    /// `<=`, `lte`.
    LessOrEqual,
    /// `in`: equal to one of a list.
    In,
    /// `nin`: the negation of `in`.
    NotIn,
    /// `like`: the text matches a pattern.
    Like,
    /// `nlike`: the negation of `like`.
    NotLike,
    /// `likeany`: the text matches one of a list of patterns.
    LikeAny,
    /// `nlikeany`: the negation of `likeany`.
    NotLikeAny,
    /// `startswith`: the text begins so.
    StartsWith,
    /// `endswith`: the text ends so.
    EndsWith,
    /// `isnull`: whether there is no value.
    IsNull,
    /// `range`: between two values, both included.
    Range,
}

impl Operator {
    /// Every operator.
    pub const ALL: [Self; 16] = [
        Self::Equal,
        Self::NotEqual,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::Less,
        Self::LessOrEqual,
        Self::In,
        Self::NotIn,
        Self::Like,
        Self::NotLike,
        Self::LikeAny,
        Self::NotLikeAny,
        Self::StartsWith,
        Self::EndsWith,
        Self::IsNull,
        Self::Range,
    ];

    /// The operator that a keyword's `__word` names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.word() == Some(word))
    }

    /// The operator that the second argument of the positional form names: a sign or a word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.sign() == Some(name)).or_else(|| Self::from_word(name))
    }

    /// The word, as in `age__gte`. `=` has none.
    pub const fn word(self) -> Option<&'static str> {
        Some(match self {
            Self::Equal => return None,
            Self::NotEqual => "ne",
            Self::Greater => "gt",
            Self::GreaterOrEqual => "gte",
            Self::Less => "lt",
            Self::LessOrEqual => "lte",
            Self::In => "in",
            Self::NotIn => "nin",
            Self::Like => "like",
            Self::NotLike => "nlike",
            Self::LikeAny => "likeany",
            Self::NotLikeAny => "nlikeany",
            Self::StartsWith => "startswith",
            Self::EndsWith => "endswith",
            Self::IsNull => "isnull",
            Self::Range => "range",
        })
    }

    /// The sign, for those that have one.
    pub const fn sign(self) -> Option<&'static str> {
        Some(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            _ => return None,
        })
    }

    /// Every name an operator has.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().flat_map(|operator| [operator.sign(), operator.word()]).flatten()
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.sign().or(self.word()).unwrap_or_default())
    }
}
