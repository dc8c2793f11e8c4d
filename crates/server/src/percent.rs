use std::borrow::Cow;
use std::fmt::Write as _;

/// Decodes one segment of a path. None for a segment that names nothing: empty, `.` or `..`, not UTF-8 once decoded, or with a separator or a control
/// character in it, encoded or not.
pub(crate) fn decode_segment(raw: &str) -> Option<Cow<'_, str>> {
    // Nearly all segments are of such characters alone, and name something.
    if !raw.is_empty() && raw.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Some(Cow::Borrowed(raw));
    }
    let decoded = decode(raw)?;
    let names_something = !matches!(&*decoded, "" | "." | "..");
    let is_plain = !decoded.contains(|character: char| character.is_control() || matches!(character, '/' | '\\'));
    (names_something && is_plain).then_some(decoded)
}

/// Encodes one segment of a path.
pub(crate) fn encode_segment(segment: &str) -> String {
    let mut encoded = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn decode(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.contains('%') {
        return Some(Cow::Borrowed(raw));
    }
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = hexadecimal(bytes.next()?)?;
            let low = hexadecimal(bytes.next()?)?;
            decoded.push(high << 4 | low);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
