use std::collections::HashSet;
use std::fmt::Write as _;

use axum::http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use mti_core::AppId;
use mti_element::{Cookie, Secret, Visitor};
use sha2::{Digest, Sha256};

/// What the names of cookies begin with over https. Browsers let nobody set such a cookie but this very host, over https:
/// not a neighbour below the same domain, and nobody on the wire. So nobody can plant one.
const HOST_PREFIX: &str = "__Host-";

/// The cookies of one app: how they are called in browsers, and which of those that browsers send are its own.
///
/// Cookies know no ports, and `__Host-` allows no path. So the app is part of the name: `mti_session` of `acme.demo` is
/// `mti_session_9a11cf03`, or `__Host-mti_session_9a11cf03` over https, and apps on one host leave each other's alone.
#[derive(Debug)]
pub(crate) struct Cookies {
    is_secure: bool,
    /// `_` and eight hexadecimal digits of the app's hash.
    suffix: String,
}

impl Cookies {
    pub(crate) fn new(app_id: &AppId, is_secure: bool) -> Self {
        let mut suffix = String::from("_");
        for byte in Sha256::digest(app_id.to_string().as_bytes()).into_iter().take(4) {
            // Writing to a string cannot fail.
            write!(suffix, "{byte:02x}").ok();
        }
        Self { is_secure, suffix }
    }

    /// The name of a cookie as browsers know it.
    pub(crate) fn name_in_browser(&self, name: &str) -> String {
        let prefix = if self.is_secure { HOST_PREFIX } else { "" };
        format!("{prefix}{name}{}", self.suffix)
    }

    /// The app's cookies that a browser sent, by the names that they were set with. Of two with one name the first counts.
    pub(crate) fn sent(&self, headers: &HeaderMap) -> Vec<(String, Secret)> {
        let mut names = HashSet::new();
        let own = pairs(headers).filter_map(|(name, value)| Some((self.own_name(name)?, value)));
        own.filter(|(name, _)| names.insert(*name)).map(|(name, value)| (name.to_owned(), Secret::new(value))).collect()
    }

    /// The app's cookies among those that another web framework has read, by the names that they were set with.
    pub(crate) fn own(&self, sent: Vec<(String, String)>) -> Vec<(String, Secret)> {
        let mut own: Vec<(String, Secret)> = Vec::new();
        for (name, value) in sent {
            if let Some(name) = self.own_name(&name)
                && !own.iter().any(|(earlier, _)| earlier == name)
            {
                own.push((name.to_owned(), Secret::new(value)));
            }
        }
        own
    }

    /// Has an answer set what a visitor is to have.
    pub(crate) fn answer(&self, visitor: &Visitor, headers: &mut HeaderMap) {
        for cookie in visitor.take_cookies() {
            if let Some(header) = self.set_cookie_header(&cookie) {
                headers.append(SET_COOKIE, header);
            } else {
                tracing::error!(
                    cookie = cookie.name,
                    "a cookie was not set: its name or value cannot stand in a header"
                );
            }
        }
    }

    /// The name that a cookie of this app was set with.
    fn own_name<'n>(&self, name: &'n str) -> Option<&'n str> {
        let name = if self.is_secure { name.strip_prefix(HOST_PREFIX)? } else { name };
        name.strip_suffix(self.suffix.as_str())
    }

    /// The header that sets a cookie; none for a cookie that cannot be written down.
    pub(crate) fn set_cookie_header(&self, cookie: &Cookie) -> Option<HeaderValue> {
        let value = cookie.value.reveal();
        if !is_name(cookie.name.as_bytes()) || !value.bytes().all(is_value_byte) {
            return None;
        }
        let secure = if self.is_secure { "; Secure" } else { "" };
        let name = self.name_in_browser(cookie.name);
        let text =
            format!("{name}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}", cookie.max_age_seconds);
        let mut header = HeaderValue::try_from(text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

/// Every cookie that a browser sent, whoever set it. What is no cookie by the grammar is passed over, and hides no others:
/// the head of a request is bounded, so all of it is looked at, byte by byte.
pub(crate) fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers.get_all(COOKIE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';')).filter_map(parse)
}

fn parse(pair: &[u8]) -> Option<(&str, &str)> {
    let pair = pair.trim_ascii();
    let equals = pair.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (pair.get(..equals)?, pair.get(equals + 1..)?);
    let value = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
    let is_cookie = is_name(name) && value.iter().copied().all(is_value_byte);
    is_cookie.then_some((str::from_utf8(name).ok()?, str::from_utf8(value).ok()?))
}

fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| NAME_BYTES[usize::from(*byte)])
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
