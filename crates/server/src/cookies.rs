use axum::http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use mti_element::{Cookie, Secret, Visitor};

/// The most cookies of one request that are looked at.
const COOKIE_LIMIT: usize = 64;

/// What the names of cookies begin with over https. Browsers let nobody set such a cookie but this very host, over https:
/// not a neighbour below the same domain, and nobody on the wire. So nobody can plant one.
const HOST_PREFIX: &str = "__Host-";

/// The name of a cookie as browsers know it.
pub(crate) fn name_in_browser(name: &str, is_secure: bool) -> String {
    if is_secure { format!("{HOST_PREFIX}{name}") } else { name.to_owned() }
}

/// The cookies that a browser sent, by the names that they were set with. What is no cookie by the grammar is passed over;
/// of two with one name the first counts. Over https only those count that nobody else can have set.
pub(crate) fn sent(headers: &HeaderMap, is_secure: bool) -> Vec<(String, Secret)> {
    let mut cookies: Vec<(String, Secret)> = Vec::new();
    for header in headers.get_all(COOKIE) {
        let Ok(line) = header.to_str() else { continue };
        for pair in line.split(';').take(COOKIE_LIMIT) {
            if cookies.len() == COOKIE_LIMIT {
                return cookies;
            }
            let Some((name, value)) = parse(pair) else {
                continue;
            };
            let own_name = if is_secure { name.strip_prefix(HOST_PREFIX) } else { Some(name) };
            let Some(name) = own_name else { continue };
            if !cookies.iter().any(|(earlier, _)| earlier == name) {
                cookies.push((name.to_owned(), Secret::new(value)));
            }
        }
    }
    cookies
}

/// Has an answer set what a visitor is to have.
pub(crate) fn answer(visitor: &Visitor, headers: &mut HeaderMap, is_secure: bool) {
    for cookie in visitor.take_cookies() {
        if let Some(header) = set_cookie_header(&cookie, is_secure) {
            headers.append(SET_COOKIE, header);
        } else {
            tracing::error!(cookie = cookie.name, "a cookie was not set: its name or value cannot stand in a header");
        }
    }
}

/// The header that sets a cookie; none for a cookie that cannot be written down.
fn set_cookie_header(cookie: &Cookie, is_secure: bool) -> Option<HeaderValue> {
    let value = cookie.value.reveal();
    if !is_name(cookie.name) || !value.bytes().all(is_value_byte) {
        return None;
    }
    let secure = if is_secure { "; Secure" } else { "" };
    let name = name_in_browser(cookie.name, is_secure);
    let text = format!("{name}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}", cookie.max_age_seconds);
    let mut header = HeaderValue::try_from(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

fn parse(pair: &str) -> Option<(&str, &str)> {
    let (name, value) = pair.trim_matches([' ', '\t']).split_once('=')?;
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    (is_name(name) && value.bytes().all(is_value_byte)).then_some((name, value))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| NAME_BYTES[usize::from(byte)])
}

fn is_value_byte(byte: u8) -> bool {
    VALUE_BYTES[usize::from(byte)]
}

/// The bytes of a token (RFC 9110, 5.6.2).
const NAME_BYTES: [bool; 256] = table(b"()<>@,;:\\\"/[]?={}");

/// The bytes of a cookie's value (RFC 6265, 4.1.1).
const VALUE_BYTES: [bool; 256] = table(b"\",;\\");

/// Every graphic byte of ASCII but some.
const fn table(excluded: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_graphic();
        byte += 1;
    }
    let mut index = 0;
    while index < excluded.len() {
        table[excluded[index] as usize] = false;
        index += 1;
    }
    table
}
