//! The JSON forms of filters and orders: `"Q(userId='user123')"` and `["userId", -1]`.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Aggregate, Filter, Order};

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A Q expression; an empty text and `null` mean no condition.
impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<String>::deserialize(deserializer)? {
            Some(text) => Self::parse(&text).map_err(D::Error::custom),
            None => Ok(Self::All),
        }
    }
}

impl Serialize for Order {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.field, if self.descending { -1 } else { 1 }).serialize(serializer)
    }
}

/// A field and a direction: 1 is ascending, -1 and 0 are descending.
impl<'de> Deserialize<'de> for Order {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (field, direction) = <(String, i64)>::deserialize(deserializer)?;
        match direction {
            1 => Ok(Self::ascending(field)),
            0 | -1 => Ok(Self::descending(field)),
            other => Err(D::Error::custom(format!("`{other}` is no direction: 1 is ascending, -1 is descending"))),
        }
    }
}

impl Serialize for Aggregate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Sum => "SUM",
            Self::Average => "AVG",
            Self::Count => "COUNT",
            Self::Max => "MAX",
            Self::Min => "MIN",
        })
    }
}

impl<'de> Deserialize<'de> for Aggregate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::from_name(&name)
            .ok_or_else(|| D::Error::custom("an aggregate is one of `SUM`, `AVG`, `COUNT`, `MAX` and `MIN`"))
    }
}

/// How deep related rows are to be followed. No field relates to another model, so any depth is the same.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct RelatedDepth(u32);

/// Whether event handlers are to run, written 1 or 0. There are no model events, so both are the same.
#[derive(Debug, Clone, Copy)]
pub struct TriggerEvent(bool);

impl Serialize for TriggerEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0.into())
    }
}

impl<'de> Deserialize<'de> for TriggerEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        match (value.as_bool(), value.as_u64()) {
            (Some(trigger), _) => Ok(Self(trigger)),
            (_, Some(number @ 0..=1)) => Ok(Self(number == 1)),
            _ => Err(D::Error::custom("1 runs event handlers, 0 does not")),
        }
    }
}
