//! Everything that keeps a config from being read, where serde stops at the first.

use mti_core::json::Pointer;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::payload::requirement;

/// How many are looked for.
const LIMIT: usize = 20;

/// One thing that is wrong.
#[derive(Debug)]
pub(crate) struct ConfigProblem {
    /// The value that is not as it must be, or the place of one that is missing.
    pub(crate) place: Pointer,
    pub(crate) wrong: Wrong,
}

#[derive(Debug)]
pub(crate) enum Wrong {
    /// The value is of another kind: how people write the place, and what must be there (`must be a string`).
    Kind { path: String, requirement: String },
    /// There is none.
    Missing,
}

/// Reads a config, or says all that is wrong with it: what cannot be read is replaced by something that can, so that reading goes on. Where
/// nothing that is tried can be read in a place, what comes after it stays unknown.
pub(crate) fn read<T: DeserializeOwned>(config: &Value) -> Result<T, Vec<ConfigProblem>> {
    let mut problem = match attempt::<T>(config) {
        Ok(read) => return Ok(read),
        Err(problem) => problem,
    };
    let mut mended = config.clone();
    let mut problems = Vec::new();
    loop {
        let place = problem.place.clone();
        problems.push(problem);
        if problems.len() == LIMIT {
            return Err(problems);
        }
        let Some(next) = mend::<T>(&mut mended, &place) else { return Err(problems) };
        problem = next;
    }
}

/// Makes `place` readable, and says what is wrong elsewhere then.
fn mend<T: DeserializeOwned>(config: &mut Value, place: &Pointer) -> Option<ConfigProblem> {
    let values = [json!(null), json!(""), json!(0), json!(1), json!(false), json!([]), json!({})];
    // A key that must not be there is taken out.
    let stand_ins = values.into_iter().map(Some).chain([None]);
    for stand_in in stand_ins {
        let mut attempted = config.clone();
        replace(&mut attempted, place, stand_in)?;
        match attempt::<T>(&attempted) {
            Ok(_) => return None,
            Err(problem) if problem.place.as_str().starts_with(place.as_str()) => {}
            Err(problem) => {
                *config = attempted;
                return Some(problem);
            }
        }
    }
    None
}

/// Puts a value, or none, at a place whose surroundings are there.
fn replace(config: &mut Value, place: &Pointer, value: Option<Value>) -> Option<()> {
    let (parent, _) = place.as_str().rsplit_once('/')?;
    let key = place.segments().last()?.into_owned();
    match (config.pointer_mut(parent)?, value) {
        (Value::Object(members), Some(value)) => {
            members.insert(key, value);
        }
        (Value::Object(members), None) => {
            members.remove(&key);
        }
        (Value::Array(items), value) => *items.get_mut(key.parse::<usize>().ok()?)? = value.unwrap_or_default(),
        _ => return None,
    }
    Some(())
}

fn attempt<T: DeserializeOwned>(config: &Value) -> Result<T, ConfigProblem> {
    serde_path_to_error::deserialize(config).map_err(|error| {
        // Serde quotes the value, which may be a secret: only what it expected is kept.
        let complaint = error.inner().to_string();
        let place = place_of(error.path());
        if let Some(key) = missing_key(&complaint) {
            return ConfigProblem { place: place.key(key), wrong: Wrong::Missing };
        }
        let wrong = Wrong::Kind { path: error.path().to_string(), requirement: requirement(&complaint) };
        ConfigProblem { place, wrong }
    })
}

/// The key that serde says is missing.
fn missing_key(complaint: &str) -> Option<&str> {
    complaint.strip_prefix("missing field `")?.strip_suffix('`')
}

fn place_of(path: &serde_path_to_error::Path) -> Pointer {
    use serde_path_to_error::Segment;
    path.iter().fold(Pointer::ROOT, |place, segment| match segment {
        Segment::Seq { index } => place.index(*index),
        Segment::Map { key } => place.key(key),
        Segment::Enum { variant } => place.key(variant),
        Segment::Unknown => place,
    })
}
