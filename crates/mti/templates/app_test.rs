//! The app as a whole, through its own program.

use std::process::Command;

#[test]
fn the_app_has_no_findings() {
    let mut check = Command::new(env!("CARGO_BIN_EXE_{{package}}"));
    let checked = check.arg("check").current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("the program starts");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}
