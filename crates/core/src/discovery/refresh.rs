//! Reading an app anew after its files have changed.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::changes::changed_places;
use super::{AppTree, Discovered, discover_elements};
use crate::diagnostic::Diagnostic;
use crate::manifest::{APP_FILE, AppManifest};
use crate::name::ElementName;

/// What became of an app.
#[derive(Debug, Clone)]
pub enum Refresh {
    /// The tree is as it was.
    Unchanged,
    /// The tree is another one. What is the same in both is shared: the definitions, and the findings of what is broken.
    Changed {
        /// The app as it is now.
        tree: Arc<AppTree>,
        /// The elements that were added, removed, or changed in any way. There may be none, as when a finding about a directory comes or goes.
        elements: BTreeSet<ElementName>,
    },
    /// Its `app.json` can no longer be read.
    Lost(Vec<Diagnostic>),
}

impl AppTree {
    /// The app as it is now that these paths may have changed, as if [`discover`](super::discover) read all of it.
    ///
    /// The paths are those of all files and directories that were created, edited, removed, or renamed (both names) since this tree was read; a directory
    /// stands for everything in it. They are absolute, or relative to the app's root; those outside of the app have no effect. Only what the change can
    /// concern is read again, unless `app.json` or `.mtiignore` changed or the tree has symbolic links or places that cannot be read.
    ///
    /// When there is no new tree, the same paths belong to the next refresh of this one too.
    pub fn refreshed(&self, changed: &[PathBuf]) -> Refresh {
        let Some(places) = changed_places(&*self.files, changed) else {
            return self.reread();
        };
        if places.is_empty() {
            return Refresh::Unchanged;
        }
        if places.contains(APP_FILE) && AppManifest::read(&*self.files).0.as_ref() != Some(&self.manifest) {
            return self.reread();
        }
        self.edited(&places).unwrap_or_else(|| self.reread())
    }

    /// The app as it is now that anything may have changed.
    pub fn reread(&self) -> Refresh {
        let (manifest, findings) = AppManifest::read(&*self.files);
        match manifest {
            Some(manifest) => self.replaced_by(discover_elements(manifest, Arc::clone(&self.files), findings)),
            None => Refresh::Lost(findings),
        }
    }

    /// What is different in another tree of this app, which comes to share with this one what is not.
    pub(crate) fn replaced_by(&self, mut tree: Self) -> Refresh {
        let mut elements: BTreeSet<ElementName> =
            self.elements.keys().filter(|name| !tree.elements.contains_key(*name)).cloned().collect();
        for (name, now) in &mut tree.elements {
            match self.elements.get(name).filter(|before| **before == *now) {
                Some(before) => *now = before.clone(),
                None => {
                    elements.insert(name.clone());
                }
            }
        }
        let same = elements.is_empty()
            && self.manifest == tree.manifest
            && self.diagnostics == tree.diagnostics
            && self.survey.tells_the_same(&tree.survey);
        if same { Refresh::Unchanged } else { Refresh::Changed { tree: Arc::new(tree), elements } }
    }
}

impl Discovered {
    /// Whether this is the other one, and not only the same as it.
    pub fn is_shared_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sound(one), Self::Sound(other)) => Arc::ptr_eq(one, other),
            (Self::Broken { diagnostics: one, .. }, Self::Broken { diagnostics: other, .. }) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}
