//! How answers of the server interfaces are written.

use crate::identifiers::openid_for;
use crate::knobs::{Effect, Knobs, Nickname, RidStyle};
use crate::sns::{Fields, SnsError};
use serde_json::{Value, json};

/// Stands for bytes that no JSON writer would write.
pub(crate) const RAW_NICKNAME: &str = "raw nickname goes here";

/// The deepest nesting that is written.
const MAX_DEPTH: usize = 1_000_000;

/// Writes an answer as the knobs want it, spoiled by an effect if there is one.
pub(crate) fn write(outcome: Result<Fields, SnsError>, knobs: &Knobs, effect: Option<&Effect>) -> Vec<u8> {
    let mut fields = outcome.unwrap_or_else(|error| error_fields(error, knobs.rid_style));
    if let Some(effect) = effect {
        spoil_fields(&mut fields, effect);
    }
    let mut text = Value::Object(fields).to_string();
    if knobs.escape_slash {
        // In JSON a slash occurs in strings only.
        text = text.replace('/', "\\/");
    }
    if let Some(effect) = effect {
        spoil_text(&mut text, effect);
    }
    match knobs.nickname {
        Nickname::ControlCharacters => text.replace(RAW_NICKNAME, "a\u{1}b\tc\nd\u{1f}").into_bytes(),
        Nickname::InvalidUtf8 => replace_nickname(&text, b"broken \xff\xf0\x9f name"),
        Nickname::Own | Nickname::Emoji | Nickname::Megabyte => text.into_bytes(),
    }
}

fn error_fields(error: SnsError, style: RidStyle) -> Fields {
    let stem = error.stem();
    let [first, second, third]: [u32; 3] = rand::random();
    let message = match style {
        RidStyle::New => format!("{stem}, rid: {first:08x}-{second:08x}-{third:08x}"),
        RidStyle::Old => format!("{stem}, hints: [ req_id: {first:08x}{second:08x} ]"),
        RidStyle::None => stem.to_owned(),
    };
    Fields::from_iter([("errcode".to_owned(), json!(error.0)), ("errmsg".to_owned(), json!(message))])
}

fn spoil_fields(fields: &mut Fields, effect: &Effect) {
    match effect {
        Effect::WrongOpenid => {
            if let Some(open_id) = fields.get_mut("openid") {
                *open_id = json!(somebody_else());
            }
        }
        Effect::Missing(name) => {
            fields.shift_remove(name);
        }
        Effect::StringNumbers => {
            for (_, value) in fields.iter_mut() {
                if value.is_number() {
                    *value = json!(value.to_string());
                }
            }
        }
        _ => {}
    }
}

fn spoil_text(text: &mut String, effect: &Effect) {
    let first_field = match effect {
        Effect::DuplicateKeys => format!("\"openid\":\"{}\",", somebody_else()),
        Effect::HugeNumber => "\"huge\":1e999,".to_owned(),
        Effect::DeepNesting(depth) => {
            let depth = (*depth).min(MAX_DEPTH);
            format!("\"deep\":{}{},", "[".repeat(depth), "]".repeat(depth))
        }
        _ => return,
    };
    *text = text.replacen('{', &format!("{{{first_field}"), 1);
}

fn somebody_else() -> String {
    openid_for("somebody-else", "wx0000000000000000")
}

fn replace_nickname(text: &str, replacement: &[u8]) -> Vec<u8> {
    let parts: Vec<&[u8]> = text.split(RAW_NICKNAME).map(str::as_bytes).collect();
    parts.join(replacement)
}
