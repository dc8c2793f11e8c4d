use mti_core::SourceFile;
use mti_core::files::FILE_LIMIT;

use crate::define::configs;
use crate::snapshot::Snapshot;

/// A file of an element's front end: of the element's nearest definition that has it. Only files that discovery listed
/// under the element's own `frontend/` are ever read, and never a definition or a config, which may hold secrets.
pub(crate) fn frontend_file(snapshot: &Snapshot, element: &str, file: &str) -> Option<Vec<u8>> {
    let node = snapshot.node(element).ok().filter(|node| node.quarantine().is_none())?;
    let wanted = format!("frontend/{file}");
    for (definition, config) in configs(&node.layers) {
        let frontend = format!("{}/frontend", definition.directory);
        let path = format!("{}/{wanted}", definition.directory);
        let is_config = |file: &SourceFile| *file.path == *path;
        // What may be a config elsewhere in the chain is none the less not for the world.
        let may_be_config = definition.config.as_ref().is_some_and(is_config)
            || config.is_ok_and(|config| config.is_some_and(is_config));
        if may_be_config || *definition.manifest_file.path == *path {
            return None;
        }
        if definition.files.iter().any(|listed| **listed == *wanted) {
            let app = snapshot.chain().get(&definition.app.id)?;
            // A link inside the app may lead to what is not for the world, so the directory itself is the bound.
            return app.files.read_below(&frontend, &path, FILE_LIMIT).ok();
        }
    }
    None
}
