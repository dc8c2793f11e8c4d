//! What newcomers are called.

use mti_element::{Fail, Result};

/// The most characters of a nickname that are kept.
const MAX_LENGTH: usize = 64;

/// What people are called who have not said.
const NAMELESS: &str = "微信用户";

/// Refuses a name that no page could show.
pub(crate) fn refuse_long(nick: Option<&str>) -> Result<()> {
    match nick {
        Some(nick) if nick.chars().count() > MAX_LENGTH => {
            Err(Fail::API_PARAMS_ERROR.because(format!("argument `nick` has at most {MAX_LENGTH} characters")))
        }
        _ => Ok(()),
    }
}

/// What a newcomer is called: what they say themselves, else what WeChat calls them.
pub(crate) fn choose(given: Option<&str>, known: Option<&str>) -> String {
    given.and_then(tidy).or_else(|| known.and_then(tidy)).unwrap_or_else(|| NAMELESS.to_owned())
}

/// A nickname without what changes the text around it, cut to a bearable length; none when nothing of it is to be seen.
pub(crate) fn tidy(nick: &str) -> Option<String> {
    let kept: String = nick.chars().filter(|character| !is_dropped(*character)).collect();
    let tidy: String = kept.trim_matches(is_invisible_at_an_end).chars().take(MAX_LENGTH).collect();
    tidy.chars().any(is_visible).then_some(tidy)
}

/// Control characters; what turns the direction of the text that follows; and what has no width and joins nothing. What
/// Persian and families of emoji are joined with stays.
fn is_dropped(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(character, '\u{ad}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

/// What a name neither begins nor ends with. Emoji may end with a variation selector or a tag.
fn is_invisible_at_an_end(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{200c}'..='\u{200f}')
}

/// Whether there is something to see of a character by itself.
fn is_visible(character: char) -> bool {
    // Unicode's Default_Ignorable_Code_Point, and two blanks that count as letters and symbols.
    let is_ignorable = matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    );
    let is_blank = character.is_whitespace() || matches!(character, '\u{2800}' | '\u{1d159}');
    !is_ignorable && !is_blank && !character.is_control()
}
