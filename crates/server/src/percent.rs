use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986, section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Decodes one segment of a path. None for a segment that names nothing: empty, `.` or `..`, not UTF-8 once decoded,
/// with a `%` that encodes nothing, or with a separator or a control character in it, encoded or not.
pub(crate) fn decode_segment(raw: &str) -> Option<Cow<'_, str>> {
    // Nearly all segments are of such characters alone, and name something.
    if !raw.is_empty() && raw.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Some(Cow::Borrowed(raw));
    }
    let decoded = if is_encoded_well(raw) { percent_decode_str(raw).decode_utf8().ok()? } else { return None };
    let names_something = !matches!(&*decoded, "" | "." | "..");
    let is_plain = !decoded.contains(|character: char| character.is_control() || matches!(character, '/' | '\\'));
    (names_something && is_plain).then_some(decoded)
}

/// Encodes one segment of a path.
pub(crate) fn encode_segment(segment: &str) -> String {
    utf8_percent_encode(segment, RESERVED).to_string()
}

/// Whether every `%` stands before two hexadecimal digits. What is not so, a lenient decoder keeps as it is, and then
/// two different paths would lead to the same place.
fn is_encoded_well(raw: &str) -> bool {
    let mut parts = raw.split('%');
    parts.next();
    parts.all(|part| part.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
}
