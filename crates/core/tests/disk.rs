use std::path::Path;
use std::sync::Arc;

use mti_core::files::{EntryKind, ReadError};
use mti_core::{AppFiles, Code, DiskFiles, discover};
use tempfile::TempDir;

use crate::fixture::{USUAL_APP, app, places, write};

const META: &str = "{\"title\": \"A\", \"type\": \"\"}";

fn on_disk(text: &str) -> TempDir {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("app.json"), USUAL_APP).unwrap();
    write(directory.path(), text);
    directory
}

fn disk(directory: &Path) -> Arc<dyn AppFiles> {
    Arc::new(DiskFiles::new(directory))
}

#[test]
fn disk_and_memory_agree() {
    let text = format!(
        "//- .mtiignore\nscratch/\n[z-a]\n//- a/e.json\n{META}\n//- a/config.json\n{{}}\n//- a/backend/x.py\n1\n//- a/b/e.json\n{{\n//- dist/x/e.json\n{META}\n//- scratch/e.json\n{META}\n//- .hidden/e.json\n{META}\n"
    );
    let directory = on_disk(&text);
    let (from_disk, disk_findings) = discover(disk(directory.path()));
    let (from_memory, memory_findings) = discover(app(&text));
    assert_eq!(disk_findings, memory_findings);
    assert_eq!(places(&disk_findings), ["bad-ignore-pattern - .mtiignore:2:1", "json-syntax a.b a/b/e.json:1:2"]);
    let (from_disk, from_memory) = (from_disk.unwrap(), from_memory.unwrap());
    let sorted = |tree: &mti_core::AppTree| {
        let mut definition = mti_core::Definition::clone(tree.elements["a"].definition().unwrap());
        definition.files.sort();
        definition
    };
    assert_eq!(sorted(&from_disk), sorted(&from_memory));
    assert!(from_disk.elements.keys().eq(from_memory.elements.keys()));
}

#[test]
fn only_files_of_the_app_are_read() {
    let directory = on_disk("//- a/x.txt\n12345");
    let outside = TempDir::new().unwrap();
    std::fs::write(outside.path().join("secret.txt"), "secret").unwrap();
    let files = disk(directory.path());
    assert_eq!(files.read("a/x.txt", 5).unwrap(), b"12345");
    assert!(matches!(files.read("a/x.txt", 4), Err(ReadError::TooLarge { limit: 4 })));
    assert!(matches!(files.read("a/y.txt", 4), Err(ReadError::NotFound)));
    assert!(matches!(files.read("app.json/y", 4), Err(ReadError::NotFound)));
    assert!(matches!(files.read("a", 4), Err(ReadError::NotAFile)));
    let absolute = outside.path().join("secret.txt");
    let up = format!("../{}/secret.txt", outside.path().file_name().unwrap().to_str().unwrap());
    for path in [
        "",
        "..",
        "../x",
        "a/../a/x.txt",
        "./a/x.txt",
        "a//x.txt",
        "/etc/hostname",
        absolute.to_str().unwrap(),
        &up,
        "a\0b",
    ] {
        assert!(matches!(files.read(path, 100), Err(ReadError::Outside)), "{path}");
        assert!(matches!(files.read_listed(path, 100), Err(ReadError::Outside)), "{path}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_inside_the_app_only() {
    use std::os::unix::fs::symlink;

    let directory = on_disk(&format!("//- a/e.json\n{META}\n//- shared/real.json\n{{\"from\": \"link\"}}\n"));
    let outside = TempDir::new().unwrap();
    write(outside.path(), &format!("//- e.json\n{META}\n//- secret.txt\nx\n"));
    let at = |path: &str| directory.path().join(path);
    symlink("../shared/real.json", at("a/config.json")).unwrap();
    symlink("a", at("linked")).unwrap();
    symlink(outside.path(), at("escape")).unwrap();
    symlink(outside.path().join("e.json"), at("shared/e.json")).unwrap();
    symlink("..", at("a/loop")).unwrap();
    symlink("nowhere", at("broken")).unwrap();

    let files = disk(directory.path());
    let (tree, diagnostics) = discover(Arc::clone(&files));
    let tree = tree.unwrap();
    assert_eq!(
        places(&diagnostics),
        [
            "link-loop - a/loop",
            "link-broken - broken",
            "link-escapes - escape",
            "link-loop - linked/loop",
            "not-a-file shared shared/e.json",
            "link-escapes - shared/e.json",
        ]
    );
    let names: Vec<_> = tree.elements.keys().map(mti_core::ElementName::as_str).collect();
    assert_eq!(names, ["a", "linked", "shared"]);
    let config = tree.elements["a"].definition().unwrap().config.clone().unwrap();
    assert_eq!(config.document()["from"], "link");
    assert!(tree.elements["linked"].definition().is_some());
    assert!(tree.elements["shared"].definition().is_none());

    assert!(matches!(files.read("escape/secret.txt", 9), Err(ReadError::Outside)));
    assert!(matches!(files.read("shared/e.json", 99), Err(ReadError::Outside)));
    assert!(files.read("linked/e.json", 99).is_ok());
}

#[cfg(unix)]
#[test]
fn a_file_that_is_swapped_with_a_link_never_leads_out_of_its_directory() {
    use std::os::unix::fs::symlink;
    use std::sync::atomic::{AtomicBool, Ordering};

    let directory = on_disk("//- a/config.json\nsecret\n//- a/frontend/x.txt\npublic\n");
    let files = disk(directory.path());
    let frontend = directory.path().join("a/frontend");
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let new = frontend.join("new");
            while !ended.load(Ordering::Relaxed) {
                symlink("../config.json", &new).unwrap();
                std::fs::rename(&new, frontend.join("x.txt")).unwrap();
                std::fs::write(&new, "public\n").unwrap();
                std::fs::rename(&new, frontend.join("x.txt")).unwrap();
            }
        });
        let (mut read, mut refused, mut leaked) = (0, 0, 0);
        // Without the defence, some of so many reads find the link between the check and the opening.
        while read + refused + leaked < 10_000 || read == 0 || refused == 0 {
            match files.read_below("a/frontend", "a/frontend/x.txt", 99) {
                Ok(bytes) if bytes == b"public\n" => read += 1,
                Ok(_) => leaked += 1,
                Err(_) => refused += 1,
            }
        }
        ended.store(true, Ordering::Relaxed);
        assert_eq!(leaked, 0, "beside {read} that were read and {refused} that were refused");
    });
}

#[cfg(unix)]
#[test]
fn links_below_a_directory_are_followed_while_they_stay_there() {
    use std::os::unix::fs::symlink;

    let directory = on_disk("//- a/config.json\nsecret\n//- a/frontend/deep/x.txt\npublic\n");
    let frontend = directory.path().join("a/frontend");
    symlink("deep/x.txt", frontend.join("y.txt")).unwrap();
    symlink("deep", frontend.join("linked")).unwrap();
    symlink("../config.json", frontend.join("z.txt")).unwrap();
    symlink("..", frontend.join("up")).unwrap();
    let files = disk(directory.path());
    let read = |path: &str| files.read_below("a/frontend", path, 99);
    assert_eq!(read("a/frontend/y.txt").unwrap(), b"public\n");
    assert_eq!(read("a/frontend/linked/x.txt").unwrap(), b"public\n");
    for path in ["a/frontend/z.txt", "a/frontend/up/config.json", "a/config.json"] {
        assert!(matches!(read(path), Err(ReadError::Outside)), "{path}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_the_app_itself_can_be_its_root() {
    let directory = on_disk(&format!("//- a/e.json\n{META}\n"));
    let links = TempDir::new().unwrap();
    let link = links.path().join("app");
    std::os::unix::fs::symlink(directory.path(), &link).unwrap();
    let (tree, diagnostics) = discover(disk(&link));
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    assert_eq!(tree.unwrap().elements.len(), 1);
}

#[cfg(unix)]
#[test]
fn names_that_are_not_utf8_are_escaped() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let directory = on_disk(&format!("//- good/e.json\n{META}\n"));
    let bad = directory.path().join(OsStr::from_bytes(b"caf\xe9"));
    std::fs::create_dir(&bad).unwrap();
    std::fs::write(bad.join("e.json"), META).unwrap();
    std::fs::write(directory.path().join("good").join(OsStr::from_bytes(b"\xff.txt")), "x").unwrap();
    let (tree, diagnostics) = discover(disk(directory.path()));
    assert_eq!(places(&diagnostics), ["bad-directory-name - caf\\xe9"]);
    let tree = tree.unwrap();
    let mut files = tree.elements["good"].definition().unwrap().files.clone();
    files.sort();
    assert_eq!(files, ["\\xff.txt".into(), "e.json".into()] as [Box<str>; 2]);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let directory = on_disk("//- a/x\n1");
    let status = std::process::Command::new("mkfifo").arg(directory.path().join("a/e.json")).status().unwrap();
    assert!(status.success());
    let files = disk(directory.path());
    assert!(matches!(files.read("a/e.json", 9), Err(ReadError::NotAFile)));
    let pipe = files.list().entries.into_iter().find(|entry| &*entry.path == "a/e.json").unwrap();
    assert_eq!(pipe.kind, EntryKind::Other);
    let (tree, diagnostics) = discover(files);
    assert_eq!(places(&diagnostics), ["not-a-file a a/e.json"]);
    assert!(tree.unwrap().elements["a"].definition().is_none());
}

#[test]
fn deep_directories_end_somewhere() {
    let deep = vec!["d"; 70].join("/");
    let directory = on_disk(&format!("//- {deep}/e.json\n{META}\n//- a/e.json\n{META}\n"));
    let (tree, diagnostics) = discover(disk(directory.path()));
    assert_eq!(diagnostics[0].code, Code::TreeTooLarge);
    assert_eq!(tree.unwrap().elements.len(), 1);
}

#[test]
fn a_directory_that_is_not_there_is_no_app() {
    let directory = TempDir::new().unwrap();
    let (tree, diagnostics) = discover(disk(&directory.path().join("gone")));
    assert!(tree.is_none());
    assert_eq!(diagnostics[0].code, Code::AppManifestMissing);
}
