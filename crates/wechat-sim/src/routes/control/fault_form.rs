//! The form that orders one fault.

use serde_json::{Value, json};

use crate::html::{Fill, render};
use crate::knobs::{Fault, Knobs};
use crate::parameters::Parameters;
use crate::routes::control::fields::option;

/// How many faults may be ordered at once.
const CAPACITY: usize = 100;

const ENDPOINTS: [(&str, &str); 4] = [
    ("access_token", "/sns/oauth2/access_token"),
    ("userinfo", "/sns/userinfo"),
    ("auth", "/sns/auth"),
    ("refresh_token", "/sns/oauth2/refresh_token"),
];

/// Effects, what they mean, and what their value is taken for.
const EFFECTS: [(&str, &str, Operand); 17] = [
    ("errcode", "this errcode", Operand::Number),
    ("status", "this HTTP status with a page", Operand::Number),
    ("redirect", "a redirect to this address", Operand::Text),
    ("halfOpen", "no answer, ever", Operand::None),
    ("drop", "processed, then cut off", Operand::None),
    ("drip", "a byte each … milliseconds", Operand::Number),
    ("oversize", "this many spaces behind it", Operand::Number),
    ("empty", "nothing", Operand::None),
    ("truncated", "half of it", Operand::None),
    ("byteOrderMark", "a byte order mark before it", Operand::None),
    ("wrongOpenid", "about somebody else", Operand::None),
    ("missing", "without this field", Operand::Text),
    ("stringNumbers", "numbers in quotes", Operand::None),
    ("duplicateKeys", "openid twice", Operand::None),
    ("deepNesting", "a field nested this deep", Operand::Number),
    ("hugeNumber", "a number beyond all numbers", Operand::None),
    ("gzipBomb", "ten megabytes of zeros in gzip", Operand::None),
];

const ORDERED: &str = "<li><code>{{where}}</code> {{what}} <span class=\"hint\">{{times}}</span></li>";

#[derive(Clone, Copy)]
enum Operand {
    None,
    Number,
    Text,
}

pub(crate) fn endpoint_options() -> String {
    ENDPOINTS.iter().map(|endpoint| option(*endpoint, None)).collect()
}

pub(crate) fn effect_options() -> String {
    EFFECTS.iter().map(|(name, label, _)| option((name, label), None)).collect()
}

/// The faults that are ordered.
pub(crate) fn show(knobs: &Knobs) -> String {
    let mut markup = String::new();
    for fault in &knobs.faults {
        let place = serde_json::to_value(fault.endpoint).unwrap_or_default();
        let effect = serde_json::to_string(&fault.effect).unwrap_or_default();
        let times = match fault.times {
            None => "always".to_owned(),
            Some(0) => "over".to_owned(),
            Some(times) => format!("{times} more"),
        };
        markup.push_str(&render(
            ORDERED,
            &[
                ("where", Fill::Text(place.as_str().unwrap_or_default())),
                ("what", Fill::Text(&effect)),
                ("times", Fill::Text(&times)),
            ],
        ));
    }
    markup
}

/// Adds the fault of a form. Those that are over make room.
pub(crate) fn add(form: &Parameters, current: &Knobs) -> Result<Knobs, String> {
    let field = |name| form.get(name).map(str::trim).unwrap_or_default();
    let (name, value) = (field("effect"), field("value"));
    let Some((_, _, operand)) = EFFECTS.iter().find(|(known, ..)| *known == name) else {
        return Err(format!("there is no effect `{name}`"));
    };
    let effect = match operand {
        Operand::None => json!(name),
        Operand::Text => json!({ name: value }),
        Operand::Number => json!({ name: number(value)? }),
    };
    let times = if field("times").is_empty() { Value::Null } else { json!(number(field("times"))?) };
    let fault = json!({ "endpoint": field("endpoint"), "times": times, "effect": effect });
    let fault: Fault = serde_json::from_value(fault).map_err(|error| error.to_string())?;
    let mut knobs = current.clone();
    knobs.faults.retain(|fault| fault.times != Some(0));
    if knobs.faults.len() >= CAPACITY {
        return Err("there are too many faults already: clear them".to_owned());
    }
    knobs.faults.push(fault);
    Ok(knobs)
}

fn number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("`{text}` is no whole number"))
}
