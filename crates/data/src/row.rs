/// A row: every field of its model by name, `null` where there is no value. [`row!`](crate::row!) writes one.
pub type Row = serde_json::Map<String, serde_json::Value>;

/// Writes a [`Row`], or some fields of one.
///
/// A value is whatever JSON values are made from: text, numbers, truth values, lists, user ids, and `Option`s of
/// them, of which `None` is null.
///
/// ```
/// use mti_data::row;
///
/// let nick = Some("Ada".to_owned());
/// let user = row! { "userId": "u1", "nick": nick, "isActive": true };
/// assert_eq!(user["nick"], "Ada");
/// ```
#[macro_export]
macro_rules! row {
    ($($field:literal: $value:expr),* $(,)?) => {
        <$crate::Row as ::std::iter::FromIterator<_>>::from_iter([
            $((::std::string::String::from($field), $crate::FieldValue::from($value))),*
        ])
    };
}

/// What a field holds, as JSON.
pub type FieldValue = serde_json::Value;
