use std::sync::{Arc, LazyLock};

use include_dir::{Dir, DirEntry, include_dir};
use mti_core::{AppFiles, MemoryFiles};

/// The id of the app that an app inherits when it names no parents.
pub(crate) const BASE_APP: &str = "mti.base";

static BASE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../apps/base");

/// The official base app, as it was when the binary was built.
pub(crate) fn base_app() -> Arc<dyn AppFiles> {
    static FILES: LazyLock<Arc<MemoryFiles>> = LazyLock::new(|| {
        let mut files = Vec::new();
        collect(&BASE, &mut files);
        Arc::new(MemoryFiles::new(format!("embedded {BASE_APP}"), files))
    });
    Arc::clone(&FILES) as _
}

fn collect(directory: &Dir<'static>, files: &mut Vec<(String, &'static [u8])>) {
    for entry in directory.entries() {
        match entry {
            DirEntry::Dir(directory) => collect(directory, files),
            DirEntry::File(file) => files.push((slashed(file.path()), file.contents())),
        }
    }
}

/// A path with forward slashes, on every system.
fn slashed(path: &std::path::Path) -> String {
    path.components().map(|component| component.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
