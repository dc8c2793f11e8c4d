//! The header `Forwarded` of RFC 7239, and the addresses in it and its predecessor.

use std::net::{IpAddr, SocketAddr};

/// For each hop of one line, the first one first, whom it names; absent where that is no address. A line that breaks the grammar is one
/// hop that names nobody: where its parts begin and end cannot be known.
pub(crate) fn hops(line: &str) -> Vec<Option<IpAddr>> {
    let mut rest = line;
    let mut hops = Vec::new();
    loop {
        rest = rest.trim_start();
        // Lists may have empty places.
        if let Some(next) = rest.strip_prefix(',') {
            rest = next;
            continue;
        }
        if rest.is_empty() {
            return hops;
        }
        let Some((hop, next)) = hop(rest) else { return vec![None] };
        hops.push(hop);
        rest = next;
    }
}

/// The address of `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:4711`.
pub(crate) fn node(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address| address.to_canonical())
}

/// Reads `for=…;proto=…` up to a comma or the end.
fn hop(text: &str) -> Option<(Option<IpAddr>, &str)> {
    let mut named = Vec::new();
    let mut rest = text;
    loop {
        let (key, after) = rest.trim_start().split_once('=')?;
        if key.is_empty() || !key.bytes().all(is_token) {
            return None;
        }
        let (value, after) = value(after)?;
        if key.eq_ignore_ascii_case("for") {
            named.push(node(&value));
        }
        let after = after.trim_start();
        match after.strip_prefix(';') {
            Some(next) => rest = next,
            None if after.is_empty() || after.starts_with(',') => {
                // Said twice is not said.
                let hop = if let [address] = named.as_slice() { *address } else { None };
                return Some((hop, after));
            }
            None => return None,
        }
    }
}

/// Reads a token, or a text in quotes. Addresses without quotes are taken too, though `:` and `[` belong in some.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',', ' ', '\t']).unwrap_or(text.len());
        let (token, rest) = text.split_at(end);
        return (!token.is_empty() && !token.contains('"')).then(|| (token.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next()? {
            '"' => return Some((value, characters.as_str())),
            '\\' => value.push(characters.next()?),
            character => value.push(character),
        }
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
