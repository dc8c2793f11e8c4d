use mti_core::suggest::nearest;

/// What a mistyped name was most probably meant to be, as help for a message.
pub(crate) fn did_you_mean<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    let meant = nearest(name, candidates, 1).pop()?;
    Some(format!("did you mean `{meant}`?"))
}
