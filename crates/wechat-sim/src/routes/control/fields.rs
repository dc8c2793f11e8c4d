//! The form in which the control page shows the knobs.

use serde_json::{Map, Value};

use crate::html::{Fill, render};
use crate::knobs::Knobs;
use crate::parameters::Parameters;

/// Knobs that belong together.
struct Group {
    title: &'static str,
    fields: &'static [Field],
}

/// How one knob is shown.
struct Field {
    key: &'static str,
    label: &'static str,
    kind: Kind,
}

enum Kind {
    Switch,
    Number,
    OptionalNumber,
    Text,
    OptionalText,
    /// Values, and what they mean.
    Choice(&'static [(&'static str, &'static str)]),
    /// Addresses with commas between them.
    Addresses,
}

const GROUPS: &[Group] = &[
    Group {
        title: "What the user does",
        fields: &[
            Field {
                key: "denyMode",
                label: "A refusal",
                kind: Kind::Choice(&[
                    ("none", "is told on the page only"),
                    ("stateOnly", "comes back with state only"),
                    ("authdeny", "comes back with code=authdeny"),
                ]),
            },
            Field { key: "doubleCallback", label: "The callback is requested twice", kind: Kind::Switch },
            Field { key: "fastLogin", label: "Offer to sign in without scanning", kind: Kind::Switch },
            Field { key: "phoneOwner", label: "Who holds the phone (id; empty: the first)", kind: Kind::OptionalText },
            Field { key: "privacy", label: "Nobody tells his name", kind: Kind::Switch },
            Field {
                key: "nickname",
                label: "Nicknames",
                kind: Kind::Choice(&[
                    ("own", "as people call themselves"),
                    ("emoji", "joined and flagged emoji"),
                    ("controlCharacters", "raw control characters"),
                    ("invalidUtf8", "bytes that are no UTF-8"),
                    ("megabyte", "a megabyte"),
                ]),
            },
            Field {
                key: "snapshot",
                label: "Marked as snapshot users",
                kind: Kind::Choice(&[
                    ("own", "those who are"),
                    ("everybody", "everybody"),
                    ("unmarked", "nobody, although some are"),
                ]),
            },
            Field {
                key: "unionId",
                label: "unionIds",
                kind: Kind::Choice(&[
                    ("on", "are told"),
                    ("off", "are not told"),
                    ("late", "appear at the second login"),
                    ("rekeyed", "are others than before"),
                ]),
            },
        ],
    },
    Group {
        title: "Authorize page",
        fields: &[
            Field { key: "strictOrderQrconnect", label: "Insist on the order of parameters", kind: Kind::Switch },
            Field { key: "strictOrder", label: "Insist on it inside WeChat", kind: Kind::Switch },
            Field { key: "strictEncoding", label: "redirect_uri must be encoded completely", kind: Kind::Switch },
            Field { key: "refusePorts", label: "Refuse a port in redirect_uri", kind: Kind::Switch },
            Field { key: "requireWechatBrowser", label: "Inside WeChat, take no other browser", kind: Kind::Switch },
            Field { key: "stateMax", label: "Longest state inside WeChat (bytes)", kind: Kind::Number },
            Field { key: "pageError", label: "Show the error page with this code", kind: Kind::OptionalNumber },
        ],
    },
    Group {
        title: "QR picture and long poll",
        fields: &[
            Field { key: "qrTtl", label: "Life of a picture (s)", kind: Kind::Number },
            Field { key: "pollHoldMs", label: "The poll holds for (ms)", kind: Kind::Number },
            Field { key: "pollError", label: "Every poll answers this wx_errcode", kind: Kind::OptionalNumber },
        ],
    },
    Group {
        title: "Codes and tokens",
        fields: &[
            Field { key: "codeTtl", label: "Life of a code (s)", kind: Kind::Number },
            Field { key: "expiredCodeErrcode", label: "errcode of an expired code", kind: Kind::Number },
            Field { key: "tokenTtl", label: "Life of an access token (s)", kind: Kind::Number },
            Field { key: "refreshTtl", label: "Life of a refresh token (s)", kind: Kind::Number },
            Field {
                key: "refreshSemantics",
                label: "A refresh",
                kind: Kind::Choice(&[
                    ("renew", "renews a living access token"),
                    ("alwaysNew", "gives a new one each time"),
                ]),
            },
        ],
    },
    Group {
        title: "Server interfaces",
        fields: &[
            Field { key: "contentType", label: "Content-Type", kind: Kind::Text },
            Field {
                key: "ridStyle",
                label: "Error texts end",
                kind: Kind::Choice(&[
                    ("new", "in rid: 8hex-8hex-8hex"),
                    ("old", "in hints: [ req_id: … ]"),
                    ("none", "without an id"),
                ]),
            },
            Field { key: "escapeSlash", label: "Write / as \\/", kind: Kind::Switch },
            Field { key: "acceptPost", label: "Take POST", kind: Kind::Switch },
            Field { key: "latencyMs", label: "Answer after (ms)", kind: Kind::Number },
            Field { key: "minuteQuota", label: "Calls a minute before 45011", kind: Kind::OptionalNumber },
            Field { key: "dailyQuota", label: "Calls a day before 45009", kind: Kind::OptionalNumber },
            Field { key: "ipAllowList", label: "Only these addresses exchange codes", kind: Kind::Addresses },
        ],
    },
];

const GROUP: &str = "<fieldset><legend>{{title}}</legend>{{fields}}</fieldset>";
const SWITCH: &str =
    "<label class=\"switch\"><input type=\"checkbox\" name=\"{{key}}\" {{checked}}><span>{{label}}</span></label>";
const INPUT: &str = "<label class=\"field\"><span>{{label}}</span>\
                     <input name=\"{{key}}\" value=\"{{value}}\" {{attributes}} autocomplete=\"off\"></label>";
const SELECT: &str =
    "<label class=\"field\"><span>{{label}}</span><select name=\"{{key}}\">{{options}}</select></label>";
const OPTION: &str = "<option value=\"{{value}}\" {{selected}}>{{label}}</option>";

/// The fields of the form, filled in.
pub(crate) fn show(knobs: &Knobs) -> String {
    let values = serde_json::to_value(knobs).unwrap_or_default();
    let mut markup = String::new();
    for group in GROUPS {
        let fields: String = group.fields.iter().map(|field| field.show(&values[field.key])).collect();
        markup.push_str(&render(GROUP, &[("title", Fill::Text(group.title)), ("fields", Fill::Markup(&fields))]));
    }
    markup
}

/// The knobs that a form sets. Faults are no fields of it and stay.
pub(crate) fn read(form: &Parameters, current: &Knobs) -> Result<Knobs, String> {
    let mut values = Map::new();
    for field in GROUPS.iter().flat_map(|group| group.fields) {
        let text = form.get(field.key).map(str::trim);
        let value = field.read(text).map_err(|message| format!("{}: {message}", field.label))?;
        values.insert(field.key.to_owned(), value);
    }
    let knobs = serde_json::from_value(Value::Object(values)).map_err(|error| error.to_string())?;
    Ok(Knobs { faults: current.faults.clone(), ..knobs })
}

impl Field {
    fn show(&self, value: &Value) -> String {
        let fills = |rest: &[(&'static str, Fill<'_>)], template: &str| {
            let own = [("key", Fill::Text(self.key)), ("label", Fill::Text(self.label))];
            render(template, &[&own, rest].concat())
        };
        match &self.kind {
            Kind::Switch => {
                let checked = if value == &Value::Bool(true) { "checked" } else { "" };
                fills(&[("checked", Fill::Text(checked))], SWITCH)
            }
            Kind::Choice(choices) => {
                let options: String = choices.iter().map(|choice| option(*choice, value.as_str())).collect();
                fills(&[("options", Fill::Markup(&options))], SELECT)
            }
            Kind::Number | Kind::OptionalNumber | Kind::Text | Kind::OptionalText | Kind::Addresses => {
                let attributes = match self.kind {
                    Kind::Number => "inputmode=\"numeric\" required",
                    Kind::OptionalNumber => "inputmode=\"numeric\" placeholder=\"–\"",
                    Kind::Addresses => "placeholder=\"all\"",
                    _ => "",
                };
                let value = written(value);
                fills(&[("value", Fill::Text(&value)), ("attributes", Fill::Markup(attributes))], INPUT)
            }
        }
    }

    fn read(&self, text: Option<&str>) -> Result<Value, String> {
        let given = text.filter(|text| !text.is_empty());
        match &self.kind {
            Kind::Switch => Ok(Value::Bool(text.is_some())),
            Kind::Number => number(given.unwrap_or_default()),
            Kind::OptionalNumber => given.map_or(Ok(Value::Null), number),
            Kind::Text | Kind::Choice(_) => Ok(Value::from(given.unwrap_or_default())),
            Kind::OptionalText => Ok(given.map_or(Value::Null, Value::from)),
            Kind::Addresses => Ok(given.map_or(Value::Null, |addresses| {
                addresses.split([',', ' ']).filter(|address| !address.is_empty()).map(Value::from).collect()
            })),
        }
    }
}

/// An option of a choice.
pub(crate) fn option((value, label): (&str, &str), chosen: Option<&str>) -> String {
    let selected = if chosen == Some(value) { "selected" } else { "" };
    let fills = [("value", Fill::Text(value)), ("selected", Fill::Text(selected)), ("label", Fill::Text(label))];
    render(OPTION, &fills)
}

fn number(text: &str) -> Result<Value, String> {
    text.parse::<i64>().map(Value::from).map_err(|_| format!("`{text}` is no whole number"))
}

fn written(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(written).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
