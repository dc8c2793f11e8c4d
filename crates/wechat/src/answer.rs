use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::identity::{OpenId, UnionId};

/// What makes an answer unusable, in words.
pub(crate) type Defect = &'static str;

/// The longest request id that is taken over into errors and logs.
const MAX_RID_LENGTH: usize = 40;

/// The JSON object in an answer's body, whatever its content type says.
pub(crate) struct Answer {
    fields: Map<String, Value>,
}

impl Answer {
    /// Reads an answer that decides who somebody is: anything out of line is refused.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Defect> {
        let object: UniqueKeys = serde_json::from_slice(body).map_err(|_| "the body is not a proper JSON object")?;
        Ok(Self { fields: object.0 })
    }

    /// Reads an answer that contains what people call themselves: broken UTF-8 and raw control characters in
    /// nicknames do occur.
    pub(crate) fn parse_profile(body: &[u8]) -> Result<Self, Defect> {
        let printable: Cow<'_, [u8]> = if body.iter().any(u8::is_ascii_control) {
            body.iter().map(|byte| if byte.is_ascii_control() { b' ' } else { *byte }).collect()
        } else {
            Cow::Borrowed(body)
        };
        Self::parse(String::from_utf8_lossy(&printable).as_bytes())
    }

    /// The errcode, 0 included. WeChat sends a number; digits in quotes are understood too.
    pub(crate) fn errcode(&self) -> Result<Option<i64>, Defect> {
        let Some(value) = self.fields.get("errcode") else {
            return Ok(None);
        };
        integer(value).map(Some).ok_or("`errcode` is no integer")
    }

    /// WeChat's id of the request, from the end of the error's text: `rid: 8hex-8hex-8hex`, formerly
    /// `hints: [ req_id: … ]`.
    pub(crate) fn rid(&self) -> Option<String> {
        let text = self.fields.get("errmsg")?.as_str()?;
        let (_, tail) = text.rsplit_once("rid: ").or_else(|| text.rsplit_once("req_id: "))?;
        let rid: String = tail
            .chars()
            .take_while(|character| character.is_ascii_alphanumeric() || *character == '-')
            .take(MAX_RID_LENGTH)
            .collect();
        (!rid.is_empty()).then_some(rid)
    }

    /// A text that must be there and not be empty.
    pub(crate) fn required_text(&self, name: &str, defect: Defect) -> Result<&str, Defect> {
        match self.fields.get(name) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            _ => Err(defect),
        }
    }

    /// A text that may be absent, null or empty, which is all the same.
    pub(crate) fn optional_text(&self, name: &str, defect: Defect) -> Result<Option<&str>, Defect> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(defect),
        }
    }

    /// A text for display; whatever is none counts as empty.
    pub(crate) fn display_text(&self, name: &str) -> String {
        self.fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The texts of an array for display.
    pub(crate) fn display_list(&self, name: &str) -> Vec<String> {
        let items = self.fields.get(name).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// A whole number, in quotes or not, that may be absent.
    pub(crate) fn optional_integer(&self, name: &str, defect: Defect) -> Result<Option<i64>, Defect> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => integer(value).map(Some).ok_or(defect),
        }
    }

    /// A mark that is set by any number but 0, in quotes or not, or by `true`.
    pub(crate) fn flag(&self, name: &str, defect: Defect) -> Result<bool, Defect> {
        match self.fields.get(name) {
            Some(Value::Bool(flag)) => Ok(*flag),
            _ => Ok(self.optional_integer(name, defect)?.is_some_and(|number| number != 0)),
        }
    }

    /// Whom the answer is about.
    pub(crate) fn open_id(&self) -> Result<OpenId, Defect> {
        let text = self.required_text("openid", "`openid` is missing")?;
        OpenId::parse(text).ok_or("`openid` is not an identifier")
    }

    /// The person's second key.
    pub(crate) fn union_id(&self) -> Result<Option<UnionId>, Defect> {
        self.optional_text("unionid", "`unionid` is not a text")?
            .map(|text| UnionId::parse(text).ok_or("`unionid` is not an identifier"))
            .transpose()
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// An object in which no key occurs twice: of two `openid`s none can be trusted.
struct UniqueKeys(Map<String, Value>);

impl<'de> Deserialize<'de> for UniqueKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueKeysVisitor)
    }
}

struct UniqueKeysVisitor;

impl<'de> Visitor<'de> for UniqueKeysVisitor {
    type Value = UniqueKeys;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object without duplicate keys")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<UniqueKeys, A::Error> {
        let mut fields = Map::new();
        while let Some((key, value)) = access.next_entry::<String, Value>()? {
            if fields.insert(key, value).is_some() {
                return Err(A::Error::custom("a key occurs twice"));
            }
        }
        Ok(UniqueKeys(fields))
    }
}
