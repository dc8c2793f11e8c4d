//! Which keys a filter can match: a superset that is as small as the indexes allow. Every row found is tested with the
//! whole filter again, so a plan only has to leave nothing out.

use super::keys::{self, AFTER};
use super::table::{KeyField, Table};
use crate::Scalar;
use crate::q::{Condition, Test};

/// The most ranges that are looked into; a filter that needs more reads the table.
const MAX_RANGES: usize = 1024;

/// Keys to read.
#[derive(Debug)]
pub(super) struct Access {
    pub(super) keys: Keys,
    /// Whether the keys are those of an index, with primary keys as values; else they are those of rows.
    pub(super) through_index: bool,
}

/// One key or many.
#[derive(Debug)]
pub(super) enum Keys {
    /// This one.
    One(Vec<u8>),
    /// From the first up to, but not including, the second.
    Range(Vec<u8>, Vec<u8>),
}

/// The keys to read for the rows that match.
pub(super) fn plan(table: &Table, condition: &Condition) -> Vec<Access> {
    indexed(table, condition).unwrap_or_else(|| {
        let from = keys::rows(table.id);
        vec![Access { keys: Keys::Range(from.clone(), followed(&from)), through_index: false }]
    })
}

/// The primary key that rows have to have, when the filter gives exactly one.
pub(super) fn single_key(table: &Table, condition: &Condition) -> Option<Vec<u8>> {
    let mut conjuncts = Vec::new();
    flatten(condition, &mut conjuncts);
    conjuncts.iter().find_map(|(field, test)| match test {
        Test::Equal(scalar) if *field == table.primary_key.name => {
            let mut key = Vec::with_capacity(24);
            keys::push_scalar(&mut key, Some(scalar));
            Some(key)
        }
        _ => None,
    })
}

fn indexed(table: &Table, condition: &Condition) -> Option<Vec<Access>> {
    let conjunction = match condition {
        Condition::Or(parts) => return union(table, parts),
        Condition::Not(_) => return None,
        Condition::And(_) | Condition::Field { .. } => condition,
    };
    let mut conjuncts = Vec::new();
    flatten(conjunction, &mut conjuncts);
    best_index(table, &conjuncts).or_else(|| match conjunction {
        Condition::And(parts) => parts.iter().find_map(|part| match part {
            Condition::Or(alternatives) => union(table, alternatives),
            _ => None,
        }),
        _ => None,
    })
}

fn union(table: &Table, parts: &[Condition]) -> Option<Vec<Access>> {
    let mut accesses = Vec::new();
    for part in parts {
        accesses.extend(indexed(table, part)?);
        if accesses.len() > MAX_RANGES {
            return None;
        }
    }
    Some(accesses)
}

/// The tests that a row has to pass all.
fn flatten<'a>(condition: &'a Condition, conjuncts: &mut Vec<(&'a str, &'a Test)>) {
    match condition {
        Condition::Field { field, test } => conjuncts.push((field, test)),
        Condition::And(parts) => parts.iter().for_each(|part| flatten(part, conjuncts)),
        Condition::Or(_) | Condition::Not(_) => {}
    }
}

fn best_index(table: &Table, conjuncts: &[(&str, &Test)]) -> Option<Vec<Access>> {
    let primary = std::slice::from_ref(&table.primary_key);
    let by_key = Candidate::new(primary, true, conjuncts).map(|candidate| (candidate, keys::rows(table.id), false));
    let by_index = table.indexes.iter().filter_map(|index| {
        let candidate = Candidate::new(&index.fields, index.unique, conjuncts)?;
        Some((candidate, keys::index(table.id, index.id), true))
    });
    let (candidate, prefix, through_index) =
        by_key.into_iter().chain(by_index).max_by_key(|(candidate, ..)| candidate.worth)?;
    Some(candidate.accesses(&prefix, through_index))
}

/// What an index can do for a filter.
struct Candidate<'a> {
    /// The values that each leading field may have.
    choices: Vec<Vec<Option<&'a Scalar>>>,
    /// What the field behind them may be.
    range: Option<(Vec<u8>, Vec<u8>)>,
    /// Whether there is one entry at most for every choice of values.
    exact: bool,
    worth: usize,
}

impl<'a> Candidate<'a> {
    fn new(fields: &[KeyField], unique: bool, conjuncts: &[(&str, &'a Test)]) -> Option<Self> {
        let mut choices: Vec<Vec<Option<&'a Scalar>>> = Vec::new();
        let mut ranges = 1;
        for field in fields {
            let tests = conjuncts.iter().filter(|(name, _)| *name == field.name);
            let Some(values) = tests.filter_map(|(_, test)| allowed(test)).min_by_key(Vec::len) else {
                break;
            };
            ranges *= values.len();
            if ranges > MAX_RANGES {
                break;
            }
            choices.push(values);
        }
        let range = fields.get(choices.len()).and_then(|field| {
            conjuncts.iter().filter(|(name, _)| *name == field.name).find_map(|(_, test)| interval(test))
        });
        // Rows with a null do not collide, so there can be many.
        let exact = unique && choices.len() == fields.len() && choices.iter().flatten().all(Option::is_some);
        let worth = usize::from(exact) * 100 + choices.len() * 2 + usize::from(range.is_some());
        (worth > 0).then_some(Self { choices, range, exact, worth })
    }

    fn accesses(&self, prefix: &[u8], through_index: bool) -> Vec<Access> {
        let mut starts = vec![prefix.to_vec()];
        for values in &self.choices {
            starts = starts.iter().flat_map(|start| values.iter().map(|value| with_value(start, *value))).collect();
        }
        let keys = |start: Vec<u8>| match &self.range {
            Some((from, to)) => Keys::Range(joined(&start, from), joined(&start, to)),
            None if self.exact => Keys::One(start),
            None => Keys::Range(start.clone(), followed(&start)),
        };
        starts.into_iter().map(|start| Access { keys: keys(start), through_index }).collect()
    }
}

/// The only values that pass a test; `None` among them is null.
fn allowed(test: &Test) -> Option<Vec<Option<&Scalar>>> {
    match test {
        Test::Equal(scalar) => Some(vec![Some(scalar)]),
        Test::IsNull => Some(vec![None]),
        Test::In { values, null } => Some(values.iter().map(Some).chain(null.then_some(None)).collect()),
        _ => None,
    }
}

/// The encoded values from the first that can pass a test to behind the last.
fn interval(test: &Test) -> Option<(Vec<u8>, Vec<u8>)> {
    let at = |scalar: &Scalar| with_value(&[], Some(scalar));
    let first = |scalar: &Scalar| vec![keys::tag(scalar)];
    let last = |scalar: &Scalar| vec![keys::tag(scalar) + 1];
    let starting = |start: &str| {
        let mut from = Vec::new();
        keys::push_text_start(&mut from, start);
        let to = followed(&from);
        (from, to)
    };
    match test {
        Test::Greater(scalar) => Some((followed(&at(scalar)), last(scalar))),
        Test::GreaterOrEqual(scalar) => Some((at(scalar), last(scalar))),
        Test::Less(scalar) => Some((first(scalar), at(scalar))),
        Test::LessOrEqual(scalar) => Some((first(scalar), followed(&at(scalar)))),
        Test::Range(low, high) => Some((at(low), followed(&at(high)))),
        Test::StartsWith(start) => Some(starting(start)),
        Test::Like(patterns) => match patterns.as_slice() {
            [only] if !only.prefix().is_empty() => Some(starting(only.prefix())),
            _ => None,
        },
        Test::IsNull | Test::Equal(_) | Test::In { .. } | Test::EndsWith(_) => None,
    }
}

fn with_value(start: &[u8], value: Option<&Scalar>) -> Vec<u8> {
    let mut key = Vec::with_capacity(start.len() + 48);
    key.extend(start);
    keys::push_scalar(&mut key, value);
    key
}

fn joined(start: &[u8], end: &[u8]) -> Vec<u8> {
    [start, end].concat()
}

/// Behind every key that begins so.
fn followed(start: &[u8]) -> Vec<u8> {
    joined(start, &[AFTER])
}
