//! Which keys a filter can match: a superset that is as small as the indexes allow. Every row found is tested with the
//! whole filter again unless the plan is exact, so a plan only has to leave nothing out.

use super::Direction;
use super::keys::{self, AFTER};
use super::table::{Index, KeyField, Table};
use crate::q::{Condition, Test};
use crate::{Order, Scalar};

/// The most ranges that are looked into; a filter that needs more reads the table.
const MAX_RANGES: usize = 1024;

/// How the rows of a query are found.
#[derive(Debug)]
pub(super) struct Plan {
    /// The keys to read.
    pub(super) accesses: Vec<Access>,
    /// In which direction.
    pub(super) direction: Direction,
    /// By how many keys of the order the rows come sorted, the primary key that decides ties being one of them.
    pub(super) sorted_by: usize,
    /// Whether they come sorted by all of them.
    pub(super) is_sorted: bool,
    /// Whether every key found is that of a row that matches, and none is found twice.
    pub(super) is_exact: bool,
}

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

impl Plan {
    /// The plan for a condition. `is_limited` says that only the first rows of the order are wanted, so that an index
    /// is worth using for its order alone.
    pub(super) fn new(table: &Table, condition: &Condition, order: &[Order], is_limited: bool) -> Self {
        let mut conjuncts = Conjuncts::default();
        conjuncts.collect(condition);
        if let Some(scalar) = conjuncts.single_key(table) {
            let mut key = keys::rows(table.id);
            keys::push_scalar(&mut key, Some(scalar));
            return Self {
                accesses: vec![Access { keys: Keys::One(key), through_index: false }],
                direction: Direction::Forward,
                sorted_by: 0,
                is_sorted: true,
                is_exact: conjuncts.all.len() == 1 && conjuncts.are_all,
            };
        }
        let wanted = Wanted { table, order, is_limited };
        if let Some(plan) = indexed(&wanted, condition, &conjuncts) {
            return plan;
        }
        let is_exact = conjuncts.all.is_empty() && conjuncts.are_all;
        let table_itself = Self { is_exact, ..Self::whole_table(&wanted) };
        if !is_limited {
            return table_itself;
        }
        let for_its_order = table
            .indexes
            .iter()
            .map(|index| Candidate::new(&wanted, Entries::Of(index), &conjuncts))
            .filter(|candidate| candidate.sorted.by > table_itself.sorted_by);
        match for_its_order.max_by_key(|candidate| candidate.sorted.by) {
            Some(candidate) => Self { is_exact, ..candidate.into_plan(table, &conjuncts) },
            None => table_itself,
        }
    }

    /// Whether it finds the primary keys of exactly the rows that match, but not in their order.
    pub(super) fn finds_keys_out_of_order(&self) -> bool {
        self.is_exact && !self.is_sorted && self.accesses.iter().all(|access| access.through_index)
    }

    /// Reads the rows as they lie.
    fn whole_table(wanted: &Wanted<'_>) -> Self {
        let table = wanted.table;
        let from = keys::rows(table.id);
        let keys = Keys::Range(from.clone(), followed(&from));
        let sorted = wanted.sorted(&[], &Conjuncts::default());
        Self {
            accesses: vec![Access { keys, through_index: false }],
            direction: sorted.direction,
            sorted_by: sorted.by,
            is_sorted: sorted.is_complete,
            is_exact: false,
        }
    }
}

/// What a plan is made for.
struct Wanted<'a> {
    table: &'a Table,
    order: &'a [Order],
    is_limited: bool,
}

/// How the rows of an index come.
#[derive(Clone, Copy, Debug)]
struct Sorted {
    direction: Direction,
    by: usize,
    is_complete: bool,
}

impl Wanted<'_> {
    /// How rows come that are sorted by these fields and then by the primary key.
    fn sorted(&self, fields: &[KeyField], conjuncts: &Conjuncts<'_>) -> Sorted {
        let key = &self.table.primary_key.name;
        let asked = self.order.iter().map(|order| (&order.field, order.descending));
        let mut given = fields.iter().map(|field| &field.name).chain([key]).peekable();
        let mut sorted = Sorted { direction: Direction::Forward, by: 0, is_complete: false };
        let mut descends = None;
        // Rows that tie come in the order of their primary keys; behind a primary key nothing decides any more.
        for (field, descending) in asked.chain([(key, false)]) {
            // What all rows have in common sorts nothing.
            if field == key || !conjuncts.fixes(field) {
                if given.peek() != Some(&field) || *descends.get_or_insert(descending) != descending {
                    break;
                }
                given.next();
            }
            sorted.by += 1;
            if field == key {
                sorted.is_complete = true;
                break;
            }
        }
        if descends == Some(true) {
            sorted.direction = Direction::Backward;
        }
        sorted
    }
}

/// The tests that a row has to pass all.
#[derive(Default)]
struct Conjuncts<'a> {
    all: Vec<(&'a str, &'a Test)>,
    /// Whether they are the whole condition.
    are_all: bool,
    began: bool,
}

impl<'a> Conjuncts<'a> {
    fn collect(&mut self, condition: &'a Condition) {
        if !self.began {
            (self.began, self.are_all) = (true, true);
        }
        match condition {
            Condition::Field { field, test } => self.all.push((field, test)),
            Condition::And(parts) => parts.iter().for_each(|part| self.collect(part)),
            Condition::Or(_) | Condition::Not(_) => self.are_all = false,
        }
    }

    fn of<'s>(&'s self, field: &'s str) -> impl Iterator<Item = &'a Test> + 's {
        self.all.iter().filter(move |(name, _)| *name == field).map(|(_, test)| *test)
    }

    /// Of the tests that only certain values pass, the one that the fewest pass.
    fn narrowest(&self, field: &str) -> Option<&'a Test> {
        self.of(field).filter(|test| choices(test).is_some()).min_by_key(|test| choices(test))
    }

    /// Whether all rows have the same value in a field.
    fn fixes(&self, field: &str) -> bool {
        self.of(field).any(|test| matches!(test, Test::Equal(_) | Test::IsNull))
    }

    /// The primary key that rows have to have, when there is exactly one.
    fn single_key(&self, table: &Table) -> Option<&'a Scalar> {
        self.of(&table.primary_key.name).find_map(|test| match test {
            Test::Equal(scalar) => Some(scalar),
            _ => None,
        })
    }
}

fn indexed(wanted: &Wanted<'_>, condition: &Condition, conjuncts: &Conjuncts<'_>) -> Option<Plan> {
    match condition {
        Condition::Or(parts) => return union(wanted, parts),
        Condition::Not(_) => return None,
        Condition::And(_) | Condition::Field { .. } => {}
    }
    best_index(wanted, conjuncts).or_else(|| match condition {
        Condition::And(parts) => parts.iter().find_map(|part| match part {
            Condition::Or(alternatives) => union(wanted, alternatives),
            _ => None,
        }),
        _ => None,
    })
}

fn union(wanted: &Wanted<'_>, parts: &[Condition]) -> Option<Plan> {
    let mut accesses = Vec::new();
    for part in parts {
        let mut conjuncts = Conjuncts::default();
        conjuncts.collect(part);
        accesses.extend(indexed(wanted, part, &conjuncts)?.accesses);
        if accesses.len() > MAX_RANGES {
            return None;
        }
    }
    Some(Plan { accesses, direction: Direction::Forward, sorted_by: 0, is_sorted: false, is_exact: false })
}

fn best_index(wanted: &Wanted<'_>, conjuncts: &Conjuncts<'_>) -> Option<Plan> {
    let primary = Candidate::new(wanted, Entries::Rows, conjuncts);
    let others = wanted.table.indexes.iter().map(|index| Candidate::new(wanted, Entries::Of(index), conjuncts));
    let useful = [primary].into_iter().chain(others).filter(|candidate| candidate.worth > 0);
    let best = useful.max_by_key(|candidate| (candidate.worth, wanted.is_limited.then_some(candidate.sorted.by)))?;
    Some(best.into_plan(wanted.table, conjuncts))
}

/// What is searched: the rows by their primary keys, or an index.
#[derive(Clone, Copy)]
enum Entries<'t> {
    Rows,
    Of(&'t Index),
}

/// What an index can do for a filter. Nothing is made for it yet: most candidates are not taken.
struct Candidate<'t> {
    entries: Entries<'t>,
    fields: &'t [KeyField],
    /// How many leading fields have only certain values.
    chosen: usize,
    /// Whether there is one entry at most for every choice of values.
    is_unique: bool,
    /// Whether the entries are those of the rows that match, and of no others.
    is_exact: bool,
    worth: usize,
    sorted: Sorted,
}

impl<'t> Candidate<'t> {
    fn new(wanted: &Wanted<'t>, entries: Entries<'t>, conjuncts: &Conjuncts<'_>) -> Self {
        let (fields, unique) = match entries {
            Entries::Rows => (std::slice::from_ref(&wanted.table.primary_key), true),
            Entries::Of(index) => (index.fields.as_slice(), index.unique),
        };
        let mut chosen = 0;
        let mut ranges = 1;
        // Rows with a null do not collide, so there can be many.
        let mut no_null = true;
        for field in fields {
            let Some(test) = conjuncts.narrowest(&field.name) else { break };
            ranges *= choices(test).unwrap_or_default();
            if ranges > MAX_RANGES {
                break;
            }
            no_null &= !passes_null(test);
            chosen += 1;
        }
        let behind = fields.get(chosen..).unwrap_or_default();
        let mut used = chosen;
        let mut has_range = false;
        if let Some(field) = behind.first() {
            for is_exact in conjuncts.of(&field.name).filter_map(is_interval) {
                used += usize::from(is_exact);
                has_range = true;
            }
        }
        let is_unique = unique && behind.is_empty() && no_null;
        let sorted = match (ranges, entries) {
            (0 | 1, Entries::Of(_)) => wanted.sorted(behind, conjuncts),
            // Rows lie in the order of their primary keys, which is the one field here.
            (0 | 1, Entries::Rows) => wanted.sorted(&[], conjuncts),
            _ => Sorted { direction: Direction::Forward, by: 0, is_complete: false },
        };
        Self {
            entries,
            fields,
            chosen,
            is_unique,
            is_exact: conjuncts.are_all && used == conjuncts.all.len(),
            worth: usize::from(is_unique) * 100 + chosen * 2 + usize::from(has_range),
            sorted,
        }
    }

    fn into_plan(self, table: &Table, conjuncts: &Conjuncts<'_>) -> Plan {
        let (prefix, through_index) = match self.entries {
            Entries::Rows => (keys::rows(table.id), false),
            Entries::Of(index) => (keys::index(table.id, index.id), true),
        };
        let mut starts = vec![prefix];
        let (chosen, behind) = self.fields.split_at(self.chosen);
        for field in chosen {
            match conjuncts.narrowest(&field.name) {
                Some(Test::Equal(scalar)) => starts.iter_mut().for_each(|start| keys::push_scalar(start, Some(scalar))),
                Some(test) => {
                    let mut values = allowed(test);
                    without_repetitions(&mut values);
                    starts =
                        starts.iter().flat_map(|start| values.iter().map(|value| with_value(start, *value))).collect();
                }
                None => {}
            }
        }
        let mut range: Option<(Vec<u8>, Vec<u8>)> = None;
        if let Some(field) = behind.first() {
            for (from, to) in conjuncts.of(&field.name).filter_map(interval) {
                range = Some(match range {
                    None => (from, to),
                    Some((low, high)) => (std::cmp::max(low, from), std::cmp::min(high, to)),
                });
            }
        }
        let keys = |start: Vec<u8>| match &range {
            Some((from, to)) => Keys::Range(joined(&start, from), joined(&start, to)),
            None if self.is_unique => Keys::One(start),
            None => Keys::Range(start.clone(), followed(&start)),
        };
        let is_one_row = self.is_unique && starts.len() == 1;
        Plan {
            accesses: starts.into_iter().map(|start| Access { keys: keys(start), through_index }).collect(),
            direction: self.sorted.direction,
            sorted_by: self.sorted.by,
            is_sorted: self.sorted.is_complete || is_one_row,
            is_exact: self.is_exact,
        }
    }
}

fn without_repetitions(values: &mut Vec<Option<&Scalar>>) {
    if values.len() > 1 {
        values.sort_by_cached_key(|value| with_value(&[], *value));
        values.dedup();
    }
}

/// How many values pass a test, when only certain ones do.
fn choices(test: &Test) -> Option<usize> {
    match test {
        Test::Equal(_) | Test::IsNull => Some(1),
        Test::In { values, null } => Some(values.len() + usize::from(*null)),
        _ => None,
    }
}

fn passes_null(test: &Test) -> bool {
    matches!(test, Test::IsNull | Test::In { null: true, .. })
}

/// The only values that pass a test of [`choices`]; `None` among them is null.
fn allowed(test: &Test) -> Vec<Option<&Scalar>> {
    match test {
        Test::Equal(scalar) => vec![Some(scalar)],
        Test::IsNull => vec![None],
        Test::In { values, null } => values.iter().map(Some).chain(null.then_some(None)).collect(),
        _ => Vec::new(),
    }
}

/// Whether a test is for an [`interval`], and all values in it pass.
fn is_interval(test: &Test) -> Option<bool> {
    match test {
        Test::Greater(_)
        | Test::GreaterOrEqual(_)
        | Test::Less(_)
        | Test::LessOrEqual(_)
        | Test::Range(..)
        | Test::StartsWith(_) => Some(true),
        Test::Like(patterns) => match patterns.as_slice() {
            [only] if !only.prefix().is_empty() => Some(only.is_prefix()),
            _ => None,
        },
        Test::IsNull | Test::Equal(_) | Test::In { .. } | Test::EndsWith(_) => None,
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
