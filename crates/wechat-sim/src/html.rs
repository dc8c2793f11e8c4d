//! Pages are templates with `{{name}}` where something is filled in.

use std::fmt::Write;

/// What is filled in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fill<'a> {
    /// A text, which is escaped.
    Text(&'a str),
    /// Markup that was rendered before.
    Markup(&'a str),
}

/// Fills a template in one pass: what is filled in is not looked at again.
pub(crate) fn render(template: &str, fills: &[(&str, Fill<'_>)]) -> String {
    let mut page = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        page.push_str(before);
        let Some((name, after)) = after.split_once("}}") else {
            break;
        };
        match fills.iter().find(|(known, _)| *known == name) {
            Some((_, Fill::Text(text))) => page.push_str(&escape(text)),
            Some((_, Fill::Markup(markup))) => page.push_str(markup),
            None => {}
        }
        rest = after;
    }
    page.push_str(rest);
    page
}

/// Makes a text safe inside elements and quoted attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Marks that turn the direction of what follows.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                write!(escaped, "&#x{:x};", u32::from(character)).ok();
            }
            other => escaped.push(other),
        }
    }
    escaped
}
