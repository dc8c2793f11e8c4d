use axum::http::header::{COOKIE, HeaderMap, HeaderValue};
use mti_element::{Cookie, Secret};

/// The most cookies of one request that are looked at.
const COOKIE_LIMIT: usize = 64;

/// The cookies that a browser sent. What is no cookie by the grammar is passed over; of two with one name the first counts.
pub(crate) fn sent(headers: &HeaderMap) -> Vec<(String, Secret)> {
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
            if !cookies.iter().any(|(earlier, _)| earlier == name) {
                cookies.push((name.to_owned(), Secret::new(value)));
            }
        }
    }
    cookies
}

/// The header that sets a cookie; none for a cookie that cannot be written down.
pub(crate) fn set_cookie_header(cookie: &Cookie, is_secure: bool) -> Option<HeaderValue> {
    let value = cookie.value.reveal();
    if !is_name(cookie.name) || !value.bytes().all(is_value_byte) {
        return None;
    }
    let secure = if is_secure { "; Secure" } else { "" };
    let text =
        format!("{}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}", cookie.name, cookie.max_age_seconds);
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
    let is_token_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token_byte)
}

fn is_value_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}
