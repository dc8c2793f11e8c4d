use mti_core::files::FILE_LIMIT;

use crate::define::definitions;
use crate::snapshot::Snapshot;

/// A file of an element's front end: of the element's nearest definition that has it, else of its type chain's.
/// Only files that discovery listed under the element's own `frontend/` are ever read.
pub(crate) fn frontend_file(snapshot: &Snapshot, element: &str, file: &str) -> Option<Vec<u8>> {
    let node = snapshot.node(element).ok().filter(|node| node.quarantine().is_none())?;
    let wanted = format!("frontend/{file}");
    for definition in definitions(&node.layers) {
        let path = format!("{}/{wanted}", definition.directory);
        // A definition and its config may lie in `frontend/` too; config holds secrets.
        let is_config = definition.config.as_ref().is_some_and(|config| *config.path == *path);
        if is_config || *definition.manifest_file.path == *path {
            return None;
        }
        if definition.files.iter().any(|listed| **listed == *wanted) {
            let app = snapshot.chain().get(&definition.app.id)?;
            return app.files.read(&path, FILE_LIMIT).ok();
        }
    }
    None
}
