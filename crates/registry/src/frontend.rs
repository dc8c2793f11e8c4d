use mti_core::files::FILE_LIMIT;

use crate::define::definitions;
use crate::snapshot::Snapshot;

/// A file of an element's front end: of the element's nearest definition that has it, else of its type chain's.
/// Only files that discovery listed under the element's own `frontend/` are ever read.
pub(crate) fn frontend_file(snapshot: &Snapshot, element: &str, file: &str) -> Option<Vec<u8>> {
    let node = snapshot.node(element).ok().filter(|node| node.quarantine().is_none())?;
    let wanted = format!("frontend/{file}");
    for definition in definitions(&node.layers) {
        if definition.files.iter().any(|listed| **listed == *wanted) {
            let app = snapshot.chain().get(&definition.app.id)?;
            let path = format!("{}/{wanted}", definition.directory);
            return app.files.read(&path, FILE_LIMIT).ok();
        }
    }
    None
}
