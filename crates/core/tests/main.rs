//! The definitions layer, through its public doors.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::format_push_string,
    reason = "what helpers of tests cannot do fails the test"
)]

mod app_manifest;
mod chain;
mod codes;
mod discovery;
mod disk;
mod element_manifest;
mod env_file;
mod excerpts;
mod fixture;
mod json;
mod merge;
mod names;
mod placeholder;
mod refresh;
mod refresh_chain;
mod render;
mod suggest;
mod versions;

#[test]
fn every_test_file_is_part_of_this_binary() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let this = include_str!("main.rs");
    for entry in std::fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.strip_suffix(".rs").unwrap();
        assert!(module == "main" || this.contains(&format!("mod {module};")), "{name} is not declared");
    }
}
