//! Keys: a tag, the table, and values encoded so that the order of bytes is the order of values.
//!
//! Every encoded value ends by itself and none goes on with [`AFTER`], so `value + AFTER` is behind every key that
//! begins with the value.

use serde_json::Value;

use crate::Scalar;
use crate::datatype::ValueKind;

/// The form of the keys and values that this program writes.
pub(crate) const FORMAT: u64 = 1;

/// Where the form is noted.
pub(crate) const FORMAT_KEY: &[u8] = b"\x00format";

/// Where the number of commits is noted.
pub(crate) const COMMITS_KEY: &[u8] = b"\x00commits";

/// Where the number of the newest table is noted.
pub(super) const NEWEST_TABLE: &[u8] = b"\x00tables";

/// Where the numbers of tables are noted that are not in use, and to be removed.
pub(super) const DISCARDED: &[u8] = b"\x00discarded";

/// Greater than whatever byte can follow an encoded value.
pub(super) const AFTER: u8 = 0xff;

/// How many bytes come before the primary key in the key of a row.
pub(super) const ROW_PREFIX: usize = 5;

const TABLE: u8 = 0x01;
const COUNTER: u8 = 0x02;
const ROW: u8 = 0x03;
const INDEX: u8 = 0x04;

const NULL: u8 = 0x01;
const BOOLEAN: u8 = 0x02;
const INTEGER: u8 = 0x03;
const NUMBER: u8 = 0x04;
const TEXT: u8 = 0x05;

/// The key of what is known of a table.
pub(super) fn table(namespace: &str, model: &str) -> Vec<u8> {
    let mut key = vec![TABLE];
    push_text(&mut key, namespace);
    push_text(&mut key, model);
    key
}

/// The key of the largest number that a table has assigned.
pub(super) fn counter(table: u32) -> Vec<u8> {
    prefix(COUNTER, table)
}

/// What all keys of a table begin with.
pub(super) fn all_of_table(table: u32) -> [Vec<u8>; 3] {
    [INDEX, ROW, COUNTER].map(|tag| prefix(tag, table))
}

/// What the keys of a table's rows begin with; the encoded primary key follows.
pub(super) fn rows(table: u32) -> Vec<u8> {
    prefix(ROW, table)
}

/// What the keys of an index begin with; the encoded values of its fields follow, and in an entry that need not be
/// unique the encoded primary key.
pub(super) fn index(table: u32, index: u32) -> Vec<u8> {
    let mut key = prefix(INDEX, table);
    key.extend(index.to_be_bytes());
    key
}

/// The key of one row.
pub(super) fn row(table: u32, primary_key: &[u8]) -> Vec<u8> {
    let mut key = rows(table);
    key.extend(primary_key);
    key
}

/// Adds a stored value; `false` when it is not of that kind.
#[must_use]
pub(super) fn push_value(key: &mut Vec<u8>, kind: ValueKind, value: &Value) -> bool {
    match (kind, value) {
        (_, Value::Null) => push_null(key),
        (ValueKind::Boolean, Value::Bool(value)) => push_boolean(key, *value),
        (ValueKind::Text, Value::String(text)) => push_tagged_text(key, text),
        (ValueKind::Integer, Value::Number(number)) => match number.as_i64() {
            Some(number) => push_integer(key, number),
            None => return false,
        },
        (ValueKind::Number, Value::Number(number)) => match number.as_f64() {
            Some(number) => push_number(key, number),
            None => return false,
        },
        _ => return false,
    }
    true
}

/// Adds the value of a filter; `None` is null.
pub(super) fn push_scalar(key: &mut Vec<u8>, scalar: Option<&Scalar>) {
    match scalar {
        None => push_null(key),
        Some(Scalar::Boolean(value)) => push_boolean(key, *value),
        Some(Scalar::Integer(number)) => push_integer(key, *number),
        Some(Scalar::Number(number)) => push_number(key, *number),
        Some(Scalar::Text(text)) => push_tagged_text(key, text),
    }
}

/// Adds what every text that begins so begins with.
pub(super) fn push_text_start(key: &mut Vec<u8>, start: &str) {
    key.push(TEXT);
    push_escaped(key, start);
}

/// The first byte of every value of the scalar's kind; the one behind is greater than all of them.
pub(super) const fn tag(scalar: &Scalar) -> u8 {
    match scalar {
        Scalar::Boolean(_) => BOOLEAN,
        Scalar::Integer(_) => INTEGER,
        Scalar::Number(_) => NUMBER,
        Scalar::Text(_) => TEXT,
    }
}

fn prefix(tag: u8, table: u32) -> Vec<u8> {
    let mut key = Vec::with_capacity(48);
    key.push(tag);
    key.extend(table.to_be_bytes());
    key
}

fn push_null(key: &mut Vec<u8>) {
    key.push(NULL);
}

fn push_boolean(key: &mut Vec<u8>, value: bool) {
    key.extend([BOOLEAN, u8::from(value)]);
}

fn push_integer(key: &mut Vec<u8>, number: i64) {
    key.push(INTEGER);
    key.extend((number.cast_unsigned() ^ (1 << 63)).to_be_bytes());
}

fn push_number(key: &mut Vec<u8>, number: f64) {
    let bits = (number + 0.0).to_bits();
    let negative = bits >> 63 == 1;
    key.push(NUMBER);
    key.extend(if negative { !bits } else { bits | 1 << 63 }.to_be_bytes());
}

fn push_tagged_text(key: &mut Vec<u8>, text: &str) {
    key.push(TEXT);
    push_text(key, text);
}

/// A text with its end: `00 01`, which no text contains once its own `00` are written `00 ff`.
fn push_text(key: &mut Vec<u8>, text: &str) {
    push_escaped(key, text);
    key.extend([0, 1]);
}

fn push_escaped(key: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        key.push(byte);
        if byte == 0 {
            key.push(0xff);
        }
    }
}
