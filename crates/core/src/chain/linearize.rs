//! C3 linearisation: the one order that keeps every app before its parents, and every app's parents in the order in which it names them.

use std::collections::HashMap;
use std::hash::Hash;

/// Orders that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict<T> {
    /// Whose parents have no order.
    pub at: T,
    /// The candidates, each of which has to come after another.
    pub heads: Vec<T>,
    /// Whose orders contradict each other.
    pub owners: Vec<T>,
}

/// The order of `root` and everything above it, or the first contradiction. The graph must not have a cycle.
pub fn linearize<T: Clone + Eq + Hash>(root: &T, parents: &dyn Fn(&T) -> Vec<T>) -> Result<Vec<T>, Conflict<T>> {
    let mut done: HashMap<T, Vec<T>> = HashMap::new();
    let mut stack = vec![root.clone()];
    while let Some(here) = stack.last().cloned() {
        let above = parents(&here);
        let open: Vec<T> = above.iter().filter(|parent| !done.contains_key(parent)).cloned().collect();
        if !open.is_empty() {
            stack.extend(open);
            continue;
        }
        stack.pop();
        if done.contains_key(&here) {
            continue;
        }
        let mut orders: Vec<(T, Vec<T>)> =
            above.iter().filter_map(|parent| Some((parent.clone(), done.get(parent)?.clone()))).collect();
        orders.push((here.clone(), above));
        let mut order = vec![here.clone()];
        order.extend(merge_orders(&here, orders)?);
        done.insert(here, order);
    }
    Ok(done.remove(root).unwrap_or_default())
}

/// Merges orders, each with its owner, into one that contradicts none; `at` is for whom.
pub fn merge_orders<T: Clone + Eq>(at: &T, orders: Vec<(T, Vec<T>)>) -> Result<Vec<T>, Conflict<T>> {
    let mut rest: Vec<(T, std::collections::VecDeque<T>)> =
        orders.into_iter().map(|(owner, order)| (owner, order.into())).collect();
    let mut merged = Vec::new();
    loop {
        rest.retain(|(_, order)| !order.is_empty());
        if rest.is_empty() {
            return Ok(merged);
        }
        let next = rest
            .iter()
            .filter_map(|(_, order)| order.front())
            .find(|head| !rest.iter().any(|(_, order)| order.iter().skip(1).any(|later| later == *head)))
            .cloned();
        let Some(next) = next else {
            return Err(conflict(at, &rest));
        };
        for (_, order) in &mut rest {
            if order.front() == Some(&next) {
                order.pop_front();
            }
        }
        merged.push(next);
    }
}

fn conflict<T: Clone + Eq>(at: &T, rest: &[(T, std::collections::VecDeque<T>)]) -> Conflict<T> {
    let mut heads: Vec<T> = Vec::new();
    let mut owners: Vec<T> = Vec::new();
    for (owner, order) in rest {
        if let Some(head) = order.front()
            && !heads.contains(head)
        {
            heads.push(head.clone());
        }
        if !owners.contains(owner) {
            owners.push(owner.clone());
        }
    }
    Conflict { at: at.clone(), heads, owners }
}
