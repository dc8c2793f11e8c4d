use super::filter::{continues_identifier, starts_identifier};
use super::{Literal, MAX_NESTING, QError};
use crate::nearest::did_you_mean;

/// How many bytes names and strings usually have at most.
const WORD: usize = 32;

/// The characters of a Q expression, with the values that can be written in it.
pub(super) struct Scanner<'a> {
    at: Place<'a>,
    depth: usize,
}

/// A place in the text.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// What comes from there on.
    rest: &'a str,
    /// How many characters come before it.
    before: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { at: Place { rest: text, before: 0 }, depth: 0 }
    }

    /// The column of the next character.
    pub(super) fn column(&self) -> usize {
        self.at.before + 1
    }

    /// The next character that is no white space, without taking it.
    pub(super) fn peek(&mut self) -> Option<char> {
        if self.current().is_some_and(char::is_whitespace) {
            self.take_while(char::is_whitespace);
        }
        self.current()
    }

    /// Takes the next character when it is this one.
    pub(super) fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.advance();
        }
        found
    }

    /// Takes this character, or fails and says what was expected.
    pub(super) fn expect(&mut self, wanted: char, expected: &str) -> Result<(), QError> {
        if self.take(wanted) { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    /// Takes the identifier that comes next, if one does.
    pub(super) fn identifier(&mut self) -> Option<&'a str> {
        self.peek().filter(|first| starts_identifier(*first))?;
        Some(self.take_while(continues_identifier))
    }

    /// Takes the identifier of a keyword: one with a sign behind it, which should be `=`.
    pub(super) fn keyword(&mut self) -> Option<&'a str> {
        let start = self.at;
        let name = self.identifier();
        if !self.peek().is_some_and(is_of_sign) {
            self.at = start;
            return None;
        }
        name
    }

    /// Takes a sign as programming languages compare with: `=`, `!=`, `>=`.
    pub(super) fn sign(&mut self) -> &'a str {
        self.peek();
        self.take_while(is_of_sign)
    }

    /// Runs a step one level deeper; the level began at `column`.
    pub(super) fn nested<T>(
        &mut self,
        column: usize,
        step: impl FnOnce(&mut Self) -> Result<T, QError>,
    ) -> Result<T, QError> {
        if self.depth == MAX_NESTING {
            return Err(QError::new(column, format!("nested deeper than {MAX_NESTING} levels")));
        }
        self.depth += 1;
        let result = step(self);
        self.depth -= 1;
        result
    }

    /// The mistake of finding something else here.
    pub(super) fn unexpected(&mut self, expected: &str) -> QError {
        let found = match self.peek() {
            Some(character) => format!("`{}`", character.escape_debug()),
            None => "the end".to_owned(),
        };
        QError::new(self.column(), format!("expected {expected}, found {found}"))
    }

    /// Takes a value.
    pub(super) fn literal(&mut self) -> Result<Literal, QError> {
        const EXPECTED: &str = "a value (a string in quotes, a number, `True`, `False`, `None`, a list or a tuple)";
        match self.peek() {
            Some('\'' | '"') => self.string().map(Literal::Text),
            Some('[') => self.list(),
            Some('(') => self.tuple(),
            Some(first) if first.is_ascii_digit() || matches!(first, '-' | '+' | '.') => self.number(),
            Some(first) if starts_identifier(first) => self.constant(),
            _ => Err(self.unexpected(EXPECTED)),
        }
    }

    /// Takes a string in quotes; the opening quote has been seen.
    pub(super) fn string(&mut self) -> Result<String, QError> {
        let start = self.column();
        let Some(quote) = self.advance() else {
            return Err(self.unexpected("a string in quotes"));
        };
        let mut text = String::with_capacity(WORD);
        loop {
            text.push_str(self.take_while(|character| character != quote && character != '\\'));
            let column = self.column();
            match self.advance() {
                None => {
                    let message = format!("this string has no end: expected `{quote}` before the end of the text");
                    return Err(QError::new(start, message));
                }
                Some('\\') => self.escape(column, &mut text)?,
                Some(_) => return Ok(text),
            }
        }
    }

    fn escape(&mut self, column: usize, text: &mut String) -> Result<(), QError> {
        match self.advance() {
            // The missing end of the string is what gets reported.
            None | Some('\n') => {}
            Some(plain @ ('\\' | '\'' | '"')) => text.push(plain),
            Some('a') => text.push('\u{07}'),
            Some('b') => text.push('\u{08}'),
            Some('f') => text.push('\u{0c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('v') => text.push('\u{0b}'),
            Some('x') => text.push(self.code_point(column, 2)?),
            Some('u') => text.push(self.code_point(column, 4)?),
            Some('U') => text.push(self.code_point(column, 8)?),
            Some('N') => {
                let help = Some("write `\\u` and four hexadecimal digits".to_owned());
                return Err(QError::new(column, "characters cannot be given by their names").with_help(help));
            }
            Some(first) if first.is_digit(8) => text.push(self.octal(first)),
            Some(unknown) => text.extend(['\\', unknown]),
        }
        Ok(())
    }

    fn octal(&mut self, first: char) -> char {
        let mut code = first.to_digit(8).unwrap_or_default();
        for _ in 0..2 {
            let Some(digit) = self.current().and_then(|character| character.to_digit(8)) else {
                break;
            };
            code = code * 8 + digit;
            self.advance();
        }
        char::from_u32(code).unwrap_or_default()
    }

    /// The character of an escape with this many hexadecimal digits; two `\u` halves of a pair are one character.
    fn code_point(&mut self, column: usize, digits: usize) -> Result<char, QError> {
        let mut code = self.hexadecimal(column, digits)?;
        if (0xd800..0xdc00).contains(&code) && self.current() == Some('\\') {
            let start = self.at;
            self.advance();
            let low = if self.advance() == Some('u') { self.hexadecimal(column, 4)? } else { 0 };
            if (0xdc00..0xe000).contains(&low) {
                code = 0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            } else {
                self.at = start;
            }
        }
        char::from_u32(code)
            .ok_or_else(|| QError::new(column, format!("this escape is no character: U+{code:04X} is none")))
    }

    fn hexadecimal(&mut self, column: usize, digits: usize) -> Result<u32, QError> {
        let mut code: u32 = 0;
        for _ in 0..digits {
            let Some(digit) = self.advance().and_then(|character| character.to_digit(16)) else {
                return Err(QError::new(column, format!("expected {digits} hexadecimal digits in this escape")));
            };
            code = code.saturating_mul(16).saturating_add(digit);
        }
        Ok(code)
    }

    fn number(&mut self) -> Result<Literal, QError> {
        let column = self.column();
        let mut before = None;
        let text = self.take_while(|character| {
            let exponent_sign = matches!(character, '+' | '-') && matches!(before, None | Some('e' | 'E'));
            before = Some(character);
            character.is_alphanumeric() || matches!(character, '.' | '_') || exponent_sign
        });
        let unsigned = text.trim_start_matches(['+', '-']);
        let whole = !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit());
        if whole {
            let out_of_range = |_| QError::new(column, "this number does not fit into 64 bits");
            return text.parse().map(Literal::Integer).map_err(out_of_range);
        }
        let digits_first = unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.');
        match text.parse::<f64>() {
            Ok(number) if digits_first && number.is_finite() => Ok(Literal::Number(number)),
            Ok(_) if digits_first => Err(QError::new(column, "this number is too large")),
            _ => Err(QError::new(column, format!("expected a number, found `{}`", shortened(text)))),
        }
    }

    fn constant(&mut self) -> Result<Literal, QError> {
        let column = self.column();
        let word = self.identifier().unwrap_or_default();
        match word {
            "True" | "true" => Ok(Literal::Boolean(true)),
            "False" | "false" => Ok(Literal::Boolean(false)),
            "None" | "none" | "null" => Ok(Literal::Null),
            _ => {
                let help = did_you_mean(word, ["True", "False", "None"].into_iter())
                    .unwrap_or_else(|| format!("write texts in quotes: `'{}'`", shortened(word)));
                let message = format!("expected a value, found the name `{}`", shortened(word));
                Err(QError::new(column, message).with_help(Some(help)))
            }
        }
    }

    fn list(&mut self) -> Result<Literal, QError> {
        let column = self.column();
        self.advance();
        self.nested(column, |scanner| Ok(Literal::List(scanner.items(']')?.0)))
    }

    /// Takes a tuple, or a value in parentheses.
    fn tuple(&mut self) -> Result<Literal, QError> {
        let column = self.column();
        self.advance();
        self.nested(column, |scanner| {
            let (mut items, trailing_comma) = scanner.items(')')?;
            match items.pop() {
                Some(only) if items.is_empty() && !trailing_comma => Ok(only),
                last => {
                    items.extend(last);
                    Ok(Literal::List(items))
                }
            }
        })
    }

    /// The items up to a closing bracket, and whether a comma stood before it.
    fn items(&mut self, end: char) -> Result<(Vec<Literal>, bool), QError> {
        let mut items = Vec::new();
        let mut trailing_comma = false;
        while !self.take(end) {
            if !items.is_empty() && !trailing_comma {
                return Err(self.unexpected(&format!("`,` or `{end}`")));
            }
            items.push(self.literal()?);
            trailing_comma = self.take(',');
        }
        Ok((items, trailing_comma))
    }

    fn current(&self) -> Option<char> {
        self.at.rest.chars().next()
    }

    fn advance(&mut self) -> Option<char> {
        let mut characters = self.at.rest.chars();
        let character = characters.next()?;
        self.at = Place { rest: characters.as_str(), before: self.at.before + 1 };
        Some(character)
    }

    /// Takes the characters up to the first that is none of those wanted.
    fn take_while(&mut self, mut wanted: impl FnMut(char) -> bool) -> &'a str {
        let Place { rest, before } = self.at;
        let mut count = 0;
        let end = rest.char_indices().find(|(_, character)| {
            let ends = !wanted(*character);
            count += usize::from(!ends);
            ends
        });
        let (taken, rest) = rest.split_at(end.map_or(rest.len(), |(end, _)| end));
        self.at = Place { rest, before: before + count };
        taken
    }
}

/// What was written, cut to what a message can show.
pub(super) fn shortened(text: &str) -> String {
    const SHOWN: usize = 40;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn is_of_sign(character: char) -> bool {
    matches!(character, '=' | '!' | '<' | '>')
}
