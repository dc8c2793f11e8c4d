//! Reading again only what a change can concern.
//!
//! A change concerns the element that the changed file belongs to and, for a directory, the elements in it. Where an `e.json` came or went, files get
//! another owner: then the whole directory of that element is listed again, and no more than that.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use super::changes::topmost;
use super::layout::{Layout, Place, ancestors, dotted, is_within, parent_of_manifest, strip_sides};
use super::read::{ElementReader, ReadElement};
use super::refresh::Refresh;
use super::{AppTree, Discovered, Survey};
use crate::diagnostic::{Code, Diagnostic};
use crate::files::{Entry, EntryKind, PART_LIMIT};
use crate::name::ElementName;

impl AppTree {
    /// The tree after changes at and below these places, none of which lies below another. None when that cannot be told from a part.
    pub(super) fn edited(&self, changed: &BTreeSet<String>) -> Option<Refresh> {
        if !self.survey.in_parts {
            return None;
        }
        let mut edit = Edit { tree: self, places: BTreeMap::new(), misplaced: None, concerned: BTreeSet::new() };
        let mut seen = Seen::default();
        seen.look(self, changed)?;
        let owners: BTreeSet<String> =
            changed.iter().filter_map(|place| edit.regrouped(place, &seen)).map(ToOwned::to_owned).collect();
        if owners.contains("") {
            return None;
        }
        let parts = topmost(&changed.union(&owners).cloned().collect());
        seen.look(self, &parts.difference(changed).cloned().collect())?;
        let entries = self.survey.entries + seen.0.len();
        if entries > PART_LIMIT {
            return None;
        }
        for part in &parts {
            edit.lay_out(part, &seen);
        }
        for place in changed {
            edit.concern(place, &seen);
        }
        Some(edit.finish(entries))
    }

    /// Where an element is declared.
    fn places_of(&self, name: &str) -> Vec<Place> {
        match self.elements.get(name) {
            Some(Discovered::Sound(definition)) => vec![Place {
                directory: definition.directory.clone(),
                manifest: Arc::clone(&definition.manifest_file.path),
                kind: EntryKind::File,
                files: definition.files.clone(),
            }],
            Some(Discovered::Broken { .. }) => {
                self.survey.broken.get(name).map(|places| places.to_vec()).unwrap_or_default()
            }
            None => Vec::new(),
        }
    }

    /// The directories in which an element is declared.
    fn directories_of(&self, name: &str) -> impl Iterator<Item = &str> {
        let sound = self.elements.get(name).and_then(Discovered::definition).map(|definition| &*definition.directory);
        let broken = self.survey.broken.get(name).into_iter().flat_map(|places| places.iter());
        sound.into_iter().chain(broken.map(|place| &*place.directory))
    }
}

impl Survey {
    /// Whether a refresh would do the same with both.
    pub(super) fn tells_the_same(&self, other: &Self) -> bool {
        self.in_parts == other.in_parts && self.broken == other.broken && self.misplaced == other.misplaced
    }
}

/// What there is now, as far as it was looked at.
#[derive(Default)]
struct Seen(BTreeMap<Box<str>, Entry>);

impl Seen {
    /// Looks at these places. None when a part does not tell.
    fn look(&mut self, tree: &AppTree, places: &BTreeSet<String>) -> Option<()> {
        if places.is_empty() {
            return Some(());
        }
        let places: Vec<&str> = places.iter().map(String::as_str).collect();
        let listing = tree.files.list_at(&places);
        if !listing.is_regular() {
            return None;
        }
        self.0.extend(listing.entries.into_iter().map(|entry| (entry.path.clone(), entry)));
        Some(())
    }

    /// What is at and below a place.
    fn within(&self, place: &str) -> impl Iterator<Item = &Entry> + Clone {
        let below = self.0.range::<str, _>(between(&format!("{place}/"), &format!("{place}0")));
        self.0.get(place).into_iter().chain(below.map(|(_, entry)| entry))
    }
}

/// The elements that are looked at again.
struct Edit<'tree> {
    tree: &'tree AppTree,
    /// Where they are declared now.
    places: BTreeMap<ElementName, Vec<Place>>,
    /// The directories that are no elements now, if any came or went.
    misplaced: Option<BTreeMap<Box<str>, Diagnostic>>,
    /// Those whose files may say something else, even if they are the same files.
    concerned: BTreeSet<ElementName>,
}

impl Edit<'_> {
    /// The directory in which files get another owner, if a change at `place` has that effect on a directory above.
    fn regrouped<'place>(&self, place: &'place str, seen: &Seen) -> Option<&'place str> {
        let directory = strip_sides(parent_of_manifest(place).unwrap_or(place));
        if directory == place {
            return None;
        }
        let is_of_directory =
            |path: &str| parent_of_manifest(path).is_some_and(|parent| strip_sides(parent) == directory);
        let now = seen.within(place).filter(|entry| is_of_directory(&entry.path));
        let now: BTreeMap<&str, EntryKind> = now.map(|entry| (&*entry.path, entry.kind)).collect();
        let declared = self.tree.places_of(&dotted(directory));
        let declared = declared.iter().filter(|declared| *declared.directory == *directory);
        let declared = declared.map(|declared| (&*declared.manifest, declared.kind));
        // What is no element is none whatever its `e.json` is.
        let misplaced = self.tree.survey.misplaced.keys().filter(|path| is_of_directory(path));
        let misplaced = misplaced.map(|path| (&**path, now.get(&**path).copied().unwrap_or(EntryKind::Other)));
        let before: BTreeMap<&str, EntryKind> =
            declared.chain(misplaced).filter(|(manifest, _)| is_within(manifest, place)).collect();
        (now != before).then_some(directory)
    }

    /// Takes over what is in a part now: its elements, and the files that belong to the element above.
    fn lay_out(&mut self, part: &str, seen: &Seen) {
        let layout = Layout::new(seen.within(part), part, &self.tree.key().id);
        for name in self.names_within(part) {
            self.places_mut(&name).retain(|place| !is_within(&place.directory, part));
        }
        for (name, places) in layout.places {
            self.places_mut(&name).extend(places);
        }
        let is_here = |manifest: &str| is_within(strip_sides(parent_of_manifest(manifest).unwrap_or_default()), part);
        if !layout.misplaced.is_empty() || self.misplaced().keys().any(|manifest| is_here(manifest)) {
            let misplaced = self.misplaced.get_or_insert_with(|| self.tree.survey.misplaced.clone());
            misplaced.retain(|manifest, _| !is_here(manifest));
            misplaced.extend(layout.misplaced);
        }
        let Some((name, directory)) = self.owner_above(part) else {
            return;
        };
        let inside = |path: &str| path.get(directory.len() + 1..).map(Box::<str>::from);
        let part = inside(part).unwrap_or_default();
        for place in self.places_mut(&name).iter_mut().filter(|place| *place.directory == *directory) {
            place.files.retain(|file| !is_within(file, &part));
            place.files.extend(layout.unowned.iter().filter_map(|file| inside(file)));
            place.files.sort_unstable();
        }
    }

    /// Notes the elements that a change at `place` concerns even if it moves no file.
    fn concern(&mut self, place: &str, seen: &Seen) {
        let within = self.names_within(place);
        self.concerned.extend(within);
        if seen.within(place).next().is_some()
            && let Some((owner, _)) = self.owner_above(place)
        {
            self.concerned.insert(owner);
        }
    }

    /// Reads the elements, and puts them into the tree.
    fn finish(mut self, entries: usize) -> Refresh {
        let read = self.read();
        let mut changed: BTreeSet<ElementName> = BTreeSet::new();
        let mut broken_changed = false;
        for (name, now) in &read {
            let before = self.tree.elements.get(name);
            let same = match now {
                Some(now) => before == Some(&now.discovered),
                None => before.is_none(),
            };
            if !same {
                changed.insert(name.clone());
            }
            broken_changed |= now.as_ref().and_then(|now| now.places.as_ref()) != self.tree.survey.broken.get(name);
        }
        let misplaced_changed = *self.misplaced() != self.tree.survey.misplaced;
        if changed.is_empty() && !broken_changed && !misplaced_changed {
            return Refresh::Unchanged;
        }

        let misplaced = self.misplaced.take();
        let mut diagnostics: Vec<Diagnostic> = self
            .tree
            .diagnostics
            .iter()
            .filter(|finding| match &finding.element {
                Some(name) => !read.contains_key(name),
                None => !matches!(finding.code, Code::BadDirectoryName | Code::ElementAtRoot),
            })
            .cloned()
            .collect();
        let mut survey = self.tree.survey.clone();
        survey.entries = entries;
        survey.misplaced = misplaced.unwrap_or(survey.misplaced);
        diagnostics.extend(survey.misplaced.values().cloned());
        let mut elements = self.tree.elements.clone();
        for (name, now) in read {
            let Some(now) = now else {
                survey.broken.remove(&name);
                elements.remove(&name);
                continue;
            };
            diagnostics.extend(now.diagnostics);
            match now.places {
                Some(places) => survey.broken.insert(name.clone(), places),
                None => survey.broken.remove(&name),
            };
            if changed.contains(&name) {
                elements.insert(name, now.discovered);
            }
        }
        Diagnostic::sort(&mut diagnostics);
        let (manifest, files) = (self.tree.manifest.clone(), Arc::clone(&self.tree.files));
        let tree = AppTree { manifest, files, elements, diagnostics, survey };
        Refresh::Changed { tree: Arc::new(tree), elements: changed }
    }

    /// Reads the elements that were moved or are concerned; none for those that are gone.
    fn read(&mut self) -> BTreeMap<ElementName, Option<ReadElement>> {
        for name in std::mem::take(&mut self.concerned) {
            self.places_mut(&name);
            self.concerned.insert(name);
        }
        let mut now = std::mem::take(&mut self.places);
        for places in now.values_mut() {
            places.sort_unstable_by(|a, b| a.manifest.cmp(&b.manifest));
        }
        now.retain(|name, places| self.concerned.contains(name) || *places != self.tree.places_of(name.as_str()));
        let gone: Vec<ElementName> =
            now.iter().filter(|(_, places)| places.is_empty()).map(|(name, _)| name.clone()).collect();
        now.retain(|_, places| !places.is_empty());
        let reader = ElementReader::new(&*self.tree.files, self.tree.key());
        let read = reader.read_all(now).into_iter().map(|(name, read)| (name, Some(read)));
        read.chain(gone.into_iter().map(|name| (name, None))).collect()
    }

    fn places_mut(&mut self, name: &ElementName) -> &mut Vec<Place> {
        self.places.entry(name.clone()).or_insert_with(|| self.tree.places_of(name.as_str()))
    }

    fn misplaced(&self) -> &BTreeMap<Box<str>, Diagnostic> {
        self.misplaced.as_ref().unwrap_or(&self.tree.survey.misplaced)
    }

    /// The elements that are declared in a directory or below it.
    fn names_within(&self, directory: &str) -> Vec<ElementName> {
        let name = dotted(directory);
        let (below, end) = (format!("{name}."), format!("{name}/"));
        let bounds = if name.is_empty() { (Bound::Unbounded, Bound::Unbounded) } else { between(&below, &end) };
        let before = self.tree.elements.range::<str, _>(bounds).map(|(name, _)| name);
        let now = self.places.range::<str, _>(bounds).map(|(name, _)| name);
        let at = self.tree.elements.get_key_value(&*name).map(|(name, _)| name);
        let at_now = self.places.get_key_value(&*name).map(|(name, _)| name);
        let names: BTreeSet<&ElementName> = before.chain(now).chain(at).chain(at_now).collect();
        let is_there = |name: &&ElementName| self.is_declared(name.as_str(), |declared| is_within(declared, directory));
        names.into_iter().filter(is_there).cloned().collect()
    }

    /// The nearest element above a place, and its directory.
    fn owner_above<'place>(&self, place: &'place str) -> Option<(ElementName, &'place str)> {
        ancestors(place).find_map(|directory| {
            let name = dotted(directory);
            let name = self
                .places
                .get_key_value(&*name)
                .map(|(name, _)| name)
                .or_else(|| self.tree.elements.get_key_value(&*name).map(|(name, _)| name))?;
            self.is_declared(name.as_str(), |declared| declared == directory).then(|| (name.clone(), directory))
        })
    }

    /// Whether an element is declared in such a directory.
    fn is_declared(&self, name: &str, is_such: impl Fn(&str) -> bool) -> bool {
        match self.places.get(name) {
            Some(places) => places.iter().any(|place| is_such(&place.directory)),
            None => self.tree.directories_of(name).any(is_such),
        }
    }
}

fn between<'text>(start: &'text str, end: &'text str) -> (Bound<&'text str>, Bound<&'text str>) {
    (Bound::Included(start), Bound::Excluded(end))
}
