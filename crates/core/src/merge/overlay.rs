//! Laying one document over another.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::rules::{ListMerge, RulesAt};
use crate::json::Pointer;

/// The lists of a merged document whose items may be of several layers.
#[derive(Debug, Clone, Default)]
pub(super) struct MergedLists(BTreeMap<Pointer, Vec<ItemSources>>);

/// The items of the layers' own lists that one item was made of.
type ItemSources = Vec<ItemSource>;

#[derive(Debug, Clone, Copy)]
struct ItemSource {
    layer: usize,
    index: usize,
}

impl MergedLists {
    /// Where a layer says what the merged document has at `pointer`; none where an item on the way is not of that layer, or
    /// where a list is there that has nothing of that layer.
    pub(super) fn place_in(&self, layer: usize, pointer: &Pointer) -> Option<Pointer> {
        if self.0.is_empty() {
            return Some(pointer.clone());
        }
        let (mut merged, mut own) = (Pointer::ROOT, Pointer::ROOT);
        for segment in pointer.segments() {
            if let Some(items) = self.0.get(&merged) {
                let sources = items.get(segment.parse::<usize>().ok()?)?;
                own = own.index(sources.iter().find(|source| source.layer == layer)?.index);
            } else {
                own = own.key(&segment);
            }
            merged = merged.key(&segment);
        }
        let of_layer = |items: &Vec<ItemSources>| items.iter().flatten().any(|source| source.layer == layer);
        self.0.get(&merged).is_none_or(|items| items.is_empty() || of_layer(items)).then_some(own)
    }

    /// Whether the list at `pointer` has items of more than one layer.
    pub(super) fn is_of_several(&self, pointer: &Pointer) -> bool {
        let mut layers = self.0.get(pointer).into_iter().flatten().flatten().map(|source| source.layer);
        layers.next().is_some_and(|first| layers.any(|layer| layer != first))
    }

    /// Lays `nearer`, which is `layer`, over `target`. Documents come from a parser that bounds their depth, and so the
    /// recursion.
    pub(super) fn overlay(
        &mut self,
        target: &mut Value,
        nearer: Value,
        layer: usize,
        here: &Pointer,
        rules: &RulesAt<'_>,
    ) {
        match (target, nearer) {
            (Value::Object(below), Value::Object(above)) => {
                for (key, value) in above {
                    let (inside, rules) = (here.key(&key), rules.member(&key));
                    if let Some(existing) = below.get_mut(&key) {
                        self.overlay(existing, value, layer, &inside, &rules);
                    } else {
                        self.note(&value, layer, &inside, &rules);
                        below.insert(key, value);
                    }
                }
            }
            (Value::Array(below), Value::Array(above)) if rules.list() != ListMerge::Replace => {
                self.overlay_list(below, above, layer, here, rules);
            }
            (target, nearer) => {
                self.forget(here);
                self.note(&nearer, layer, here, rules);
                *target = nearer;
            }
        }
    }

    fn overlay_list(
        &mut self,
        below: &mut Vec<Value>,
        above: Vec<Value>,
        layer: usize,
        here: &Pointer,
        rules: &RulesAt<'_>,
    ) {
        let rule = rules.list();
        let inside = rules.item();
        // An item is met once: what one document says twice stays two items, for whoever reads them to refuse.
        let mut known: HashMap<String, usize> = HashMap::new();
        for (index, item) in below.iter().enumerate() {
            if let Some(identity) = identity(item, rule) {
                known.entry(identity).or_insert(index);
            }
        }
        for (index, item) in above.into_iter().enumerate() {
            let source = ItemSource { layer, index };
            let met = identity(&item, rule).and_then(|identity| known.remove(&identity));
            let met = met.and_then(|at| Some((at, below.get_mut(at)?)));
            if let Some((at, existing)) = met {
                self.overlay(existing, item, layer, &here.index(at), &inside);
                if let Some(sources) = self.0.get_mut(here).and_then(|items| items.get_mut(at)) {
                    sources.push(source);
                }
            } else {
                self.note(&item, layer, &here.index(below.len()), &inside);
                self.0.entry(here.clone()).or_default().push(vec![source]);
                below.push(item);
            }
        }
    }

    /// Notes that the lists in `value`, which is new at `here`, are of one layer as yet.
    fn note(&mut self, value: &Value, layer: usize, here: &Pointer, rules: &RulesAt<'_>) {
        if rules.is_empty() {
            return;
        }
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    self.note(member, layer, &here.key(key), &rules.member(key));
                }
            }
            Value::Array(items) if rules.list() != ListMerge::Replace => {
                let inside = rules.item();
                let sources = (0..items.len()).map(|index| vec![ItemSource { layer, index }]).collect();
                self.0.insert(here.clone(), sources);
                for (index, item) in items.iter().enumerate() {
                    self.note(item, layer, &here.index(index), &inside);
                }
            }
            _ => {}
        }
    }

    /// Forgets the lists at and below a place whose value is replaced.
    fn forget(&mut self, here: &Pointer) {
        if self.0.is_empty() {
            return;
        }
        self.0.remove(here);
        // Pointers are ordered as their texts are.
        let below = here.key("");
        let inside: Vec<Pointer> = self
            .0
            .range(&below..)
            .map(|(list, _)| list)
            .take_while(|list| list.as_str().starts_with(below.as_str()))
            .cloned()
            .collect();
        for list in inside {
            self.0.remove(&list);
        }
    }
}

/// What makes two items of a list the same one.
fn identity(item: &Value, rule: ListMerge<'_>) -> Option<String> {
    match rule {
        ListMerge::Replace => None,
        ListMerge::Union => Some(item.to_string()),
        ListMerge::By(key) => {
            item.get(key).filter(|value| value.is_string() || value.is_number()).map(Value::to_string)
        }
    }
}
